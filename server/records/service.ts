// Records: decide, parse, run, reply. Every face of the product and every automation goes through these methods.
import { Failure } from '../../contract/problems.ts';
import type { StreamQuery } from '../../contract/realtime.ts';
import type { ListQuery, RecordQueryBody } from '../../contract/records.ts';
import type { DocumentedEndpoint } from '../../openapi/endpoint-document.ts';
import type { Decide, Operation } from '../access/decide.ts';
import { withData } from '../access/scope.ts';
import { actorText, contextText, type Trail } from '../audit/service.ts';
import { type Ctx, RawJson } from '../context.ts';
import type { Database, Runner, Transaction } from '../db/database.ts';
import { joined } from '../db/joined.ts';
import type { RowSecurity } from '../db/row-security.ts';
import type { Tail } from '../events/tail.ts';
import { idsOf } from '../ids.ts';
import type { Lifecycle } from '../lifecycle/service.ts';
import { createBatches } from './batch.ts';
import { type Body, type Prepared, prepareBody } from './body.ts';
import { columnsOf, ID, UPDATED_AT } from './columns.ts';
import { createCollectionDocuments } from './documents.ts';
import { allows, tagged } from './etag.ts';
import { createFederated } from './federated.ts';
import { type HistoryQuery, historyOf } from './history.ts';
import { type ActAs, createRecordHooks } from './hooks.ts';
import { createImport } from './import.ts';
import { type ListOptions, readProjection } from './list-query.ts';
import { createListing } from './listing.ts';
import { type Call, createOpening, type Definitions, type Opened, refuseForbidden, sentOf } from './open.ts';
import { pageJson } from './page.ts';
import { listQueryOf } from './query-body.ts';
import { createQueryHooks } from './query-hooks.ts';
import { writtenReply } from './reply.ts';
import { createSchema } from './schema.ts';
import { sightOf } from './sight.ts';
import { createAggregate } from './store/aggregate.ts';
import { createLock } from './store/lock.ts';
import { createReads } from './store/read.ts';
import { createStatements, type Statements } from './store/statements.ts';
import { createUnions } from './store/union.ts';
import { createWrites, judgesChange } from './store/write.ts';
import { createWritesMany } from './store/write-many.ts';
import { createTransactions } from './transaction.ts';
import { createTurns, type Turns, writesInTurn } from './turns.ts';
import { createViewing, idOf } from './viewing.ts';
import { readWatch, type Watch } from './watch.ts';

export { actingRecords } from './acting.ts';
export { type AfterHooks, createAfterHooks } from './after-hooks.ts';
export { AnotherShape } from './event-rows.ts';
export { aggregateProblems, bodyProblems } from './foreseen.ts';
export type { Definitions } from './open.ts';
export { createPeek } from './peek.ts';
export type { Seen, Watch } from './watch.ts';

export interface RecordsOptions {
  readonly db: Database;
  readonly definitions: Definitions;
  /** The id of the account named by id or slug, null when there is none; asked on `run` where one is open. */
  readonly resolveAccount: (name: string, run?: Runner) => Promise<string | null>;
  readonly trail: Trail;
  readonly events: Pick<Tail, 'appended'>;
  readonly decide: Decide;
  readonly rowSecurity: RowSecurity;
  readonly lifecycle: Lifecycle;
  /** As whom extensions act in an account. */
  readonly actAs: ActAs;
  /** The OpenAPI document of the contract. */
  readonly baseDocument: () => Promise<object>;
  /** Custom endpoints that a caller is told of in the system's document. */
  readonly endpoints?: (ctx: Ctx) => Promise<readonly DocumentedEndpoint[]>;
}

export type RecordVerbs = ReturnType<typeof recordVerbs>;

/** The verbs, and the same within a transaction. */
export interface Records extends RecordVerbs {
  /** Everything that these do is part of `tx`: it is seen there at once, and by others when it commits. */
  within(tx: Transaction): RecordVerbs;
}

export function createRecords(options: RecordsOptions): Records {
  const { db, definitions, rowSecurity } = options;
  const statements = createStatements(db, rowSecurity);
  definitions.onChange((id) => statements.forget(id));
  const shared = { statements, turns: createTurns(db) };
  // What the memory does not know cannot be asked for on a session that is taken.
  const remembered: Definitions = {
    ...definitionsOf(definitions),
    find: (name) => definitions.get(name),
    refresh: async (name) => definitions.get(name),
  };
  const within = (tx: Transaction): RecordVerbs =>
    recordVerbs(
      {
        ...options,
        db: joined(db, tx),
        definitions: remembered,
        // A transaction asks nothing of another session.
        resolveAccount: (name) => options.resolveAccount(name, tx),
      },
      shared,
      within,
    );
  return { ...recordVerbs(options, shared, within), within };
}

/** Its methods apart from what it is. */
const definitionsOf = (definitions: Definitions): Definitions => ({
  find: (name) => definitions.find(name),
  get: (name) => definitions.get(name),
  refresh: (name) => definitions.refresh(name),
  all: () => definitions.all(),
  onChange: (fn) => definitions.onChange(fn),
  stored: (name) => definitions.stored(name),
});

function recordVerbs(
  options: RecordsOptions,
  { statements, turns }: { readonly statements: Statements; readonly turns: Turns },
  within: (tx: Transaction) => RecordVerbs,
) {
  const { db, definitions, trail, decide } = options;
  const hooks = createRecordHooks({ ...options, lock: createLock(statements), within });
  const queryHooks = createQueryHooks({ ...options, verbs: () => verbs });
  const reads = createReads(db, statements);
  const aggregate = createAggregate(db, statements);
  const written = {
    captured(on: Runner): void {
      trail.captured(on);
      options.events.appended(on);
    },
  };
  const writes = createWrites(db, statements, written);
  const writesMany = createWritesMany(statements, written);
  const inTurn = writesInTurn(db, hooks, turns);
  const opening = createOpening({ ...options, inTurn });
  const { open, on, viewOf, bodyAccount } = opening;

  const author = (ctx: Ctx) => ({
    by: ctx.caller?.userId ?? null,
    context: contextText(ctx),
    actor: actorText(ctx),
  });

  const listing = createListing({ reads, definitions, decide, opening, hooks: queryHooks });
  const { slice, walkOf, linking } = listing;
  const page = async (call: Call, query: ListQuery, more?: ListOptions): Promise<RawJson> =>
    new RawJson(pageJson(await slice(call, query, more)));

  const insert = (call: Call, body: Body): Promise<RawJson> =>
    on(call, 'store', async (opened) => {
      const { ctx, def, scope } = opened;
      if (ctx.attempt?.committed) return again(opened, ctx.attempt.seed);
      const accountId = scope.accountId ?? (await bodyAccount(body));
      const row = prepareBody(def, body, 'create', scope);
      const made = { ...row, ...author(ctx), id: idsOf(ctx.attempt?.seed)(), accountId };
      const hooked = hooks.wants('create', def, accountId);
      if (!hooked && scope.rows.length > 0) refuseForbidden(opened, made);
      const cells = hooked
        ? await stored(ctx, async (tx) => writes.insert(def, scope, await hooks.creating(tx, opened, made), tx))
        : await durably(ctx, (tx) => writes.insert(def, scope, made, tx));
      return tagged(writtenReply(def, cells, viewOf(opened), sentOf(row, body)), def);
    });

  /** The work, together with the note that it is done where the request may be sent again. */
  const durably = <T>(ctx: Ctx, work: (tx?: Transaction) => Promise<T>): Promise<T> =>
    ctx.attempt == null && !('inTransaction' in db) ? work() : stored(ctx, work);

  /** The same, always in a transaction. */
  const stored = <T>({ attempt }: Ctx, work: (tx: Transaction) => Promise<T>): Promise<T> =>
    db.transaction(async (tx) => {
      const done = await work(tx);
      await attempt?.commit(tx);
      return done;
    });

  /** What an earlier attempt of the same request has stored, as the caller sees it now; its id alone where he sees nothing. */
  async function again(opened: Opened, id: string): Promise<RawJson> {
    const { def } = opened;
    const view = viewOf(opened);
    const row = view && (await reads.find(def, view, id, readProjection(def, undefined, view)));
    return row === null ? new RawJson(`{"id":"${id}"}`) : tagged(new RawJson(row), def);
  }

  const update = (call: Call, id: string, body: Body, mode: 'replace' | 'patch'): Promise<RawJson> =>
    on(call, 'update', async (opened) => {
      const { ctx, def } = opened;
      if (ctx.attempt?.committed) return again(opened, idOf(id));
      const row = prepareBody(def, body, mode, opened.scope);
      const scope = withData(opened.scope, row.body);
      const version = await versionOf(opened, idOf(id));
      const change = { ...row, ...author(ctx), id, version };
      let final = change;
      const cells = hooks.wants('update', def, scope.accountId)
        ? await stored(ctx, async (tx) => {
            const changed = await hooks.updating(tx, { ...opened, scope }, change);
            final = changed ?? change;
            return changed && writes.update(def, scope, id, changed, tx);
          })
        : await durably(ctx, (tx) => writes.update(def, scope, id, change, tx));
      if (cells === null) throw await notUpdated({ ...opened, scope }, id, final, version);
      return tagged(writtenReply(def, cells, viewOf(opened), sentOf(row, body)), def);
    });

  const many = createBatches({
    db,
    opening,
    writes,
    writesMany,
    notUpdated,
    author,
    again,
    durably,
    stored,
    hooks,
  });

  /**
   * The version that If-Match allows to build on, undefined without that header. The store looks at it again in the statement
   * itself. Throws PRECONDITION_FAILED when the record as the caller sees it is another one by now.
   */
  async function versionOf(opened: Opened, id: string): Promise<string | undefined> {
    const { ctx, def } = opened;
    if (ctx.ifMatch === null || ctx.ifMatch === undefined) return undefined;
    const view = viewOf(opened);
    const row = view && (await reads.find(def, view, id, readProjection(def, undefined, view)));
    if (row === null) throw new Failure('RESOURCE_NOT_FOUND');
    if (!allows(ctx.ifMatch, row, def)) throw new Failure('PRECONDITION_FAILED');
    return JSON.parse(row).updated_at as string;
  }

  /** Why an update found nothing: no such row for the caller, or one that the change would take out of his reach. */
  async function notUpdated({ def, scope }: Opened, id: string, row: Prepared, version?: string): Promise<Failure> {
    if (version === undefined && !judgesChange(scope, row.columns)) return new Failure('RESOURCE_NOT_FOUND');
    const before = await reads.find(def, scope, id, [ID, UPDATED_AT]);
    if (before === null) return new Failure('RESOURCE_NOT_FOUND');
    if (version !== undefined && JSON.parse(before).updated_at !== version) return new Failure('PRECONDITION_FAILED');
    return new Failure('FORBIDDEN', { reason: 'after this change the record would not satisfy the update rule' });
  }

  const verbs = {
    /** The decision alone, before a body is read; and what it comes to, before an answer is repeated. */
    gate: (operation: Operation) => ({
      admit: async ({ ctx, params }: { ctx: Ctx; params: { collection: string } }): Promise<void> => {
        await open({ ctx, name: params.collection, operation });
      },
      rights: ({ ctx, params }: { ctx: Ctx; params: { collection: string } }): Promise<string> =>
        opening.rights({ ctx, name: params.collection, operation }),
    }),

    list: (ctx: Ctx, name: string, query: ListQuery) => page({ ctx, name, operation: 'list' }, query),
    query: (ctx: Ctx, name: string, body: RecordQueryBody) =>
      page({ ctx, name, operation: 'list' }, listQueryOf(body), { where: body.where }),

    /** The records of a list as JSON, for faces with another envelope. */
    slice: (ctx: Ctx, name: string, query: ListQuery | (() => ListQuery), more?: ListOptions) =>
      slice({ ctx, name, operation: 'list' }, query, more),

    /** Records of all collections of one kind. */
    federated: createFederated({ definitions, opening, reads, unions: createUnions(db, statements), linking }),

    /** All records of a list, page after page, each record as JSON. */
    walk: (ctx: Ctx, name: string, query: ListQuery, more?: ListOptions) =>
      walkOf({ ctx, name, operation: 'list' }, query, more),

    documents: createCollectionDocuments({
      definitions,
      decide,
      base: options.baseDocument,
      endpoints: options.endpoints ?? (async () => []),
    }),
    schema: createSchema({ opening, definitions, decide }),

    ...createViewing({ reads, aggregate, opening, listing, hooks: queryHooks }),

    history: (ctx: Ctx, name: string, id: string, query: HistoryQuery) =>
      on({ ctx, name, operation: 'view' }, 'find', async ({ def, scope }) => {
        const row = await reads.find(def, scope, idOf(id), columnsOf(def).all);
        return historyOf({ ctx, def, trail, scope }, id, row, query);
      }),

    create: (ctx: Ctx, name: string, body: Body) => insert({ ctx, name, operation: 'create' }, body),
    replace: (ctx: Ctx, name: string, id: string, body: Body) =>
      update({ ctx, name, operation: 'update' }, id, body, 'replace'),
    patch: (ctx: Ctx, name: string, id: string, body: Body) =>
      update({ ctx, name, operation: 'update' }, id, body, 'patch'),

    delete: (ctx: Ctx, name: string, id: string, purge = false): Promise<undefined> =>
      on({ ctx, name, operation: 'delete' }, 'delete', async (opened) => {
        const { def, scope } = opened;
        if (ctx.attempt?.committed) return undefined;
        const version = await versionOf(opened, idOf(id));
        const remove = purge ? writes.purge : writes.remove;
        const by = { ...author(ctx), version };
        const gone = hooks.wants('delete', def, scope.accountId)
          ? await stored(
              ctx,
              async (tx) => (await hooks.removing(tx, opened, id, { purge })) && remove(def, scope, id, by, tx),
            )
          : await durably(ctx, (tx) => remove(def, scope, id, by, tx));
        if (!gone) throw new Failure(version === undefined ? 'RESOURCE_NOT_FOUND' : 'PRECONDITION_FAILED');
        return undefined;
      }),

    /** Throws RESOURCE_NOT_FOUND for a record that is not softly deleted, also for one that is there. */
    restore: (ctx: Ctx, name: string, id: string): Promise<RawJson> =>
      on({ ctx, name, operation: 'delete' }, 'update', async (opened) => {
        const { def, scope } = opened;
        if (ctx.attempt?.committed) return again(opened, idOf(id));
        if (!def.softDelete) throw new Failure('RESOURCE_NOT_FOUND');
        const known = idOf(id);
        const back = hooks.wants('update', def, scope.accountId)
          ? await stored(ctx, async (tx) =>
              (await hooks.restoring(tx, opened, known)) ? writes.restore(def, scope, known, author(ctx), tx) : null,
            )
          : await durably(ctx, (tx) => writes.restore(def, scope, known, author(ctx), tx));
        if (back === null) throw new Failure('RESOURCE_NOT_FOUND');
        return writtenReply(def, back, viewOf(opened), []);
      }),

    /** What the caller sees of changes, by the rules of now. */
    watch: (ctx: Ctx, name: string, query: StreamQuery): Promise<Watch> =>
      on({ ctx, name, operation: 'list' }, 'fetch', async (opened) => readWatch(opened, viewOf(opened), query)),

    /** A record that the caller did not read, as he would see one of the collection: hidden fields left out, personal data masked. */
    sight: (ctx: Ctx, name: string): Promise<ReturnType<typeof sightOf>> =>
      on({ ctx, name, operation: 'view' }, 'fetch', async (opened) => sightOf(opened)),

    import: createImport({ db, opening, reads, writesMany, changeRows: many.changeRows, author, hooks }),

    ...many,
    ...createTransactions({
      ...{ db, definitions, opening, inTurn, writes, writesMany, notUpdated, author, again, hooks },
    }),

    /** Writing for management: by superadmins and their admin tokens, into the account that the body names. */
    managed: {
      create: async (ctx: Ctx, name: string, body: Body) =>
        insert({ ctx, name, operation: 'create', managed: await bodyAccount(body) }, body),
      replace: async (ctx: Ctx, name: string, id: string, body: Body) =>
        update({ ctx, name, operation: 'update', managed: await bodyAccount(body) }, id, body, 'replace'),
      patch: async (ctx: Ctx, name: string, id: string, body: Body) =>
        update({ ctx, name, operation: 'update', managed: await bodyAccount(body) }, id, body, 'patch'),
    },
  };
  return verbs;
}
