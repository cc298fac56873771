// Apps: a manifest becomes collections, tables and a deployment, all in one transaction or not at all.
import { isDeepStrictEqual } from 'node:util';
import type { App, apps as contract, DeployOutcome, DeployQuery, LiveTable } from '../../contract/apps.ts';
import type { Parsed, Reply } from '../../contract/kit.ts';
import { Failure, type ProblemEntry } from '../../contract/problems.ts';
import { page, pageWindow } from '../../contract/shapes.ts';
import { actorText, type Recorder } from '../audit/service.ts';
import type { Collections } from '../collections/service.ts';
import { type Ctx, SYSTEM_ACCOUNT } from '../context.ts';
import type { Database, Transaction } from '../db/database.ts';
import { uuidV7 } from '../ids.ts';
import { withSchemaLock } from '../schema/apply.ts';
import { fingerprint } from '../schema/fingerprint.ts';
import { type LiveDefinition, type LiveTableSchema, liveSchema } from '../schema/live-schema.ts';
import { schemaName } from '../schema/names.ts';
import { type ReadManifest, type SentManifest, sentManifest } from './manifest.ts';
import * as store from './store.ts';

type C = typeof contract;
type PageOf<R extends 'list' | 'deployments'> = Parsed<C[R]>['query'];

export interface Apps {
  list(query: PageOf<'list'>): Promise<Reply<C['list']>>;
  /** Throws RESOURCE_NOT_FOUND. */
  get(id: string): Promise<Reply<C['get']>>;
  /**
   * Throws INVALID_REQUEST with every problem of the manifest, SCHEMA_SYNC_FAILED naming the change that the rows or the database
   * do not allow, COLLECTION_REFERENCED, WRITE_CONFLICT. Then nothing has changed.
   */
  deploy(manifest: unknown, query: DeployQuery, ctx: Ctx, appId?: string): Promise<DeployOutcome>;
  /** Throws RESOURCE_NOT_FOUND, COLLECTION_REFERENCED, and APP_MANAGED for `main`. */
  delete(id: string, ctx: Ctx): Promise<undefined>;
  /** Throws RESOURCE_NOT_FOUND. */
  schema(id: string): Promise<Reply<C['schema']>>;
  /** Throws RESOURCE_NOT_FOUND for an app that never was. */
  deployments(id: string, query: PageOf<'deployments'>): Promise<Reply<C['deployments']>>;
}

export interface AppsOptions {
  readonly db: Database;
  readonly collections: Pick<Collections, 'deploy' | 'tables'>;
  readonly trail: Recorder;
}

const MAIN = 'main';

/** Undoes the transaction of a dry run. */
class Planned extends Error {
  constructor(readonly outcome: DeployOutcome) {
    super('planned');
  }
}

export function createApps({ db, collections, trail }: AppsOptions): Apps {
  async function find(id: string): Promise<store.AppRow> {
    const row = id.includes('\0') ? undefined : await store.find(db, id);
    if (row === undefined) throw new Failure('RESOURCE_NOT_FOUND');
    return row;
  }

  /** A manifest with problems is only looked through for more of them. */
  const optionsOf = (
    { dry_run: dryRun = false, allow_destructive: destructive = true, count_rows: count = false }: DeployQuery,
    flawed: boolean,
  ) => ({
    dryRun: dryRun || flawed,
    allowDestructive: destructive,
    keep: flawed || !destructive,
    count,
    conflicts: true,
  });

  const stateOf = async (tx: Transaction, app: string): Promise<string> =>
    `${await store.definitionsMark(tx, app)} ${await fingerprint(tx, schemaName(app))}`;

  async function deployed(tx: Transaction, sent: SentManifest, query: DeployQuery, ctx: Ctx): Promise<DeployOutcome> {
    const { appId: app, raw } = sent;
    const before = await store.find(tx, app);
    // The same manifest on the same state needs no comparing; by far most deploys are these.
    if (before?.state && isDeepStrictEqual(before.manifest, raw) && before.state === (await stateOf(tx, app)))
      return {
        app,
        revision: before.revision,
        applied: query.dry_run !== true,
        compliant: true,
        changes: [],
        settings: [],
      };
    const manifest = sent.read();
    const { entities } = manifest;
    const { changes, settings, changed } = await found(manifest, () =>
      collections.deploy(tx, app, entities, ctx, optionsOf(query, manifest.problems.length > 0)),
    );
    const same = before !== undefined && !changed && isDeepStrictEqual(before.manifest, raw);
    const compliant = changes.length === 0;
    const outcome = { app, revision: before?.revision ?? 0, applied: true, compliant, changes, settings };
    if (query.dry_run === true) throw new Planned({ ...outcome, applied: false });
    const revision = same ? outcome.revision : await store.put(tx, app, raw);
    await store.mark(tx, app, query.allow_destructive === false ? null : await stateOf(tx, app));
    if (same) return outcome;
    const by = JSON.parse(actorText(ctx)) as Record<string, unknown>;
    await store.keepDeployment(tx, { id: uuidV7(), app, revision, manifest: raw, changes, deployed_by: by });
    await told(tx, ctx, app, before?.manifest ?? null, raw);
    return { ...outcome, revision };
  }

  const told = (tx: Transaction, ctx: Ctx, id: string, before: object | null, after: object | null) =>
    trail.record(tx, ctx, { accountId: SYSTEM_ACCOUNT, table: 'apps', id, before, after });

  return {
    async list(query) {
      const window = pageWindow(query);
      const { rows, total } = await store.list(db, window);
      return page(rows.map(shown), total, window);
    },

    async get(id) {
      const row = await find(id);
      return { ...shown(row), manifest: row.manifest };
    },

    async deploy(input, query, ctx, appId) {
      const sent = sentManifest(input, appId);
      // Nothing can be planned for an app without a name; with one, the rest is judged as far as it can be read.
      if (sent.appId === '' || (appId !== undefined && appId !== sent.appId)) throw refused(sent.read().problems);
      try {
        return await withSchemaLock(db, (tx) => deployed(tx, sent, query, ctx));
      } catch (error) {
        if (error instanceof Planned) return error.outcome;
        throw error;
      }
    },

    async delete(id, ctx) {
      const { manifest } = await find(id);
      if (id === MAIN) throw new Failure('APP_MANAGED', { app: MAIN });
      await withSchemaLock(db, async (tx) => {
        await store.remove(tx, id);
        await collections.deploy(tx, id, [], ctx, {});
        await told(tx, ctx, id, manifest, null);
      });
      return undefined;
    },

    async schema(id) {
      await find(id);
      return { tables: (await liveSchema(db, await collections.tables(id))).map(shownTable) };
    },

    async deployments(id, query) {
      const window = pageWindow(query);
      const { rows, total } = id.includes('\0') ? { rows: [], total: 0 } : await store.deployments(db, id, window);
      if (total === 0) await find(id);
      return page(rows, total, window);
    },
  };
}

/** The work, unless the manifest has problems of its own; those that the work finds are told with them. */
async function found<T>({ problems, unread }: ReadManifest, work: () => Promise<T>): Promise<T> {
  try {
    const done = await work();
    if (problems.length === 0) return done;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    if (error.code === 'INVALID_RESOURCE_DATA')
      throw refused([...problems, ...error.entries.filter((one) => !isDoubtful(one, unread))]);
    if (problems.length === 0) throw error;
  }
  throw refused(problems);
}

/** An entity that could not be read may be the one that a reference misses. */
const isDoubtful = ({ code, received }: ProblemEntry, unread: ReadonlySet<unknown>): boolean =>
  code === 'reference_collection_missing' && unread.has(received);

const refused = (problems: readonly ProblemEntry[]): Failure => new Failure('INVALID_REQUEST', {}, problems);

/** What has no name of its own is called as in the database. */
const named = <T extends LiveDefinition>(object: T) => ({
  ...object,
  name: object.name ?? object.physical_name,
  columns: [...object.columns],
});

const shownTable = ({ columns, primary_key: key, ...table }: LiveTableSchema): LiveTable => ({
  ...table,
  columns: [...columns],
  primary_key: key && named(key),
  foreign_keys: table.foreign_keys.map(named),
  indexes: table.indexes.map(named),
  checks: table.checks.map(named),
});

const text = (value: unknown): string | null => (typeof value === 'string' ? value : null);

const shown = ({ id, manifest, ...row }: store.AppRow): App => ({
  id,
  name: text(manifest.name) ?? id,
  version: text(manifest.version),
  description: text(manifest.description),
  type: text(manifest.type) ?? 'app',
  entities: row.entities,
  revision: row.revision,
  created_at: row.created_at,
  updated_at: row.updated_at,
});
