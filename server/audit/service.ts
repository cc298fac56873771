// The audit room: reading, exporting, verifying and signing the trail; and what other rooms need to leave one.
import type { AuditEntry, AuditFilter, audit as contract } from '../../contract/audit.ts';
import type { Parsed, Reply } from '../../contract/kit.ts';
import { Failure } from '../../contract/problems.ts';
import { Answer, type Ctx, requireCaller, Streamed } from '../context.ts';
import type { Database } from '../db/database.ts';
import { isUuid } from '../ids.ts';
import { placeOf } from './entry.ts';
import { CONTENT_TYPES, exportText } from './export.ts';
import { type Personal, type ReadableFields, showTo } from './shown.ts';
import { findEntry, listEntries, readHeads, type TrailFilter, walkEntries } from './store/reading.ts';
import { lastChecksum } from './store/recording.ts';
import type { Trail } from './trail.ts';
import { type Verdict, verifyTrail } from './verify.ts';

export { actorText, contextText } from './actor.ts';
export type { Change } from './entry.ts';
export { type Recorded, type Recorder, unsealed } from './recorder.ts';
export { maskTypeOf } from './shown.ts';
export { createTrail, type Trail } from './trail.ts';
export { type Verdict, verifyTrail } from './verify.ts';

type C = typeof contract;

export interface Audit {
  list(ctx: Ctx, query: Parsed<C['list']>['query']): Promise<Reply<C['list']>>;
  /** Throws RESOURCE_NOT_FOUND, also for an entry of another account. */
  get(ctx: Ctx, id: string): Promise<AuditEntry>;
  export(ctx: Ctx, query: Parsed<C['export']>['query']): Promise<Answer<Streamed>>;
  verify(ctx: Ctx, accountId?: string): Promise<Verdict>;
  /** Throws INVALID_CREDENTIALS for a wrong password, and as reading the record does. */
  sign(ctx: Ctx, input: Parsed<C['sign']>['body']): Promise<Reply<C['sign']>>;
}

export interface AuditOptions {
  readonly db: Database;
  readonly trail: Trail;
  readonly definitions: Personal;
  readonly readable: ReadableFields;
  /** The account a management call is about; null for a superadmin who names none. Throws FORBIDDEN, RESOURCE_NOT_FOUND. */
  readonly scope: (ctx: Ctx, given?: string) => Promise<string | null>;
  /** The record as JSON, if the caller may see it. Throws as `records.get` does. */
  readonly viewRecord: (ctx: Ctx, collection: string, id: string) => Promise<{ readonly json: string }>;
  /** Throws INVALID_CREDENTIALS when it is not the caller's password. */
  readonly confirmPassword: (ctx: Ctx, password: string) => Promise<void>;
}

const PIECE = 500;

export function createAudit({
  db,
  trail,
  definitions,
  readable,
  scope,
  viewRecord,
  confirmPassword,
}: AuditOptions): Audit {
  const showing = (ctx: Ctx) => showTo(requireCaller(ctx), definitions, readable);
  /** What the query asks for within what the caller may see, once that is sealed. */
  async function filterOf(ctx: Ctx, query: AuditFilter): Promise<TrailFilter> {
    const accountId = await scope(ctx, query.account_id);
    if (query.sealed !== false) await trail.settle();
    const { record_id: recordId, user_id: userId, operation, column } = query;
    for (const [name, value] of Object.entries(query))
      if (typeof value === 'string' && value.includes('\0'))
        throw new Failure('INVALID_QUERY_PARAMS', { name, reason: 'NUL is not allowed' });
    return {
      accountId,
      tables: tablesOf(query),
      recordId,
      userId,
      operation,
      column,
      from: query.from_date,
      to: query.to_date?.length === 10 ? `${query.to_date} 23:59:59.999999Z` : query.to_date,
    };
  }

  return {
    async list(ctx, query) {
      const filter = await filterOf(ctx, query);
      const { skip, limit, sort_by: sortBy, sort_order: order } = query;
      const page = { skip, limit, sortBy, descending: order === 'desc' };
      const { items, total } = await listEntries(db, filter, page);
      const shown = items.map(showing(ctx));
      return { items: shown, total, skip, limit, audit_logging_enabled: true };
    },

    async get(ctx, id) {
      const { accountId } = await filterOf(ctx, {});
      const { position, n } = placeOf(/^\d{1,15}$/.test(id) ? Number(id) : 0);
      const found = await findEntry(db, position, n);
      if (found === null || (accountId !== null && found.change.accountId !== accountId))
        throw new Failure('RESOURCE_NOT_FOUND');
      return showing(ctx)(found);
    },

    async export(ctx, { format, ...query }) {
      const filter = await filterOf(ctx, query);
      const show = showing(ctx);
      const heads = await readHeads(db, filter.accountId);
      async function* shown() {
        for await (const piece of walkEntries(db, filter, PIECE)) yield piece.map(show);
      }
      return new Answer(new Streamed(exportText(format, shown(), heads)), {
        'Content-Type': CONTENT_TYPES[format],
        'Content-Disposition': `attachment; filename="audit-${filter.accountId ?? 'all'}.${format}"`,
      });
    },

    async verify(ctx, given) {
      const { accountId } = await filterOf(ctx, { account_id: given });
      return verifyTrail(db, trail.signer, accountId);
    },

    async sign(ctx, { collection, record_id: recordId, reason, password }) {
      const caller = requireCaller(ctx);
      if (!isUuid(recordId)) throw new Failure('RESOURCE_NOT_FOUND');
      await confirmPassword(ctx, password);
      const { account_id: accountId } = JSON.parse((await viewRecord(ctx, collection, recordId)).json);
      const table = collection.includes('.') ? collection : `main.${collection}`;
      const place = { accountId, table, id: recordId.toLowerCase() };
      await trail.settle();
      const checksum = await lastChecksum(db, accountId, table, place.id);
      if (checksum === null) throw new Failure('RESOURCE_NOT_FOUND');
      const signed = { es_username: caller.email, es_reason: reason, es_timestamp: new Date().toISOString() };
      await trail.record(db, ctx, {
        ...place,
        operation: 'SIGN',
        after: { signed_checksum: checksum },
        context: signed,
      });
      return { collection, record_id: place.id, ...signed, signed_checksum: checksum };
    },
  };
}

/** The stored names that `table_name` and `collection` ask for: a bare name is a collection of `main` or a table of the server's. */
function tablesOf({ table_name: table, collection }: AuditFilter): string[] | undefined {
  const qualified = (name: string) => (name.includes('.') ? name : `main.${name}`);
  const asked = [
    table === undefined ? null : table.includes('.') ? [table] : [table, `main.${table}`],
    collection === undefined ? null : [qualified(collection)],
  ].filter((names) => names !== null);
  const [first, second] = asked;
  return second === undefined ? first : first?.filter((name) => second.includes(name));
}
