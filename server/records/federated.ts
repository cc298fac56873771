// One query over the collections of all apps whose records are of one kind; a field that a collection lacks is null in its rows.
import { Failure, invalidParameter } from '../../contract/problems.ts';
import type { Ctx } from '../context.ts';
import type { PgType } from '../schema/collection-def.ts';
import { CREATED_AT, ID, type RecordColumn } from './columns.ts';
import { isStaleSchema, recordFault } from './faults.ts';
import { readFilter } from './filter.ts';
import { linkedTo, readLinked } from './linked.ts';
import { readProjection } from './list-query.ts';
import type { createListing } from './listing.ts';
import { Names } from './names.ts';
import { ATTEMPTS, type Definitions, type Opened, type Opening } from './open.ts';
import { refuseHuge } from './page.ts';
import type { RecordReads } from './store/read.ts';
import type { Part, Unions } from './store/union.ts';

/** What is asked of all collections of a kind. */
export interface FederatedQuery {
  readonly where?: unknown;
  /** One field; created_at where no collection has it. */
  readonly sort: string | undefined;
  readonly descending: boolean;
  readonly limit: number;
  readonly skip: number;
  readonly linked: string | undefined;
}

interface FederationParts {
  readonly definitions: Definitions;
  readonly opening: Opening;
  readonly reads: RecordReads;
  readonly unions: Unions;
  readonly linking: ReturnType<typeof createListing>['linking'];
}

/** The names of one of several collections: what another one has is null here. */
class SharedNames extends Names {
  constructor(
    of: Pick<Opened, 'def' | 'scope'>,
    private readonly shared: ReadonlyMap<string, PgType>,
  ) {
    super(of.def, of.scope);
  }
  override has(name: string): boolean {
    return this.shared.has(name) || super.has(name);
  }
  override comparable(name: string): RecordColumn | null {
    const type = this.shared.get(name);
    if (type === undefined || !this.isAbsent(name)) return super.comparable(name);
    return { name, type, quoted: `null::${type}`, field: null };
  }
  override isAbsent(name: string): boolean {
    return this.shared.has(name) && !this.isComparable(name);
  }
}

export function createFederated({ definitions, opening, reads, unions, linking }: FederationParts) {
  /** The collections of the kind that the caller may list, each with his scope. */
  async function opened(ctx: Ctx, kind: string): Promise<Opened[]> {
    const defs = definitions
      .all()
      .filter(({ enabled, identity }) => enabled && identity?.kind === kind)
      .sort((a, b) => (a.qualifiedName < b.qualifiedName ? -1 : 1));
    const tried = await Promise.all(
      defs.map((def) =>
        opening.open({ ctx, name: def.qualifiedName, operation: 'list' }).catch((error) => {
          if (error instanceof Failure && REFUSED.has(error.code)) return null;
          throw error;
        }),
      ),
    );
    return tried.filter((one) => one !== null);
  }

  async function found(open: readonly Opened[], query: FederatedQuery) {
    const shared = sharedTypes(open);
    const key = query.sort !== undefined && shared.has(query.sort) ? query.sort : CREATED_AT.name;
    const type = shared.get(key) as PgType;
    if (type === 'jsonb') throw invalidParameter('orderBy', `${key} is json and has no order`);
    const parts = open.map(({ def, scope }): Part => {
      const names = new SharedNames({ def, scope }, shared);
      const filter = readFilter(def, { where: query.where }, names);
      names.settle();
      return { def, scope, filter, key: names.comparable(key)?.quoted ?? null };
    });
    const { descending, skip, limit } = query;
    const asked = { parts, type, descending, skip, limit };
    const [rows, total] = await Promise.all([unions.list(asked), unions.count(asked)]);
    const idsOf = (at: number) => rows.filter(({ part }) => part === at).map(({ id }) => id);
    const texts = await Promise.all(open.map((one, at) => recordsOf(one, idsOf(at), query.linked)));
    const items = rows.flatMap(({ part, id }) => texts[part]?.get(id) ?? []);
    refuseHuge(items);
    return { items, total };
  }

  /** The records of these ids as JSON that says where they are. */
  async function recordsOf(one: Opened, ids: readonly string[], linked: string | undefined) {
    const { def, scope } = one;
    const columns = readProjection(def, undefined, scope);
    const { rows, write } = ids.length === 0 ? NOTHING : await reads.findMany(def, scope, ids, columns);
    const links = await linkedTo(linking(one), { def, scope, columns, rows }, readLinked(linked));
    const source = `,"_source":${JSON.stringify({ app: def.app, entity: def.name })}`;
    const at = columns.indexOf(ID);
    return new Map(rows.map((row, i) => [row[at] as string, write(row, undefined, links[i] + source)]));
  }

  /**
   * The records as JSON, each with `_source`, and the number of all that match. Throws INVALID_FIELDS for names that none of the
   * collections opens to the caller, INVALID_QUERY_PARAMS.
   */
  return async function federated(ctx: Ctx, kind: string, query: FederatedQuery) {
    for (let attempt = 1; ; attempt++) {
      const open = await opened(ctx, kind);
      const [first] = open;
      if (first === undefined) return { items: [], total: 0 };
      try {
        return await found(open, query);
      } catch (error) {
        if (!isStaleSchema(error)) throw recordFault(error, 'fetch', first.def);
        if (attempt === ATTEMPTS) throw new Failure('WRITE_CONFLICT', {}, [], { cause: error });
        await Promise.all(open.map(({ def }) => definitions.refresh(def.qualifiedName)));
      }
    }
  };
}

const REFUSED: ReadonlySet<string> = new Set(['FORBIDDEN', 'KEY_PERMISSION_DENIED']);
const NOTHING = { rows: [], write: () => '' } as const;

/** The fields that the caller may compare in any of the collections, with the type that suits all that have them. */
function sharedTypes(open: readonly Opened[]): Map<string, PgType> {
  const types = new Map<string, PgType>();
  for (const { def, scope } of open) {
    const names = new Names(def, scope);
    for (const name of names.comparableNames()) {
      const type = (names.comparable(name) as RecordColumn).type;
      const known = types.get(name);
      types.set(name, known === undefined || known === type ? type : 'text');
    }
  }
  return types;
}
