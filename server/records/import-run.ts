// The rows of one import, group after group: judged, told apart into new and known records, stored; what is refused is told.
import { Failure, type ProblemEntry } from '../../contract/problems.ts';
import type { ImportSummary } from '../../contract/records.ts';
import type { Ctx } from '../context.ts';
import type { Database, Transaction } from '../db/database.ts';
import { joined } from '../db/joined.ts';
import { coerce } from '../expression/coerce.ts';
import { valueTypeOf } from '../expression/scope.ts';
import { uuidV7 } from '../ids.ts';
import type { FieldColumn } from '../schema/collection-def.ts';
import { Missing } from './batch.ts';
import { type Body, prepareBody } from './body.ts';
import { recordFault } from './faults.ts';
import type { RecordHooks } from './hooks.ts';
import type { ImportRow } from './import-rows.ts';
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
  readonly changeRows: (tx: Transaction, opened: Opened, rows: ChangedRecord[]) => Promise<unknown>;
  readonly author: (ctx: Ctx) => Author;
  readonly hooks: RecordHooks;
}

/** What the caller may do, as it was decided for a group; `update` null without a key. */
export interface Rights {
  readonly create: Opened;
  readonly update: Opened | null;
}

export interface Reject {
  readonly line: number;
  readonly errors: readonly ProblemEntry[];
}

/** Rejects that the summary names. */
const NAMED = 100;

/** A row that passed: a new record, or a change of the one with that id; neither where nothing is to be changed. */
interface Ready {
  readonly line: number;
  readonly data: Body;
  readonly create?: NewRecord;
  /** Its hooks have yet to run, and the rule to look at what they make of it. */
  readonly hooked?: boolean;
  readonly change?: ChangedRecord;
}

/** The value of a key in its one form, by which equal ones are told; undefined for what is none. */
export function keyValue({ field, name }: FieldColumn, data: Body): string | undefined {
  const value = data[name];
  if (typeof value !== 'string' && typeof value !== 'number') return undefined;
  const known = coerce(value, valueTypeOf(field.type) ?? 'text');
  return known === undefined || known === null ? undefined : String(known);
}

/** One import from its first row to its last. */
export class ImportRun {
  readonly counts = { rows: 0, created: 0, updated: 0, rejected: 0 };
  private readonly rejects: Reject[] = [];
  private readonly accounts = new Map<string, string>();

  constructor(
    private readonly parts: ImportParts,
    private readonly key: FieldColumn | null,
  ) {}

  /** Stores the rows of a group; answers what was rejected. */
  async store(rows: readonly ImportRow[], rights: Rights, outer: Transaction | null): Promise<Reject[]> {
    const found: Reject[] = [];
    const reject = (line: number, errors: readonly ProblemEntry[]) => {
      found.push({ line, errors });
      this.counts.rejected += 1;
      if (this.rejects.length < NAMED) this.rejects.push({ line, errors });
    };
    this.counts.rows += rows.length;
    const { def, scope } = rights.create;
    // Once for the group: whoever leaves the rule to the hooks must run them.
    const hooked = this.parts.hooks.wants('create', def, scope.accountId);
    const known = await this.known(rows, rights, outer);
    const ready: Ready[] = [];
    for (const [i, row] of rows.entries()) {
      try {
        if (row.errors !== undefined) reject(row.line, row.errors);
        else ready.push(await this.judged(row, rights, { id: known.get(i), hooked }));
      } catch (error) {
        if (!(error instanceof Failure) || error.status >= 500) throw error;
        reject(row.line, entriesOf(error));
      }
    }
    this.counts.updated += ready.filter(({ create, change }) => create === undefined && change === undefined).length;
    await this.written(
      ready.filter(({ create }) => create !== undefined),
      rights,
      outer,
      reject,
    );
    await this.written(
      ready.filter(({ change }) => change !== undefined),
      rights,
      outer,
      reject,
    );
    return found;
  }

  /** The records that the group's values of the key belong to, by the place of the row. */
  private async known(
    rows: readonly ImportRow[],
    { update }: Rights,
    outer: Transaction | null,
  ): Promise<ReadonlyMap<number, string>> {
    const { key } = this;
    if (key === null || update === null) return new Map();
    const asked = rows.flatMap(({ data }, i) => {
      const value = keyValue(key, data);
      return value === undefined ? [] : [{ i, value }];
    });
    if (asked.length === 0) return new Map();
    const values = asked.map(({ value }) => value);
    const found = await this.parts.reads.idsBy(update.def, update.scope, key, values, outer ?? this.parts.db);
    return new Map(
      asked.flatMap(({ i }, place) => {
        const id = found.get(place);
        return id === undefined ? [] : [[i, id]];
      }),
    );
  }

  private async judged(
    { line, data }: ImportRow,
    { create, update }: Rights,
    { id, hooked }: { readonly id: string | undefined; readonly hooked: boolean },
  ): Promise<Ready> {
    if (id !== undefined && update !== null) {
      // The key says which record it is; it is equal, and not to be changed.
      const { [this.key?.name ?? '']: _, ...rest } = data;
      if (!Object.keys(rest).some((name) => update.def.byName.has(name))) return { line, data: rest };
      return { line, data: rest, change: { ...prepareBody(update.def, rest, 'patch', update.scope), id } };
    }
    const { def, scope } = create;
    const accountId = scope.accountId ?? (await this.accountOf(data));
    const row = { ...prepareBody(def, data, 'create', scope), id: uuidV7(), accountId };
    if (scope.rows.length > 0 && !hooked) refuseForbidden(create, row);
    return { line, data, create: row, hooked };
  }

  private async accountOf(data: Body): Promise<string> {
    const named = String(data.account_id ?? '');
    const known = this.accounts.get(named) ?? (await this.parts.opening.bodyAccount(data));
    this.accounts.set(named, known);
    return known;
  }

  /** Halves a group that the database refuses until the rows that it refuses are alone. */
  private async written(
    rows: readonly Ready[],
    rights: Rights,
    outer: Transaction | null,
    reject: (line: number, errors: readonly ProblemEntry[]) => void,
  ): Promise<void> {
    if (rows.length === 0) return;
    const creates = (rows[0] as Ready).create !== undefined;
    const opened = creates ? rights.create : (rights.update as Opened);
    try {
      await this.inPart(outer, (tx) => this.run(tx, opened, rows));
      this.counts[creates ? 'created' : 'updated'] += rows.length;
    } catch (error) {
      const told = error instanceof Missing ? hidden() : recordFault(error, creates ? 'store' : 'update', opened.def);
      if (!(told instanceof Failure) || told.status >= 500) throw told;
      if (rows.length === 1) return reject((rows[0] as Ready).line, entriesOf(told));
      const half = Math.ceil(rows.length / 2);
      await this.written(rows.slice(0, half), rights, outer, reject);
      await this.written(rows.slice(half), rights, outer, reject);
    }
  }

  private async run(tx: Transaction, opened: Opened, rows: readonly Ready[]): Promise<void> {
    const { ctx, def, scope } = opened;
    const { writesMany, changeRows, author, hooks } = this.parts;
    const made: NewRecord[] = [];
    for (const { create, hooked } of rows)
      if (create !== undefined) made.push(hooked === true ? await hooks.creating(tx, opened, create) : create);
    if (made.length > 0) await writesMany.insertMany(tx, def, scope, made, author(ctx));
    const changed = rows.flatMap(({ change }) => change ?? []);
    if (changed.length > 0) await changeRows(tx, opened, changed);
  }

  /** In a transaction of its own, or in a part of the outer one that can be undone alone. */
  private inPart<T>(outer: Transaction | null, work: (tx: Transaction) => Promise<T>): Promise<T> {
    const { db } = this.parts;
    return (outer === null ? db : joined(db, outer)).transaction(work);
  }

  summary(dryRun: boolean, undone: boolean): ImportSummary {
    const { rows, created, updated, rejected } = this.counts;
    const kept = undone && !dryRun ? { created: 0, updated: 0 } : { created, updated };
    const rejects = this.rejects.map(({ line, errors }) => ({ line, errors: [...errors] }));
    return { dry_run: dryRun, rows, ...kept, rejected, rejects };
  }
}

const hidden = () =>
  new Failure('FORBIDDEN', { reason: 'the record is not yours to change, or would not be after the change' });

const entriesOf = ({ code, message, entries }: Failure): readonly ProblemEntry[] =>
  entries.length > 0
    ? entries.map(({ index: _, ...entry }) => entry)
    : [{ field: '', code: code.toLowerCase(), message }];
