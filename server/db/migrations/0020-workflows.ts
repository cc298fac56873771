// Workflows: definitions, the versions that instances keep, the instances with their position, and the log of steps.
import type { Knex } from 'knex';

export const up = async (kx: Knex): Promise<void> => {
  await kx.raw(`
    create table snackbase.workflows (
      id uuid primary key,
      account_id char(6) not null references snackbase.accounts on delete cascade,
      name text not null check (char_length(name) between 1 and 200),
      slug text not null check (slug ~ '^[a-z0-9][a-z0-9-]{0,99}$'),
      description text,
      trigger json not null,
      steps json not null,
      enabled boolean not null,
      run_as text not null,
      timeout_seconds integer,
      -- Of what it does: another one for each change of trigger, steps, role or time.
      version integer not null default 1,
      -- Events before this moment do not concern it.
      active_since timestamptz not null default now(),
      -- Of a webhook: the hash finds it, the sealed text is shown to its owners.
      token_hash bytea unique check (octet_length(token_hash) = 32),
      token_sealed bytea,
      secret_sealed bytea,
      -- Of a schedule that is enabled.
      next_run_at timestamptz,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      created_by uuid,
      unique (account_id, slug)
    );
    create index on snackbase.workflows (account_id, created_at, id);
    create index on snackbase.workflows (next_run_at) where next_run_at is not null;

    create table snackbase.workflow_versions (
      workflow_id uuid not null references snackbase.workflows on delete cascade,
      version integer not null,
      trigger json not null,
      steps json not null,
      run_as text not null,
      timeout_seconds integer,
      created_at timestamptz not null default now(),
      primary key (workflow_id, version)
    );

    create table snackbase.workflow_instances (
      id uuid primary key,
      workflow_id uuid not null,
      version integer not null,
      account_id char(6) not null,
      status text not null check (status in ('pending', 'running', 'waiting', 'completed', 'failed', 'cancelled')),
      source text not null,
      depth integer not null,
      -- Who started it; null: nobody.
      started_by json,
      parent_id uuid,
      -- A message of the outside that is to start one instance and no more.
      message_id text,
      current_step text,
      -- What the current step keeps while it waits.
      state json,
      -- Failed tries of the current step.
      attempt integer not null default 0,
      -- Steps that ended, all tries included.
      executed integer not null default 0,
      context json not null,
      output json,
      -- Whose turn it is: the process that holds the lease, in its claim of this number, alone writes.
      lease uuid,
      claim integer not null default 0,
      -- When somebody is to look: the end of the wait, or of the lease. Null: nobody, until it is woken or because it ended.
      wake_at timestamptz,
      -- What it waits for, and what was committed before it began to.
      wait_event text,
      wait_collection text,
      wait_snapshot pg_snapshot,
      deadline timestamptz,
      error_code text,
      error_message text,
      created_at timestamptz not null default clock_timestamp(),
      started_at timestamptz,
      -- Of the current step.
      step_at timestamptz,
      completed_at timestamptz,
      foreign key (workflow_id, version) references snackbase.workflow_versions on delete cascade,
      check ((completed_at is not null) = (status in ('completed', 'failed', 'cancelled')))
    );
    create index on snackbase.workflow_instances (workflow_id, created_at, id);
    create index on snackbase.workflow_instances (workflow_id, version);
    create unique index on snackbase.workflow_instances (workflow_id, message_id) where message_id is not null;
    create index on snackbase.workflow_instances (account_id, wake_at, id) where wake_at is not null;
    create index on snackbase.workflow_instances (wake_at) where wake_at is not null;
    create index on snackbase.workflow_instances (account_id) where lease is not null;
    create index on snackbase.workflow_instances (account_id, wait_event) where wait_event is not null;
    create index on snackbase.workflow_instances (parent_id) where parent_id is not null;
    create index on snackbase.workflow_instances (completed_at) where completed_at is not null;

    -- Of a loop or of branches: what is done already of the current step.
    create table snackbase.workflow_progress (
      instance_id uuid not null references snackbase.workflow_instances on delete cascade,
      place text not null,
      outcome json not null,
      primary key (instance_id, place)
    );

    create table snackbase.workflow_step_logs (
      id uuid primary key,
      instance_id uuid not null references snackbase.workflow_instances on delete cascade,
      number integer not null,
      step_name text not null,
      step_type text not null,
      status text not null check (status in ('success', 'failed', 'skipped')),
      attempt integer not null,
      input json,
      output json,
      error_message text,
      started_at timestamptz not null,
      completed_at timestamptz not null default clock_timestamp(),
      unique (instance_id, number)
    );
  `);
};
