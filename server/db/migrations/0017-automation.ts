// What accounts define to happen by itself: the numbers that order changes of definitions, one for each kind.
import type { Knex } from 'knex';

export const up = async (kx: Knex): Promise<void> => {
  await kx.raw(`
    create table snackbase.automation_versions (
      kind text primary key,
      number bigint not null
    );
    insert into snackbase.automation_versions (kind, number)
      values ('hooks', 0), ('webhooks', 0), ('workflows', 0), ('endpoints', 0);
  `);
};
