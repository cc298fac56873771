// Named macros: rule expressions under a name, and the number that orders their changes.
import type { Knex } from 'knex';

export const up = async (kx: Knex): Promise<void> => {
  await kx.raw(`
    create table snackbase.macros (
      id integer generated always as identity primary key,
      name text not null check (name ~ '^[A-Za-z_][A-Za-z0-9_]{0,99}$'),
      description text check (char_length(description) <= 500),
      expression text not null,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now()
    );
    create unique index on snackbase.macros (lower(name));

    create table snackbase.macros_version (
      singleton boolean primary key default true check (singleton),
      number bigint not null default 0
    );
    insert into snackbase.macros_version default values;
  `);
};
