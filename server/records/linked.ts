// Federation of identities: records of other apps that are the same person or thing, beside each record.
import { invalidParameter } from '../../contract/problems.ts';
import type { RecordScope } from '../access/decide.ts';
import type { Cell } from '../db/database.ts';
import type { CollectionDef } from '../schema/collection-def.ts';
import { ACCOUNT_ID, CREATED_AT, ID, type RecordColumn } from './columns.ts';
import type { ScopeOf } from './expand.ts';
import { readProjection } from './list-query.ts';
import { Names, type Sight } from './names.ts';
import type { RecordReads } from './store/read.ts';

/** Which apps' records are asked for; null for none. */
export type LinkedApps = 'all' | ReadonlySet<string> | null;

/** `true`, `false`, or a comma list of app ids. */
export function readLinked(text: string | undefined): LinkedApps {
  if (text === undefined || text === 'false' || text === '0') return null;
  if (text === 'true' || text === '1') return 'all';
  return new Set(
    text
      .split(',')
      .map((part) => part.trim())
      .filter(Boolean),
  );
}

/** The column that tells what a record is, null where there is none or the caller may not compare by it. */
const keyOf = (def: CollectionDef, sight: Sight): RecordColumn | null =>
  def.identity === null ? null : new Names(def, sight).comparable(def.identity.key);

interface Linking {
  readonly reads: RecordReads;
  /** Every collection that there is. */
  readonly all: () => readonly CollectionDef[];
  /** What the caller may list of a collection, null for nothing. */
  readonly scopeOf: ScopeOf;
}

interface Source {
  readonly def: CollectionDef;
  readonly scope: RecordScope;
  readonly columns: readonly RecordColumn[];
  readonly rows: readonly (readonly Cell[])[];
}

/**
 * The members `_linked` of these rows as JSON, an empty text where a row has none: for each other app the oldest record with
 * the same key that the caller may list, `{"app": {"entity", "recordId", "data"}}`. Throws INVALID_QUERY_PARAMS where the
 * projection lacks the key.
 */
export async function linkedTo({ reads, all, scopeOf }: Linking, source: Source, apps: LinkedApps): Promise<string[]> {
  const { def, scope, columns, rows } = source;
  const none = rows.map(() => '');
  const key = apps === null ? null : keyOf(def, scope);
  if (apps === null || key === null || rows.length === 0) return none;
  const at = placeOf(columns, key);
  // A superadmin sees all accounts, and the same address in another one is another person.
  const account = scope.accountId === null ? placeOf(columns, ACCOUNT_ID) : null;
  const valueIn = (row: readonly Cell[]): string | null => {
    const value = row[at] as Cell;
    return value === null || account === null ? value : `${row[account]} ${value}`;
  };
  const values = [...new Set(rows.map(valueIn).filter((value) => value !== null))];
  if (values.length === 0) return none;
  const targets = all()
    .filter(
      ({ app, enabled, identity }) =>
        enabled && app !== def.app && identity?.kind === def.identity?.kind && (apps === 'all' || apps.has(app)),
    )
    .sort((a, b) => (a.qualifiedName < b.qualifiedName ? -1 : 1));
  const found = await Promise.all(targets.map((target) => matching(reads, scopeOf(target), target, key, values)));
  return rows.map((row) => {
    const value = valueIn(row);
    const members = new Map<string, Match>();
    for (const matches of value === null ? [] : found) {
      const match = matches.get(value as string);
      const first = match && members.get(match.app);
      if (match !== undefined && (first === undefined || match.age < first.age)) members.set(match.app, match);
    }
    return members.size === 0 ? '' : `,"_linked":{${[...members.values()].map(({ json }) => json).join()}}`;
  });
}

function placeOf(columns: readonly RecordColumn[], column: RecordColumn): number {
  const at = columns.indexOf(column);
  if (at < 0) throw invalidParameter('linked', `name ${column.name} in fields too`, 'not_projected');
  return at;
}

interface Match {
  readonly app: string;
  /** Sorts by age, then id. */
  readonly age: string;
  readonly json: string;
}

/** The oldest record of the target for each value. */
async function matching(
  reads: RecordReads,
  scope: RecordScope | null,
  target: CollectionDef,
  source: RecordColumn,
  values: readonly string[],
): Promise<Map<string, Match>> {
  const key = scope === null ? null : keyOf(target, scope);
  if (scope === null || key === null || key.type !== source.type) return new Map();
  const by: RecordColumn =
    scope.accountId === null
      ? { ...key, name: `account ${key.name}`, quoted: `(account_id || ' ' || ${key.quoted})`, type: 'text' }
      : key;
  const columns = readProjection(target, undefined, scope);
  const sort = [CREATED_AT, ID].map((column) => ({ column, descending: false }));
  const { rows, write } = await reads.referring(target, scope, { by, ids: values, columns, sort, limit: 1 });
  const [id, created] = [ID, CREATED_AT].map((column) => columns.indexOf(column)) as [number, number];
  const entity = JSON.stringify(target.name);
  return new Map(
    rows.map((row) => [
      row.at(-1) as string,
      {
        app: target.app,
        age: `${row[created]} ${row[id]}`,
        json: `${JSON.stringify(target.app)}:{"entity":${entity},"recordId":"${row[id]}","data":${write(row)}}`,
      },
    ]),
  );
}
