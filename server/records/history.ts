// A record's history: its states, folded from the audit trail, as the caller may see them.
import { Failure } from '../../contract/problems.ts';
import type { RecordVersion } from '../../contract/records.ts';
import { mask, seesPersonalData } from '../access/mask.ts';
import type { Change, Trail } from '../audit/service.ts';
import type { Ctx } from '../context.ts';
import type { CollectionDef } from '../schema/collection-def.ts';
import { trailValue } from './history-values.ts';

export interface HistoryQuery {
  readonly at?: string | undefined;
  readonly skip: number;
  readonly limit: number;
}

export interface Reader {
  readonly ctx: Ctx;
  readonly def: CollectionDef;
  readonly trail: Trail;
  /** null: every field. */
  readonly readable: ReadonlySet<string> | null;
  /** null: every account. */
  readonly accountId: string | null;
}

type State = Record<string, unknown> & { id: string };
const VERSIONS = new Set(['CREATE', 'UPDATE', 'DELETE', 'RESTORE']);

/**
 * The versions of a record, newest first, or with `at` the record as it was. `row` is the record as the caller sees it now, as JSON;
 * without one only admins read on. Throws RESOURCE_NOT_FOUND.
 */
export async function historyOf(reader: Reader, id: string, row: string | null, query: HistoryQuery) {
  const { ctx, def, trail } = reader;
  const mayReadAll = ctx.caller?.superadmin === true || ctx.caller?.role === 'admin';
  if (row === null && !mayReadAll) throw new Failure('RESOURCE_NOT_FOUND');
  const recordId = id.toLowerCase();
  await trail.settle();
  const own: string | null = row === null ? reader.accountId : JSON.parse(row).account_id;
  const accountId = own ?? (await trail.accountOf(def.qualifiedName, recordId));
  if (accountId === null) throw new Failure('RESOURCE_NOT_FOUND');

  const until = query.at === undefined ? null : Date.parse(query.at);
  const fold = folding(reader, { id: recordId, account_id: accountId });
  const kept: RecordVersion[] = [];
  let total = 0;
  for await (const piece of trail.walk({ accountId, table: def.qualifiedName, recordId })) {
    for (const change of piece) {
      if (!VERSIONS.has(change.operation)) continue;
      // Milliseconds: what happened within the asked one counts.
      if (until !== null && Date.parse(change.occurredAt) > until) break;
      total += 1;
      kept.push({ version: total, ...fold(change) });
      if (kept.length > (until === null ? query.skip + query.limit : 1)) kept.shift();
    }
  }
  if (total === 0 && row === null) throw new Failure('RESOURCE_NOT_FOUND');
  if (until !== null) {
    const record = kept.at(-1)?.record;
    if (!record) throw new Failure('RESOURCE_NOT_FOUND');
    return record;
  }
  const items = kept.reverse().slice(query.skip);
  return { items, total, skip: query.skip, limit: query.limit };
}

/** Goes through changes in their order and answers what each made of the record. */
function folding({ ctx, def, readable }: Reader, identity: { id: string; account_id: string }) {
  const clear = seesPersonalData(ctx.caller);
  const fieldOf = new Map(def.fields.flatMap((f) => [[f.column, f] as const, [f.name, f] as const]));
  let state: State | null = null;

  function shown(column: string, text: string | null, captured: string | undefined): unknown {
    const field = fieldOf.get(column)?.field;
    const type = captured ?? (field?.pii === true ? (field.mask_type ?? 'full') : null);
    return text !== null && type !== null && !clear ? mask(type, text) : trailValue(field?.type, text);
  }

  return (change: Change): Omit<RecordVersion, 'version'> => {
    const { operation, occurredAt: at, context } = change;
    const by = context.user_id ?? null;
    const born = operation === 'CREATE' || operation === 'RESTORE' || state === null;
    const before: State = born
      ? { ...identity, ...Object.fromEntries(def.fields.map((f) => [f.name, null])), created_at: at, created_by: by }
      : (state as State);
    const next: State = { ...before, updated_at: at, updated_by: by };
    const changes: RecordVersion['changes'] = {};
    for (const [column, old, now, captured] of change.entries) {
      const name = fieldOf.get(column)?.name ?? column;
      if (column === 'id' || (readable !== null && !readable.has(name))) continue;
      changes[name] = { old: shown(column, old, captured), new: shown(column, now, captured) };
      next[name] = changes[name]?.new;
    }
    state = operation === 'DELETE' ? null : next;
    return {
      at,
      operation: operation as RecordVersion['operation'],
      actor: { kind: context.actor_kind ?? 'system', user_id: by, user_email: context.user_email ?? null },
      reason: context.es_reason ?? null,
      request_id: context.request_id ?? null,
      changes,
      record: state === null ? null : { ...visible(next, readable), id: identity.id },
    };
  };
}

const visible = (state: State, readable: ReadonlySet<string> | null): State =>
  readable === null
    ? state
    : (Object.fromEntries(Object.entries(state).filter(([name]) => name === 'id' || readable.has(name))) as State);
