// Custom endpoints of accounts, and the log of their calls.
import type { Knex } from 'knex';

export const up = async (kx: Knex): Promise<void> => {
  await kx.raw(`
    create table snackbase.endpoints (
      id uuid primary key,
      account_id char(6) not null references snackbase.accounts on delete cascade,
      name text not null check (char_length(name) between 1 and 200),
      description text check (char_length(description) <= 1000),
      method text not null check (method in ('GET', 'POST', 'PUT', 'PATCH', 'DELETE')),
      path text not null,
      -- The path with its parameters unnamed: what it matches, and so what two endpoints cannot share.
      pattern text not null,
      -- The rest of the definition. Text of JSON, which keeps the order of keys in what is answered.
      settings json not null,
      enabled boolean not null,
      created_at timestamptz not null,
      updated_at timestamptz not null,
      created_by uuid,
      unique (account_id, method, pattern)
    );
    create index on snackbase.endpoints (account_id, created_at, id);

    create table snackbase.endpoint_executions (
      id uuid primary key,
      endpoint_id uuid not null references snackbase.endpoints on delete cascade,
      status text not null check (status in ('success', 'partial', 'failed', 'denied')),
      http_status integer not null,
      duration_ms integer not null,
      request_data json not null,
      response_body json,
      error_message text,
      user_id uuid,
      executed_at timestamptz not null
    );
    create index on snackbase.endpoint_executions (endpoint_id, id);
    create index on snackbase.endpoint_executions (executed_at);
  `);
};
