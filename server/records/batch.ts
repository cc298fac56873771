// Many records of one collection in one transaction: all of them or none, every problem with the place of its item.
import { Failure, invalidData } from '../../contract/problems.ts';
import type { RecordScope } from '../access/decide.ts';
import { withData } from '../access/scope.ts';
import { type Ctx, RawJson } from '../context.ts';
import type { Cell, Database, Runner, Transaction } from '../db/database.ts';
import { idsOf } from '../ids.ts';
import { isUuid } from '../schema/values.ts';
import { at, each } from './batch-places.ts';
import { blamed } from './blame.ts';
import { type Body, type Prepared, prepareBody } from './body.ts';
import type { RecordHooks } from './hooks.ts';
import { type Call, type Opened, type Opening, refuseForbidden, sentOf } from './open.ts';
import { writtenReply } from './reply.ts';
import type { Author, RecordWrites } from './store/write.ts';
import type { ChangedRecord, RecordsWritten } from './store/write-many.ts';

/** Items that one call may carry. */
export const MOST_ITEMS = 1000;

export interface BatchParts {
  readonly db: Database;
  readonly opening: Opening;
  readonly writes: RecordWrites;
  readonly writesMany: RecordsWritten;
  /** Why an update found nothing. */
  readonly notUpdated: (opened: Opened, id: string, row: Prepared) => Promise<Failure>;
  readonly author: (ctx: Ctx) => Author;
  /** A record that an earlier attempt has stored, as the caller sees it. */
  readonly again: (opened: Opened, id: string) => Promise<RawJson>;
  /** Does the work in a transaction with its note where the request may be sent again. */
  readonly durably: <T>(ctx: Ctx, work: (tx?: Transaction) => Promise<T>) => Promise<T>;
  /** The same, always in a transaction. */
  readonly stored: <T>(ctx: Ctx, work: (tx: Transaction) => Promise<T>) => Promise<T>;
  readonly hooks: RecordHooks;
}

interface Change {
  readonly id: string;
  readonly data: Body;
}

export function createBatches(parts: BatchParts) {
  const { db, opening, writes, writesMany, notUpdated, author, again, durably, stored, hooks } = parts;
  const { on, viewOf, bodyAccount } = opening;

  /** What an earlier attempt has stored. */
  const repeated = (opened: Opened, ids: readonly string[]): Promise<string[]> =>
    Promise.all(ids.map(async (id) => (await again(opened, id)).json));

  /** The stored rows as JSON, in the order in which they were sent. */
  async function createMany(ctx: Ctx, name: string, bodies: readonly Body[]): Promise<string[]> {
    assertSize(bodies.length);
    const call: Call = { ctx, name, operation: 'create' };
    return on(call, 'store', async (opened) => {
      const { def, scope } = opened;
      const nextId = idsOf(ctx.attempt?.seed);
      if (ctx.attempt?.committed) return repeated(opened, bodies.map(nextId));
      const hooked = hooks.wants('create', def, scope.accountId);
      let rows = await each(bodies, async (body) => {
        const accountId = scope.accountId ?? (await bodyAccount(body));
        const row = { ...prepareBody(def, body, 'create', scope), id: nextId(), accountId };
        if (!hooked && scope.rows.length > 0) refuseForbidden(opened, row);
        return row;
      });
      const insert = (tx: Runner) => writesMany.insertMany(tx, def, scope, rows, author(ctx));
      const inserted = hooked
        ? stored(ctx, async (tx) => {
            rows = await each(rows, (row) => hooks.creating(tx, opened, row));
            return insert(tx);
          })
        : durably(ctx, (tx) => insert(tx ?? db));
      const written = await inserted.catch(async (error) => {
        throw await blamed({ db, writesMany }, opened, rows, author(ctx), error);
      });
      const view = viewOf(opened);
      return rows.map(
        (row, i) => writtenReply(def, written.get(row.id) as Cell[], view, sentOf(row, bodies[i] as Body)).json,
      );
    });
  }

  const changeMany = (ctx: Ctx, name: string, changes: readonly Change[]): Promise<string[]> =>
    on({ ctx, name, operation: 'update' }, 'update', async (opened) => {
      const { def, scope } = opened;
      if (ctx.attempt?.committed)
        return repeated(
          opened,
          changes.map(({ id }) => id),
        );
      const seen = new Set<string>();
      const rows = await each(changes, async ({ id: sent, data }) => {
        if (!isUuid(sent)) throw new Failure('RESOURCE_NOT_FOUND');
        const id = sent.toLowerCase();
        if (seen.has(id))
          throw invalidData({ field: 'id', code: 'duplicate', message: 'An earlier item changes the same record.' });
        seen.add(id);
        return { ...prepareBody(def, data, 'patch', scope), id };
      });
      const cells = await db
        .transaction(async (tx) => {
          const done = await changed(tx, opened, rows);
          await ctx.attempt?.commit(tx);
          return done;
        })
        .catch(async (error) => {
          if (!(error instanceof Missing)) throw error;
          const row = rows[error.index] as ChangedRecord;
          throw at(await notUpdated({ ...opened, scope: withData(scope, row.body) }, row.id, row), error.index);
        });
      const view = viewOf(opened);
      return rows.map(
        (row, i) => writtenReply(def, cells[i] as Cell[], view, sentOf(row, changes[i]?.data ?? {})).json,
      );
    });

  /** The rows as their hooks leave them. */
  const hookedRows = (tx: Transaction, opened: Opened, rows: readonly ChangedRecord[]): Promise<ChangedRecord[]> =>
    each(rows, async (row, i) => {
      const next = await hooks.updating(tx, { ...opened, scope: withData(opened.scope, row.body) }, row);
      if (next === null) throw new Missing(i);
      return next;
    });

  /** One statement for all rows that assign the same columns; one a row where the rule looks at each item's own body. */
  async function changed(tx: Transaction, opened: Opened, given: readonly ChangedRecord[]) {
    const { ctx, def, scope } = opened;
    const rows = hooks.wants('update', def, scope.accountId) ? await hookedRows(tx, opened, given) : given;
    const cells: (readonly Cell[] | null | undefined)[] = [];
    if (looksAtData(scope)) {
      for (const [i, row] of rows.entries()) {
        const own = withData(scope, row.sent ?? row.body);
        cells.push(await writes.update(def, own, row.id, { ...row, ...author(ctx) }, tx));
        if (cells[i] === null) throw new Missing(i);
      }
      return cells;
    }
    const written = new Map<string, readonly Cell[]>();
    for (const group of groupsOf(rows))
      for (const [id, row] of await writesMany.updateMany(tx, def, scope, group, author(ctx))) written.set(id, row);
    for (const row of rows) cells.push(written.get(row.id));
    const missing = cells.indexOf(undefined);
    if (missing >= 0) throw new Missing(missing);
    return cells;
  }

  const list = (items: readonly string[], key: string) =>
    new RawJson(`{"${key}":[${items.join()}],"count":${items.length}}`);

  return {
    changeRows: changed,
    batchCreate: async (ctx: Ctx, name: string, { records }: { records: readonly Body[] }) =>
      list(await createMany(ctx, name, records), 'created'),
    /** A bare list in, a bare list out. */
    bulkCreate: async (ctx: Ctx, name: string, bodies: readonly Body[]) =>
      new RawJson(`[${(await createMany(ctx, name, bodies)).join()}]`),
    batchUpdate: async (ctx: Ctx, name: string, { records }: { records: readonly Change[] }) => {
      assertSize(records.length);
      return list(await changeMany(ctx, name, records), 'updated');
    },
    batchDelete: async (ctx: Ctx, name: string, { ids }: { ids: readonly string[] }) => {
      assertSize(ids.length);
      const unique = [...new Set(ids.map((id) => id.toLowerCase()))];
      await on({ ctx, name, operation: 'delete' }, 'delete', async (opened) => {
        const { def, scope } = opened;
        if (ctx.attempt?.committed) return;
        await db.transaction(async (tx) => {
          const known = unique.filter(isUuid);
          if (hooks.wants('delete', def, scope.accountId))
            await each(known, (id) => hooks.removing(tx, opened, id, { purge: false }));
          const gone = await writesMany.removeMany(tx, def, scope, known, author(ctx));
          const missing = ids.findIndex((id) => !gone.has(id.toLowerCase()));
          if (missing >= 0) throw at(new Failure('RESOURCE_NOT_FOUND'), missing);
          await ctx.attempt?.commit(tx);
        });
      });
      return { deleted: unique, count: unique.length };
    },
  };
}

/** The item of that place was not there for the caller. */
export class Missing extends Error {
  constructor(readonly index: number) {
    super('missing');
  }
}

/** The rows by the columns that they assign. */
function groupsOf(rows: readonly ChangedRecord[]): Iterable<ChangedRecord[]> {
  const groups = new Map<string, ChangedRecord[]>();
  for (const row of rows) {
    const key = row.columns.map(({ column }) => column).join();
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }
  return groups.values();
}

const looksAtData = (scope: RecordScope): boolean =>
  scope.rows.some((any) => any.some(({ checked }) => [...checked.variables].some((name) => name.startsWith('data'))));

/** Throws INVALID_RESOURCE_DATA for a list that is empty or too long. */
export function assertSize(count: number): void {
  if (count === 0) throw invalidData({ field: '', code: 'batch_empty', message: 'Send at least one item.' });
  if (count <= MOST_ITEMS) return;
  const message = `Send at most ${MOST_ITEMS} items at once; there are ${count}.`;
  throw invalidData({ field: '', code: 'batch_too_large', message });
}
