// How permissions name collections: `posts`, `main.posts`, `main.*`, `*`, and permission names such as `app:main:posts.read`.
import type { Field } from '../../contract/fields.ts';
import type { PermissionUpdate } from '../../contract/permissions.ts';

const WORD = '[A-Za-z_][A-Za-z0-9_]{0,99}';
const PATTERN = new RegExp(`^(?:(${WORD})\\.)?(${WORD}|\\*)$`);
const FIELD = new RegExp(`^${WORD}$`);
export const isFieldName = (text: string): boolean => FIELD.test(text);
const MAIN = 'main';

/** What a text names, in its full spelling. */
export interface NamedCollections {
  /** `main.posts`, `main.*` or `*`. */
  readonly full: string;
  /** null for `*`. */
  readonly app: string | null;
  /** True where it stands for one collection. */
  readonly single: boolean;
}

/** Reads a collection or a pattern; null for a text that can be neither. `posts` is `main.posts`. */
export function readCollections(text: string): NamedCollections | null {
  if (text === '*') return { full: '*', app: null, single: false };
  const [, app = MAIN, name] = PATTERN.exec(text) ?? [];
  return name === undefined ? null : { full: `${app}.${name}`, app, single: name !== '*' };
}

/** As replies spell it: `posts` for `main.posts`, all others in full. */
export const shortName = (full: string): string =>
  full.startsWith(`${MAIN}.`) && !full.endsWith('*') ? full.slice(MAIN.length + 1) : full;

/** `app:main:posts.read` of `main.posts` and `read`; `app:main:*.read` of `main.*`, `*.read` of `*`. */
export function permissionName(full: string, operation: string): string {
  const dot = full.indexOf('.');
  return dot < 0 ? `${full}.${operation}` : `app:${full.slice(0, dot)}:${full.slice(dot + 1)}.${operation}`;
}

type Operation = PermissionUpdate['operation'];
const OPERATIONS: readonly string[] = ['create', 'read', 'update', 'delete', 'list', 'view'] satisfies Operation[];
/** What `*` in the place of an operation stands for. */
const EVERY: readonly Operation[] = ['create', 'read', 'update', 'delete'];
const PERMISSION = new RegExp(`^(?:app:(${WORD}):)?(${WORD}|\\*)(?:\\.(\\w+|\\*))?$`);

/** For messages. */
export const PERMISSION_FORMS = `app:{app}:{collection}.{${OPERATIONS.join('|')}|*}, app:{app}:* or *`;

/** What a permission's name stands for; null for a text that is none. */
export function readPermissionName(
  text: string,
): (NamedCollections & { readonly operations: readonly Operation[] }) | null {
  const [, app, entity, operation] = PERMISSION.exec(text) ?? [];
  // A collection is named with its app and an operation.
  if (entity === undefined || (entity !== '*' && (app === undefined || operation === undefined))) return null;
  const all = operation === undefined || operation === '*';
  if (!all && !OPERATIONS.includes(operation)) return null;
  const named = readCollections(app === undefined ? '*' : `${app}.${entity}`);
  return named && { ...named, operations: all ? EVERY : [operation as Operation] };
}

/** The names of rows, the shorter one where all operations of a collection or pattern are there. */
export function namesOf(rows: readonly { readonly collection: string; readonly operation: string }[]): string[] {
  const operations = new Map<string, string[]>();
  for (const { collection, operation } of rows)
    operations.set(collection, [...(operations.get(collection) ?? []), operation]);
  return [...operations].flatMap(([full, has]) => {
    const every = EVERY.every((operation) => has.includes(operation));
    const left = has.filter((operation) => !every || !EVERY.includes(operation as Operation));
    // `app:main:*.*` is written `app:main:*`.
    const whole = every ? [permissionName(full, '*').replace(/\*\.\*$/, '*')] : [];
    return [...whole, ...left.map((operation) => permissionName(full, operation))].sort();
  });
}

const SYSTEM = ['id', 'account_id', 'created_at', 'updated_at', 'created_by', 'updated_by', 'deleted_at'];

/** Those of the names that no field has. `known` null: of a pattern's collections, where only the form is checked. */
export const unknownFields = (fields: readonly string[], known: readonly Field[] | null): string[] =>
  fields.filter(
    (name) =>
      !SYSTEM.includes(name) && !(known === null ? FIELD.test(name) : known.some((field) => field.name === name)),
  );
