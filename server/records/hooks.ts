// Before-hooks of records: what they get, what they made of it judged again, and the rule on the record as it will be.
import type { EventName } from '../../contract/lifecycle.ts';
import { Failure } from '../../contract/problems.ts';
import type { Automation, Ctx } from '../context.ts';
import type { Cell, Transaction } from '../db/database.ts';
import type { HookRecord, Inside, Lifecycle } from '../lifecycle/service.ts';
import type { CollectionDef } from '../schema/collection-def.ts';
import { type ActingVerbs, actingRecords } from './acting.ts';
import { type Body, type Prepared, prepareBody, valuesOf } from './body.ts';
import { columnsOf } from './columns.ts';
import { type Opened, refuseForbidden } from './open.ts';
import { writerOf } from './reply.ts';
import type { LockRow } from './store/lock.ts';
import type { ChangedRecord, NewRecord } from './store/write-many.ts';

export type Verb = 'create' | 'update' | 'delete';

/** The context of an extension's run in an account. */
export type ActAs = (accountId: string, automation: Automation) => Ctx;

export interface RecordHooksOptions {
  readonly lifecycle: Lifecycle;
  readonly actAs: ActAs;
  readonly lock: LockRow;
  readonly within: (tx: Transaction) => ActingVerbs;
}

const EVENT = {
  create: 'on_record_before_create',
  update: 'on_record_before_update',
  delete: 'on_record_before_delete',
} as const satisfies Record<Verb, EventName>;

export type RecordHooks = ReturnType<typeof createRecordHooks>;

export function createRecordHooks({ lifecycle, actAs, lock, within }: RecordHooksOptions) {
  /** What the hooks of one record share. */
  function inside(ctx: Ctx, tx: Transaction, accountId: string): Inside {
    let verbs: ActingVerbs | undefined;
    const records = (id: string) => {
      verbs ??= within(tx);
      return actingRecords(verbs, actAs(accountId, runOf(ctx, id)));
    };
    return { ctx, tx, accountId, records };
  }

  /** The row in the scope of the caller, locked; null when there is none. */
  async function found(tx: Transaction, { def, scope }: Opened, id: string, deleted: 'without' | 'only' | 'with') {
    const cells = await lock(tx, def, scope, id, deleted);
    return cells && rowOf(def, cells);
  }

  return {
    /** Whether anybody wants to take part, in the account; null: in any. */
    wants: (verb: Verb, { qualifiedName }: CollectionDef, accountId: string | null): boolean =>
      lifecycle.wants(EVENT[verb], qualifiedName, accountId),

    /** The new record as its hooks leave it. Throws HOOK_ABORTED, HOOK_FAILED, INVALID_RESOURCE_DATA, FORBIDDEN. */
    async creating<R extends NewRecord>(tx: Transaction, opened: Opened, row: R): Promise<R> {
      const { ctx, def, scope } = opened;
      const { id, accountId } = row;
      const facts = { collection: def.qualifiedName, recordId: id, data: dataOf(row) };
      const { data } = await lifecycle.fire(EVENT.create, facts, inside(ctx, tx, accountId));
      const made = { ...row, ...again(opened, data, 'create'), sent: row.body };
      if (scope.rows.length > 0) refuseForbidden(opened, made);
      return made;
    },

    /** The change as its hooks leave it; null when there is no such record in scope. The scope must know the change. */
    async updating<R extends ChangedRecord>(tx: Transaction, opened: Opened, row: R): Promise<R | null> {
      const { ctx, def } = opened;
      const old = await found(tx, opened, row.id, 'without');
      if (old === null) return null;
      const facts = { collection: def.qualifiedName, recordId: row.id, data: dataOf(row), old, restore: false };
      const { data } = await lifecycle.fire(EVENT.update, facts, inside(ctx, tx, String(old.account_id)));
      return { ...row, ...again(opened, data, 'patch'), sent: row.body };
    },

    /** Whether the record is there; with `how` also one that was softly deleted. */
    async removing(tx: Transaction, opened: Opened, id: string, how: { readonly purge: boolean }): Promise<boolean> {
      const old = await found(tx, opened, id, how.purge ? 'with' : 'without');
      if (old === null) return false;
      const facts = { collection: opened.def.qualifiedName, recordId: id, old, ...how };
      await lifecycle.fire(EVENT.delete, facts, inside(opened.ctx, tx, String(old.account_id)));
      return true;
    },

    /** Whether the record that is to come back is there. */
    async restoring(tx: Transaction, opened: Opened, id: string): Promise<boolean> {
      const old = await found(tx, opened, id, 'only');
      if (old === null) return false;
      const facts = { collection: opened.def.qualifiedName, recordId: id, data: {}, old, restore: true };
      const { data } = await lifecycle.fire(EVENT.update, facts, inside(opened.ctx, tx, String(old.account_id)));
      if (Object.keys(data).length === 0) return true;
      throw hookFailure(new Error('A hook changed data of a record that comes back; restoring writes no fields.'));
    },
  };
}

/** The run of a hook in code: it follows from what the context does. */
export const runOf = ({ requestId, automation }: Pick<Ctx, 'requestId' | 'automation'>, id: string): Automation => ({
  kind: 'extension',
  id,
  name: id,
  run: requestId,
  depth: (automation?.depth ?? 0) + 1,
});

/** A record as whoever sees everything gets it. */
export const rowOf = (def: CollectionDef, cells: readonly Cell[]): HookRecord =>
  JSON.parse(writerOf(def, columnsOf(def).all, false)(cells)) as HookRecord;

/** The fields that are to be written; its own copy, because what was sent stays what it is. */
const dataOf = ({ columns, body }: Prepared): Record<string, unknown> => structuredClone(valuesOf(columns, body));

const ANYTHING = { fields: null, unmasked: true };

/** What hooks made of a body, judged like one; they may write what the caller may not. */
function again({ def, scope }: Opened, data: Body, mode: 'create' | 'patch'): Prepared {
  try {
    return prepareBody(def, data, mode, ANYTHING);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    // It may follow from a value that the caller sent; what he cannot write is the hook's own mistake, and hidden from him.
    const own = error.entries.every(({ field }) => {
      const [name = ''] = field.split('.');
      return def.byName.has(name) && (scope.fields === null || scope.fields.has(name));
    });
    throw own ? error : hookFailure(error);
  }
}

const hookFailure = (cause: Error): Failure => new Failure('HOOK_FAILED', {}, [], { cause });
