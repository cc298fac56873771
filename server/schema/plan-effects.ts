// What new values of a column mean for the checks, unique indexes and keys that read it: which are made anew, and what those that stay are asked first.
import type { DesiredColumn, DesiredIndex } from './desired.ts';
import { type Draft, exists, placeOf, rowsAfter } from './draft.ts';
import { type Guard, hasDuplicates, hasOrphans, hasOthers } from './guards.ts';
import type { LiveIndex, LiveObject } from './introspect.ts';
import { dropConstraint, dropIndex } from './statements.ts';

/** True for a column whose empty rows get its default in this plan. */
const isFilled = ({ live }: Draft, column: DesiredColumn): boolean =>
  !column.system && column.notNull && column.default !== null && live?.columns.get(column.column)?.notNull === false;

/** The columns that hold other values afterwards. */
const changed = (draft: Draft): string[] =>
  draft.desired.columns
    .filter((column) => draft.altered.has(column.column) || isFilled(draft, column))
    .map(({ column }) => column);

/** True for an index or check of ours that this plan takes away and makes anew, although its declaration is the same. */
export function isDisturbed(draft: Draft, there: LiveObject | LiveIndex): boolean {
  if (there.tag === null) return false;
  if (isFilledTwice(draft, there)) return true;
  if (!there.columns.some((column) => draft.altered.has(column))) return false;
  if (!('unique' in there)) return true;
  // PostgreSQL makes plain indexes anew itself.
  const wanted: DesiredIndex | undefined = draft.desired.indexes.find((index) => index.name === there.name);
  return wanted === undefined || wanted.tag !== there.tag || wanted.compiled;
}

// Columns are filled one after the other: in between is a row that neither was nor will be.
const isFilledTwice = (draft: Draft, there: LiveObject | LiveIndex): boolean =>
  (!('unique' in there) || there.unique) &&
  draft.desired.columns.filter((column) => there.columns.includes(column.column) && isFilled(draft, column)).length > 1;

/** Takes away what might not stand the default in rows that had nothing, and is replaced in any case. */
export function dropBeforeFill(draft: Draft, column: DesiredColumn): string[] {
  const { desired, live } = draft;
  if (column.default === null || live === null) return [];
  const current = new Set([...desired.checks, ...desired.indexes].map(({ name, tag }) => `${name} ${tag}`));
  const isStale = (one: LiveObject): boolean =>
    one.tag !== null &&
    one.columns.includes(column.column) &&
    (!current.has(`${one.name} ${one.tag}`) || isDisturbed(draft, one));
  return [
    ...[...live.checks.values()].filter(isStale).flatMap((one) => dropConstraint(desired, one.name)),
    ...[...live.indexes.values()]
      .filter((one) => one.unique && isStale(one))
      .flatMap((one) => dropIndex(desired, one.name)),
  ];
}

/** Questions for what stays as it is while the column gets other values; each object is asked at the first of its columns. */
export function stayingGuards(draft: Draft, column: string): Guard[] {
  const { desired, live, present } = draft;
  if (live === null) return [];
  const order = changed(draft);
  const isAsked = (read: readonly string[]): boolean => order.find((one) => read.includes(one)) === column;
  const stays = (one: { name: string; tag: string }, there: LiveObject | undefined): boolean =>
    there?.tag === one.tag && !isDisturbed(draft, there);
  const rows = rowsAfter(draft);
  return [
    ...desired.checks
      .filter((one) => isAsked(one.columns) && stays(one, live.checks.get(one.name)))
      .map((one) => ({ ...hasOthers(rows, one), path: placeOf(desired, one).path })),
    ...desired.indexes
      .filter((one) => one.unique && isAsked(one.columns) && stays(one, live.indexes.get(one.name)))
      .map((one) => ({ ...hasDuplicates(rows, one), path: placeOf(desired, one).path })),
    ...desired.foreignKeys
      .filter((one) => isAsked([one.column]) && live.foreignKeys.get(one.name)?.tag === one.tag)
      .filter((one) => exists(present, one.target))
      .map((one) => hasOrphans(rows, one)),
  ];
}
