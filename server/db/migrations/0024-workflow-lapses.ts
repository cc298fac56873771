// Workflow instances that take their process down with them, and what their calls are known by.
import type { Knex } from 'knex';

export const up = async (kx: Knex): Promise<void> => {
  await kx.raw(`
    alter table snackbase.workflow_instances
      -- How often the lease of whoever worked on it has run out since it last got any further.
      add column lapses integer not null default 0,
      -- What executed was when the current step began: the same in all its tries, also once it failed and was taken up again.
      add column visit integer not null default 0;
    update snackbase.workflow_instances
      set visit = greatest(0, executed - attempt - case when status = 'failed' then 1 else 0 end);
  `);
};
