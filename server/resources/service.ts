// Resources: the records service in another envelope, and parameters under other names; it decides nothing itself.
import { Failure, invalidParameter } from '../../contract/problems.ts';
import type { StreamQuery } from '../../contract/realtime.ts';
import { ListQuery } from '../../contract/records.ts';
import { ResourceQuery, USUAL_LIMIT } from '../../contract/resources.ts';
import type { Operation } from '../access/decide.ts';
import { type Ctx, RawJson, requireCaller } from '../context.ts';
import type { Realtime } from '../realtime/service.ts';
import type { Records } from '../records/service.ts';

type Body = Readonly<Record<string, unknown>>;
type On = { readonly ctx: Ctx; readonly params: { readonly resource: string } };

export type Resources = ReturnType<typeof createResources>;

/** Every method throws as the records service's of the same name does. */
export function createResources({ records, realtime }: { records: Records; realtime: Pick<Realtime, 'stream'> }) {
  return {
    gate: (operation: Operation) => {
      const { admit, rights } = records.gate(operation);
      const named = ({ ctx, params }: On) => ({ ctx, params: { collection: params.resource } });
      return { admit: (on: On) => admit(named(on)), rights: (on: On) => rights(named(on)) };
    },

    async list(ctx: Ctx, name: string, query: ResourceQuery): Promise<RawJson> {
      const { asked, items, total } = await records.slice(ctx, name, () => listQueryOf(query)).catch(asInclude);
      const meta = `"resource":${JSON.stringify(name)},"total":${total},"limit":${asked.limit},"offset":${asked.skip}`;
      return new RawJson(`{"data":[${items.join()}],"meta":{${meta}}}`);
    },
    get: async (
      ctx: Ctx,
      name: string,
      id: string,
      { fields, include }: { fields?: string | undefined; include?: string | undefined },
    ) => wrapped(name, await records.get(ctx, name, id, fields, include).catch(asInclude)),
    create: async (ctx: Ctx, name: string, body: Body) => wrapped(name, await records.create(ctx, name, body)),
    replace: async (ctx: Ctx, name: string, id: string, body: Body) =>
      wrapped(name, await records.replace(ctx, name, id, body)),
    patch: async (ctx: Ctx, name: string, id: string, body: Body) =>
      wrapped(name, await records.patch(ctx, name, id, body)),
    restore: async (ctx: Ctx, name: string, id: string) => wrapped(name, await records.restore(ctx, name, id)),
    delete: records.delete,

    schema: records.schema,
    openapi: (ctx: Ctx, name: string) => records.documents.openapi(ctx, name, 'resources'),
    openapiYaml: (ctx: Ctx, name: string) => records.documents.openapiYaml(ctx, name, 'resources'),
    /** Throws UNAUTHORIZED for anonymous callers, also where the collection is public. */
    async stream(ctx: Ctx, name: string, query: StreamQuery) {
      requireCaller(ctx);
      return realtime.stream(ctx, name, query);
    },
  };
}

const wrapped = (name: string, { json, tag }: RawJson): RawJson =>
  new RawJson(`{"data":${json},"meta":{"resource":${JSON.stringify(name)}}}`, tag);

/** What is wrong with `expand`, told of the parameter that carries it here. */
function asInclude(error: unknown): never {
  if (!(error instanceof Failure) || error.parameters.name !== 'expand') throw error;
  throw invalidParameter('include', String(error.parameters.reason), error.entries[0]?.code);
}

const OWN: ReadonlySet<string> = new Set(Object.keys(ResourceQuery.shape));
const OTHERS: ReadonlySet<string> = new Set(Object.keys(ListQuery.shape));

/** The query in the words of the records service. What is a parameter there but not here is a field. */
function listQueryOf(query: ResourceQuery): ListQuery {
  const { _limit, limit, _offset, offset, skip, _sort, sort, include, fields, filter, search, deleted } = query;
  const fieldValues = Object.entries(query).flatMap(([name, value]) =>
    OWN.has(name) ? [] : [[OTHERS.has(name) ? `${name}__eq` : name, value] as const],
  );
  const asked = {
    ...Object.fromEntries(fieldValues),
    limit: either('limit', limit, _limit) ?? USUAL_LIMIT,
    skip: either('offset', either('skip', skip, offset), _offset) ?? 0,
    sort: either('sort', sort, _sort),
    expand: include,
    fields,
    filter,
    search,
    deleted,
  };
  return asked as ListQuery;
}

/** The value of a parameter with two names. Throws INVALID_QUERY_PARAMS where both say something else. */
function either<T>(name: string, plain: T | undefined, underscored: T | undefined): T | undefined {
  if (plain !== undefined && underscored !== undefined && plain !== underscored)
    throw invalidParameter(`_${name}`, `send ${name} or _${name}, not both`);
  return underscored ?? plain;
}
