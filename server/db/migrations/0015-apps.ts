// Apps: manifests and their deployments; and what definitions declare beside fields.
import type { Knex } from 'knex';

export const up = async (kx: Knex): Promise<void> => {
  await kx.raw(`
    create table snackbase.apps (
      id text primary key,
      manifest jsonb not null,
      revision integer not null default 1,
      -- Marks tables and definitions as the last deploy left them; null where it left something behind.
      state text,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now()
    );
    -- Kept when the app goes: what was done stays known.
    create table snackbase.deployments (
      id uuid primary key,
      app text not null,
      revision integer not null,
      manifest jsonb not null,
      changes jsonb not null,
      deployed_by jsonb,
      created_at timestamptz not null default now()
    );
    create index on snackbase.deployments (app, created_at desc, id desc);

    -- It is always there; its collections come from /api/v1/collections.
    insert into snackbase.apps (id, manifest) values ('main', '{"app_id": "main", "name": "Main"}');

    -- Permissions for all collections of an app go with it; those of one collection go with that.
    create function snackbase.forget_app() returns trigger language plpgsql as $$
    begin
      delete from snackbase.permissions where collection = old.id || '.*';
      return null;
    end $$;
    create trigger forget_app after delete on snackbase.apps for each row execute function snackbase.forget_app();

    alter table snackbase.collections
      add column indexes jsonb not null default '[]',
      add column checks jsonb not null default '[]',
      add column identity_kind text,
      add column identity_key text;
    create index on snackbase.collections (identity_kind) where identity_kind is not null;
  `);
};
