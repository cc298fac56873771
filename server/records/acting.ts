// The records of one account for code of ours: plain values in and out, whoever it acts as decided by the context.
import { Failure, invalidParameter } from '../../contract/problems.ts';
import { type ListQuery, RecordQueryBody } from '../../contract/records.ts';
import type { Ctx, RawJson } from '../context.ts';
import type { HookRecord, HookRecords } from '../lifecycle/service.ts';
import type { Body } from './body.ts';
import type { ListOptions } from './list-query.ts';
import { listQueryOf } from './query-body.ts';

/** Records of one list. */
const MOST = 1000;

export interface ActingVerbs {
  slice(
    ctx: Ctx,
    name: string,
    query: () => ListQuery,
    more: ListOptions,
  ): Promise<{ readonly items: readonly string[]; readonly total: number | null }>;
  get(ctx: Ctx, name: string, id: string): Promise<RawJson>;
  create(ctx: Ctx, name: string, body: Body): Promise<RawJson>;
  patch(ctx: Ctx, name: string, id: string, body: Body): Promise<RawJson>;
  delete(ctx: Ctx, name: string, id: string): Promise<undefined>;
}

const parsed = ({ json }: { readonly json: string }): HookRecord => JSON.parse(json) as HookRecord;

/** The verbs as `ctx`. They throw Failure as the API refuses. */
export const actingRecords = (verbs: ActingVerbs, ctx: Ctx): HookRecords => ({
  async list(collection, query = {}) {
    const { limit = 100, ...rest } = query;
    if (!Number.isInteger(limit) || Number(limit) < 1 || Number(limit) > MOST)
      throw invalidParameter('limit', `send a whole number from 1 to ${MOST}`);
    const body = RecordQueryBody.safeParse(rest);
    if (!body.success) {
      const [issue] = body.error.issues;
      throw invalidParameter(issue?.path.join('.') || 'query', issue?.message ?? 'is not valid');
    }
    const { where, ...asked } = body.data;
    const options = where === undefined ? {} : { where };
    const { items, total } = await verbs.slice(
      ctx,
      collection,
      () => Object.assign(listQueryOf(asked), { limit: Number(limit) }),
      options,
    );
    return { items: items.map((json) => parsed({ json })), total };
  },
  async get(collection, id) {
    try {
      return parsed(await verbs.get(ctx, collection, id));
    } catch (error) {
      if (error instanceof Failure && error.code === 'RESOURCE_NOT_FOUND') return null;
      throw error;
    }
  },
  create: async (collection, data) => parsed(await verbs.create(ctx, collection, data)),
  update: async (collection, id, data) => parsed(await verbs.patch(ctx, collection, id, data)),
  async delete(collection, id) {
    await verbs.delete(ctx, collection, id);
  },
});
