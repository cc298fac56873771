// Hooks around reading: they may change what is asked for, which is judged as the caller's own, and what he gets.
import type { EventName, LifecycleEvents } from '../../contract/lifecycle.ts';
import { Failure } from '../../contract/problems.ts';
import type { ListQuery } from '../../contract/records.ts';
import { type Ctx, RawJson, SYSTEM_ACCOUNT } from '../context.ts';
import type { Inside, Lifecycle } from '../lifecycle/service.ts';
import { type ActingVerbs, actingRecords } from './acting.ts';
import { type ActAs, runOf } from './hooks.ts';
import type { ListOptions } from './list-query.ts';
import type { Opened } from './open.ts';

export type Reading = LifecycleEvents['on_record_before_query']['operation'];

export interface QueryHooksOptions {
  readonly lifecycle: Lifecycle;
  readonly actAs: ActAs;
  readonly verbs: () => ActingVerbs;
}

type Query = Record<string, unknown>;

export type QueryHooks = ReturnType<typeof createQueryHooks>;

export function createQueryHooks({ lifecycle, actAs, verbs }: QueryHooksOptions) {
  function inside({ ctx, scope }: Opened): Inside {
    const { accountId } = scope;
    const home = accountId ?? ctx.caller?.accountId ?? SYSTEM_ACCOUNT;
    return { ctx, accountId, records: (id) => actingRecords(verbs(), actAs(home, runOf(ctx, id))) };
  }

  // What a hook reads is not read through hooks: it would wait for itself.
  const wants = (event: EventName, { ctx, def, scope }: Opened): boolean =>
    lifecycle.wants(event, def.qualifiedName, scope.accountId) && !isExtension(ctx);

  const factsOf = ({ def }: Opened, operation: Reading, recordId: string | null) => ({
    collection: def.qualifiedName,
    operation,
    recordId,
  });

  async function asked<Q extends object>(opened: Opened, operation: Reading, query: Q, id: string | null = null) {
    const facts = { ...factsOf(opened, operation, id), query: { ...query } as Query };
    return (await lifecycle.fire('on_record_before_query', facts, inside(opened))).query;
  }

  async function answered(opened: Opened, operation: Reading, items: readonly string[], id: string | null = null) {
    const facts = { ...factsOf(opened, operation, id), items: items.map((item) => JSON.parse(item) as Query) };
    const after = await lifecycle.fire('on_record_after_query', facts, inside(opened));
    if (after.items.length !== items.length) throw hookFailure('A hook on on_record_after_query took or added items.');
    return after.items.map((item) => JSON.stringify(item));
  }

  return {
    wantsBefore: (opened: Opened): boolean => wants('on_record_before_query', opened),
    wantsAfter: (opened: Opened): boolean => wants('on_record_after_query', opened),

    /** The query of a list as its hooks leave it. Throws HOOK_ABORTED, and HOOK_FAILED for one that is none. */
    async list(opened: Opened, operation: Reading, query: ListQuery, more?: ListOptions) {
      const { where: condition, ...left } = await asked(opened, operation, { ...query, where: more?.where });
      refuseOdd(left);
      return { query: left as ListQuery, more: { ...more, where: condition } };
    },

    /** Any other query. */
    async query<Q extends object>(opened: Opened, operation: Reading, query: Q, id: string | null = null): Promise<Q> {
      const left = await asked(opened, operation, query, id);
      refuseOdd(left);
      return left as Q;
    },

    answered,

    /** One record as its hooks leave it; its version stays that of what is stored. */
    async one(opened: Opened, id: string, reply: RawJson): Promise<RawJson> {
      const [json] = await answered(opened, 'view', [reply.json], id);
      return new RawJson(json as string, reply.tag);
    },
  };
}

const COUNTS: ReadonlySet<string> = new Set(['skip', 'limit']);

/** What readers of queries would not expect. */
function refuseOdd(query: Query): void {
  for (const [name, value] of Object.entries(query)) {
    const fits = COUNTS.has(name)
      ? Number.isSafeInteger(value) && Number(value) >= 0
      : value === undefined || typeof value === 'string' || typeof value === 'boolean';
    if (!fits) throw hookFailure(`A hook on on_record_before_query left something as ${name} that is none.`);
  }
}

const isExtension = ({ automation }: Ctx): boolean => automation?.kind === 'extension';

const hookFailure = (message: string): Failure => new Failure('HOOK_FAILED', {}, [], { cause: new Error(message) });
