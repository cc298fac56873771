// Instances that wait for an event count what came since they last acted, each event once, and look back at the log for it.
import type { Knex } from 'knex';

export const up = async (kx: Knex): Promise<void> => {
  await kx.raw(`
    alter table snackbase.workflow_instances
      -- What was committed when the first step began that acted since the instance rested, or, if it never did, when it was made.
      add acted_snapshot pg_snapshot not null default pg_current_snapshot(),
      -- A pause has ended, and no step that acts has begun since.
      add rested boolean not null default false,
      -- The place in the log from which on events count: the end of it then, later behind the event that the last wait took.
      add heard_batch bigint not null default 0,
      add heard_id bigint not null default 0,
      -- While it waits for an event: the batch up to which it has looked back. Events of later ones it is told. Null: it has not yet.
      add wait_after bigint;

    -- What waits has not looked back at anything, and goes on to be told of all that its reader has not told by now.
    update snackbase.workflow_instances set heard_batch = last.number, heard_id = last.last_id,
      wait_after = case when wait_event is not null then 0 end
    from (select number, last_id from snackbase.event_batches order by number desc limit 1) last where completed_at is null;

    alter table snackbase.workflow_instances drop wait_snapshot;
  `);
};
