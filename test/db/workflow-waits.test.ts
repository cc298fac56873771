// An upgrade while instances of workflows wait for events: they go on to wait, and the others count what comes from then on.
import { expect, it } from 'vitest';
import { migrateDatabase } from '../../server/db/migrate.ts';
import { migrations } from '../../server/db/migrations/index.ts';
import { onBoth } from './databases.ts';

onBoth('the upgrade of waits', (database) => {
  it('keeps what waits waiting', async () => {
    const before = migrations.filter(({ name }) => name < '0023');
    await migrateDatabase(database(), before);
    await database().query(`
      insert into snackbase.accounts (id, slug, name) values ('AA0001', 'alpha', 'Alpha');
      insert into snackbase.workflows (id, account_id, name, slug, trigger, steps, enabled, run_as)
        select id, 'AA0001', 'W', 'w', '{}', '[]', true, 'account' from (select '00000000-0000-4000-8000-000000000001'::uuid as id) w;
      insert into snackbase.workflow_versions (workflow_id, version, trigger, steps, run_as)
        select id, 1, trigger, steps, run_as from snackbase.workflows;
      insert into snackbase.event_batches (number, snapshot, first_id, last_id, total) values (1, pg_current_snapshot(), 5, 9, 5);
      insert into snackbase.workflow_instances
          (id, workflow_id, version, account_id, status, source, depth, context, wait_event, wait_snapshot, completed_at)
        select gen_random_uuid(), id, 1, 'AA0001', status, 'manual', 1, '{}', event,
          case when event is not null then pg_current_snapshot() end, case when status = 'completed' then now() end
        from snackbase.workflows, (values ('waiting', 'update'), ('pending', null), ('completed', null)) i(status, event)`);
    await migrateDatabase(database());
    const rows = await database().query(
      `select status, wait_event, wait_after, heard_batch, heard_id, pg_snapshot_xmax(acted_snapshot) <= pg_snapshot_xmax(pg_current_snapshot()) as acted
       from snackbase.workflow_instances order by status`,
    );
    const marked = { wait_event: null, wait_after: null, heard_batch: 1, heard_id: 9, acted: true };
    expect(rows).toEqual([
      { ...marked, status: 'completed', heard_batch: 0, heard_id: 0 },
      { ...marked, status: 'pending' },
      { ...marked, status: 'waiting', wait_event: 'update', wait_after: 0 },
    ]);
  });
});
