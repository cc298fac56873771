// Importing records: rows are judged and stored in groups while they arrive; a bad row is reported and does not stop the others.
import { Failure, type ProblemEntry } from '../../contract/problems.ts';
import type { ImportQuery, ImportSummary } from '../../contract/records.ts';
import { Answer, type Ctx, RawJson, Streamed } from '../context.ts';
import type { Database, Transaction } from '../db/database.ts';
import { uuidV7 } from '../ids.ts';
import type { FieldColumn } from '../schema/collection-def.ts';
import { Missing } from './batch.ts';
import { type Body, prepareBody } from './body.ts';
import { recordFault } from './faults.ts';
import { type ImportRow, importRows } from './import-rows.ts';
import { type Opened, type Opening, refuseForbidden } from './open.ts';
import type { RecordReads } from './store/read.ts';
import type { Author } from './store/write.ts';
import type { ChangedRecord, NewRecord, RecordsWritten } from './store/write-many.ts';

export interface ImportParts {
  readonly db: Database;
  readonly opening: Opening;
  readonly reads: RecordReads;
  readonly writesMany: RecordsWritten;
  /** Changes rows, each by its own body; throws Missing for one that is not there for the caller. */
  readonly changeRows: (
    tx: Transaction,
    opened: Opened,
    rows: ChangedRecord[],
    changes: readonly { readonly id: string; readonly data: Body }[],
  ) => Promise<unknown>;
  readonly author: (ctx: Ctx) => Author;
}

/** Rows that are stored together. */
const GROUP = 500;
/** Rejects that the summary names. */
const NAMED = 100;

interface Reject {
  readonly line: number;
  readonly errors: readonly ProblemEntry[];
}
type Event =
  | { readonly type: 'reject'; readonly line: number; readonly errors: readonly ProblemEntry[] }
  | {
      readonly type: 'progress';
      readonly rows: number;
      readonly created: number;
      readonly updated: number;
      readonly rejected: number;
    };

/** A row that passed: a new record, or a change of the one with that id. */
interface Ready {
  readonly line: number;
  readonly data: Body;
  readonly create?: NewRecord;
  readonly change?: ChangedRecord;
}

/** Ends a transaction that must leave nothing. */
class Undone extends Error {}

export function createImport({ db, opening, reads, writesMany, changeRows, author }: ImportParts) {
  /** One import from its first row to its last. */
  class Import {
    readonly counts = { rows: 0, created: 0, updated: 0, rejected: 0 };
    readonly rejects: Reject[] = [];
    private readonly accounts = new Map<string, string>();

    constructor(
      private readonly create: Opened,
      private readonly update: Opened | null,
      private readonly key: FieldColumn | null,
    ) {}

    /** Stores the rows of a group; answers what was rejected. */
    async store(rows: readonly ImportRow[], outer: Transaction | null): Promise<Reject[]> {
      const found: Reject[] = [];
      const reject = (line: number, errors: readonly ProblemEntry[]) => {
        found.push({ line, errors });
        this.counts.rejected += 1;
        if (this.rejects.length < NAMED) this.rejects.push({ line, errors });
      };
      this.counts.rows += rows.length;
      const known = await this.known(rows, outer);
      const ready: Ready[] = [];
      for (const row of rows) {
        try {
          if (row.errors !== undefined) reject(row.line, row.errors);
          else ready.push(await this.judged(row, known));
        } catch (error) {
          if (!(error instanceof Failure) || error.status >= 500) throw error;
          reject(row.line, entriesOf(error));
        }
      }
      for (const part of [
        ready.filter((one) => one.create !== undefined),
        ready.filter((one) => one.change !== undefined),
      ])
        await this.written(part, outer, reject);
      return found;
    }

    /** The records that the group's values of the key belong to. */
    private async known(rows: readonly ImportRow[], outer: Transaction | null): Promise<ReadonlyMap<string, string>> {
      const { key, update } = this;
      if (key === null || update === null) return new Map();
      const values = rows.flatMap(({ data }) => (isKey(data[key.name]) ? [String(data[key.name])] : []));
      return values.length === 0 ? new Map() : reads.idsBy(update.def, update.scope, key, values, outer ?? db);
    }

    private async judged({ line, data }: ImportRow, known: ReadonlyMap<string, string>): Promise<Ready> {
      const { create, update, key } = this;
      const id = key !== null && isKey(data[key.name]) ? known.get(String(data[key.name])) : undefined;
      if (id !== undefined && update !== null)
        return { line, data, change: { ...prepareBody(update.def, data, 'patch', update.scope), id } };
      const { def, scope } = create;
      const accountId = scope.accountId ?? (await this.accountOf(data));
      const row = { ...prepareBody(def, data, 'create', scope), id: uuidV7(), accountId };
      if (scope.rows.length > 0) refuseForbidden(create, row, data);
      return { line, data, create: row };
    }

    private async accountOf(data: Body): Promise<string> {
      const named = String(data.account_id ?? '');
      const known = this.accounts.get(named) ?? (await opening.bodyAccount(data));
      this.accounts.set(named, known);
      return known;
    }

    /** Halves a group that the database refuses until the rows that it refuses are alone. */
    private async written(
      rows: readonly Ready[],
      outer: Transaction | null,
      reject: (line: number, errors: readonly ProblemEntry[]) => void,
    ): Promise<void> {
      if (rows.length === 0) return;
      const creates = (rows[0] as Ready).create !== undefined;
      const opened = creates ? this.create : (this.update as Opened);
      try {
        await inPart(outer, (tx) => this.run(tx, rows));
        this.counts[creates ? 'created' : 'updated'] += rows.length;
      } catch (error) {
        const told = error instanceof Missing ? hidden() : recordFault(error, creates ? 'store' : 'update', opened.def);
        if (!(told instanceof Failure) || told.status >= 500) throw told;
        if (rows.length === 1) return reject((rows[0] as Ready).line, entriesOf(told));
        const half = Math.ceil(rows.length / 2);
        await this.written(rows.slice(0, half), outer, reject);
        await this.written(rows.slice(half), outer, reject);
      }
    }

    private async run(tx: Transaction, rows: readonly Ready[]): Promise<void> {
      const { ctx, def, scope } = this.create;
      const made = rows.flatMap(({ create }) => create ?? []);
      if (made.length > 0) await writesMany.insertMany(tx, def, scope, made, author(ctx));
      const changed = rows.flatMap(({ change }) => change ?? []);
      if (changed.length > 0)
        await changeRows(
          tx,
          this.update as Opened,
          changed,
          rows.map(({ change, data }) => ({ id: change?.id ?? '', data })),
        );
    }

    summary(dryRun: boolean, undone: boolean): ImportSummary {
      const { rows, created, updated, rejected } = this.counts;
      const kept = undone && !dryRun ? { created: 0, updated: 0 } : { created, updated };
      return {
        dry_run: dryRun,
        rows,
        ...kept,
        rejected,
        rejects: this.rejects.map(({ line, errors }) => ({ line, errors: [...errors] })),
      };
    }
  }

  /** In a transaction of its own, or in a part of the outer one that can be undone alone. */
  async function inPart<T>(outer: Transaction | null, work: (tx: Transaction) => Promise<T>): Promise<T> {
    if (outer === null) return db.transaction(work);
    await outer.query('savepoint part');
    try {
      const done = await work(outer);
      await outer.query('release savepoint part');
      return done;
    } catch (error) {
      await outer.query('rollback to savepoint part');
      throw error;
    }
  }

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
      const value = key === null ? undefined : next.value.data[key.name];
      // The second row of a key changes what the first one made.
      if (group.length === GROUP || (isKey(value) && keys.has(value))) {
        yield group;
        group = [];
        keys = new Set();
      }
      group.push(next.value);
      keys.add(value);
    }
    if (group.length > 0) yield group;
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
    const update = key === null ? null : await opening.open({ ctx, name, operation: 'update' });
    const dryRun = query.dry_run === true;
    const whole = dryRun || query.atomic === true;
    // Within the one transaction nobody looks up accounts.
    if (whole && create.scope.accountId === null)
      throw new Failure('ACCOUNT_REQUIRED', { how: 'send X-Account-ID with an import that is atomic or a trial' });
    const rows = importRows(create.def, upload, query);
    // The first row tells whether the text is of its kind, while the status can still say so.
    const first = await rows.next();
    const run = new Import(create, update, key);

    async function* events(outer: Transaction | null): AsyncGenerator<Event> {
      for await (const group of groups(rows, first, key, query.skip)) {
        for (const reject of await run.store(group, outer)) yield { type: 'reject', ...reject };
        yield { type: 'progress', ...run.counts };
      }
    }

    /** Everything in one transaction, which leaves nothing when it was a trial or a row was bad. */
    async function inOne(tell: (event: Event) => void): Promise<boolean> {
      try {
        await db.transaction(async (tx) => {
          for await (const event of events(tx)) tell(event);
          if (dryRun || run.counts.rejected > 0) throw new Undone();
        });
        return false;
      } catch (error) {
        if (error instanceof Undone) return true;
        throw error;
      }
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

const isKey = (value: unknown): boolean => typeof value === 'string' || typeof value === 'number';

/** The field of upsert_by. Throws INVALID_QUERY_PARAMS for one that is not unique or not open. */
function keyOf({ def, scope }: Opened, name: string | undefined): FieldColumn | null {
  if (name === undefined || name === '') return null;
  const field = def.byName.get(name);
  const open = field !== undefined && (scope.fields === null || scope.fields.has(name));
  if (open && field.field.unique && (scope.unmasked || field.field.pii !== true)) return field;
  const reason = 'name a unique field that you may write';
  throw new Failure('INVALID_QUERY_PARAMS', { name: 'upsert_by', reason }, [
    { field: 'upsert_by', code: 'not_unique', message: reason },
  ]);
}

const hidden = () =>
  new Failure('FORBIDDEN', { reason: 'the record is not yours to change, or would not be after the change' });

const entriesOf = ({ code, message, entries }: Failure): readonly ProblemEntry[] =>
  entries.length > 0 ? entries : [{ field: '', code: code.toLowerCase(), message }];
