// Importing records: rows are judged and stored in groups while they arrive; a bad row is reported and does not stop the others.
import { Failure, invalidParameter } from '../../contract/problems.ts';
import type { ImportQuery } from '../../contract/records.ts';
import { Answer, type Ctx, RawJson, Streamed } from '../context.ts';
import type { Transaction } from '../db/database.ts';
import type { FieldColumn } from '../schema/collection-def.ts';
import { type ImportRow, importRows } from './import-rows.ts';
import { type ImportParts, ImportRun, keyValue, type Reject, type Rights } from './import-run.ts';
import type { Opened } from './open.ts';
import { spooled } from './spool.ts';
import { keptIf } from './undone.ts';

/** Rows that are stored together. */
const GROUP = 500;
/** A caller whose text takes longer to arrive is asked anew who he is. */
const PATIENCE_MS = 1000;

type Event = ({ readonly type: 'reject' } & Reject) | ({ readonly type: 'progress' } & Readonly<ImportRun['counts']>);

export function createImport(parts: ImportParts) {
  const { db, opening } = parts;

  async function* groups(
    rows: AsyncIterator<ImportRow>,
    first: IteratorResult<ImportRow>,
    key: FieldColumn | null,
    skip: number,
  ) {
    let group: ImportRow[] = [];
    let keys = new Set<unknown>();
    let left = skip;
    for (let next = first; !next.done; next = await rows.next()) {
      if (left-- > 0) continue;
      const value = key === null ? undefined : keyValue(key, next.value.data);
      // The second row of a key changes what the first one made.
      if (group.length === GROUP || (value !== undefined && keys.has(value))) {
        yield group;
        group = [];
        keys = new Set();
      }
      group.push(next.value);
      keys.add(value);
    }
    if (group.length > 0) yield group;
  }

  /** Decides anew for every group: whoever sends slowly must not keep rights that he lost meanwhile. */
  function deciding(ctx: Ctx, name: string, withKey: boolean): () => Promise<Rights> {
    let asked = performance.now();
    return async () => {
      if (performance.now() - asked > PATIENCE_MS) {
        await ctx.recheck?.();
        asked = performance.now();
      }
      const create = await opening.open({ ctx, name, operation: 'create' });
      return { create, update: withKey ? await opening.open({ ctx, name, operation: 'update' }) : null };
    };
  }

  /**
   * Imports the body into the collection. Throws FORBIDDEN and its like before it reads, and what is wrong with the text as a whole;
   * rows that are wrong are in the summary.
   */
  return async function importRecords(ctx: Ctx, name: string, query: ImportQuery) {
    const { upload } = ctx;
    if (upload === undefined) throw new Error('This call has no body to read.');
    const create = await opening.open({ ctx, name, operation: 'create' });
    const key = keyOf(create, query.upsert_by);
    const decide = deciding(ctx, name, key !== null);
    await decide();
    const dryRun = query.dry_run === true;
    const whole = dryRun || query.atomic === true;
    // A key belongs to one account, and within the one transaction nobody looks up accounts.
    if ((whole || key !== null) && create.scope.accountId === null)
      throw new Failure('ACCOUNT_REQUIRED', {
        how: 'send X-Account-ID with an import that is atomic, a trial or an upsert',
      });
    // A transaction must not wait for a sender: what goes into one is here before it begins.
    const rows = importRows(create.def, whole ? { ...upload, bytes: await spooled(upload.bytes) } : upload, query);
    // The first row tells whether the text is of its kind, while the status can still say so.
    const first = await rows.next();
    const run = new ImportRun(parts, key);

    async function* events(outer: Transaction | null): AsyncGenerator<Event> {
      for await (const group of groups(rows, first, key, query.skip)) {
        for (const reject of await run.store(group, await decide(), outer)) yield { type: 'reject', ...reject };
        yield { type: 'progress', ...run.counts };
      }
    }

    /** Everything in one transaction, which leaves nothing when it was a trial or a row was bad. */
    async function inOne(tell: (event: Event) => void): Promise<boolean> {
      const kept = await keptIf(db, async (tx) => {
        for await (const event of events(tx)) tell(event);
        return !dryRun && run.counts.rejected === 0;
      });
      return !kept;
    }

    /** Rows that are stored stay so when the text breaks off behind them. */
    function partly(error: unknown): never {
      if (!(error instanceof Failure)) throw error;
      const message = `${run.counts.created} records were created and ${run.counts.updated} changed before this.`;
      throw new Failure(error.code, error.parameters, [
        ...error.entries,
        { field: '', code: 'stored_before', message },
      ]);
    }

    async function* told(): AsyncGenerator<string> {
      try {
        let undone = false;
        if (whole) {
          const waiting: Event[] = [];
          let wake = () => {};
          let over = false;
          const work = inOne((event) => {
            waiting.push(event);
            wake();
          }).finally(() => {
            over = true;
            wake();
          });
          work.catch(() => {});
          while (!over || waiting.length > 0) {
            const next = waiting.shift();
            if (next !== undefined) yield `${JSON.stringify(next)}\n`;
            else
              await new Promise<void>((resolve) => {
                wake = resolve;
              });
          }
          undone = await work;
        } else for await (const event of events(null)) yield `${JSON.stringify(event)}\n`;
        yield `${JSON.stringify({ type: 'done', ...run.summary(dryRun, undone) })}\n`;
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        yield `${JSON.stringify({ type: 'error', ...error.body(ctx.requestId), ...run.counts })}\n`;
      }
    }

    if (query.progress === true) return new Answer(new Streamed(told()), { 'Content-Type': 'application/x-ndjson' });
    const undone = whole ? await inOne(() => {}) : await drained(events(null)).catch(partly);
    return new RawJson(JSON.stringify(run.summary(dryRun, undone)));
  };
}

async function drained(events: AsyncIterable<unknown>): Promise<boolean> {
  for await (const _ of events);
  return false;
}

/** The field of upsert_by. Throws INVALID_QUERY_PARAMS for one that is not unique or not open. */
function keyOf({ def, scope }: Opened, name: string | undefined): FieldColumn | null {
  if (name === undefined || name === '') return null;
  const field = def.byName.get(name);
  const open = field !== undefined && (scope.fields === null || scope.fields.has(name));
  if (open && field.field.unique && (scope.unmasked || field.field.pii !== true)) return field;
  const reason = 'name a unique field that you may write';
  throw invalidParameter('upsert_by', reason, 'not_unique');
}
