// Hooks that accounts define, and their executions: what waits, what runs under a lease, and the log of what ran.
import type { Knex } from 'knex';

export const up = async (kx: Knex): Promise<void> => {
  await kx.raw(`
    create table snackbase.hooks (
      id uuid primary key,
      account_id char(6) not null references snackbase.accounts on delete cascade,
      name text not null check (char_length(name) between 1 and 200),
      description text check (char_length(description) <= 1000),
      -- As it was sent.
      trigger json not null,
      trigger_type text not null check (trigger_type in ('event', 'schedule', 'manual')),
      -- The event's own name (on_record_after_create) and the qualified collection, null for all.
      event text check ((event is not null) = (trigger_type = 'event')),
      collection text,
      condition text,
      actions json not null check (json_typeof(actions) = 'array'),
      enabled boolean not null,
      priority integer not null,
      run_as text not null,
      timeout_seconds integer not null check (timeout_seconds between 1 and 300),
      -- Grows with each change, so that a run that was interrupted knows the definition that it began with.
      revision bigint not null default 1,
      -- Nothing that happened before sets it off.
      active_since timestamptz not null default now(),
      next_run_at timestamptz check (next_run_at is null or (trigger_type = 'schedule' and enabled)),
      last_run_at timestamptz,
      created_by uuid,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      unique (account_id, id)
    );
    create index on snackbase.hooks (account_id, created_at, id);
    create index on snackbase.hooks (next_run_at) where next_run_at is not null;

    create table snackbase.hook_executions (
      id uuid primary key,
      -- Their order.
      seq bigint generated always as identity,
      account_id char(6) not null,
      hook_id uuid not null,
      -- Of the definition, once the first action began.
      revision bigint,
      trigger_type text not null,
      event text,
      status text not null
        check (status in ('pending', 'running', 'success', 'partial', 'failed', 'aborted', 'skipped')),
      -- Of executions that follow each other: the record that set them off.
      queue text,
      depth integer not null,
      -- What its templates read.
      context json not null,
      outcomes json not null default '[]',
      error_code text,
      error_message text,
      attempt integer not null default 0,
      lease uuid,
      lease_until timestamptz,
      created_at timestamptz not null default now(),
      executed_at timestamptz,
      finished_at timestamptz,
      foreign key (account_id, hook_id) references snackbase.hooks (account_id, id) on delete cascade
    );
    create index on snackbase.hook_executions (hook_id, seq);
    create index hook_executions_open on snackbase.hook_executions (account_id, seq)
      where status in ('pending', 'running');
    create index hook_executions_queues on snackbase.hook_executions (hook_id, queue, seq)
      where status in ('pending', 'running') and queue is not null;
    create index on snackbase.hook_executions (finished_at);
  `);
};
