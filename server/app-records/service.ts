// The app face over the record service: its addresses, its envelopes, and a credential for everything.
import type { EntityList, EntityQuery } from '../../contract/app-records.ts';
import { Answer, type Ctx, RawJson, requireCaller, Streamed } from '../context.ts';
import type { Records } from '../records/service.ts';
import { listAsked, queryAsked } from './asked.ts';

export { clamped } from './asked.ts';

interface Entity {
  readonly appId: string;
  readonly entity: string;
}
interface OneOfEntity extends Entity {
  readonly id: string;
}
type Body = Readonly<Record<string, unknown>>;

const nameOf = ({ appId, entity }: Entity): string => `${appId}.${entity}`;

export function createAppRecords(records: Records) {
  /** The decision of the record service, for callers with a credential. */
  const gate = (operation: 'list' | 'create' | 'update' | 'delete') => {
    const { admit, rights } = records.gate(operation);
    const named = ({ ctx, params }: { ctx: Ctx; params: Entity }) => ({ ctx, params: { collection: nameOf(params) } });
    return {
      admit: async (call: { ctx: Ctx; params: Entity }): Promise<void> => {
        requireCaller(call.ctx);
        await admit(named(call));
      },
      rights: (call: { ctx: Ctx; params: Entity }) => rights(named(call)),
    };
  };

  return {
    gate,
    /** All records where no limit is given, made while they are sent. */
    async list(ctx: Ctx, at: Entity, query: EntityList) {
      requireCaller(ctx);
      const asked = listAsked(query);
      const more = { orByAge: query.order };
      if (query.limit !== undefined) {
        const { items } = await records.slice(ctx, nameOf(at), asked, more);
        return new RawJson(`[${items.join()}]`);
      }
      const { short, pages } = await records.walk(ctx, nameOf(at), asked, more);
      if (!short) return new Answer(new Streamed(bareList(pages)), { 'Content-Type': 'application/json' });
      let text = '';
      for await (const piece of bareList(pages)) text += piece;
      return new RawJson(text);
    },
    async query(ctx: Ctx, at: Entity, body: EntityQuery) {
      const more = { where: body.where, orByAge: body.order };
      const { items, total } = await records.slice(ctx, nameOf(at), queryAsked(body), more);
      return new RawJson(`{"data":[${items.join()}],"total":${total}}`);
    },
    create: (ctx: Ctx, at: Entity, body: Body) => records.create(ctx, nameOf(at), body),
    bulkCreate: (ctx: Ctx, at: Entity, body: readonly Body[]) => records.bulkCreate(ctx, nameOf(at), [...body]),
    async get(ctx: Ctx, at: OneOfEntity) {
      requireCaller(ctx);
      return records.get(ctx, nameOf(at), at.id);
    },
    patch: (ctx: Ctx, at: OneOfEntity, body: Body) => records.patch(ctx, nameOf(at), at.id, body),
    async delete(ctx: Ctx, at: OneOfEntity) {
      await records.delete(ctx, nameOf(at), at.id);
      return { message: `record '${at.id}' deleted` };
    },
  };
}
export type AppRecords = ReturnType<typeof createAppRecords>;

async function* bareList(pages: AsyncIterable<readonly string[]>): AsyncGenerator<string> {
  let before = '[';
  for await (const items of pages) {
    yield before + items.join();
    before = ',';
  }
  yield before === '[' ? '[]' : ']';
}
