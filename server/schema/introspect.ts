// The live table: what the catalog says about the tables we ask for, with the tags that tell which objects are ours.
import type { Runner } from '../db/database.ts';
import type { DesiredTable, TableId } from './desired.ts';
import { isConstant } from './literal.ts';
import { readTag, type Tagged } from './tags.ts';

export interface LiveColumn extends Tagged {
  readonly name: string;
  readonly type: string;
  readonly notNull: boolean;
  /** The default as the catalog prints it. */
  readonly default: string | null;
  /** Somebody wrote a comment over ours, or it is lost where null. */
  readonly comment: string | null;
}

export interface LiveObject extends Tagged {
  readonly name: string;
  readonly objectId: number;
  /** All that it reads. */
  readonly columns: readonly string[];
}

export interface LiveIndex extends LiveObject {
  readonly unique: boolean;
}

export interface LiveForeignKey extends LiveObject {
  readonly target: { readonly schema: string; readonly table: string };
  /** `a` no action, `r` restrict, `c` cascade, `n` set null, `d` set default. */
  readonly deleteRule: string;
  /** The clearing triggers on the target. */
  readonly triggers: readonly string[];
}

export interface LiveTable {
  readonly schema: string;
  readonly table: string;
  readonly objectId: number;
  /** False for a view or a table of this name that we did not make. */
  readonly ours: boolean;
  readonly columns: ReadonlyMap<string, LiveColumn>;
  readonly checks: ReadonlyMap<string, LiveObject>;
  readonly indexes: ReadonlyMap<string, LiveIndex>;
  readonly foreignKeys: ReadonlyMap<string, LiveForeignKey>;
}

type Raw<T extends Tagged> = Omit<T, keyof Tagged | 'columns'> & { comment: string | null };
/** Its columns by their numbers. */
type RawObject<T extends LiveObject> = Raw<T> & { numbers: number[] };
interface RawTable {
  schema: string;
  table: string;
  object_id: number;
  kind: string;
  comment: string | null;
  columns: (Raw<LiveColumn> & { number: number })[];
  checks: RawObject<LiveObject>[];
  indexes: RawObject<LiveIndex>[];
  foreign_keys: RawObject<LiveForeignKey>[];
}

const CATALOG = `
with wanted as (
  select c.oid, n.nspname, c.relname, c.relkind
  from unnest($1::text[], $2::text[]) as w(nsp, rel)
  join pg_namespace n on n.nspname = w.nsp
  join pg_class c on c.relnamespace = n.oid and c.relname = w.rel
)
select w.nspname as schema, w.relname as table, w.oid::int8 as object_id, w.relkind::text as kind,
  (select t.description from pg_description t where t.objoid = w.oid and t.classoid = 'pg_class'::regclass and t.objsubid = 0) as comment,
  coalesce((
    select json_agg(json_build_object(
      'name', a.attname, 'number', a.attnum, 'type', format_type(a.atttypid, a.atttypmod), 'notNull', a.attnotnull,
      'default', pg_get_expr(d.adbin, d.adrelid), 'comment', t.description
    ) order by a.attnum)
    from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    left join pg_description t on t.objoid = a.attrelid and t.classoid = 'pg_class'::regclass and t.objsubid = a.attnum
    where a.attrelid = w.oid and a.attnum > 0 and not a.attisdropped
  ), '[]') as columns,
  coalesce((
    select json_agg(json_build_object(
      'name', k.conname, 'objectId', k.oid::int8, 'comment', t.description,
      'numbers', k.conkey
    ) order by k.conname)
    from pg_constraint k
    left join pg_description t on t.objoid = k.oid and t.classoid = 'pg_constraint'::regclass and t.objsubid = 0
    where k.conrelid = w.oid and k.contype = 'c'
  ), '[]') as checks,
  coalesce((
    select json_agg(json_build_object(
      'name', i.relname, 'objectId', i.oid::int8, 'comment', t.description, 'unique', x.indisunique,
      'numbers', x.indkey::int2[] || array(select u.refobjsubid::int2 from pg_depend u where u.classid = 'pg_class'::regclass
        and u.objid = x.indexrelid and u.refclassid = 'pg_class'::regclass and u.refobjid = w.oid and u.refobjsubid > 0)
    ) order by i.relname)
    from pg_index x join pg_class i on i.oid = x.indexrelid
    left join pg_description t on t.objoid = i.oid and t.classoid = 'pg_class'::regclass and t.objsubid = 0
    where x.indrelid = w.oid and not x.indisprimary
  ), '[]') as indexes,
  coalesce((
    select json_agg(json_build_object(
      'name', k.conname, 'objectId', k.oid::int8, 'comment', t.description,
      'numbers', k.conkey,
      'target', json_build_object('schema', tn.nspname, 'table', r.relname),
      'deleteRule', k.confdeltype::text,
      'triggers', (select coalesce(json_agg(g.tgname), '[]') from pg_trigger g
                   where g.tgrelid = k.confrelid and g.tgfoid = (select to_regproc('snackbase.clear_reference')))
    ) order by k.conname)
    from pg_constraint k join pg_class r on r.oid = k.confrelid join pg_namespace tn on tn.oid = r.relnamespace
    left join pg_description t on t.objoid = k.oid and t.classoid = 'pg_constraint'::regclass and t.objsubid = 0
    where k.conrelid = w.oid and k.contype = 'f'
  ), '[]') as foreign_keys
from wanted w`;

function liveTable(raw: RawTable): LiveTable {
  const names = new Map(raw.columns.map((column) => [column.number, column.name]));
  const columns = new Map(raw.columns.map((column) => [column.name, { ...column, ...readTag(column.comment) }]));
  const keyed = <T extends RawObject<LiveObject>>(objects: readonly T[]) =>
    new Map(
      objects.map((object) => {
        const read = [...new Set(object.numbers)].flatMap((number) => names.get(number) ?? []);
        return [object.name, { ...object, columns: read, ...readTag(object.comment) }];
      }),
    );
  // A comment written over ours on the table alone must not cut it off: any tagged column proves it as well.
  const tagged = readTag(raw.comment).tag !== null || [...columns.values()].some((column) => column.tag !== null);
  return {
    schema: raw.schema,
    table: raw.table,
    objectId: raw.object_id,
    ours: raw.kind === 'r' && tagged,
    columns,
    checks: keyed(raw.checks),
    indexes: keyed(raw.indexes),
    foreignKeys: keyed(raw.foreign_keys),
  };
}

/** Reads the named tables; those that do not exist are missing in the answer, which is keyed `schema.table`. */
export async function introspect(
  runner: Runner,
  tables: readonly Omit<TableId, 'entity'>[],
): Promise<Map<string, LiveTable>> {
  const rows = await runner.query<RawTable>(CATALOG, [tables.map((t) => t.schema), tables.map((t) => t.table)]);
  return new Map(rows.map((row) => [`${row.schema}.${row.table}`, liveTable(row)]));
}

/**
 * The columns, as `schema.table.column`, whose stored default is the value that is asked for.
 * Compared by the database as values: text cannot tell '-5' from -5 or one spelling of a JSON object from another.
 */
export async function equalDefaults(
  runner: Runner,
  desired: readonly DesiredTable[],
  live: ReadonlyMap<string, LiveTable>,
): Promise<Set<string>> {
  const equal = new Set<string>();
  const keys: string[] = [];
  const tests: string[] = [];
  for (const table of desired) {
    const there = live.get(`${table.schema}.${table.table}`);
    for (const wanted of table.columns) {
      const has = there?.columns.get(wanted.column);
      if (wanted.system || wanted.default === null || has === undefined || has.default === null) continue;
      if (has.type !== wanted.type || !isConstant(has.default)) continue;
      const key = `${table.schema}.${table.table}.${wanted.column}`;
      // Most are printed as they were written, and need no question.
      if (has.default === wanted.default) {
        equal.add(key);
        continue;
      }
      keys.push(key);
      tests.push(`(${has.default}) is not distinct from (${wanted.default})`);
    }
  }
  for (let from = 0; from < tests.length; from += TESTS) {
    const [row] = await runner.query<{ equal: boolean[] }>(
      `select array[${tests.slice(from, from + TESTS).join(', ')}] as equal`,
    );
    keys.slice(from, from + TESTS).forEach((key, i) => {
      if (row?.equal[i]) equal.add(key);
    });
  }
  return equal;
}

/** Comparisons of one statement: each may be as long as a definition. */
const TESTS = 500;
