// Writes on several collections in one transaction, in their order; later ones may use what earlier ones made.

import { Failure } from '../../contract/problems.ts';
import type { TransactionBody } from '../../contract/record-batches.ts';
import { withData } from '../access/scope.ts';
import { type Ctx, RawJson } from '../context.ts';
import type { Cell, Database, Transaction } from '../db/database.ts';
import { idsOf } from '../ids.ts';
import { isUuid } from '../schema/values.ts';
import { assertSize, Missing } from './batch.ts';
import { at, each } from './batch-places.ts';
import { type Body, type Prepared, prepareBody } from './body.ts';
import { isStaleSchema, recordFault, type Work } from './faults.ts';
import type { RecordHooks } from './hooks.ts';
import { type Definitions, type InTurn, type Opened, type Opening, refuseForbidden, sentOf } from './open.ts';
import { References } from './references.ts';
import { writtenReply } from './reply.ts';
import type { Author, RecordWrites } from './store/write.ts';
import type { RecordsWritten } from './store/write-many.ts';

export interface TransactionParts {
  readonly db: Database;
  readonly definitions: Definitions;
  readonly opening: Opening;
  readonly inTurn: InTurn;
  readonly writes: RecordWrites;
  readonly writesMany: RecordsWritten;
  readonly notUpdated: (opened: Opened, id: string, row: Prepared) => Promise<Failure>;
  readonly author: (ctx: Ctx) => Author;
  /** A record that an earlier attempt has stored, as the caller sees it. */
  readonly again: (opened: Opened, id: string) => Promise<RawJson>;
  readonly hooks: RecordHooks;
}

type Operation = TransactionBody['operations'][number];

/** One operation ready to run. */
interface Step {
  readonly index: number;
  readonly op: Operation;
  readonly opened: Opened;
  /** The id that a create will have; of the others it may follow from a reference. */
  readonly newId: string | null;
  readonly accountId: string | null;
}

const WORK: Readonly<Record<Operation['op'], Work>> = {
  create: 'store',
  update: 'update',
  replace: 'update',
  delete: 'delete',
};
const DECIDED = { create: 'create', update: 'update', replace: 'update', delete: 'delete' } as const;

export function createTransactions(parts: TransactionParts) {
  const { db, definitions, opening, inTurn, writes, writesMany, notUpdated, author, again, hooks } = parts;

  /** All decisions first: whoever may not do one of them changes nothing and learns nothing. */
  async function opened(ctx: Ctx, operations: readonly Operation[]): Promise<Step[]> {
    const nextId = idsOf(ctx.attempt?.seed);
    const steps: Step[] = [];
    for (const [index, op] of operations.entries()) {
      try {
        const found = await opening.open({ ctx, name: op.collection, operation: DECIDED[op.op] });
        const creates = op.op === 'create';
        const accountId = creates ? (found.scope.accountId ?? (await opening.bodyAccount(op.data))) : null;
        steps.push({ index, op, opened: found, newId: creates ? nextId() : null, accountId });
      } catch (error) {
        throw error instanceof Failure ? at(error, index) : error;
      }
    }
    return steps;
  }

  function created({ op, opened: at, newId, accountId }: Step, data: Body) {
    const row = {
      ...prepareBody(at.def, data, 'create', at.scope),
      id: newId as string,
      accountId: accountId as string,
    };
    if (at.scope.rows.length > 0 && !hooks.wants('create', at.def, accountId)) refuseForbidden(at, row);
    return { op, row, data };
  }

  /** The same as its hooks leave it. */
  async function creating(tx: Transaction, step: Step, data: Body) {
    const made = created(step, data);
    if (!hooks.wants('create', step.opened.def, step.accountId)) return made;
    return { ...made, row: await hooks.creating(tx, step.opened, made.row) };
  }

  /** The stored row as its writer sees it. */
  const reply = ({ opened: { def, ...rest } }: Step, cells: readonly Cell[], row: Prepared, data: Body): string =>
    writtenReply(def, cells, opening.viewOf({ def, ...rest }), sentOf(row, data)).json;

  /** Fields whose values the writer is shown masked: they are no values to work with. */
  const masked = ({ opened: at }: Step): ReadonlySet<string> => {
    const view = opening.viewOf(at);
    if (view?.unmasked) return NOTHING;
    return new Set(at.def.shown.flatMap(({ name, field }) => (field.pii === true ? [name] : [])));
  };

  /** Creates that follow each other in one collection are one statement. */
  async function createAll(tx: Transaction, steps: readonly Step[], refs: References): Promise<void> {
    const rows = await each(steps, (step) => creating(tx, step, refs.resolved(step.index)), placeOf);
    const { ctx, def, scope } = (steps[0] as Step).opened;
    const written = await writesMany.insertMany(
      tx,
      def,
      scope,
      rows.map(({ row }) => row),
      author(ctx),
    );
    for (const [i, { row, data }] of rows.entries()) {
      const step = steps[i] as Step;
      refs.done(step.index, row.id, reply(step, written.get(row.id) as Cell[], row, data), masked(step));
    }
  }

  async function changeOne(tx: Transaction, step: Step, refs: References): Promise<void> {
    const { op, index, opened: here } = step;
    const { ctx, def, scope } = here;
    if (op.op === 'create') return;
    const id = refs.id(index);
    if (!isUuid(id)) throw new Failure('RESOURCE_NOT_FOUND');
    if (op.op === 'delete') {
      const hooked = hooks.wants('delete', def, scope.accountId);
      if (hooked && !(await hooks.removing(tx, here, id, { purge: false }))) throw new Failure('RESOURCE_NOT_FOUND');
      if (!(await writes.remove(def, scope, id, author(ctx), tx))) throw new Failure('RESOURCE_NOT_FOUND');
      return refs.done(index, id, null);
    }
    const data = refs.resolved(index);
    const sent = { ...prepareBody(def, data, op.op === 'replace' ? 'replace' : 'patch', scope), id };
    const own = { ...here, scope: withData(scope, sent.body) };
    const row = hooks.wants('update', def, scope.accountId) ? await hooks.updating(tx, own, sent) : sent;
    if (row === null) throw new NotChanged(step, id, sent);
    const cells = await writes.update(def, own.scope, id, { ...row, ...author(ctx) }, tx);
    if (cells === null) throw new NotChanged(step, id, row);
    refs.done(index, id, reply(step, cells, row, data), masked(step));
  }

  /** Runs the steps in their order, as few statements as that takes. */
  async function run(tx: Transaction, steps: readonly Step[], refs: References, joined: boolean): Promise<void> {
    for (let i = 0; i < steps.length; ) {
      const step = steps[i] as Step;
      let end = i + 1;
      if (joined && step.op.op === 'create')
        while (end < steps.length && joins(step, steps[end] as Step) && refs.isReady(end, i)) end++;
      try {
        if (step.op.op === 'create') await createAll(tx, steps.slice(i, end), refs);
        else await changeOne(tx, step, refs);
      } catch (error) {
        throw placed(error, step, end - i === 1);
      }
      i = end;
    }
  }

  /** Everything in one transaction; one by one where a group was refused, so that the operation is named that was. */
  async function stored(ctx: Ctx, steps: readonly Step[], refs: References): Promise<void> {
    const once = (joined: boolean) =>
      db.transaction(async (tx) => {
        await run(tx, steps, refs, joined);
        await ctx.attempt?.commit(tx);
      });
    const all = async () => {
      try {
        await once(true);
      } catch (error) {
        if (!(error instanceof Failure) || error.entries.some(({ index }) => index !== undefined)) throw error;
        await once(false);
      }
    };
    // All are of one account, so one turn is theirs together.
    const hooked = steps.find(({ op, opened: { def, scope }, accountId }) =>
      hooks.wants(DECIDED[op.op], def, scope.accountId ?? accountId),
    );
    await (hooked === undefined ? all() : inTurn(hooked.opened, DECIDED[hooked.op.op], all));
  }

  /** The outcome of what an earlier attempt has stored. */
  async function repeat(steps: readonly Step[], refs: References): Promise<void> {
    for (const { op, index, opened: here, newId } of steps) {
      const id = newId ?? refs.id(index);
      refs.done(index, id, op.op === 'delete' ? null : (await again(here, id)).json);
    }
  }

  async function attempt(ctx: Ctx, { operations }: TransactionBody): Promise<RawJson> {
    const steps = await opened(ctx, operations);
    const refs = new References(operations, steps);
    // What can be judged before anything is written is judged all at once.
    await each(steps, async (step) => {
      refs.check(step.index);
      if (step.op.op === 'create' && refs.isReady(step.index, 0)) created(step, refs.resolved(step.index));
    });
    try {
      if (ctx.attempt?.committed) await repeat(steps, refs);
      else await stored(ctx, steps, refs);
    } catch (error) {
      if (!(error instanceof NotChanged)) throw error;
      const { step, id, row } = error;
      const scope = withData(step.opened.scope, row.sent ?? row.body);
      throw at(await notUpdated({ ...step.opened, scope }, id, row), step.index);
    }
    return new RawJson(`{"results":[${refs.results().join()}],"count":${steps.length}}`);
  }

  return {
    /** What the caller may do and see of all collections of the body. */
    transactionRights: async (ctx: Ctx, { operations }: TransactionBody): Promise<string> => {
      const asked = new Map(
        operations.map(({ op, collection: name }) => [`${DECIDED[op]} ${name}`, { name, operation: DECIDED[op] }]),
      );
      return (await Promise.all([...asked.values()].map((one) => opening.rights({ ctx, ...one })))).join();
    },
    /** All operations or none. Throws as each of them does alone, with the place of the operation in every entry. */
    transaction: async (ctx: Ctx, body: TransactionBody): Promise<RawJson> => {
      assertSize(body.operations.length);
      try {
        return await attempt(ctx, body);
      } catch (error) {
        if (!(error instanceof Stale)) throw error;
        for (const { collection } of body.operations) await definitions.refresh(collection);
        return attempt(ctx, body);
      }
    },
  };
}

const NOTHING: ReadonlySet<string> = new Set();
const placeOf = ({ index }: Step): number => index;
const joins = (a: Step, b: Step): boolean => b.op.op === 'create' && b.opened.def === a.opened.def;

/** The record was not there for the caller, or the change would take it out of his reach. */
class NotChanged extends Missing {
  constructor(
    readonly step: Step,
    readonly id: string,
    readonly row: Prepared,
  ) {
    super(step.index);
  }
}

/** A table has changed under its definition: the definitions are read again. */
class Stale extends Error {}

function placed(error: unknown, { op, index, opened: { def } }: Step, alone: boolean): unknown {
  if (isStaleSchema(error)) return new Stale('stale', { cause: error });
  const told = error instanceof Missing ? error : recordFault(error, WORK[op.op], def);
  // Of several creates in one statement the database does not say which one it refused.
  return told instanceof Failure && alone && told.entries.every((entry) => entry.index === undefined)
    ? at(told, index)
    : told;
}
