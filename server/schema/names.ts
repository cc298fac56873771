// Logical names become physical ones: which schema, table, column, index and constraint stands for what, always the same and never over 63 bytes.
import { createHash } from 'node:crypto';

const LIMIT = 63;
const HASH = 12;

/** An identifier as SQL text. */
export const quoteIdent = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** The first `length` hexadecimal digits of the SHA-256 of the parts. */
export const digest = (parts: readonly unknown[], length: number): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, length);

const shortened = new RegExp(`^.{${LIMIT - HASH - 1}}_[0-9a-f]{${HASH}}$`);

// A name that merely looks shortened is shortened as well, so that it can never meet the short form of a longer one.
const fitted = (name: string): string =>
  name.length <= LIMIT && !shortened.test(name) ? name : `${name.slice(0, LIMIT - HASH - 1)}_${digest([name], HASH)}`;

/** The PostgreSQL schema that holds the tables of an app. */
export const schemaName = (app: string): string => fitted(`app_${app}`);

/** The table of a collection, inside its app's schema. */
export const tableName = (collection: string): string => fitted(collection);

// PostgreSQL's own columns, and two names that knex drops from an UPDATE without a word.
const TAKEN = new Set(['ctid', 'xmin', 'xmax', 'cmin', 'cmax', 'tableoid', 'oid', 'constructor', 'prototype']);

/** The column of a field. Names that are taken get a `$`, which no field name may contain. */
export const columnName = (field: string): string => (TAKEN.has(field) ? `${field}$` : fitted(field));

/** Schema and table as SQL text. */
export const qualified = (schema: string, table: string): string => `${quoteIdent(schema)}.${quoteIdent(table)}`;

export type ObjectKind = 'pk' | 'uq' | 'ix' | 'fk' | 'ck' | 'dx' | 'dc' | 'id';

/**
 * The name of an index or constraint. Indexes share a namespace with tables: the `$` keeps them apart from every collection,
 * and the hash keeps two long names apart that begin alike.
 */
export function objectName(table: string, columns: readonly string[], kind: ObjectKind): string {
  const tail = `$${kind}_${digest([table, columns, kind], 10)}`;
  return [table, ...columns].join('_').slice(0, LIMIT - tail.length) + tail;
}

/**
 * The trigger that empties references of deleted rows. PostgreSQL fires triggers by name, and its own check of the
 * foreign key (`RI_ConstraintTrigger…`) has to come after: hence the leading `A`.
 */
export const clearingTrigger = (foreignKey: string): string => `A_clear_${digest([foreignKey], 16)}`;

/** The name that a quoted identifier stands for. */
export const unquoted = (quoted: string): string => quoted.slice(1, -1).replaceAll('""', '"');

/** A collection as requests spell it: `posts`, `crm.contacts`. */
export const shownName = (def: {
  readonly app: string;
  readonly name: string;
  readonly qualifiedName: string;
}): string => (def.app === 'main' ? def.name : def.qualifiedName);
