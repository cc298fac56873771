// What roles may do: permission rows, the role of anonymous callers, and the number that orders their changes.
import type { Knex } from 'knex';

export const up = async (kx: Knex): Promise<void> => {
  await kx.raw(`
    alter table snackbase.roles
      add column enabled boolean not null default true,
      add check (char_length(description) <= 500);
    insert into snackbase.roles (id, name, description, is_builtin) values
      (0, 'public', 'Callers without a credential', true);

    create table snackbase.permissions (
      id bigint generated always as identity primary key,
      role_id integer not null references snackbase.roles on delete cascade,
      -- main.posts, main.* or *
      collection text not null
        check (collection = '*' or collection ~ '^[A-Za-z_][A-Za-z0-9_]*[.]([*]|[A-Za-z_][A-Za-z0-9_]*)$'),
      operation text not null check (operation in ('list', 'view', 'read', 'create', 'update', 'delete')),
      rule text not null default 'true',
      -- null: all
      fields text[],
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      unique (role_id, collection, operation)
    );
    create index on snackbase.permissions (collection);

    create table snackbase.permissions_version (
      singleton boolean primary key default true check (singleton),
      number bigint not null default 0
    );
    insert into snackbase.permissions_version default values;

    -- A collection that takes the name of a removed one must not inherit what was granted on that.
    create function snackbase.forget_permissions() returns trigger language plpgsql as $$
    begin
      delete from snackbase.permissions where collection = old.app || '.' || old.name;
      return null;
    end $$;
    create trigger forget_permissions after delete on snackbase.collections
      for each row execute function snackbase.forget_permissions();
  `);
};
