// The query of an aggregate as a value: functions, groups, conditions on the results, order and window.

import type { ValueType } from '../../contract/expression.ts';
import { Failure, invalidParameter } from '../../contract/problems.ts';
import { AggregateQuery } from '../../contract/records.ts';
import { expressionEntry } from '../access/rule-check.ts';
import { check } from '../expression/check.ts';
import { ExpressionError } from '../expression/error.ts';
import { parseRule } from '../expression/parse-rule.ts';
import { slotValues } from '../expression/slots.ts';
import { toSql } from '../expression/to-sql.ts';
import type { CollectionDef, PgType } from '../schema/collection-def.ts';
import type { Bound } from '../schema/values.ts';
import { cut } from '../text.ts';
import type { RecordColumn } from './columns.ts';
import { type Filter, fieldParameters, readFilter, valueTypeOfColumn } from './filter.ts';
import type { ListOptions } from './list-query.ts';
import { listed, Names, type Sight } from './names.ts';

/** A column of the result: `sql` makes its value. */
export interface ResultColumn extends RecordColumn {
  readonly sql: string;
  readonly valueType: ValueType;
}

export interface Aggregation {
  readonly groups: readonly ResultColumn[];
  readonly results: readonly ResultColumn[];
  readonly filter: Filter | null;
  readonly having: Filter | null;
  /** Columns of the result in SQL, with their direction; always a whole order of the groups. */
  readonly order: readonly string[];
  readonly skip: number;
  readonly limit: number;
  /** Equal for queries that compile to the same SQL, the window apart. */
  readonly shape: string;
}

const FUNCTION = /^(count|sum|avg|min|max)\(\s*([A-Za-z_]\w*)?\s*\)$/i;
const PARTS: Readonly<Record<string, string>> = {
  year: 'YYYY',
  month: 'YYYY-MM',
  week: 'IYYY-"W"IW',
  day: 'YYYY-MM-DD',
  hour: 'YYYY-MM-DD"T"HH24',
};
const PART = new RegExp(`^(${Object.keys(PARTS).join('|')})\\(\\s*([A-Za-z_]\\w*)\\s*\\)$`, 'i');
const PARAMETERS: ReadonlySet<string> = new Set(Object.keys(AggregateQuery.shape));
const ORDERED: readonly PgType[] = ['text', 'double precision', 'timestamp with time zone', 'date', 'character(6)'];

/** Throws INVALID_FIELDS for names that do not exist or are hidden, INVALID_QUERY_PARAMS for what cannot be meant. */
export function readAggregation(
  def: CollectionDef,
  query: AggregateQuery,
  sight: Sight,
  { data }: Pick<ListOptions, 'data'> = {},
): Aggregation {
  const names = new Names(def, sight);
  const groups = listed(query.group_by ?? '').flatMap((text) => group(text, names) ?? []);
  const results = listed(query.functions).flatMap((text) => result(text, names) ?? []);
  const parameters = fieldParameters(query, PARAMETERS);
  const filter = readFilter(def, { parameters, filter: query.filter, data }, names);
  names.settle();
  const columns = [...groups, ...results];
  for (const [i, { name }] of columns.entries())
    if (columns.findIndex((other) => other.name === name) < i)
      throw invalidParameter('functions', `${name} stands twice: ask for each result and group once`);
  if (results.length === 0) throw invalidParameter('functions', 'name at least one function, as count()');
  const having = query.having === undefined ? null : readHaving(query.having, columns, data);
  const order = readOrder(query.sort, columns, groups);
  const shape = [...columns.map(({ sql }) => sql), groups.length, filter?.sql, having?.sql, ...order].join('|');
  return { groups, results, filter, having, order, skip: query.skip, limit: query.limit, shape };
}

function group(text: string, names: Names): ResultColumn | null {
  const [, part, of] = PART.exec(text) ?? [];
  const column = names.comparable(of ?? text);
  if (column === null) return null;
  if (part === undefined) {
    if (column.type === 'jsonb') throw invalidParameter('group_by', `${text} is json and makes no groups`);
    return { ...column, sql: column.quoted, valueType: valueTypeOfColumn(column) };
  }
  const moment = column.type === 'timestamp with time zone' ? `${column.quoted} at time zone 'UTC'` : column.quoted;
  if (column.type !== 'date' && column.type !== 'timestamp with time zone')
    throw invalidParameter('group_by', `${part}() takes a date or a moment, ${of} is neither`);
  const sql = `to_char(${moment}, '${PARTS[part.toLowerCase()]}')`;
  return { ...made(`${part.toLowerCase()}_${of}`, 'text', sql), valueType: 'text' };
}

function result(text: string, names: Names): ResultColumn | null {
  const [, found, of] = FUNCTION.exec(text) ?? [];
  const verb = found?.toLowerCase();
  if (verb === undefined)
    throw invalidParameter(
      'functions',
      `${cut(text, 60)} is no function: write count(), sum(f), avg(f), min(f) or max(f)`,
    );
  if (of === undefined) {
    if (verb !== 'count') throw invalidParameter('functions', `${verb}() needs a field`);
    return { ...made('count', 'double precision', 'count(*)'), valueType: 'number' };
  }
  const column = names.comparable(of);
  if (column === null) return null;
  const name = `${verb}_${of}`;
  if (verb === 'count') return { ...made(name, 'double precision', `count(${column.quoted})`), valueType: 'number' };
  if (verb === 'min' || verb === 'max') {
    if (!ORDERED.includes(column.type))
      throw invalidParameter('functions', `${verb}() does not take ${of}: it has no order`);
    const sql = `${verb}(${column.quoted})`;
    return { ...column, name, quoted: quoted(name), sql, valueType: valueTypeOfColumn(column) };
  }
  if (column.type !== 'double precision') throw invalidParameter('functions', `${verb}() takes numbers, ${of} is none`);
  return { ...made(name, 'double precision', `${verb}(${column.quoted})`), valueType: 'number' };
}

const quoted = (name: string): string => `"${name}"`;
const made = (name: string, type: PgType, sql: string) => ({ name, quoted: quoted(name), type, field: null, sql });

/** `count() > 2` is the same as `count > 2`. Quoted texts are left alone. */
const spelled = (text: string): string =>
  text.replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\b(count|sum|avg|min|max)\(\s*(\w*)\s*\)/gi, (whole, verb, of) =>
    verb === undefined ? whole : [verb.toLowerCase(), of].filter(Boolean).join('_'),
  );

function readHaving(text: string, columns: readonly ResultColumn[], data: ListOptions['data']): Filter {
  const byName = new Map(columns.map((column) => [column.name, column]));
  try {
    const checked = check(parseRule(spelled(text)), {
      field: (name) => {
        const column = byName.get(name);
        return column && { type: column.valueType };
      },
      fieldNames: [...byName.keys()],
      allow: { auth: false, data: data !== undefined },
    });
    const { sql, slots } = toSql(checked, { column: (name) => (byName.get(name) as ResultColumn).sql });
    return { sql, values: slotValues(slots, { auth: null, ...(data && { data }) }) as Bound[] };
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    throw new Failure('INVALID_QUERY_PARAMS', { name: 'having', reason: error.message }, [
      expressionEntry(error, 'having'),
    ]);
  }
}

function readOrder(
  text: string | undefined,
  columns: readonly ResultColumn[],
  groups: readonly ResultColumn[],
): string[] {
  const asked = listed(spelled(text ?? '')).map((part) => {
    const descending = part.startsWith('-');
    const name = descending || part.startsWith('+') ? part.slice(1).trim() : part;
    const column = columns.find((one) => one.name === name);
    if (column === undefined)
      throw invalidParameter('sort', `${cut(name, 60)} is no result and no group of this query`);
    return { column, sql: `${column.sql} ${descending ? 'desc' : 'asc'}` };
  });
  const rest = groups.filter((one) => !asked.some(({ column }) => column === one));
  return [...asked.map(({ sql }) => sql), ...rest.map(({ sql }) => `${sql} asc`)];
}
