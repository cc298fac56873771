// Changes of checks, indexes and foreign keys: each is ours if its tag says so, unchanged if the tag is the desired one, and else replaced.
import type { DesiredColumn, DesiredIndex, DesiredTable } from './define.ts';
import { type Draft, exists } from './draft.ts';
import { hasDuplicates, hasOrphans, hasOthers } from './guards.ts';
import type { LiveObject } from './introspect.ts';
import {
  addCheck,
  addForeignKey,
  addIndex,
  clearingTriggerOf,
  dropConstraint,
  dropForeignKey,
  dropIndex,
} from './statements.ts';

// What hangs on a dropped column goes with it.
function surplus<T extends LiveObject>(
  { desired }: Draft,
  live: ReadonlyMap<string, T>,
  wanted: readonly { name: string }[],
): T[] {
  const names = new Set(wanted.map((one) => one.name));
  const columns = new Set(desired.columns.map((column) => column.column));
  return [...live.values()].filter(
    (one) => one.tag !== null && !names.has(one.name) && one.columns.every((column) => columns.has(column)),
  );
}

const fieldOf = (desired: DesiredTable, columns: readonly string[]): string =>
  desired.columns.find((c) => !c.system && columns.includes(c.column))?.field ?? '';

const pathOf = (desired: DesiredTable, field: string | null): string =>
  desired.columns.find((c) => c.field === field)?.path || 'schema';

/** The column among these that this plan adds. */
const added = ({ desired, live }: Draft, columns: readonly string[]): DesiredColumn | undefined =>
  desired.columns.find((c) => columns.includes(c.column) && live?.columns.has(c.column) !== true);

/** Enum checks. */
export function planChecks(draft: Draft): void {
  const { desired, live, step } = draft;
  for (const check of desired.checks) {
    const there = live?.checks.get(check.name);
    if (there?.tag === check.tag) continue;
    const guarded = live !== null && added(draft, [check.column]) === undefined;
    const base = {
      column: check.field ?? '',
      detail: check.expression,
      path: pathOf(desired, check.field),
      guard: guarded ? hasOthers(desired, check) : null,
    };
    if (there === undefined) step({ ...base, change_type: 'add_check', sql: addCheck(desired, check) });
    else {
      const sql = [...dropConstraint(desired, check.name), ...addCheck(desired, check)];
      step({ ...base, change_type: 'replace_check', sql });
    }
  }
  for (const there of surplus(draft, live?.checks ?? new Map(), desired.checks)) {
    step({
      change_type: 'drop_check',
      column: fieldOf(desired, there.columns),
      sql: dropConstraint(desired, there.name),
    });
  }
}

/** The index under a key that this plan adds: it comes with the key, as one change. */
const isPartOfNewKey = ({ desired, live }: Draft, index: DesiredIndex): boolean =>
  !index.unique &&
  desired.foreignKeys.some((key) => key.field === index.field && live?.foreignKeys.has(key.name) !== true);

/** Indexes of unique and reference fields, and those of every table where they were lost. */
export function planIndexes(draft: Draft): void {
  const { desired, live, step } = draft;
  for (const index of desired.indexes) {
    const there = live?.indexes.get(index.name);
    if (there?.tag === index.tag || (live === null && index.field === null)) continue;
    if (there === undefined && isPartOfNewKey(draft, index)) continue;
    const base = {
      column: index.field ?? '',
      detail: `${index.unique ? 'unique ' : ''}(${index.columns.join(', ')})`,
      path: pathOf(desired, index.field),
      guard: index.unique && live !== null ? hasDuplicates(desired, index, added(draft, index.columns)) : null,
    };
    if (there === undefined) step({ ...base, change_type: 'add_index', sql: addIndex(desired, index) });
    else {
      const sql = [...dropIndex(desired, index.name), ...addIndex(desired, index)];
      step({ ...base, change_type: 'replace_index', sql });
    }
  }
  for (const there of surplus(draft, live?.indexes ?? new Map(), desired.indexes)) {
    step({ change_type: 'drop_index', column: fieldOf(desired, there.columns), sql: dropIndex(desired, there.name) });
  }
}

const missingIndexes = (draft: Draft, field: string | null): string[] =>
  draft.desired.indexes
    .filter((one) => one.field === field && isPartOfNewKey(draft, one) && draft.live?.indexes.has(one.name) !== true)
    .flatMap((one) => addIndex(draft.desired, one));

/** Keys of reference fields. Another target is a drop and an add; another delete rule is one change. */
export function planForeignKeys(draft: Draft): void {
  const { desired, live, present, step } = draft;
  for (const key of desired.foreignKeys) {
    const there = live?.foreignKeys.get(key.name);
    const sameTarget = there?.target.schema === key.target.schema && there.target.table === key.target.table;
    const cleared = key.onDelete !== 'set_null' || there?.triggers.includes(clearingTriggerOf(desired, key.name));
    if (there?.tag === key.tag && sameTarget && cleared) continue;
    const column = key.field ?? '';
    const path = pathOf(desired, key.field);
    if (there !== undefined && sameTarget) {
      const sql = [...dropForeignKey(desired, there), ...addForeignKey(desired, key)];
      step({ change_type: 'alter_fk_delete_rule', column, detail: key.onDelete, path, sql });
      continue;
    }
    if (there !== undefined) step({ change_type: 'drop_fk', column, sql: dropForeignKey(desired, there) });
    const guarded = live !== null && added(draft, [key.column]) === undefined && exists(present, key.target);
    step({
      change_type: 'add_fk',
      column,
      detail: `${key.target.schema}.${key.target.table} on delete ${key.onDelete}`,
      path,
      sql: [...missingIndexes(draft, key.field), ...addForeignKey(desired, key)],
      guard: guarded ? hasOrphans(desired, key) : null,
    });
  }
  for (const there of surplus(draft, live?.foreignKeys ?? new Map(), desired.foreignKeys)) {
    step({
      change_type: 'drop_fk',
      column: fieldOf(desired, there.columns),
      sql: dropForeignKey(desired, there),
    });
  }
}
