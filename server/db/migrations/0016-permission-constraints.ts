// Permissions say which rows by conditions on fields, and what written values must be.
import type { Knex } from 'knex';

export const up = async (kx: Knex): Promise<void> => {
  await kx.raw(`
    alter table snackbase.permissions
      add column filters jsonb not null default '[]' check (jsonb_typeof(filters) = 'array'),
      add column checks jsonb not null default '[]' check (jsonb_typeof(checks) = 'array');
  `);
};
