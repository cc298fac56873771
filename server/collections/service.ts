// Collections as their managers see them: a definition and its table are stored, changed and removed in one transaction.
import type { Collection, collections as contract } from '../../contract/collections.ts';
import type { Parsed, Reply } from '../../contract/kit.ts';
import { Failure, invalidData } from '../../contract/problems.ts';
import { page, pageWindow } from '../../contract/shapes.ts';
import type { MacroSource } from '../access/rule.ts';
import { type Recorder, unsealed } from '../audit/service.ts';
import type { Ctx } from '../context.ts';
import type { Database, Runner, Transaction } from '../db/database.ts';
import { isUuid, uuidV7 } from '../ids.ts';
import { createLifecycle, type Lifecycle } from '../lifecycle/service.ts';
import type { CollectionPermissions } from '../permissions/service.ts';
import { withSchemaLock } from '../schema/apply.ts';
import { CLOSED, withChange } from '../schema/collection-access.ts';
import { type DesiredTable, referenced } from '../schema/define.ts';
import { type CollectionRegistry, qualifiedName } from './registry.ts';
import { createRevise, type Revised, type ReviseOptions, type Revision } from './revise.ts';
import * as store from './store.ts';
import { type CollectionRow, collectionReply, desiredTable } from './stored.ts';

type C = typeof contract;

export interface Collections {
  list(query: Parsed<C['list']>['query']): Promise<Reply<C['list']>>;
  names(): Promise<Reply<C['names']>>;
  /** Throws INVALID_RESOURCE_DATA with every problem, CONFLICT when the name is taken in any case, SCHEMA_SYNC_FAILED, WRITE_CONFLICT. */
  create(input: Parsed<C['create']>['body'], ctx?: Ctx): Promise<Collection>;
  /** By id or name. Throws RESOURCE_NOT_FOUND. */
  get(idOrName: string): Promise<Collection>;
  /** Changes what is given. Throws as `get` and `create` do. */
  update(idOrName: string, change: Parsed<C['update']>['body'], ctx?: Ctx): Promise<Collection>;
  /** Removes the definition, the table and its records. Throws COLLECTION_REFERENCED naming the fields that point here. */
  delete(idOrName: string, ctx?: Ctx): Promise<undefined>;
  /**
   * Makes these the collections of an app, inside a transaction of `withSchemaLock`; others of it go, unless `keep`.
   * Throws as `create`, and COLLECTION_REFERENCED.
   */
  deploy(
    tx: Transaction,
    app: string,
    entities: readonly DeployedEntity[],
    ctx: Ctx | undefined,
    options: ReviseOptions & { readonly keep?: boolean },
  ): Promise<Revised>;
  /** The tables of an app's collections, as they are to be. */
  tables(app: string): Promise<DesiredTable[]>;
}

/** A whole definition. */
type StatedCollection = Omit<Parsed<C['create']>['body'], 'permissions'>;
/** The definition of an app's entity, and where a key of it stands in the manifest. */
export type DeployedEntity = Parsed<C['create']>['body'] & { readonly at: (field: string) => string };

export interface CollectionsOptions {
  readonly db: Database;
  readonly registry: CollectionRegistry;
  readonly macros: MacroSource;
  readonly permissions: CollectionPermissions;
  readonly trail?: Recorder;
  readonly lifecycle?: Pick<Lifecycle, 'fire'>;
}

const MAIN = 'main';

export function createCollections({
  db,
  registry,
  macros,
  permissions,
  trail = unsealed,
  lifecycle = createLifecycle(),
}: CollectionsOptions): Collections {
  const revise = createRevise({ registry, macros, permissions, trail, lifecycle });

  async function find(runner: Runner, idOrName: string): Promise<CollectionRow> {
    const row = isUuid(idOrName) ? await store.byId(runner, idOrName) : await findNamed(runner, idOrName);
    if (row === undefined) throw new Failure('RESOURCE_NOT_FOUND');
    return row;
  }

  return {
    async list(query) {
      const window = pageWindow(query);
      const { search, sort_by: sortBy = 'created_at', sort_order: order = 'desc' } = query;
      // No name holds a NUL, and PostgreSQL takes none in a parameter.
      if (search?.includes('\0')) return page([], 0, window);
      const { rows, total } = await store.list(db, { search, sortBy, descending: order === 'desc', ...window });
      return page(rows.map(collectionReply), total, window);
    },

    async names() {
      const names = await store.names(db);
      return { names, total: names.length };
    },

    async create(input, ctx) {
      const row = await withSchemaLock(db, async (tx) => {
        await refuseTaken(tx, MAIN, input.name);
        const after = stated(MAIN, { ...input, schema: input.schema });
        return one(await revise(tx, [{ before: null, after, permissions: input.permissions }], ctx));
      });
      return collectionReply(row);
    },

    get: async (idOrName) => collectionReply(await find(db, idOrName)),

    async update(idOrName, change, ctx) {
      const row = await withSchemaLock(db, async (tx) => {
        const found = await find(tx, idOrName);
        await store.lock(tx, found.id);
        const before = await find(tx, found.id);
        refuseRename(before, change.name);
        refuseManaged(before, change);
        return one(
          await revise(tx, [{ before, after: changed(before, change), permissions: change.permissions }], ctx),
        );
      });
      return collectionReply(row);
    },

    async delete(idOrName, ctx) {
      await withSchemaLock(db, async (tx) => {
        const before = await find(tx, idOrName);
        if (before.app !== MAIN) throw new Failure('APP_MANAGED', { app: before.app });
        await revise(tx, [{ before, after: null }], ctx);
      });
      return undefined;
    },

    async deploy(tx, app, entities, ctx, { keep = false, ...options }) {
      await store.lockApp(tx, app);
      const there = new Map((await store.ofApp(tx, app)).map((row) => [row.name, row]));
      const revisions = entities.map(({ at, permissions: granted, ...input }): Revision => {
        const before = there.get(input.name) ?? null;
        return { before, after: stated(app, input, before), permissions: granted, at };
      });
      const named = new Set(entities.map(({ name }) => name));
      const gone = keep ? [] : [...there.values()].filter(({ name }) => !named.has(name));
      return revise(tx, [...revisions, ...gone.map((before) => ({ before, after: null }))], ctx, options);
    },

    async tables(app) {
      return (await store.ofApp(db, app)).map(desiredTable);
    },
  };
}

const one = ({ rows: [row] }: Revised): CollectionRow => row as CollectionRow;

/** What a whole definition states; of one that is there, access and state stay where they are left out. */
const stated = (app: string, input: StatedCollection, before: CollectionRow | null = null): CollectionRow => ({
  ...(before ?? NEW),
  id: before?.id ?? uuidV7(),
  app,
  name: input.name,
  display_name: input.display_name ?? null,
  description: input.description ?? null,
  definition: input.schema,
  soft_delete: input.soft_delete ?? false,
  enabled: input.enabled ?? before?.enabled ?? true,
  indexes: input.indexes ?? [],
  checks: input.checks ?? [],
  identity_kind: input.identity_kind ?? null,
  identity_key: input.identity_key ?? null,
  access: withChange(before?.access ?? CLOSED, input),
});

/** What the database fills in. */
const NEW = { permissions: [], revision: 0, shape_revision: 0, created_at: '', updated_at: '' } as const;

async function findNamed(runner: Runner, name: string): Promise<CollectionRow | undefined> {
  const key = qualifiedName(name);
  if (key === undefined) return undefined;
  const to = referenced(MAIN, key);
  return store.byName(runner, to.app, to.name);
}

async function refuseTaken(tx: Transaction, app: string, name: string): Promise<void> {
  const taken = await store.sameName(tx, app, name);
  if (taken === undefined) return;
  const message = `The collection ${taken} exists already: names must differ in more than their case.`;
  throw new Failure('CONFLICT', { what: `The collection ${taken}` }, [{ field: 'name', code: 'name_taken', message }]);
}

function refuseRename({ name }: CollectionRow, asked: string | undefined): void {
  if (asked === undefined || asked === name) return;
  const message = `A collection keeps its name (${name}): leave name out, or create another collection.`;
  throw invalidData({ field: 'name', code: 'name_change_unsupported', message });
}

/** The shape of an app's entity is its manifest's to say. */
function refuseManaged({ app }: CollectionRow, change: Parsed<C['update']>['body']): void {
  if (app !== MAIN && SHAPE.some((key) => change[key] !== undefined)) throw new Failure('APP_MANAGED', { app });
}
const SHAPE = ['schema', 'indexes', 'checks', 'identity_kind', 'identity_key', 'soft_delete'] as const;

const changed = (row: CollectionRow, change: Parsed<C['update']>['body']): CollectionRow => ({
  ...row,
  display_name: change.display_name ?? row.display_name,
  description: change.description ?? row.description,
  definition: change.schema ?? row.definition,
  soft_delete: change.soft_delete ?? row.soft_delete,
  enabled: change.enabled ?? row.enabled,
  indexes: change.indexes ?? row.indexes,
  checks: change.checks ?? row.checks,
  identity_kind: change.identity_kind === undefined ? row.identity_kind : change.identity_kind,
  identity_key: change.identity_key === undefined ? row.identity_key : change.identity_key,
  access: withChange(row.access, change),
});
