// Named macros: rule expressions under a name, and the number that orders their changes.
import type { Knex } from 'knex';

export const up = async (kx: Knex): Promise<void> => {
  await kx.raw(`
    create table snackbase.macros (
      id uuid primary key,
      name text not null,
      description text,
      expression text not null,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now()
    );
    create unique index on snackbase.macros (lower(name));
  `);
};
