// A caller's own filter: parameters, a text and a `where` become one condition over the columns that he may compare.
import type { Expr, ValueType } from '../../contract/expression.ts';
import { Failure } from '../../contract/problems.ts';
import { expressionEntry } from '../access/rule-check.ts';
import { check } from '../expression/check.ts';
import { ExpressionError } from '../expression/error.ts';
import { type Parameter, parseParams } from '../expression/parse-params.ts';
import { parseRule } from '../expression/parse-rule.ts';
import { parseWhere } from '../expression/parse-where.ts';
import type { Scope } from '../expression/scope.ts';
import { slotValues } from '../expression/slots.ts';
import { toSql } from '../expression/to-sql.ts';
import { connect, literal } from '../expression/tree.ts';
import type { Checked } from '../expression/typed.ts';
import type { CollectionDef, PgType } from '../schema/collection-def.ts';
import type { Bound } from '../schema/values.ts';
import { columnsOf, type RecordColumn } from './columns.ts';
import type { Names } from './names.ts';

/** A condition with a `?` for each value; equal texts are equal plans. */
export interface Filter {
  readonly sql: string;
  readonly values: readonly Bound[];
}

/** Every spelling in which a request can state what it wants; all that are there must hold. */
export interface Asked {
  /** `{field}=v` and `{field}__{op}=v`. */
  readonly parameters?: readonly Parameter[];
  /** Rule text, or the same JSON as `where`. */
  readonly filter?: string | undefined;
  readonly where?: unknown;
  /** What `@request.data.*` means in the text, for definitions that fill in values; a caller's own filter has no such names. */
  readonly data?: Readonly<Record<string, unknown>> | undefined;
}

/** The parameters of a query that speak of fields: all but `own`. */
export const fieldParameters = (query: Readonly<Record<string, unknown>>, own: ReadonlySet<string>): Parameter[] =>
  Object.entries(query).flatMap(([name, value]) =>
    own.has(name) || typeof value !== 'string' ? [] : [{ name, value }],
  );

const TYPES: Readonly<Record<PgType, ValueType>> = {
  text: 'text',
  'double precision': 'number',
  boolean: 'boolean',
  'timestamp with time zone': 'datetime',
  date: 'date',
  uuid: 'uuid',
  jsonb: 'json',
  'text[]': 'text[]',
  'double precision[]': 'number[]',
  'character(6)': 'text',
};
/** How the values of a column are compared. */
export const valueTypeOfColumn = ({ type }: RecordColumn): ValueType => TYPES[type];

/**
 * The condition, null when nothing is asked. Unknown and hidden fields are remembered in `names`.
 * Throws INVALID_QUERY_PARAMS with place and hint for everything else that cannot be meant.
 */
export function readCondition(def: CollectionDef, asked: Asked, names: Names): Checked | null {
  const { parameters = [], filter, where, data } = asked;
  const sources: { name: string; parse: () => Expr }[] = [];
  if (parameters.length > 0)
    sources.push({ name: 'filter', parse: () => parseParams(parameters, (name) => names.has(name)) });
  if (filter !== undefined && filter.trim() !== '')
    sources.push({
      name: 'filter',
      parse: () => (filter.trimStart().startsWith('{') ? parseWhere(json(filter)) : parseRule(filter)),
    });
  if (where !== undefined && where !== null) sources.push({ name: 'where', parse: () => parseWhere(where) });
  if (sources.length === 0) return null;
  const scope: Scope = {
    field: (name) => {
      const column = names.comparable(name);
      if (column === null) return undefined;
      const type = valueTypeOfColumn(column);
      return { type, computed: names.isAbsent(name) ? absent(type) : computedOf(def, name) };
    },
    fieldNames: names.comparableNames(),
    allow: { auth: false, data: data !== undefined },
  };
  const parsed = sources.flatMap(({ name, parse }) => {
    const tree = unless(name, () => {
      const tree = parse();
      check(tree, scope);
      return tree;
    });
    return tree === null ? [] : [tree];
  });
  return parsed.length === 0 ? null : unless('filter', () => check(connect('and', parsed), scope));
}

const computedOf = (def: CollectionDef, name: string): Checked | undefined =>
  def.computed.find((one) => one.name === name)?.checked;

/** What a field that a collection lacks is in its rows. */
const absent = (type: ValueType): Checked => ({
  root: { kind: 'constant', type, value: null },
  source: literal(null),
  fields: new Set(),
  variables: new Set(),
});

/** The same as SQL. */
export function readFilter(def: CollectionDef, asked: Asked, names: Names): Filter | null {
  const condition = readCondition(def, asked, names);
  if (condition === null) return null;
  const { byName } = columnsOf(def);
  return unless('filter', () => {
    // Also fields that the caller may not compare: a computed one that he may is made of them.
    const { sql, slots } = toSql(condition, { column: (name) => (byName.get(name) as RecordColumn).quoted });
    return { sql, values: slotValues(slots, { auth: null, ...(asked.data && { data: asked.data }) }) as Bound[] };
  });
}

/** What `work` makes, null for a field that is not known. */
function unless<T>(name: string, work: () => T): T | null {
  try {
    return work();
  } catch (error) {
    refuse(error, name);
    return null;
  }
}

/** Unknown fields are told together with those of sort and projection; anything else is refused at once. */
function refuse(error: unknown, name: string): void {
  if (!(error instanceof ExpressionError)) throw error;
  if (error.code === 'unknown_field') return;
  const parameter = error.path ?? name;
  throw new Failure('INVALID_QUERY_PARAMS', { name: parameter, reason: error.message }, [
    expressionEntry(error, parameter),
  ]);
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const message = `filter starts like JSON but is none: ${(error as Error).message}`;
    throw new ExpressionError('syntax', message, { path: 'filter' });
  }
}
