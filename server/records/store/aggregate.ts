// Aggregating records: one statement for the groups of a page, one that counts them.
import type { RecordScope } from '../../access/decide.ts';
import type { Database } from '../../db/database.ts';
import type { CollectionDef } from '../../schema/collection-def.ts';
import type { Bound } from '../../schema/values.ts';
import type { Aggregation } from '../aggregate-query.ts';
import type { Statements } from './statements.ts';

/** The groups of the window as JSON, and how many there are in all. */
export type Aggregate = (
  def: CollectionDef,
  scope: RecordScope,
  asked: Aggregation,
) => Promise<{ results: string[]; total: number }>;

export function createAggregate(db: Database, statements: Statements): Aggregate {
  const { kx, keep, compile, run, within } = statements;
  const slots = (prefix: string, count: number) => Array.from({ length: count }, (_, i) => `${prefix}${i}`);

  return async (def, scope, asked) => {
    const { groups, results, filter, having, order, skip, limit } = asked;
    const columns = [...groups, ...results];
    const grouped = () => {
      const builder = within(def, scope);
      if (filter !== null) builder.whereRaw(filter.sql, slots('@f', filter.values.length));
      if (groups.length > 0) builder.groupByRaw(groups.map(({ sql }) => sql).join(', '));
      if (having !== null) builder.havingRaw(having.sql, slots('@h', having.values.length));
      return builder;
    };
    const values: Record<string, Bound> = { '@limit': limit, '@skip': skip };
    for (const [i, value] of (filter?.values ?? []).entries()) values[`@f${i}`] = value;
    for (const [i, value] of (having?.values ?? []).entries()) values[`@h${i}`] = value;

    const page = keep(def, scope, `aggregate:${asked.shape}`, () => {
      const builder = grouped().select(
        columns.map(({ sql, type }) => kx.raw(type.endsWith('[]') ? `to_jsonb(${sql})` : sql)),
      );
      for (const key of order) builder.orderByRaw(key);
      return compile(builder, columns, { window: true });
    });
    const count = keep(def, scope, `groups:${asked.shape}`, () =>
      compile(kx.count('*').from(grouped().select(kx.raw('count(*)')).as('g')) as never, []),
    );
    const { rows } = await run(db, page, scope, values);
    const made = rows.map((row) => page.write(row));
    // A page that holds the last group knows how many there are.
    if (rows.length < limit && (rows.length > 0 || skip === 0)) return { results: made, total: skip + rows.length };
    const counted = await run(db, count, scope, values);
    return { results: made, total: Number(counted.rows[0]?.[0]) };
  };
}
