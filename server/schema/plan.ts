// The difference between the desired and the live tables, as an ordered list of changes. Pure: it asks and changes nothing.
import type { ProblemEntry } from '../../contract/problems.ts';
import { ordered, type SchemaPlan, type Step } from './change.ts';
import type { DesiredTable, TableId } from './define.ts';
import { type Draft, keyOf, type Present } from './draft.ts';
import type { LiveTable } from './introspect.ts';
import { planColumns } from './plan-columns.ts';
import { planChecks, planForeignKeys, planIndexes } from './plan-objects.ts';
import { createTable, dropKeyTriggers, dropTable } from './statements.ts';

/** What a sync is asked to reach: these tables as they are described, and those gone. */
export interface Target {
  readonly tables: readonly DesiredTable[];
  readonly absent: readonly TableId[];
}

/** Plans all tables together, so that a key may point at a table of the same plan. */
export function plan(target: Target, present: Present): SchemaPlan {
  const steps: Step[] = [];
  const refusals: ProblemEntry[] = [];
  const draftOf = (desired: DesiredTable): Draft => ({
    desired,
    live: present.live.get(keyOf(desired)) ?? null,
    present,
    step: (step) =>
      steps.push({ entity: desired.entity, column: '', detail: null, path: 'schema', guard: null, ...step }),
    refuse: (entry) => refusals.push(entry),
  });
  for (const draft of target.tables.map(draftOf)) planTable(draft);
  for (const table of target.absent) {
    const live = present.live.get(keyOf(table));
    if (live === undefined) continue;
    if (live.ours) steps.push(dropStep(table, live));
    else refusals.push(notOurs(table));
  }
  return { steps: ordered(steps), refusals };
}

function planTable(draft: Draft): void {
  const { desired, live } = draft;
  if (live !== null && !live.ours) {
    draft.refuse(notOurs(desired));
    return;
  }
  if (live === null) {
    const count = desired.columns.filter((c) => !c.system).length;
    draft.step({
      change_type: 'create_table',
      sql: createTable(desired),
      detail: `${count} ${count === 1 ? 'field' : 'fields'}`,
    });
  } else planColumns(draft);
  planChecks(draft);
  planIndexes(draft);
  planForeignKeys(draft);
}

const dropStep = (table: TableId, live: LiveTable): Step => ({
  entity: table.entity,
  change_type: 'drop_table',
  column: '',
  detail: null,
  path: 'schema',
  guard: null,
  sql: [...[...live.foreignKeys.values()].flatMap((key) => dropKeyTriggers(table, key)), ...dropTable(table)],
});

const notOurs = ({ entity, schema, table }: TableId): ProblemEntry => ({
  field: 'name',
  code: 'table_not_ours',
  message: `The database has a table ${schema}.${table} for ${entity} that SnackBase did not make: rename it there, or choose another name.`,
});
