// Grants: the permission rows of all enabled roles in memory, asked on every record request and kept equal to the database across processes.
import type { Constraint } from '../../contract/permissions.ts';
import type { RuleOperation as Operation } from '../schema/collection-access.ts';
import { restricted } from './constraints.ts';
import { createSnapshot, type Snapshot, type SnapshotOptions } from './snapshot.ts';
import * as store from './store.ts';

/** What one permission row allows: the rows that satisfy `rule`, its filters included, of them `fields` (null: all), and to write what `checks` allow. */
export interface Grant {
  readonly rule: string;
  readonly fields: readonly string[] | null;
  readonly checks: readonly Constraint[];
}

/** The role of anonymous callers. */
export const PUBLIC_ROLE = 'public';

export interface Grants extends Omit<Snapshot<unknown>, 'value' | 'current'> {
  /**
   * The permission rows of a role, named by id or exact name, for an operation on a collection named in full (`main.posts`):
   * its own rows and those for `app.*` and `*`; rows for `read` count for list and view. Those of a disabled role allow nothing, so that disabling one never opens what its rows restricted.
   * The same question gets the same array until `version` changes.
   */
  of(role: number | string, collection: string, operation: Operation): readonly Grant[];
}

type ByRole = ReadonlyMap<number | string, ReadonlyMap<string, readonly Grant[]>>;
const NONE: readonly Grant[] = Object.freeze([]);

/** Subscribes to changes and loads every row. Rejects with DatabaseUnavailable. */
export async function createGrants({ db, log }: Pick<SnapshotOptions<ByRole>, 'db' | 'log'>): Promise<Grants> {
  const { readGrants: read, bumpGrants: bump } = store;
  const rows = await createSnapshot({ db, log, channel: 'snackbase_grants', read, bump, parse: byRole });
  let answers = { version: -1, known: new Map<string, readonly Grant[]>() };

  function find(role: number | string, collection: string, operation: Operation): readonly Grant[] {
    const own = rows.value.get(role);
    if (own === undefined) return NONE;
    const found = patternsOf(collection).flatMap((pattern) =>
      spellingsOf(operation).flatMap((spelling) => own.get(`${pattern} ${spelling}`) ?? []),
    );
    return found.length === 0 ? NONE : Object.freeze(found);
  }

  return {
    get version() {
      return rows.version;
    },
    of(role, collection, operation) {
      if (answers.version !== rows.version) answers = { version: rows.version, known: new Map() };
      const key = `${typeof role} ${role} ${collection} ${operation}`;
      const kept = answers.known.get(key);
      if (kept !== undefined) return kept;
      const found = find(role, collection, operation);
      answers.known.set(key, found);
      return found;
    },
    publish: rows.publish,
    reload: rows.reload,
    close: rows.close,
  };
}

/** Every way in which a permission or a key's scope can name a collection: `main.posts`, `main.*`, `*`. */
export function patternsOf(collection: string): [string, string, string] {
  const full = collection.includes('.') ? collection : `main.${collection}`;
  return [full, `${full.slice(0, full.indexOf('.'))}.*`, '*'];
}

/** Every way in which they can name an operation: `read` means list and view. */
export const spellingsOf = (operation: Operation): readonly string[] =>
  operation === 'list' || operation === 'view' ? [operation, 'read'] : [operation];

function byRole(text: string): ByRole {
  const roles = new Map<number | string, Map<string, Grant[]>>();
  for (const row of JSON.parse(text) as store.GrantRow[]) {
    const rows = roles.get(row.role_id) ?? new Map<string, Grant[]>();
    roles.set(row.role_id, rows).set(row.role, rows);
    const key = `${row.collection} ${row.operation}`;
    const rule = restricted(row.rule, row.filters);
    const grant = Object.freeze({ rule, fields: row.fields && Object.freeze(row.fields), checks: row.checks });
    rows.set(key, [...(rows.get(key) ?? []), grant]);
  }
  return roles;
}
