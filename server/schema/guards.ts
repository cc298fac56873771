// Questions to the rows before a change: each tells in the plan, and in words, what would otherwise fail half-way.
import type { DesiredCheck, DesiredColumn, DesiredForeignKey, DesiredIndex } from './define.ts';
import { quoteIdent as q, qualified } from './names.ts';

interface Place {
  readonly schema: string;
  readonly table: string;
}

/** A condition that must be false for the change to be possible. */
export interface Guard {
  /** A boolean SQL expression. */
  readonly sql: string;
  readonly code: string;
  readonly message: string;
}

const rows = ({ schema, table }: Place, rest: string): string =>
  `exists (select 1 from ${qualified(schema, table)} t ${rest})`;

/** A new required column needs a value for the rows that are there. */
export const needsDefault = (at: Place): Guard => ({
  sql: rows(at, ''),
  code: 'required_needs_default',
  message: 'Records exist already: give the required field a default.',
});

export const hasNulls = (at: Place, column: DesiredColumn): Guard => ({
  sql: rows(at, `where t.${q(column.column)} is null`),
  code: 'required_has_nulls',
  message: 'Records without a value exist: fill them first, or give the field a default.',
});

/** `added` tells that the column is new, so that all rows share its default. */
export function hasDuplicates(at: Place, index: DesiredIndex, added: DesiredColumn | undefined): Guard | null {
  if (added !== undefined && added.default === null) return null;
  const values = index.columns.filter((column) => column !== added?.column).map((column) => `t.${q(column)}`);
  const present = [...(index.where === null ? [] : [index.where]), ...values.map((value) => `${value} is not null`)];
  return {
    sql: rows(at, `where ${present.join(' and ')} group by ${values.join(', ')} having count(*) > 1`),
    code: 'unique_has_duplicates',
    message: 'Records with equal values exist: make them different first.',
  };
}

export const hasOthers = (at: Place, check: DesiredCheck): Guard => ({
  sql: rows(at, `where not (${check.expression})`),
  code: 'enum_has_others',
  message: 'Records with a value that is not in the list exist: change them first.',
});

export const hasOrphans = (at: Place, key: DesiredForeignKey): Guard => ({
  sql: rows(
    at,
    `where t.${q(key.column)} is not null and not exists (select 1 from ${qualified(key.target.schema, key.target.table)} o
     where o.account_id = t.account_id and o.id = t.${q(key.column)})`,
  ),
  code: 'reference_has_orphans',
  message: 'Records with an id that does not exist in the target exist: change them first.',
});
