// Jobs: the tables of pg-boss in a schema of their own, and two indexes for what the server asks them beside that.
import type { Knex } from 'knex';

export const up = async (kx: Knex): Promise<void> => {
  const { default: PgBoss } = await import('pg-boss');
  // Its text is a transaction of its own; here it is part of the one that holds the whole upgrade. A later pg-boss brings its
  // tables up to date by itself when the server starts to work.
  await kx.raw(PgBoss.getConstructionPlans('snackbase_jobs').replace(/\b(begin|commit|set local [^;]*);/gi, ''));
  await kx.raw(`
    create index job_running on snackbase_jobs.job (name, started_on) where state = 'active';
    create index job_newest on snackbase_jobs.job (created_on, id);
  `);
};
