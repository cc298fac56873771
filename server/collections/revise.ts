// Definitions and their tables brought to a new state together: one collection or all of an app, in one transaction.
import type { Field } from '../../contract/fields.ts';
import { Failure, type ProblemEntry } from '../../contract/problems.ts';
import type { MacroSource } from '../access/rule.ts';
import { createRuleBook } from '../access/rule-book.ts';
import { shareRules } from '../access/store.ts';
import type { Recorder } from '../audit/service.ts';
import { type Ctx, SYSTEM_ACCOUNT } from '../context.ts';
import type { Transaction } from '../db/database.ts';
import type { Lifecycle } from '../lifecycle/service.ts';
import type { CollectionPermissions, StatedPermission } from '../permissions/service.ts';
import { type SyncOptions, syncIn } from '../schema/apply.ts';
import type { Change } from '../schema/change.ts';
import { refersTo, tableOf } from '../schema/define.ts';
import type { Target } from '../schema/plan.ts';
import { guardSoftDelete } from '../schema/soft-delete.ts';
import { accessProblems } from './access-problems.ts';
import { withReturnTypes } from './computed.ts';
import { problemsOf } from './definition.ts';
import type { CollectionRegistry } from './registry.ts';
import { type SettingChange, settingChanges } from './settings.ts';
import * as store from './store.ts';
import { type CollectionRow, collectionReply, desiredTable } from './stored.ts';

/** A collection as it is to be: new without `before`, gone without `after`. */
export interface Revision {
  readonly before: CollectionRow | null;
  readonly after: CollectionRow | null;
  /** Makes these its permissions; left out, they stay. */
  readonly permissions?: readonly StatedPermission[] | undefined;
  /** Where a key of the definition stands in the input. */
  readonly at?: (field: string) => string;
}

export interface Revised {
  readonly changes: Change[];
  /** What changes beside the tables. */
  readonly settings: SettingChange[];
  /** The collections as they are now, in the order of their revisions; null for those that are gone. */
  readonly rows: readonly (CollectionRow | null)[];
  /** False where neither tables nor definitions differ from what was there. */
  readonly changed: boolean;
}

export interface ReviseParts {
  readonly registry: Pick<CollectionRegistry, 'publish'>;
  readonly macros: MacroSource;
  readonly permissions: CollectionPermissions;
  readonly trail: Recorder;
  readonly lifecycle: Pick<Lifecycle, 'fire'>;
}

export interface ReviseOptions extends SyncOptions {
  /** Changes that are not possible at all are a SCHEMA_SYNC_FAILED as well. */
  readonly conflicts?: boolean;
}

/**
 * Inside a transaction of `withSchemaLock`. Throws INVALID_RESOURCE_DATA with every problem, COLLECTION_REFERENCED for one that
 * goes while others point at it, and as `syncIn`. A dry run checks and plans; it stores nothing.
 */
export function createRevise({ registry, macros, permissions, trail, lifecycle }: ReviseParts) {
  const book = createRuleBook(macros);

  return async function revise(
    tx: Transaction,
    revisions: readonly Revision[],
    ctx: Ctx | undefined,
    options: ReviseOptions = {},
  ): Promise<Revised> {
    await shareRules(tx);
    // First, because fields may go together with the permissions that name them.
    const granted = new Set<Revision>();
    const problems: ProblemEntry[] = [];
    for (const revision of revisions) if (await granting(tx, revision, ctx, problems)) granted.add(revision);
    await check(tx, revisions, book.problemsOf, macros, problems);
    const finals = revisions.map(({ after }) => after && { ...after, definition: withReturnTypes(after.definition) });
    const places = new Map(revisions.map(({ before, after, at }) => [(after ?? before)?.name, at]));
    const changes = await synced(
      tx,
      {
        tables: finals.flatMap((row) => (row === null ? [] : [desiredTable(row)])),
        at: (table, path) => places.get(table.entity)?.(path) ?? path,
        absent: revisions.flatMap(({ before, after }) =>
          before === null || after ? [] : [tableOf(before.app, before.name)],
        ),
      },
      options,
    );
    const reshaped = new Set(
      changes.filter(({ change_type: type }) => RESHAPING.has(type)).map(({ entity }) => entity),
    );
    const touched = new Set(changes.map(({ entity }) => entity));
    let changed = changes.length > 0 || granted.size > 0;
    const rows: (CollectionRow | null)[] = [];
    for (const [i, revision] of revisions.entries()) {
      const after = finals[i] ?? null;
      const { before } = revision;
      const same = !touched.has((after ?? before)?.name ?? '') && JSON.stringify(after) === JSON.stringify(before);
      if (!same) changed = true;
      if (options.dryRun === true) rows.push(after);
      else if (same && after !== null)
        rows.push(granted.has(revision) ? ((await store.byId(tx, after.id)) ?? after) : after);
      else rows.push(await stored(tx, before, after, ctx, reshaped.has(after?.name ?? '')));
    }
    if (options.dryRun !== true && (granted.size > 0 || rows.includes(null))) await permissions.announce(tx);
    const settings = revisions.flatMap((revision, i) =>
      settingChanges(revision.before, finals[i] ?? null, granted.has(revision)),
    );
    return { changes, settings, rows, changed };
  };

  async function stored(
    tx: Transaction,
    before: CollectionRow | null,
    after: CollectionRow | null,
    ctx: Ctx | undefined,
    reshaped: boolean,
  ): Promise<CollectionRow | null> {
    const change = before === null ? 'create' : after === null ? 'delete' : 'update';
    await lifecycle.fire(`on_collection_before_${change}`, factsOf(before, after), { ctx: ctx ?? null });
    const made = await written(tx, before, after, ctx, reshaped);
    tx.afterCommit(() => {
      void lifecycle.fire(`on_collection_after_${change}`, factsOf(before, made), { ctx: ctx ?? null });
    });
    return made;
  }

  async function written(
    tx: Transaction,
    before: CollectionRow | null,
    after: CollectionRow | null,
    ctx: Ctx | undefined,
    reshaped: boolean,
  ): Promise<CollectionRow | null> {
    if (after === null) {
      if (before === null) return null;
      await store.remove(tx, before.id);
      await told(tx, ctx, before, null);
      await registry.publish(tx, `${before.app}.${before.name}`, undefined);
      return null;
    }
    const made = before === null ? await store.insert(tx, after) : await store.update(tx, after, reshaped);
    if (made.soft_delete !== (before?.soft_delete ?? false))
      await guardSoftDelete(tx, tableOf(made.app, made.name), made.soft_delete);
    await told(tx, ctx, before, made);
    await registry.publish(tx, `${made.app}.${made.name}`, made);
    return made;
  }

  async function granting(
    tx: Transaction,
    { before, after, permissions: stated, at = asIs }: Revision,
    ctx: Ctx | undefined,
    problems: ProblemEntry[],
  ): Promise<boolean> {
    if (after === null || stated === undefined || (before === null && stated.length === 0)) return false;
    try {
      return await permissions.set(tx, `${after.app}.${after.name}`, after.definition, stated, ctx);
    } catch (error) {
      if (!(error instanceof Failure && error.code === 'INVALID_RESOURCE_DATA')) throw error;
      problems.push(...placed(error.entries, at));
      return false;
    }
  }

  /** Collections are the server's, so the system account's chain tells of them. */
  function told(tx: Transaction, ctx: Ctx | undefined, before: CollectionRow | null, after: CollectionRow | null) {
    const id = (after ?? before)?.id ?? '';
    return trail.record(tx, ctx, { accountId: SYSTEM_ACCOUNT, table: 'collections', id, before, after });
  }
}

/** What hooks are told of a change. */
function factsOf(before: CollectionRow | null, after: CollectionRow | null) {
  const shown = (row: CollectionRow | null) => row && { ...collectionReply(row) };
  const { app, name } = (after ?? before) as CollectionRow;
  return { collection: `${app}.${name}`, definition: shown(after), old: shown(before) };
}

/** The sync. */
async function synced(
  tx: Transaction,
  target: Target,
  { conflicts = false, ...options }: ReviseOptions,
): Promise<Change[]> {
  try {
    return await syncIn(tx, target, options);
  } catch (error) {
    if (!(conflicts && error instanceof Failure && error.code === 'INVALID_RESOURCE_DATA')) throw error;
    const [first] = error.entries;
    const parameters = { change: first?.field ?? '', reason: first?.message ?? '' };
    throw new Failure('SCHEMA_SYNC_FAILED', parameters, error.entries, { cause: error });
  }
}

/** After these, what events told of earlier records no longer fits the collection. */
const RESHAPING: ReadonlySet<string> = new Set(['drop_column', 'alter_type']);

const asIs = (field: string): string => field;

const placed = (entries: readonly ProblemEntry[], at: (field: string) => string): ProblemEntry[] =>
  entries.map((entry) => ({ ...entry, field: at(entry.field) }));

async function check(
  tx: Transaction,
  revisions: readonly Revision[],
  permissionProblems: (tx: Transaction, name: string, fields: readonly Field[]) => Promise<ProblemEntry[]>,
  macros: MacroSource,
  found: readonly ProblemEntry[],
): Promise<void> {
  const gone = revisions.flatMap(({ before, after }) => (after === null && before !== null ? [before] : []));
  const known = new Set(await store.qualifiedNames(tx));
  const spelled = new Map([...known].map((name) => [name.toLowerCase(), name]));
  for (const { app, name } of gone) known.delete(`${app}.${name}`);
  for (const { after } of revisions) if (after !== null) known.add(`${after.app}.${after.name}`);
  const problems: ProblemEntry[] = [...found];
  for (const { before, after, at = asIs } of revisions) {
    if (after === null) continue;
    const { definition } = after;
    const taken = spelled.get(`${after.app}.${after.name}`.toLowerCase());
    if (before === null && taken !== undefined) problems.push({ field: at('name'), ...nameTaken(taken) });
    const reshaped = before !== null && JSON.stringify(before.definition) !== JSON.stringify(definition);
    const more = [
      ...problemsOf({ ...after, fields: definition }, (app, name) => known.has(`${app}.${name}`)),
      ...accessProblems(after.access, definition, macros),
      ...(reshaped ? await permissionProblems(tx, `${after.app}.${after.name}`, definition) : []),
    ];
    problems.push(...placed(more, at));
  }
  if (problems.length > 0) throw new Failure('INVALID_RESOURCE_DATA', {}, problems);
  if (gone.length > 0) await refuseReferenced(tx, gone, revisions);
}

const nameTaken = (taken: string) => {
  const message = `The collection ${taken} is there already: a name keeps its case, and others must differ in more than that.`;
  return { code: 'name_taken', message };
};

/** What goes must not be pointed at by what stays. */
async function refuseReferenced(
  tx: Transaction,
  gone: readonly CollectionRow[],
  revisions: readonly Revision[],
): Promise<void> {
  const revised = new Map(revisions.map(({ before, after }) => [(before ?? after)?.id, after]));
  const staying = (await store.all(tx)).flatMap((row) => (revised.has(row.id) ? (revised.get(row.id) ?? []) : [row]));
  const fields = staying.flatMap((row) =>
    row.definition
      .filter((field) => gone.some((target) => refersTo(row.app, field, target)))
      .map((field) => `${row.app === gone[0]?.app ? '' : `${row.app}.`}${row.name}.${field.name}`),
  );
  if (fields.length > 0) throw new Failure('COLLECTION_REFERENCED', { references: fields.join(', ') });
}
