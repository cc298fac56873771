// Changes of the columns of a table that exists.
import { spelledType } from './conversions.ts';
import type { DesiredColumn } from './desired.ts';
import { type Draft, keyOf, rowsAfter } from './draft.ts';
import { type Guard, hasNulls, inconvertible, needsDefault } from './guards.ts';
import type { LiveColumn } from './introspect.ts';
import { quoteIdent as q, qualified } from './names.ts';
import { dropBeforeFill, isDisturbed, stayingGuards } from './plan-effects.ts';
import { SEARCH_COLUMN } from './search.ts';
import {
  addColumn,
  alterType,
  columnDigest,
  columnTag,
  dropColumn,
  dropConstraint,
  dropDefault,
  dropIndex,
  dropKeyTriggers,
  dropNotNull,
  relaxColumn,
  setDefault,
  setNotNull,
} from './statements.ts';

/** Adds, changes and drops columns. A column without our tag is dropped by nobody but its maker. */
export function planColumns(draft: Draft): void {
  const { desired, live } = draft;
  if (live === null) return;
  for (const column of desired.columns) {
    const there = live.columns.get(column.column);
    if (column.generated !== null) continue;
    if (there === undefined) planMissing(draft, column);
    else if (there.type !== column.type) planType(draft, column, there);
    if (there === undefined || column.system) continue;
    planOptions(draft, column, there);
    // A person's own comment is left alone.
    if (there.comment === null) draft.mark(columnTag(desired, column));
  }
  const wanted = new Set(desired.columns.map((column) => column.column));
  for (const there of live.columns.values()) {
    if (wanted.has(there.name) || there.tag === null || there.name === SEARCH_COLUMN) continue;
    if (draft.keepSurplus) planKept(draft, there);
    else planSurplus(draft, there);
  }
}

const someRow = ({ desired }: Draft, where: string): string =>
  `exists (select from ${qualified(desired.schema, desired.table)} where ${where})::int`;

const countRows = ({ desired }: Draft, where = 'true'): string =>
  `(select count(*) from ${qualified(desired.schema, desired.table)} where ${where})`;

function planMissing(draft: Draft, column: DesiredColumn): void {
  draft.step({
    change_type: 'add_column',
    column: column.field,
    detail: column.type,
    path: column.path,
    sql: addColumn(draft.desired, column),
    guards: column.notNull && column.default === null ? [needsDefault(draft.desired)] : [],
    touches: column.notNull && column.default !== null ? countRows(draft) : null,
  });
}

function planType(draft: Draft, column: DesiredColumn, there: LiveColumn): void {
  const { desired, altered, step, refuse } = draft;
  const from = spelledType(there.type);
  const made = altered.get(column.column) ?? null;
  if (made === null) {
    refuse({
      field: column.system ? 'schema' : `${column.path}.type`,
      code: 'type_change_unsupported',
      message: `The type of ${desired.entity}.${column.field} cannot be changed from ${from} to ${column.spelled}: add a field with another name instead.`,
      expected: from,
      received: column.spelled,
    });
    return;
  }
  const guards = [
    ...(made.impossible === null ? [] : [inconvertible(desired, made)]),
    ...stayingGuards(draft, column.column),
  ];
  // The empty text becomes NULL.
  const emptied = column.notNull && column.default === null && there.notNull;
  step({
    change_type: 'alter_type',
    column: column.field,
    detail: `${from} → ${column.spelled}`,
    path: column.path || 'schema',
    sql: [...dropDependents(draft, column.column), ...alterType(desired, column, there, made.using)],
    guards: emptied ? [...guards, hasNulls(rowsAfter(draft), column)] : guards,
    helper: made.helper ?? null,
    losses: made.loses === null ? null : someRow(draft, made.loses),
    touches: countRows(draft),
  });
}

/** What would not stand the new type, or means something else then; it comes back as a change of its own. */
function dropDependents(draft: Draft, column: string): string[] {
  const { desired, live } = draft;
  if (live === null) return [];
  const search = live.columns.get(SEARCH_COLUMN);
  const wanted = desired.columns.find((c) => c.column === SEARCH_COLUMN);
  const stale = search !== undefined && (wanted === undefined || columnDigest(wanted) !== search.tag);
  return [
    ...(stale ? dropColumn(desired, SEARCH_COLUMN) : []),
    ...[...live.checks.values()]
      .filter((one) => one.tag !== null && one.columns.includes(column))
      .flatMap((one) => dropConstraint(desired, one.name)),
    ...[...live.indexes.values()]
      .filter((one) => one.columns.includes(column) && isDisturbed(draft, one))
      .flatMap((one) => dropIndex(desired, one.name)),
  ];
}

function planOptions(draft: Draft, column: DesiredColumn, there: LiveColumn): void {
  const { desired, present, altered, step } = draft;
  const base = { column: column.field, path: column.path };
  // A default goes and comes with the type; it is a change of its own where there was none before.
  const carried = altered.has(column.column) && there.default !== null && column.default !== null;
  if (column.default === null) {
    if (there.default !== null) step({ ...base, change_type: 'drop_default', sql: dropDefault(desired, column) });
  } else if (!carried && !present.equalDefaults.has(`${keyOf(desired)}.${column.column}`)) {
    step({ ...base, change_type: 'set_default', detail: column.default, sql: setDefault(desired, column) });
  }
  if (column.notNull && !there.notNull) {
    step({
      ...base,
      change_type: 'set_not_null',
      sql: [...dropBeforeFill(draft, column), ...setNotNull(desired, column)],
      guards: column.default === null ? [hasNulls(rowsAfter(draft), column)] : fillGuards(draft, column),
      touches: column.default === null ? null : countRows(draft, `${q(column.column)} is null`),
    });
  } else if (!column.notNull && there.notNull) {
    step({ ...base, change_type: 'drop_not_null', sql: dropNotNull(desired, column) });
  }
}

// A type change has asked them.
const fillGuards = (draft: Draft, { column }: DesiredColumn): Guard[] =>
  draft.altered.has(column) ? [] : stayingGuards(draft, column);

function planSurplus(draft: Draft, there: LiveColumn): void {
  const { desired, live, step } = draft;
  const keys = [...(live?.foreignKeys.values() ?? [])].filter((key) => key.columns.includes(there.name));
  step({
    change_type: 'drop_column',
    column: there.name,
    detail: there.type,
    sql: [...keys.flatMap((key) => dropKeyTriggers(desired, key)), ...dropColumn(desired, there.name)],
    destructive: true,
    touches: countRows(draft, `${q(there.name)} is not null`),
  });
}

/**
 * A column that stays must not stand in the way of new records, which have no value for it: it loses NOT NULL unless its default
 * serves, and a default that a unique index would take only once.
 */
function planKept({ desired, live, step }: Draft, there: LiveColumn): void {
  const once = [...(live?.indexes.values() ?? [])].some((index) => index.unique && index.columns.includes(there.name));
  const serves = there.default !== null && !once;
  if (there.notNull && !serves)
    step({ change_type: 'drop_not_null', column: there.name, sql: relaxColumn(desired, there.name, 'not null') });
  if (there.default !== null && once)
    step({ change_type: 'drop_default', column: there.name, sql: relaxColumn(desired, there.name, 'default') });
}
