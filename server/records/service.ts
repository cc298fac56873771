// Records: decide, parse, run, reply. Every face of the product and every automation goes through these methods.
import { Failure } from '../../contract/problems.ts';
import type { ListQuery } from '../../contract/records.ts';
import { decide, type Operation, type RecordScope } from '../access/decide.ts';
import { type Ctx, RawJson, requireCaller } from '../context.ts';
import type { Database } from '../db/database.ts';
import { uuidV7 } from '../ids.ts';
import type { CollectionDef } from '../schema/collection-def.ts';
import { isUuid } from '../schema/values.ts';
import { type Body, prepareBody } from './body.ts';
import { isStaleSchema, recordFault, type Work } from './faults.ts';
import { readListQuery, readProjection } from './list-query.ts';
import { createReads } from './store/read.ts';
import { createStatements } from './store/statements.ts';
import { createWrites } from './store/write.ts';

/** Where the definitions come from. */
export interface Definitions {
  /** The current definition, undefined when there is no such collection. */
  find(name: string): CollectionDef | undefined | Promise<CollectionDef | undefined>;
  /** Reads the definition anew, because a statement met another table than the one it was made for. */
  refresh(name: string): Promise<CollectionDef | undefined>;
  onChange(fn: (collectionId: string) => void): void;
}

export interface RecordsOptions {
  readonly db: Database;
  readonly definitions: Definitions;
  /** The id of the account named by id or slug, null when there is none. */
  readonly resolveAccount: (name: string) => Promise<string | null>;
}

/** Characters of a page; far above any page that a client wants, below what one string and the memory hold. */
const PAGE_LIMIT = 32_000_000;

function refuseHuge(items: readonly string[]): void {
  if (items.reduce((sum, item) => sum + item.length, 0) <= PAGE_LIMIT) return;
  const message = 'the page is larger than 32 MB: ask for fewer records, or name the fields you need';
  throw new Failure('INVALID_QUERY_PARAMS', { name: 'limit', reason: message }, [
    { field: 'limit', code: 'page_too_large', message },
  ]);
}

interface Opened {
  readonly def: CollectionDef;
  readonly scope: RecordScope;
}

export type Records = ReturnType<typeof createRecords>;

export function createRecords({ db, definitions, resolveAccount }: RecordsOptions) {
  const statements = createStatements(db);
  const reads = createReads(db, statements);
  const writes = createWrites(db, statements);
  definitions.onChange((id) => statements.forget(id));

  /** The collection and what the caller may do with it. Throws RESOURCE_NOT_FOUND, RESOURCE_DISABLED, UNAUTHORIZED, FORBIDDEN. */
  async function open(ctx: Ctx, name: string, operation: Operation): Promise<Opened> {
    const def = await definitions.find(name);
    if (def === undefined) throw new Failure('RESOURCE_NOT_FOUND');
    if (!def.enabled)
      throw ctx.caller === null
        ? new Failure('RESOURCE_NOT_FOUND')
        : new Failure('RESOURCE_DISABLED', { collection: name });
    return { def, scope: decide(ctx, { collection: def.qualifiedName, operation }, await namedAccount(ctx)) };
  }

  async function namedAccount(ctx: Ctx): Promise<string | null> {
    const name = ctx.caller?.superadmin ? ctx.accountHeader : null;
    if (name === null) return null;
    const id = await resolveAccount(name);
    if (id === null) throw new Failure('RESOURCE_NOT_FOUND');
    return id;
  }

  /** Opens, works, and once more if the table turned out to have changed under a definition that another process replaced. */
  async function on<T>(
    ctx: Ctx,
    name: string,
    operation: Operation,
    work: Work,
    run: (opened: Opened) => Promise<T>,
  ): Promise<T> {
    const opened = await open(ctx, name, operation);
    try {
      return await run(opened);
    } catch (error) {
      if (!isStaleSchema(error)) throw recordFault(error, work, opened.def);
      const fresh = await definitions.refresh(name);
      if (fresh?.id === opened.def.id && fresh.revision === opened.def.revision)
        throw recordFault(error, work, opened.def);
      const again = await open(ctx, name, operation);
      return run(again).catch((second) => {
        throw recordFault(second, work, again.def);
      });
    }
  }

  const idOf = (id: string): string => {
    if (!isUuid(id)) throw new Failure('RESOURCE_NOT_FOUND');
    return id;
  };
  const orMissing = (row: string | null): RawJson => {
    if (row === null) throw new Failure('RESOURCE_NOT_FOUND');
    return new RawJson(row);
  };
  const author = (ctx: Ctx) => ({ by: requireCaller(ctx).userId });

  return {
    /** The decision alone, before a body is read. */
    admit:
      (operation: Operation) =>
      async ({ ctx, params }: { ctx: Ctx; params: { collection: string } }): Promise<void> => {
        await open(ctx, params.collection, operation);
      },

    list: (ctx: Ctx, name: string, query: ListQuery): Promise<RawJson> =>
      on(ctx, name, 'list', 'fetch', async ({ def, scope }) => {
        const read = readListQuery(def, query, scope.readable);
        const [items, total] = await Promise.all([reads.list(def, scope, read), reads.count(def, scope, read)]);
        refuseHuge(items);
        const more = read.skip + items.length < total;
        return new RawJson(
          `{"items":[${items.join()}],"total":${total},"skip":${read.skip},"limit":${read.limit},"has_more":${more}}`,
        );
      }),

    get: (ctx: Ctx, name: string, id: string, fields?: string): Promise<RawJson> =>
      on(ctx, name, 'view', 'find', async ({ def, scope }) =>
        orMissing(await reads.find(def, scope, idOf(id), readProjection(def, fields, scope.readable))),
      ),

    create: (ctx: Ctx, name: string, body: Body): Promise<RawJson> =>
      on(ctx, name, 'create', 'store', async ({ def, scope }) => {
        const accountId = scope.accountId ?? (await bodyAccount(body));
        const row = prepareBody(def, body, 'create', scope.writable);
        return new RawJson(await writes.insert(def, scope, { ...row, ...author(ctx), id: uuidV7(), accountId }));
      }),

    replace: (ctx: Ctx, name: string, id: string, body: Body): Promise<RawJson> =>
      on(ctx, name, 'update', 'update', async ({ def, scope }) => {
        const row = prepareBody(def, body, 'replace', scope.writable);
        return orMissing(await writes.update(def, scope, idOf(id), { ...row, ...author(ctx) }));
      }),

    patch: (ctx: Ctx, name: string, id: string, body: Body): Promise<RawJson> =>
      on(ctx, name, 'update', 'update', async ({ def, scope }) => {
        const row = prepareBody(def, body, 'patch', scope.writable);
        return orMissing(await writes.update(def, scope, idOf(id), { ...row, ...author(ctx) }));
      }),

    delete: (ctx: Ctx, name: string, id: string): Promise<undefined> =>
      on(ctx, name, 'delete', 'delete', async ({ def, scope }) => {
        if (!(await writes.remove(def, scope, idOf(id), author(ctx)))) throw new Failure('RESOURCE_NOT_FOUND');
        return undefined;
      }),
  };

  /** A superadmin belongs to no tenant, so his create must say whose record it is. */
  async function bodyAccount(body: Body): Promise<string> {
    const named = body.account_id;
    if (typeof named !== 'string' || named === '')
      throw new Failure('ACCOUNT_REQUIRED', { how: 'send X-Account-ID or account_id in the body' });
    const id = await resolveAccount(named);
    if (id === null)
      throw new Failure('INVALID_RESOURCE_DATA', {}, [
        { field: 'account_id', code: 'invalid_reference', message: 'There is no such account.' },
      ]);
    return id;
  }
}
