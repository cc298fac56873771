// Outbound webhooks: what accounts want to be told, and every message that is, or was, on its way.
import type { Knex } from 'knex';

export const up = async (kx: Knex): Promise<void> => {
  await kx.raw(`
    create table snackbase.webhooks (
      id uuid primary key,
      account_id char(6) not null references snackbase.accounts on delete cascade,
      url text not null,
      description text,
      -- Collections and events as they were named; what they come to: [{collection, type}].
      collections text[] not null,
      events text[] not null,
      subscriptions jsonb not null check (jsonb_typeof(subscriptions) = 'array'),
      fields text[],
      filter text,
      -- Sealed: headers may hold credentials.
      headers bytea not null,
      secret bytea not null,
      -- Signs beside the new one until its end.
      former_secret bytea,
      former_until timestamptz,
      enabled boolean not null,
      -- Why the server disabled it.
      disabled_reason text,
      -- Events before this moment are none of its business.
      active_since timestamptz not null,
      -- Since the last success.
      failures integer not null default 0,
      failing_since timestamptz,
      created_by text,
      created_at timestamptz not null,
      updated_at timestamptz not null
    );
    create index on snackbase.webhooks (account_id, id);

    create table snackbase.webhook_deliveries (
      id uuid primary key,
      -- Of one webhook the order in which they came to be: all are inserted under the lock of its row.
      number bigint generated always as identity,
      webhook_id uuid not null references snackbase.webhooks on delete cascade,
      -- The event that it tells; null for one that is sent again.
      batch bigint,
      event_id bigint,
      message_id text not null,
      redelivery_of uuid,
      event text not null,
      collection text not null,
      record_id uuid not null,
      -- The very text that is sent and signed.
      payload text not null,
      status text not null check (status in ('pending', 'retrying', 'delivered', 'dead')),
      -- When it may be sent; null while an earlier one of the same record is unfinished, and when it is over.
      next_at timestamptz,
      lease uuid,
      leased_until timestamptz,
      attempt_number integer not null default 0,
      attempts jsonb not null default '[]',
      created_at timestamptz not null default clock_timestamp(),
      -- When it was delivered or given up.
      finished_at timestamptz
    );
    create unique index on snackbase.webhook_deliveries (webhook_id, batch, event_id);
    -- What waits, by webhook.
    create index on snackbase.webhook_deliveries (webhook_id, next_at, number) where next_at is not null;
    create index on snackbase.webhook_deliveries (leased_until) where leased_until is not null;
    -- What is unfinished, by record.
    create index on snackbase.webhook_deliveries (webhook_id, record_id, number) where status in ('pending', 'retrying');
    create index on snackbase.webhook_deliveries (webhook_id, number);
    create index on snackbase.webhook_deliveries (webhook_id, message_id, number);
    create index on snackbase.webhook_deliveries (finished_at) where finished_at is not null;
  `);
};
