// How permissions name collections: `posts`, `main.posts`, `main.*`, `*`, and permission names such as `app:main:posts.read`.
import type { Field } from '../../contract/fields.ts';

const WORD = '[A-Za-z_][A-Za-z0-9_]{0,99}';
const PATTERN = new RegExp(`^(?:(${WORD})\\.)?(${WORD}|\\*)$`);
const FIELD = new RegExp(`^${WORD}$`);
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

/** `app:main:posts.read` of `main.posts` and `read`. */
export function permissionName(full: string, operation: string): string {
  const dot = full.indexOf('.');
  return `app:${full.slice(0, dot)}:${full.slice(dot + 1)}.${operation}`;
}

const SYSTEM = ['id', 'account_id', 'created_at', 'updated_at', 'created_by', 'updated_by', 'deleted_at'];

/** Those of the names that no field has. `known` null: of a pattern's collections, where only the form is checked. */
export const unknownFields = (fields: readonly string[], known: readonly Field[] | null): string[] =>
  fields.filter(
    (name) =>
      !SYSTEM.includes(name) && !(known === null ? FIELD.test(name) : known.some((field) => field.name === name)),
  );
