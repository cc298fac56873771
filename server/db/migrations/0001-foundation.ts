// The two schemas that everything stands in: the server's own tables and the collections of the app `main`.
import type { Knex } from 'knex';

export const up = async (kx: Knex): Promise<void> => {
  // `snackbase` is there already when the migrator keeps its own table in it.
  await kx.raw('create schema if not exists snackbase');
  await kx.raw('create schema if not exists app_main');
};
