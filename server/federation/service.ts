// Federation over the record service.
import type { EntityQuery } from '../../contract/app-records.ts';
import { clamped } from '../app-records/service.ts';
import { type Ctx, RawJson, requireCaller } from '../context.ts';
import type { Records } from '../records/service.ts';

export const createFederation = (records: Pick<Records, 'federated'>) => ({
  admit: ({ ctx }: { readonly ctx: Ctx }): void => {
    requireCaller(ctx);
  },
  /** The records of all collections of the kind that the caller may list. */
  async query(ctx: Ctx, kind: string, { where, orderBy, order, limit, offset, linked }: EntityQuery) {
    const { items, total } = await records.federated(ctx, kind, {
      where,
      sort: orderBy,
      descending: order === 'desc',
      limit: clamped(limit),
      skip: Math.max(0, offset),
      linked: linked === undefined ? undefined : String(linked),
    });
    return new RawJson(`{"data":[${items.join()}],"total":${total}}`);
  },
});
export type Federation = ReturnType<typeof createFederation>;
