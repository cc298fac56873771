// A record's history: its states, folded from the audit trail, as the caller may see them.
import { Failure } from '../../contract/problems.ts';
import type { RecordVersion } from '../../contract/records.ts';
import type { RecordScope } from '../access/decide.ts';
import { mask, seesPersonalData } from '../access/mask.ts';
import { passes } from '../access/rule.ts';
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
  /** The decision on viewing: it is asked about every state of the record, not only about today's. */
  readonly scope: RecordScope;
}

type State = Record<string, unknown> & { id: string };
const VERSIONS = new Set(['CREATE', 'UPDATE', 'DELETE', 'RESTORE']);
type Version = Omit<RecordVersion, 'version'>;

/**
 * The versions of a record, newest first, or with `at` the record as it was. `row` is the record as the caller sees it now, as JSON;
 * without one only admins read on, and only of a record that is deleted. Throws RESOURCE_NOT_FOUND.
 */
export async function historyOf(reader: Reader, id: string, row: string | null, query: HistoryQuery) {
  const { ctx, def, trail, scope } = reader;
  if (row === null && !isTrusted(ctx)) throw new Failure('RESOURCE_NOT_FOUND');
  const recordId = id.toLowerCase();
  await trail.settle();
  const own: string | null = row === null ? scope.accountId : JSON.parse(row).account_id;
  const accountId = own ?? (await trail.accountOf(def.qualifiedName, recordId));
  if (accountId === null) throw new Failure('RESOURCE_NOT_FOUND');

  const until = query.at === undefined ? null : Date.parse(query.at);
  const fold = folding(reader, { id: recordId, account_id: accountId });
  const kept: RecordVersion[] = [];
  let total = 0;
  let last: Judged | null = null;
  for await (const piece of trail.walk({ accountId, table: def.qualifiedName, recordId })) {
    for (const change of piece) {
      if (!VERSIONS.has(change.operation)) continue;
      // Milliseconds: what happened within the asked one counts.
      if (until !== null && Date.parse(change.occurredAt) > until) break;
      last = fold(change);
      // A change of what the caller may not read is none of his business.
      if (!last.open || (change.operation === 'UPDATE' && Object.keys(last.version.changes).length === 0)) continue;
      total += 1;
      kept.push({ version: total, ...last.version });
      if (kept.length > query.skip + query.limit) kept.shift();
    }
  }
  // No row for the caller, though none was deleted: a rule hides it.
  if (row === null && (last === null || !last.open || (until === null && last.version.record !== null)))
    throw new Failure('RESOURCE_NOT_FOUND');
  if (until !== null) {
    if (!last?.open || last.version.record === null) throw new Failure('RESOURCE_NOT_FOUND');
    return last.version.record;
  }
  const items = kept.reverse().slice(query.skip);
  return { items, total, skip: query.skip, limit: query.limit };
}

const isTrusted = ({ caller }: Ctx): boolean => caller !== null && (caller.superadmin || caller.role === 'admin');

interface Judged {
  readonly version: Version;
  /** The rules let the caller see that state; of a deletion, the state before. */
  readonly open: boolean;
}

/** Goes through changes in their order and answers what each made of the record. */
function folding({ ctx, def, scope }: Reader, identity: { id: string; account_id: string }) {
  const clear = seesPersonalData(ctx.caller);
  const readable = scope.fields;
  const fieldOf = new Map(def.fields.flatMap((f) => [[f.column, f] as const, [f.name, f] as const]));
  const visible = (name: string) => name === 'id' || readable === null || readable.has(name);
  // As it was, for the rules; and as the caller sees it.
  let raw: State | null = null;
  let state: State | null = null;
  let wasOpen = false;

  function shown(column: string, text: string | null, captured: string | undefined): unknown {
    const field = fieldOf.get(column)?.field;
    const gone = field === undefined ? 'full' : null;
    const type = captured ?? (field?.pii === true ? (field.mask_type ?? 'full') : gone);
    return text !== null && type !== null && !clear ? mask(type, text, field?.type) : trailValue(field?.type, text);
  }

  return (change: Change): Judged => {
    const { operation, occurredAt: at, context } = change;
    const by = context.user_id ?? null;
    const blank = Object.fromEntries(def.fields.map((f) => [f.name, null]));
    const born = { ...identity, ...blank, created_at: at, created_by: by };
    const fresh = operation === 'CREATE' || operation === 'RESTORE';
    const next: State = { ...(fresh || state === null ? born : state), updated_at: at, updated_by: by };
    const judged: State = { ...(fresh || raw === null ? born : raw), updated_at: at, updated_by: by };
    const changes: RecordVersion['changes'] = {};
    for (const [column, old, now, captured] of change.entries) {
      const field = fieldOf.get(column);
      const name = field?.name ?? column;
      if (column === 'id') continue;
      if (operation !== 'DELETE') judged[name] = trailValue(field?.field.type, now);
      if (!visible(name)) continue;
      // What stood there while a rule hid the record stays hidden.
      changes[name] = { old: wasOpen ? shown(column, old, captured) : null, new: shown(column, now, captured) };
      if (operation !== 'DELETE') next[name] = changes[name]?.new;
    }
    const open: boolean = operation === 'DELETE' ? wasOpen : passes(scope.rows, judged, scope.environment);
    raw = judged;
    state = next;
    wasOpen = open;
    const record = Object.fromEntries(Object.entries(next).filter(([name]) => visible(name)));
    return {
      open,
      version: {
        at,
        operation: operation as RecordVersion['operation'],
        ...told(ctx, change),
        changes,
        record: operation === 'DELETE' ? null : { ...record, id: identity.id },
      },
    };
  };
}

/** Who and why: addresses, reasons and request ids are for those who may read the trail. */
function told(ctx: Ctx, { context }: Change): Pick<Version, 'actor' | 'reason' | 'request_id'> {
  const trusted = isTrusted(ctx);
  return {
    actor: {
      kind: context.actor_kind ?? 'system',
      user_id: context.user_id ?? null,
      user_email: trusted ? (context.user_email ?? null) : null,
    },
    reason: trusted ? (context.es_reason ?? null) : null,
    request_id: trusted ? (context.request_id ?? null) : null,
  };
}
