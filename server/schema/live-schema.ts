// The tables as the database has them, for people: every column, key, index and check with its object id and its definition in the catalog's words.
import type { Runner } from '../db/database.ts';
import { spelledType } from './conversions.ts';
import type { DesiredTable, TableId } from './desired.ts';
import { readTag } from './tags.ts';

/** An index, check or key. */
export interface LiveDefinition {
  /** The name that it was declared by; null where it has none. */
  readonly name: string | null;
  readonly physical_name: string;
  readonly object_id: number;
  /** True for what the schema sync made and keeps; false for what somebody made by SQL. */
  readonly managed: boolean;
  /** Fields that it reads; the account, which is in most of them, left out. */
  readonly columns: readonly string[];
  /** As `pg_get_indexdef` and `pg_get_constraintdef` print it. */
  readonly definition: string;
}

export interface LiveTableSchema {
  /** The entity. */
  readonly name: string;
  readonly physical_name: string;
  readonly object_id: number;
  readonly columns: readonly {
    readonly name: string;
    /** As definitions spell it where a field has that type, else as the catalog does. */
    readonly type: string;
    readonly required: boolean;
    /** As SQL; null for none. */
    readonly default: string | null;
  }[];
  readonly primary_key: LiveDefinition | null;
  readonly foreign_keys: readonly (LiveDefinition & {
    readonly target: string;
    readonly on_delete: 'restrict' | 'cascade' | 'set_null';
  })[];
  readonly indexes: readonly (LiveDefinition & { readonly unique: boolean; readonly method: string })[];
  readonly checks: readonly LiveDefinition[];
}

interface RawObject {
  name: string;
  object_id: number;
  comment: string | null;
  columns: string[];
  definition: string;
}
interface RawSchema {
  schema: string;
  table: string;
  object_id: number;
  columns: { name: string; type: string; required: boolean; default: string | null }[];
  constraints: (RawObject & { kind: 'p' | 'f' | 'c'; target: string | null; rule: string })[];
  indexes: (RawObject & { unique: boolean; method: string })[];
}

const CATALOG = `
select n.nspname as schema, w.relname as table, w.oid::int8 as object_id,
  (select coalesce(json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
      'required', a.attnotnull, 'default', pg_get_expr(d.adbin, d.adrelid)) order by a.attnum), '[]')
    from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where a.attrelid = w.oid and a.attnum > 0 and not a.attisdropped and a.attname not like '%$') as columns,
  (select coalesce(json_agg(json_build_object('name', k.conname, 'object_id', k.oid::int8, 'kind', k.contype,
      'comment', obj_description(k.oid, 'pg_constraint'), 'definition', pg_get_constraintdef(k.oid),
      'target', (select tn.nspname || '.' || t.relname from pg_class t join pg_namespace tn on tn.oid = t.relnamespace where t.oid = k.confrelid),
      'rule', k.confdeltype,
      'columns', (select coalesce(json_agg(a.attname order by a.attnum), '[]') from pg_attribute a
                  where a.attrelid = w.oid and a.attnum = any (k.conkey))) order by k.conname), '[]')
    from pg_constraint k where k.conrelid = w.oid and k.contype in ('p', 'f', 'c')) as constraints,
  (select coalesce(json_agg(json_build_object('name', i.relname, 'object_id', i.oid::int8, 'unique', x.indisunique, 'method', m.amname,
      'comment', obj_description(i.oid, 'pg_class'), 'definition', pg_get_indexdef(i.oid),
      'columns', (select coalesce(json_agg(a.attname order by a.attnum), '[]') from pg_attribute a
                  where a.attrelid = w.oid and (a.attnum = any (x.indkey) or a.attnum in (
                    select u.refobjsubid from pg_depend u where u.classid = 'pg_class'::regclass and u.objid = i.oid
                      and u.refclassid = 'pg_class'::regclass and u.refobjid = w.oid and u.refobjsubid > 0)))) order by i.relname), '[]')
    from pg_index x join pg_class i on i.oid = x.indexrelid join pg_am m on m.oid = i.relam
    where x.indrelid = w.oid and not x.indisprimary) as indexes
from unnest($1::text[], $2::text[]) with ordinality as wanted (nsp, rel, place)
join pg_namespace n on n.nspname = wanted.nsp
join pg_class w on w.relnamespace = n.oid and w.relname = wanted.rel and w.relkind = 'r'
order by wanted.place`;

const RULES: Readonly<Record<string, 'restrict' | 'cascade' | 'set_null'>> = { r: 'restrict', c: 'cascade' };

/**
 * What there is of these tables; those that do not exist are missing. Where the desired columns are given as well, fields
 * show under their own names, which long ones do not have in the database.
 */
export async function liveSchema(
  runner: Runner,
  tables: readonly (TableId & Partial<Pick<DesiredTable, 'columns'>>)[],
): Promise<LiveTableSchema[]> {
  const values = [tables.map((table) => table.schema), tables.map((table) => table.table)];
  const rows = await runner.query<RawSchema>(CATALOG, values);
  return rows.flatMap((raw) => {
    const table = tables.find((one) => one.schema === raw.schema && one.table === raw.table);
    return table === undefined ? [] : [shown(raw, table)];
  });
}

function shown(raw: RawSchema, table: TableId & Partial<Pick<DesiredTable, 'columns'>>): LiveTableSchema {
  const fields = new Map(table.columns?.map((one) => [one.column, one.field]));
  const field = (column: string): string => fields.get(column) ?? column;
  const objectOf = ({ name, object_id, comment, columns, definition }: RawObject): LiveDefinition => {
    const { tag, key } = readTag(comment);
    return {
      name: key === null || key.startsWith('#') ? null : key,
      physical_name: name,
      object_id,
      managed: tag !== null,
      columns: columns.filter((column) => column !== 'account_id').map(field),
      definition,
    };
  };
  const of = (kind: 'p' | 'f' | 'c') => raw.constraints.filter((one) => one.kind === kind);
  const [primary] = of('p');
  return {
    name: table.entity,
    physical_name: `${raw.schema}.${raw.table}`,
    object_id: raw.object_id,
    columns: raw.columns.map((column) => ({ ...column, name: field(column.name), type: spelledType(column.type) })),
    primary_key: primary === undefined ? null : objectOf(primary),
    foreign_keys: of('f').map((one) => ({
      ...objectOf(one),
      target: one.target ?? '',
      on_delete: RULES[one.rule] ?? 'set_null',
    })),
    indexes: raw.indexes.map((one) => ({ ...objectOf(one), unique: one.unique, method: one.method })),
    checks: of('c').map(objectOf),
  };
}
