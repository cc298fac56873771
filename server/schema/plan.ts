// The difference between the desired and the live tables, as an ordered list of changes. Pure: it asks and changes nothing.
import type { ProblemEntry } from '../../contract/problems.ts';
import { ordered, type SchemaPlan, type Step } from './change.ts';
import type { DesiredTable, TableId } from './desired.ts';
import { alterations, type Draft, keyOf, type Present } from './draft.ts';
import type { LiveTable } from './introspect.ts';
import { qualified } from './names.ts';
import { planColumns } from './plan-columns.ts';
import { planForeignKeys } from './plan-keys.ts';
import { planChecks, planIndexes } from './plan-objects.ts';
import { planSearch } from './plan-search.ts';
import { createTable, dropKeyTriggers, dropTable } from './statements.ts';

/** What a sync is asked to reach: these tables as they are described, and those gone. */
export interface Target {
  readonly tables: readonly DesiredTable[];
  readonly absent: readonly TableId[];
  /** Where in the input a finding about a table belongs; `path` is its place within one definition (`schema.2.type`), which is the default. */
  readonly at?: (table: TableId, path: string) => string;
}

export interface PlanOptions {
  /** Columns and tables that are no longer declared stay. */
  readonly keepSurplus: boolean;
}

const BLANK = {
  column: '',
  detail: null,
  path: 'schema',
  guards: [],
  destructive: false,
  losses: null,
  helper: null,
  touches: null,
} as const;

/** Plans all tables together, so that a key may point at a table of the same plan. */
export function plan(target: Target, present: Present, { keepSurplus }: PlanOptions): SchemaPlan {
  const steps: Step[] = [];
  const marks: string[] = [];
  const refusals: ProblemEntry[] = [];
  const at = target.at ?? ((_table, path) => path);
  const draftOf = (desired: DesiredTable): Draft => {
    const live = present.live.get(keyOf(desired)) ?? null;
    return {
      desired,
      live,
      present,
      keepSurplus,
      altered: alterations(desired, live),
      step: ({ path = BLANK.path, guards = [], ...step }) =>
        steps.push({
          ...BLANK,
          entity: desired.entity,
          path: at(desired, path),
          guards: guards.map((one) => (one.path === undefined ? one : { ...one, path: at(desired, one.path) })),
          ...step,
        }),
      refuse: (entry) => refusals.push({ ...entry, field: at(desired, entry.field) }),
      mark: (sql) => marks.push(sql),
    };
  };
  for (const draft of target.tables.map(draftOf)) planTable(draft);
  for (const table of keepSurplus ? [] : target.absent) {
    const live = present.live.get(keyOf(table));
    if (live === undefined) continue;
    if (live.ours) steps.push(dropStep(table, live));
    else refusals.push({ ...notOurs(table), field: at(table, 'name') });
  }
  return { steps: ordered(steps), marks, refusals };
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
  planSearch(draft);
  planIndexes(draft);
  planForeignKeys(draft);
}

const dropStep = (table: TableId, live: LiveTable): Step => ({
  ...BLANK,
  entity: table.entity,
  change_type: 'drop_table',
  destructive: true,
  touches: `(select count(*) from ${qualified(table.schema, table.table)})`,
  sql: [...[...live.foreignKeys.values()].flatMap((key) => dropKeyTriggers(table, key)), ...dropTable(table)],
});

const notOurs = ({ entity, schema, table }: TableId): ProblemEntry => ({
  field: 'name',
  code: 'table_not_ours',
  message: `The database has a table ${schema}.${table} for ${entity} that SnackBase did not make: rename it there, or choose another name.`,
});
