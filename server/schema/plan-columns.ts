// Changes of the columns of a table that exists.
import type { DesiredColumn } from './define.ts';
import { type Draft, keyOf } from './draft.ts';
import { hasNulls, needsDefault } from './guards.ts';
import type { LiveColumn } from './introspect.ts';
import {
  addColumn,
  addIndex,
  columnDigest,
  dropColumn,
  dropConstraint,
  dropDefault,
  dropKeyTriggers,
  dropNotNull,
  replaceColumn,
  setDefault,
  setNotNull,
} from './statements.ts';

/** Adds, changes and drops columns. A column without our tag is dropped by nobody but its maker. */
export function planColumns(draft: Draft): void {
  const { desired, live } = draft;
  if (live === null) return;
  for (const column of desired.columns) {
    const there = live.columns.get(column.column);
    if (there === undefined) planMissing(draft, column);
    else if (there.type !== column.type) refuseType(draft, column, there);
    else if (column.generated !== null) planGenerated(draft, column, there);
    else if (!column.system) planOptions(draft, column, there);
  }
  const wanted = new Set(desired.columns.map((column) => column.column));
  for (const there of live.columns.values()) {
    if (!wanted.has(there.name) && there.tag !== null) planSurplus(draft, there);
  }
}

function planMissing({ desired, step }: Draft, column: DesiredColumn): void {
  step({
    change_type: 'add_column',
    column: column.field,
    detail: column.type,
    path: column.path,
    sql: addColumn(desired, column),
    guard: column.notNull && column.default === null ? needsDefault(desired) : null,
  });
}

/** Its indexes go with it and come back in the same plan. */
function planGenerated({ desired, step }: Draft, column: DesiredColumn, there: LiveColumn): void {
  if (there.tag === columnDigest(column)) return;
  const indexes = desired.indexes.filter((index) => index.columns.includes(column.column));
  step({
    change_type: 'alter_type',
    column: column.field,
    detail: 'other searchable fields',
    path: column.path,
    sql: [...replaceColumn(desired, column), ...indexes.flatMap((index) => addIndex(desired, index))],
  });
}

function refuseType({ refuse }: Draft, column: DesiredColumn, there: LiveColumn): void {
  refuse({
    field: `${column.path}.type`,
    code: 'type_change_unsupported',
    message: `The type of ${column.field} cannot be changed from ${there.type} to ${column.type}: add a field with another name instead.`,
    expected: there.type,
    received: column.type,
  });
}

function planOptions(draft: Draft, column: DesiredColumn, there: LiveColumn): void {
  const { desired, present, step } = draft;
  const base = { column: column.field, path: column.path };
  if (column.default === null) {
    if (there.default !== null) step({ ...base, change_type: 'drop_default', sql: dropDefault(desired, column) });
  } else if (!present.equalDefaults.has(`${keyOf(desired)}.${column.column}`)) {
    step({ ...base, change_type: 'set_default', detail: column.default, sql: setDefault(desired, column) });
  }
  if (column.notNull && !there.notNull) {
    step({
      ...base,
      change_type: 'set_not_null',
      sql: [...dropStaleChecks(draft, column), ...setNotNull(desired, column)],
      guard: column.default === null ? hasNulls(desired, column) : null,
    });
  } else if (!column.notNull && there.notNull) {
    step({ ...base, change_type: 'drop_not_null', sql: dropNotNull(desired, column) });
  }
}

// Rows are filled with the new default before the new check is there: the old one might not know that value.
function dropStaleChecks({ desired, live }: Draft, column: DesiredColumn): string[] {
  if (column.default === null || live === null) return [];
  const current = new Set(desired.checks.map((check) => `${check.name} ${check.tag}`));
  const stale = [...live.checks.values()].filter(
    (check) =>
      check.tag !== null && check.columns.includes(column.column) && !current.has(`${check.name} ${check.tag}`),
  );
  return stale.flatMap((check) => dropConstraint(desired, check.name));
}

function planSurplus({ desired, live, step }: Draft, there: LiveColumn): void {
  const keys = [...(live?.foreignKeys.values() ?? [])].filter((key) => key.columns.includes(there.name));
  step({
    change_type: 'drop_column',
    column: there.name,
    detail: there.type,
    sql: [...keys.flatMap((key) => dropKeyTriggers(desired, key)), ...dropColumn(desired, there.name)],
  });
}
