// Collections as their managers see them: a definition and its table are stored, changed and removed in one transaction.
import type { Collection, collections as contract } from '../../contract/collections.ts';
import type { Parsed, Reply } from '../../contract/kit.ts';
import { Failure, invalidData, type ProblemEntry } from '../../contract/problems.ts';
import { page, pageWindow } from '../../contract/shapes.ts';
import type { MacroSource } from '../access/rule.ts';
import { createRuleBook } from '../access/rule-book.ts';
import { shareRules } from '../access/store.ts';
import { type Recorder, unsealed } from '../audit/service.ts';
import { type Ctx, SYSTEM_ACCOUNT } from '../context.ts';
import type { Database, Runner, Transaction } from '../db/database.ts';
import { isUuid, uuidV7 } from '../ids.ts';
import type { CollectionPermissions } from '../permissions/service.ts';
import { syncIn, withSchemaLock } from '../schema/apply.ts';
import { CLOSED, withChange } from '../schema/collection-access.ts';
import { referenced, refersTo, tableOf } from '../schema/define.ts';
import { guardSoftDelete } from '../schema/soft-delete.ts';
import { accessProblems } from './access-problems.ts';
import { withReturnTypes } from './computed.ts';
import { type Draft, problemsOf } from './definition.ts';
import { type CollectionRegistry, qualifiedName } from './registry.ts';
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
}

export interface CollectionsOptions {
  readonly db: Database;
  readonly registry: CollectionRegistry;
  readonly macros: MacroSource;
  readonly permissions: CollectionPermissions;
  readonly trail?: Recorder;
}

const MAIN = 'main';

export function createCollections({
  db,
  registry,
  macros,
  permissions,
  trail = unsealed,
}: CollectionsOptions): Collections {
  const book = createRuleBook(macros);

  /** Collections are the server's, so the system account's chain tells of them. */
  const told = (tx: Transaction, ctx: Ctx | undefined, before: CollectionRow | null, after: CollectionRow | null) => {
    const id = (after ?? before)?.id ?? '';
    return trail.record(tx, ctx, { accountId: SYSTEM_ACCOUNT, table: 'collections', id, before, after });
  };

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
        await shareRules(tx);
        const draft: Draft = { ...input, app: MAIN, fields: input.schema };
        const access = withChange(CLOSED, input);
        await check(tx, draft, accessProblems(access, input.schema, macros));
        await refuseTaken(tx, MAIN, input.name);
        const stated = input.permissions ?? [];
        if (stated.length > 0) await permissions.set(tx, `${MAIN}.${input.name}`, input.schema, stated, ctx);
        const made = await store.insert(tx, {
          id: uuidV7(),
          app: MAIN,
          name: input.name,
          display_name: input.display_name ?? null,
          description: input.description ?? null,
          definition: withReturnTypes(input.schema),
          soft_delete: input.soft_delete ?? false,
          enabled: input.enabled ?? true,
          indexes: input.indexes ?? [],
          checks: input.checks ?? [],
          identity_kind: input.identity_kind ?? null,
          identity_key: input.identity_key ?? null,
          access,
        });
        await syncIn(tx, { tables: [desiredTable(made)], absent: [] });
        if (made.soft_delete) await guardSoftDelete(tx, tableOf(made.app, made.name), true);
        await told(tx, ctx, null, made);
        await registry.publish(tx, `${made.app}.${made.name}`, made);
        return made;
      });
      return collectionReply(row);
    },

    get: async (idOrName) => collectionReply(await find(db, idOrName)),

    async update(idOrName, change, ctx) {
      const row = await withSchemaLock(db, async (tx) => {
        await shareRules(tx);
        const found = await find(tx, idOrName);
        await store.lock(tx, found.id);
        const before = await find(tx, found.id);
        refuseRename(before, change.name);
        const after = changed(before, change);
        const name = `${after.app}.${after.name}`;
        const { definition } = after;
        const granted =
          change.permissions !== undefined && (await permissions.set(tx, name, definition, change.permissions, ctx));
        await check(tx, { ...after, fields: definition }, [
          ...accessProblems(after.access, definition, macros),
          ...(await book.problemsOf(tx, name, definition)),
        ]);
        const final = { ...after, definition: withReturnTypes(definition) };
        const changes = await syncIn(tx, { tables: [desiredTable(final)], absent: [] });
        if (changes.length === 0 && JSON.stringify(final) === JSON.stringify(before))
          return granted ? find(tx, before.id) : before;
        const reshaped = changes.some(({ change_type: type }) => type === 'drop_column' || type === 'alter_type');
        const made = await store.update(tx, final, reshaped);
        if (made.soft_delete !== before.soft_delete)
          await guardSoftDelete(tx, tableOf(made.app, made.name), made.soft_delete);
        await told(tx, ctx, before, made);
        await registry.publish(tx, `${made.app}.${made.name}`, made);
        return made;
      });
      return collectionReply(row);
    },

    async delete(idOrName, ctx) {
      await withSchemaLock(db, async (tx) => {
        const row = await find(tx, idOrName);
        await refuseReferenced(tx, row);
        await store.remove(tx, row.id);
        await told(tx, ctx, row, null);
        await syncIn(tx, { tables: [], absent: [tableOf(row.app, row.name)] });
        await permissions.dropped(tx);
        await registry.publish(tx, `${row.app}.${row.name}`, undefined);
      });
      return undefined;
    },
  };
}

async function findNamed(runner: Runner, name: string): Promise<CollectionRow | undefined> {
  const key = qualifiedName(name);
  if (key === undefined) return undefined;
  const to = referenced(MAIN, key);
  return store.byName(runner, to.app, to.name);
}

async function check(tx: Transaction, draft: Draft, more: readonly ProblemEntry[]): Promise<void> {
  const known = new Set(await store.qualifiedNames(tx));
  const problems = [...problemsOf(draft, (app, name) => known.has(`${app}.${name}`)), ...more];
  if (problems.length > 0) throw new Failure('INVALID_RESOURCE_DATA', {}, problems);
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

async function refuseReferenced(tx: Transaction, target: CollectionRow): Promise<void> {
  const fields = (await store.all(tx)).flatMap((row) =>
    row.id === target.id
      ? []
      : row.definition.flatMap((field) => (refersTo(row.app, field, target) ? [`${row.name}.${field.name}`] : [])),
  );
  if (fields.length > 0) throw new Failure('COLLECTION_REFERENCED', { references: fields.join(', ') });
}

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
