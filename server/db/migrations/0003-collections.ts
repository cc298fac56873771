// What collections there are, and the trigger function that their set_null references share.
import type { Knex } from 'knex';

export const up = async (kx: Knex): Promise<void> => {
  await kx.raw(`
    create table snackbase.collections (
      id uuid primary key,
      app text not null default 'main',
      name text not null,
      display_name text,
      description text,
      definition jsonb not null check (jsonb_typeof(definition) = 'array'),
      soft_delete boolean not null default false,
      enabled boolean not null default true,
      revision integer not null default 1,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now()
    );
    create unique index on snackbase.collections (app, lower(name));

    -- Arguments: schema, table and column of the reference. The row is gone already, and the foreign key is checked after this.
    create function snackbase.clear_reference() returns trigger language plpgsql as $$
    begin
      execute format(
        'update %I.%I set %I = null, updated_at = now() where account_id = $1 and %I = $2',
        tg_argv[0], tg_argv[1], tg_argv[2], tg_argv[2]
      ) using old.account_id, old.id;
      return null;
    end $$;
  `);
};
