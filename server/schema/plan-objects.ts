// Changes of checks and indexes: each is ours if its tag says so, unchanged if the tag is the desired one, and else replaced.
import type { DesiredIndex, DesiredTable } from './desired.ts';
import { isOwnIndex } from './desired.ts';
import { type Draft, placeOf, rowsAfter } from './draft.ts';
import { hasDuplicates, hasOthers } from './guards.ts';
import type { LiveIndex, LiveObject } from './introspect.ts';
import { isDisturbed } from './plan-effects.ts';
import { makesSearch } from './plan-search.ts';
import { addCheck, addIndex, dropConstraint, dropIndex } from './statements.ts';

/** Objects of ours that are wanted no more. What hangs on a dropped column goes with it. */
export function surplus<T extends LiveObject>(
  { desired }: Draft,
  live: ReadonlyMap<string, T>,
  wanted: readonly { name: string }[],
): T[] {
  const names = new Set(wanted.map((one) => one.name));
  return [...live.values()].filter(
    (one) => one.tag !== null && !names.has(one.name) && one.columns.every((column) => isDeclared(desired, column)),
  );
}

const isDeclared = (desired: DesiredTable, column: string): boolean => desired.columns.some((c) => c.column === column);

/** What was declared over a column that stays undeclared: it would judge records by a value that they no longer have. */
const obstructive = <T extends LiveObject>({ desired, keepSurplus }: Draft, live: ReadonlyMap<string, T>): T[] =>
  keepSurplus
    ? [...live.values()].filter(
        (one) => one.tag !== null && one.key !== null && one.columns.some((column) => !isDeclared(desired, column)),
      )
    : [];

/** The field whose column alone it is about; empty for several. */
export function fieldOf(desired: DesiredTable, columns: readonly string[]): string {
  const [column = '', ...more] = columns.filter((one) => one !== 'account_id' && one !== 'deleted_at');
  return more.length > 0 ? '' : (desired.columns.find((c) => c.column === column)?.field ?? column);
}

/** True for a column that this plan adds. */
export const isAdded = ({ live }: Draft, column: string): boolean => live?.columns.has(column) !== true;

/** Enum checks and declared ones. */
export function planChecks(draft: Draft): void {
  const { desired, live, step } = draft;
  for (const check of desired.checks) {
    const there = live?.checks.get(check.name);
    if (there?.tag === check.tag && !isDisturbed(draft, there)) continue;
    const guarded = live !== null && !check.columns.every((column) => isAdded(draft, column) && !fills(draft, column));
    const base = {
      ...placeOf(desired, check),
      detail: check.declared?.detail ?? check.expression,
      guards: guarded ? [hasOthers(rowsAfter(draft), check)] : [],
    };
    if (there === undefined) step({ ...base, change_type: 'add_check', sql: addCheck(desired, check) });
    else {
      const sql = [...dropConstraint(desired, check.name), ...addCheck(desired, check)];
      step({ ...base, change_type: 'replace_check', sql });
    }
  }
  const known = live?.checks ?? new Map<string, LiveObject>();
  for (const there of [...surplus(draft, known, desired.checks), ...obstructive(draft, known)]) {
    step({
      change_type: 'drop_check',
      column: fieldOf(desired, there.columns),
      detail: nameOf(there),
      sql: dropConstraint(desired, there.name),
    });
  }
}

const fills = ({ desired }: Draft, column: string): boolean =>
  desired.columns.find((c) => c.column === column)?.default != null;

/** The declared name of a live object; null where it has none. */
const nameOf = ({ key }: LiveObject): string | null => (key === null || key.startsWith('#') ? null : key);

/** The index under a key that this plan adds: it comes with the key, as one change. */
export const isPartOfNewKey = ({ desired, live }: Draft, index: DesiredIndex): boolean =>
  !index.unique &&
  index.field !== null &&
  desired.foreignKeys.some((key) => key.field === index.field && live?.foreignKeys.has(key.name) !== true);

/** Indexes of unique and reference fields, declared ones, that of the identity, and those of every table where they were lost. */
export function planIndexes(draft: Draft): void {
  const { desired, live, step } = draft;
  const there = live?.indexes ?? new Map<string, LiveIndex>();
  const unwanted = new Set([...surplus(draft, there, desired.indexes), ...obstructive(draft, uniqueOf(there))]);
  for (const index of desired.indexes) {
    const same = there.get(index.name);
    if (same?.tag === index.tag && !isDisturbed(draft, same)) continue;
    if (live === null && isOwnIndex(index)) continue;
    if (index.field !== null && index.method === 'gin' && makesSearch(draft)) continue;
    if (same === undefined && isPartOfNewKey(draft, index)) continue;
    const former = same ?? formerOf(desired, index, there, unwanted);
    if (former !== undefined) unwanted.delete(former);
    const base = {
      ...placeOf(desired, index),
      detail: index.declared?.detail ?? `${index.unique ? 'unique ' : ''}(${index.columns.join(', ')})`,
      guards: index.unique && live !== null ? [hasDuplicates(rowsAfter(draft), index)] : [],
    };
    if (former === undefined)
      step({
        ...base,
        change_type: index.identity ? 'add_identity_index' : 'add_index',
        sql: addIndex(desired, index),
      });
    else {
      const sql = [...dropIndex(desired, former.name), ...addIndex(desired, index)];
      step({ ...base, change_type: 'replace_index', sql });
    }
  }
  for (const one of unwanted)
    step({
      change_type: isIdentity(one.name) ? 'drop_identity_index' : 'drop_index',
      column: fieldOf(
        desired,
        one.columns.filter((column) => column !== 'account_id'),
      ),
      detail: isIdentity(one.name) ? null : nameOf(one),
      sql: dropIndex(desired, one.name),
    });
}

const uniqueOf = (indexes: ReadonlyMap<string, LiveIndex>): Map<string, LiveIndex> =>
  new Map([...indexes].filter(([, index]) => index.unique));

const isIdentity = (name: string): boolean => /\$id_[0-9a-f]{10}$/.test(name);

/** What an index without a name was before its declaration changed: the one over the same columns, if there is just one on both sides. */
function formerOf(
  desired: DesiredTable,
  index: DesiredIndex,
  live: ReadonlyMap<string, LiveIndex>,
  unwanted: ReadonlySet<LiveIndex>,
): LiveIndex | undefined {
  if (index.declared === null || index.declared.name !== null || index.identity) return undefined;
  const { key } = index.declared;
  if (desired.indexes.filter((one) => one.declared?.key === key).length > 1) return undefined;
  const same = [...live.values()].filter((one) => one.key === key);
  return same.length === 1 ? same.find((one) => unwanted.has(one)) : undefined;
}
