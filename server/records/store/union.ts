// Reading several collections as one: which rows of each, in one order, and how many there are.
import type { RecordScope } from '../../access/decide.ts';
import type { Database } from '../../db/database.ts';
import { type Slot, slotValue } from '../../expression/slots.ts';
import type { CollectionDef, PgType } from '../../schema/collection-def.ts';
import type { Bound } from '../../schema/values.ts';
import type { Filter } from '../filter.ts';
import { piece } from './pieces.ts';
import { RULE, type Statements } from './statements.ts';

/** One collection of the union. */
export interface Part {
  readonly def: CollectionDef;
  readonly scope: RecordScope;
  readonly filter: Filter | null;
  /** What it is ordered by, as SQL text; null where it lacks the field. */
  readonly key: string | null;
}

export interface UnionQuery {
  readonly parts: readonly Part[];
  /** The type that the keys of all parts are compared as. */
  readonly type: PgType;
  readonly descending: boolean;
  readonly skip: number;
  readonly limit: number;
}

/** A row as the part that it is of, by place, and its id. */
export interface UnionRow {
  readonly part: number;
  readonly id: string;
}

export interface Unions {
  list(query: UnionQuery): Promise<UnionRow[]>;
  count(query: UnionQuery): Promise<number>;
}

export function createUnions(db: Database, { kx, keep, compile, run, within }: Statements): Unions {
  /** The rows of all parts under one roof, with their bindings; those of each part are told apart by its place. */
  function united({ parts, type }: UnionQuery): { sql: string; bindings: string[] } {
    const pieces = parts.map(({ def, scope, filter, key }, at) => {
      const builder = within(def, scope).select(
        kx.raw(`${at} as "its part", id, (${key ?? 'null'})::${type} as "its key"`),
      );
      if (filter !== null)
        builder.whereRaw(
          filter.sql,
          filter.values.map((_, i) => `@f${i}`),
        );
      const { sql, bindings } = piece(builder);
      return { sql, bindings: bindings.map((name) => (name === ACCOUNT ? name : `${at} ${name}`)) };
    });
    return {
      sql: pieces.map(({ sql }) => sql).join(' union all '),
      bindings: pieces.flatMap(({ bindings }) => bindings),
    };
  }

  const valuesOf = ({ parts }: UnionQuery): Record<string, Bound> =>
    Object.fromEntries(
      parts.flatMap(({ scope, filter }, at) => [
        ...(filter?.values ?? []).map((value, i) => [`${at} @f${i}`, value]),
        ...scope.slots.map((slot: Slot, i) => [`${at} ${RULE}${i}`, slotValue(slot, scope.environment)]),
      ]),
    );

  /** Statements are kept with the first part; the others stand in the shape. */
  const asked = async (
    query: UnionQuery,
    shape: string,
    head: string,
    tail: string,
    window: boolean,
    more: Record<string, Bound>,
  ) => {
    const [first, ...others] = query.parts as [Part, ...Part[]];
    const parts = others.map(({ def, scope }) => `${def.id}:${def.revision}:${scope.key}`);
    const filters = query.parts.map(({ filter, key }) => [filter?.sql ?? null, key]);
    const compiled = keep(first.def, first.scope, `${shape}:${JSON.stringify([parts, filters, query.type])}`, () => {
      const { sql, bindings } = united(query);
      return compile(kx.raw(`${head} from (${sql}) as found${tail}`, bindings) as never, [], { window });
    });
    return (await run(db, compiled, first.scope, { ...valuesOf(query), ...more })).rows;
  };

  return {
    async list(query) {
      const direction = query.descending ? 'desc' : 'asc';
      const order = ` order by "its key" ${direction}, id ${direction}`;
      const window = { '@limit': query.limit, '@skip': query.skip };
      const rows = await asked(query, `union ${direction}`, 'select "its part", id', order, true, window);
      return rows.map(([part, id]) => ({ part: Number(part), id: id as string }));
    },
    async count(query) {
      const [row] = await asked(query, 'union count', 'select count(*)', '', false, {});
      return Number(row?.[0]);
    },
  };
}

const ACCOUNT = '@account';
