// Reading one record, totals and exports: decided, asked, and told as hooks leave it.
import { Failure } from '../../contract/problems.ts';
import type { AggregateQuery, ExportQuery, ListQuery } from '../../contract/records.ts';
import { type Ctx, RawJson } from '../context.ts';
import { isUuid } from '../schema/values.ts';
import { readAggregation } from './aggregate-query.ts';
import { tagged } from './etag.ts';
import { expanded } from './expand.ts';
import { exported, refuseWindow } from './export.ts';
import { type ListOptions, readProjection } from './list-query.ts';
import type { createListing } from './listing.ts';
import type { Opened, Opening } from './open.ts';
import type { QueryHooks } from './query-hooks.ts';
import type { createAggregate } from './store/aggregate.ts';
import type { RecordReads } from './store/read.ts';

interface ViewingParts {
  readonly reads: RecordReads;
  readonly aggregate: ReturnType<typeof createAggregate>;
  readonly opening: Opening;
  readonly listing: ReturnType<typeof createListing>;
  readonly hooks: QueryHooks;
}

/** What of a record is asked for. */
interface Viewed {
  readonly fields: string | undefined;
  readonly expand: string | undefined;
}

/** The id of a record. Throws RESOURCE_NOT_FOUND for a text that is none. */
export function idOf(id: string): string {
  if (!isUuid(id)) throw new Failure('RESOURCE_NOT_FOUND');
  return id;
}

function orMissing(row: string | null): RawJson {
  if (row === null) throw new Failure('RESOURCE_NOT_FOUND');
  return new RawJson(row);
}

export function createViewing({ reads, aggregate, opening, listing, hooks }: ViewingParts) {
  const { on, viewOf } = opening;
  const { askedOf, expandOf } = listing;

  async function view(opened: Opened, id: string, fields?: string, expand?: string): Promise<RawJson> {
    const { def, scope } = opened;
    const columns = readProjection(def, fields, scope);
    const branches = await expandOf(opened, expand, columns);
    if (branches.length === 0) return tagged(orMissing(await reads.find(def, scope, idOf(id), columns)), def);
    const found = await reads.findMany(def, scope, [idOf(id)], columns);
    const [item] = await expanded(reads, (of) => viewOf({ ...opened, def: of }), { ...found, columns }, branches);
    return tagged(orMissing(item ?? null), def);
  }

  async function hookedView(opened: Opened, id: string, sent: Viewed): Promise<RawJson> {
    const { fields, expand } = hooks.wantsBefore(opened) ? await hooks.query(opened, 'view', sent, id) : sent;
    const found = await view(opened, id, fields, expand);
    return hooks.wantsAfter(opened) ? hooks.one(opened, id, found) : found;
  }

  return {
    aggregate: (ctx: Ctx, name: string, query: AggregateQuery, more?: Pick<ListOptions, 'data'>): Promise<RawJson> =>
      on({ ctx, name, operation: 'list' }, 'fetch', async (opened) => {
        const { def, scope } = opened;
        const asked = hooks.wantsBefore(opened) ? await hooks.query(opened, 'aggregate', query) : query;
        const { results, total } = await aggregate(def, scope, readAggregation(def, asked, scope, more));
        return new RawJson(`{"results":[${results.join()}],"total_groups":${total}}`);
      }),

    get: (ctx: Ctx, name: string, id: string, fields?: string, expand?: string): Promise<RawJson> =>
      on({ ctx, name, operation: 'view' }, 'find', (opened) =>
        hooks.wantsBefore(opened) || hooks.wantsAfter(opened)
          ? hookedView(opened, id, { fields, expand })
          : view(opened, id, fields, expand),
      ),

    /** Everything that the list would show, as text that is made while it is sent. */
    export: (ctx: Ctx, name: string, { format, sort = 'id', ...query }: ExportQuery) =>
      on({ ctx, name, operation: 'list' }, 'fetch', async (opened) => {
        refuseWindow(query);
        const whole = { ...query, sort, skip: 0, limit: 1, count: 'false' } as ListQuery;
        const hooked = hooks.wantsBefore(opened) ? await hooks.list(opened, 'export', whole) : null;
        const asked = hooked === null ? askedOf(opened, whole) : askedOf(opened, hooked.query, hooked.more);
        const told = (items: readonly string[]) =>
          hooks.wantsAfter(opened) ? hooks.answered(opened, 'export', items) : items;
        return exported(reads, opened, asked, format, told);
      }),
  };
}
