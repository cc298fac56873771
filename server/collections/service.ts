// Collections as their managers see them: a definition and its table are stored, changed and removed in one transaction.
import type { Collection, collections as contract } from '../../contract/collections.ts';
import type { Parsed, Reply } from '../../contract/kit.ts';
import { Failure } from '../../contract/problems.ts';
import { page, pageWindow } from '../../contract/shapes.ts';
import type { Database, Runner, Transaction } from '../db/database.ts';
import { isUuid, uuidV7 } from '../ids.ts';
import { syncIn, withSchemaLock } from '../schema/apply.ts';
import { referenced, refersTo, tableOf } from '../schema/define.ts';
import { type Draft, problemsOf } from './definition.ts';
import { type CollectionRegistry, qualifiedName } from './registry.ts';
import * as store from './store.ts';
import { type CollectionRow, collectionReply, desiredTable } from './stored.ts';

type C = typeof contract;

export interface Collections {
  list(query: Parsed<C['list']>['query']): Promise<Reply<C['list']>>;
  names(): Promise<Reply<C['names']>>;
  /** Throws INVALID_RESOURCE_DATA with every problem, CONFLICT when the name is taken in any case, SCHEMA_SYNC_FAILED, WRITE_CONFLICT. */
  create(input: Parsed<C['create']>['body']): Promise<Collection>;
  /** By id or name. Throws RESOURCE_NOT_FOUND. */
  get(idOrName: string): Promise<Collection>;
  /** Changes what is given. Throws as `get` and `create` do. */
  update(idOrName: string, change: Parsed<C['update']>['body']): Promise<Collection>;
  /** Removes the definition, the table and its records. Throws COLLECTION_REFERENCED naming the fields that point here. */
  delete(idOrName: string): Promise<undefined>;
}

const MAIN = 'main';

export function createCollections({ db, registry }: { db: Database; registry: CollectionRegistry }): Collections {
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

    async create(input) {
      const row = await withSchemaLock(db, async (tx) => {
        const draft: Draft = { ...input, app: MAIN, fields: input.schema };
        await check(tx, draft);
        await refuseTaken(tx, MAIN, input.name);
        const made = await store.insert(tx, {
          id: uuidV7(),
          app: MAIN,
          name: input.name,
          display_name: input.display_name ?? null,
          description: input.description ?? null,
          definition: input.schema,
          soft_delete: input.soft_delete ?? false,
          enabled: input.enabled ?? true,
        });
        await syncIn(tx, { tables: [desiredTable(made)], absent: [] });
        await registry.publish(tx, `${made.app}.${made.name}`, made);
        return made;
      });
      return collectionReply(row);
    },

    get: async (idOrName) => collectionReply(await find(db, idOrName)),

    async update(idOrName, change) {
      const row = await withSchemaLock(db, async (tx) => {
        const before = await find(tx, idOrName);
        refuseRename(before, change.name);
        const after = changed(before, change);
        await check(tx, { ...after, fields: after.definition });
        const changes = await syncIn(tx, { tables: [desiredTable(after)], absent: [] });
        if (changes.length === 0 && JSON.stringify(after) === JSON.stringify(before)) return before;
        const made = await store.update(tx, after);
        await registry.publish(tx, `${made.app}.${made.name}`, made);
        return made;
      });
      return collectionReply(row);
    },

    async delete(idOrName) {
      await withSchemaLock(db, async (tx) => {
        const row = await find(tx, idOrName);
        await refuseReferenced(tx, row);
        await store.remove(tx, row.id);
        await syncIn(tx, { tables: [], absent: [tableOf(row.app, row.name)] });
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

async function check(tx: Transaction, draft: Draft): Promise<void> {
  const known = new Set(await store.qualifiedNames(tx));
  const problems = problemsOf(draft, (app, name) => known.has(`${app}.${name}`));
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
  throw new Failure('INVALID_RESOURCE_DATA', {}, [{ field: 'name', code: 'name_change_unsupported', message }]);
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
});
