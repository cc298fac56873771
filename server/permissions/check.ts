// Checking entries before they are stored: known collections and fields, rules that can run. Every problem is told at once.
import type { Field } from '../../contract/fields.ts';
import type { PermissionUpdate } from '../../contract/permissions.ts';
import type { ProblemEntry } from '../../contract/problems.ts';
import { restricted } from '../access/constraints.ts';
import type { Transaction } from '../db/database.ts';
import { type CheckRule, type Constrained, readConstraints } from './constraints.ts';
import { type NamedCollections, readCollections, unknownFields } from './names.ts';
import * as store from './store.ts';

export type { CheckRule } from './constraints.ts';

/** Collections that entries name, as the database has them until the transaction ends. */
export interface Known {
  /** The fields of each collection that is named alone. */
  readonly collections: ReadonlyMap<string, readonly Field[]>;
  readonly apps: ReadonlySet<string>;
}

/** Looks up, and keeps, what the texts name. */
export async function lookUp(tx: Transaction, texts: readonly string[]): Promise<Known> {
  const named = texts.flatMap((text) => readCollections(text) ?? []);
  const singles = named.filter(({ single }) => single).map(({ full }) => full);
  const apps = named.flatMap(({ app, single }) => (app === null || single ? [] : [app]));
  return {
    collections: singles.length === 0 ? new Map() : await store.keepCollections(tx, [...new Set(singles)]),
    apps: new Set(['main', ...(apps.length === 0 ? [] : await store.knownApps(tx, [...new Set(apps)]))]),
  };
}

/** The collection or pattern that a text names, or why it names none. */
export function resolve(text: string, known: Known): NamedCollections | { readonly problem: string } {
  const named = readCollections(text);
  if (named === null) return { problem: 'Name a collection, `app.*` or `*`.' };
  if (named.single && !known.collections.has(named.full)) return { problem: `There is no collection ${text}.` };
  if (named.app !== null && !named.single && !known.apps.has(named.app)) {
    return { problem: `There is no app ${named.app}.` };
  }
  return named;
}

/** What entries ask for, and everything that is wrong with them; a problem names its entry as `updates.2.rule`. */
export function checkUpdates(updates: readonly PermissionUpdate[], known: Known, checkRule: CheckRule) {
  const rows: store.PermissionSetting[] = [];
  const problems: ProblemEntry[] = [];
  const seen = new Set<string>();

  updates.forEach(({ collection, operation, rule = 'true', fields: given, filters = [], checks = [] }, index) => {
    const problem = (field: string, code: string, message: string) =>
      problems.push({ field: `updates.${index}.${field}`, code, message, index });
    const fields = given === undefined || given === null || given === '*' ? null : [...new Set(given)];
    const named = resolve(collection, known);
    if ('problem' in named) {
      problem('collection', 'unknown_collection', named.problem);
      return;
    }
    const { full } = named;
    if (seen.has(`${full} ${operation}`)) problem('operation', 'duplicate', 'An earlier entry sets the same.');
    seen.add(`${full} ${operation}`);
    const entry = { rule, operation, fields, filters, checks };
    const found = readEntry(entry, known.collections.get(full) ?? null, checkRule, `updates.${index}`);
    problems.push(...found.problems.map((one) => ({ ...one, index })));
    rows.push({ collection: full, ...found.row });
  });
  return { rows, problems };
}

type Row = Omit<store.PermissionSetting, 'collection'>;
type Entry = Pick<Row, 'rule' | 'operation' | 'fields'> & Pick<Constrained, 'filters' | 'checks'>;

/** One entry that stands at `at`, as it is kept, and everything that is wrong with it; `known` null: it is for a pattern. */
export function readEntry(entry: Entry, known: readonly Field[] | null, checkRule: CheckRule, at: string) {
  const wrong = entryProblems(entry, known, checkRule, at);
  const { filters, checks, problems } = readConstraints(entry, known, checkRule, at);
  const row: Row = { ...entry, filters: [...filters], checks: [...checks] };
  const found = [...wrong, ...problems];
  // Each part may stand alone and all of them be too much.
  const whole = found.length > 0 || filters.length === 0 ? null : restricted(entry.rule, filters);
  if (whole !== null) found.push(...checkRule(whole, known, entry.operation, `${at}.filters`));
  return { row, problems: found };
}

function entryProblems(
  { rule, operation, fields }: Entry,
  known: readonly Field[] | null,
  checkRule: CheckRule,
  at: string,
): ProblemEntry[] {
  const unknown = unknownFields(fields ?? [], known).map((name) => ({
    field: `${at}.fields`,
    code: 'unknown_field',
    message: `There is no field ${name}.`,
  }));
  if (rule.trim() === '')
    return [...unknown, { field: `${at}.rule`, code: 'required', message: 'Write true to allow every row.' }];
  return [...unknown, ...checkRule(rule, known, operation, `${at}.rule`)];
}
