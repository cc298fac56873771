// A mark of everything that the catalog says about the tables of a schema: whoever changes any of it, by whatever road, changes the mark.
import type { Runner } from '../db/database.ts';

/**
 * PostgreSQL writes a new version of a catalog row for each change, and its `xmin` is the transaction that did. Statistics are
 * written in place, so vacuum and analyze leave the mark alone.
 */
const MARK = `
with relations as (
  select c.oid, c.xmin from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1
), constraints as (
  select k.oid, k.xmin from pg_constraint k join relations r on k.conrelid = r.oid
), parts (part) as (
  select 'r' || oid || ':' || xmin from relations
  union all select 'k' || oid || ':' || xmin from constraints
  union all select 'a' || a.attrelid || '.' || a.attnum || ':' || a.xmin from pg_attribute a join relations r on a.attrelid = r.oid where a.attnum > 0
  union all select 'd' || d.oid || ':' || d.xmin from pg_attrdef d join relations r on d.adrelid = r.oid
  union all select 'i' || i.indexrelid || ':' || i.xmin from pg_index i join relations r on i.indrelid = r.oid
  union all select 't' || t.oid || ':' || t.xmin from pg_trigger t join relations r on t.tgrelid = r.oid
  union all select 'c' || t.objoid || '.' || t.objsubid || ':' || t.xmin from pg_description t join relations r on t.objoid = r.oid
    where t.classoid = 'pg_class'::regclass
  union all select 'c' || t.objoid || ':' || t.xmin from pg_description t join constraints k on t.objoid = k.oid
    where t.classoid = 'pg_constraint'::regclass
)
select count(*) || ':' || coalesce(sum(hashtextextended(part, 0)), 0) as mark from parts`;

/** The mark of the schema as the transaction sees it. */
export async function fingerprint(run: Runner, schema: string): Promise<string> {
  const [row] = await run.query<{ mark: string }>(MARK, [schema]);
  return row?.mark ?? '';
}
