// Questions to the rows before a change: each tells in the plan, and in words, what would otherwise fail half-way.
import type { Conversion } from './conversions.ts';
import type { DesiredCheck, DesiredColumn, DesiredForeignKey, DesiredIndex } from './desired.ts';
import { quoteIdent as q, qualified } from './names.ts';

interface Place {
  readonly schema: string;
  readonly table: string;
}

/** A condition that must be false for the change to be possible. */
export interface Guard {
  /** How many rows stand in the way, or 1 for any, as SQL. */
  readonly sql: string;
  readonly code: string;
  readonly message: (rows: number) => string;
  /** Asked before all others, which take it for granted. */
  readonly first: boolean;
  /** Where in the input the finding belongs, if not where its step does. */
  readonly path?: string;
}

const guard = (sql: string, code: string, message: string): Guard => ({
  sql: `exists (${sql})::int`,
  code,
  message: () => message,
  first: false,
});

/** A new required column needs a value for the rows that are there. */
export const needsDefault = (at: Place): Guard =>
  guard(
    `select from ${qualified(at.schema, at.table)}`,
    'required_needs_default',
    'Records exist already: give the required field a default.',
  );

/** Every value of the column as it is must become one of its new type. */
export const inconvertible = (at: Place, { impossible, wanted }: Conversion): Guard => ({
  sql: `(select count(*) from ${qualified(at.schema, at.table)} where ${impossible})`,
  code: 'value_not_convertible',
  message: (rows) =>
    `${rows === 1 ? '1 record holds a value' : `${rows} records hold values`} other than ${wanted}: correct or empty ${rows === 1 ? 'it' : 'them'} first.`,
  first: true,
});

/** `rows`: the table as the plan makes it, as SQL. The same for all below. */
export const hasNulls = (rows: string, column: DesiredColumn): Guard =>
  guard(
    `select from ${rows} t where ${q(column.column)} is null`,
    'required_has_nulls',
    'Records without a value exist: fill them first, or give the field a default.',
  );

export function hasDuplicates(rows: string, index: DesiredIndex): Guard {
  const values = index.keys.map((key) => key.sql);
  const present = [...(index.where === null ? [] : [index.where]), ...values.map((value) => `${value} is not null`)];
  return guard(
    `select from ${rows} t where ${present.join(' and ')} group by ${values.join(', ')} having count(*) > 1`,
    'unique_has_duplicates',
    'Records with equal values exist: make them different first.',
  );
}

export const hasOthers = (rows: string, check: DesiredCheck): Guard =>
  check.declared === null
    ? guard(
        `select from ${rows} t where not (${check.expression})`,
        'enum_has_others',
        'Records with a value that is not in the list exist: change them first.',
      )
    : guard(
        `select from ${rows} t where not (${check.expression})`,
        'check_has_others',
        'Records that do not satisfy the check exist: change them first.',
      );

export const hasOrphans = (rows: string, key: DesiredForeignKey): Guard =>
  guard(
    `select from ${rows} t where t.${q(key.column)} is not null and not exists (select from ${qualified(key.target.schema, key.target.table)} o
     where o.account_id = t.account_id and o.id = t.${q(key.column)})`,
    'reference_has_orphans',
    'Records with an id that does not exist in the target exist: change them first.',
  );
