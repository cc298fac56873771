// Requests that may be sent again: what was answered under an Idempotency-Key, for a day.
import type { Knex } from 'knex';

export const up = async (kx: Knex): Promise<void> => {
  await kx.raw(`
    create table snackbase.idempotency_keys (
      -- Whose key it is, hashed; two callers may choose the same.
      scope text not null,
      key text not null,
      -- Hash of method, URL and body.
      fingerprint text not null,
      -- The id of the first record that the request makes, the same in every attempt.
      seed uuid not null,
      locked_until timestamptz not null,
      -- Its writes are stored, though its answer may not be.
      committed boolean not null default false,
      -- Null until there is an answer to keep.
      status smallint,
      -- Encrypted: answers may hold secrets that are shown once.
      reply bytea,
      created_at timestamptz not null default now(),
      primary key (scope, key)
    );
    create index on snackbase.idempotency_keys (created_at);
  `);
};
