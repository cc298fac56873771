// Indexes for claims in which accounts share the places: what runs of each, and what waits of each.
import type { Knex } from 'knex';

export const up = async (kx: Knex): Promise<void> => {
  await kx.raw(`
    create index hook_executions_running on snackbase.hook_executions (account_id) where status = 'running';
    -- What waits, by handler, account and priority.
    create index job_waiting on snackbase_jobs.job (name, (coalesce(data->>'account_id', '')), priority, start_after, id)
      where state < 'active';
  `);
};
