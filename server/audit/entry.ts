// The entry: one changed column, its canonical form and its checksum. Third parties verify by exactly this.
import { hash } from 'node:crypto';

/**
 * The canonical form of an entry is the JSON object of all keys of `Entry` but `checksum`, as RFC 8785 writes it: keys in
 * code unit order, no white space, null where there is no value, UTF-8. `checksum` is the SHA-256 of that text in lower-case
 * hexadecimal, `previous_hash` the checksum of the account's entry with the `seq` before, null at 1. Values are the texts the
 * API shows unmasked; times are UTC with six digits and Z.
 */
export interface Entry {
  readonly account_id: string;
  readonly actor_kind: string;
  /** The collection, null for the server's own tables. */
  readonly collection: string | null;
  readonly column_name: string;
  readonly es_reason: string | null;
  readonly es_timestamp: string | null;
  readonly es_username: string | null;
  readonly extra_metadata: Readonly<Record<string, unknown>> | null;
  readonly ip_address: string | null;
  /** How the column is masked for those who may not see it, null when it is not personal. */
  readonly mask_type: string | null;
  readonly new_value: string | null;
  readonly occurred_at: string;
  readonly old_value: string | null;
  readonly operation: string;
  readonly previous_hash: string | null;
  readonly record_id: string;
  readonly request_id: string | null;
  /** Random, one for each entry: without it a masked value cannot be found by trying candidates against the checksum. */
  readonly salt: string | null;
  readonly seq: number;
  readonly table_name: string;
  readonly user_agent: string | null;
  readonly user_email: string | null;
  readonly user_id: string | null;
  readonly user_name: string | null;
  readonly checksum: string;
}

/** Who, from where, in which request; a key without a value is left out. */
export type Context = {
  readonly [K in
    | 'actor_kind'
    | 'es_reason'
    | 'es_timestamp'
    | 'es_username'
    | 'extra_metadata'
    | 'ip_address'
    | 'request_id'
    | 'salt'
    | 'user_agent'
    | 'user_email'
    | 'user_id'
    | 'user_name']?: Entry[K] | undefined;
};

/** Column, old text, new text and, for personal data, the mask type. */
export type Cells = readonly [column: string, old: string | null, now: string | null, maskType?: string];

/** A change as it was captured: the entries of one row in one statement. */
export interface Change {
  readonly position: number;
  readonly accountId: string;
  /** RFC 3339, UTC, six digits. */
  readonly occurredAt: string;
  readonly operation: string;
  /** `main.posts` for records, `users` for the server's own tables. */
  readonly table: string;
  readonly recordId: string;
  readonly context: Context;
  readonly entries: readonly Cells[];
}

/** Ids leave room for a thousand entries a change. */
const PER_CHANGE = 1000;
/** The id of the entry that is `n`-th in its change, counted from 1; known from the capture on. */
export const entryId = (position: number, n: number): number => position * PER_CHANGE + n;
/** Where the entry of that id is. */
export const placeOf = (id: number): { position: number; n: number } => ({
  position: Math.floor(id / PER_CHANGE),
  n: id % PER_CHANGE,
});

const shortName = (table: string): string => (table.startsWith('main.') ? table.slice(5) : table);
/** The name as the API spells it: collections of `main` without the app. */
export const tableName = shortName;
export const collectionName = (table: string): string | null => (table.includes('.') ? shortName(table) : null);

/** The keys of every entry of a change; what differs is left for `entryOf`. */
export function sharedKeys(change: Change) {
  const { context } = change;
  return {
    account_id: change.accountId,
    actor_kind: context.actor_kind ?? 'system',
    collection: collectionName(change.table),
    es_reason: context.es_reason ?? null,
    es_timestamp: context.es_timestamp ?? null,
    es_username: context.es_username ?? null,
    extra_metadata: context.extra_metadata ?? null,
    ip_address: context.ip_address ?? null,
    occurred_at: change.occurredAt,
    operation: change.operation,
    record_id: change.recordId,
    request_id: context.request_id ?? null,
    table_name: tableName(change.table),
    user_agent: context.user_agent ?? null,
    user_email: context.user_email ?? null,
    user_id: context.user_id ?? null,
    user_name: context.user_name ?? null,
  };
}

const quote = (text: string | null): string => (text === null ? 'null' : JSON.stringify(text));

/** RFC 8785 for what a JSON column can hold. */
function canonicalValue(value: unknown): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value ?? null);
  if (Array.isArray(value)) return `[${value.map(canonicalValue).join()}]`;
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members.map(([key, one]) => `${JSON.stringify(key)}:${canonicalValue(one)}`).join()}}`;
}

/** Entries that one hash salts. */
const SALTED = 4;

/** The salts of a change's first entries, from the secret of its context; knowing one tells nothing of another. */
export function saltsOf({ salt }: Context, count: number): (string | null)[] {
  if (salt === undefined || salt === null) return Array.from({ length: count }, () => null);
  const blocks = Array.from({ length: Math.ceil(count / SALTED) }, (_, i) => hash('sha512', `${salt}:${i}`));
  return Array.from({ length: count }, (_, i) => {
    const at = (i % SALTED) * 32;
    return (blocks[Math.floor(i / SALTED)] as string).slice(at, at + 32);
  });
}

/** The checksums of a change's entries in their order, the first following `previous` as entry `firstSeq`. */
export function checksumsOf(change: Change, firstSeq: number, previous: string | null): string[] {
  const k = sharedKeys(change);
  // Keys in their order; what all entries of the change share is written once.
  const a = `{"account_id":${quote(k.account_id)},"actor_kind":${quote(k.actor_kind)},"collection":${quote(k.collection)},"column_name":`;
  const b = `,"es_reason":${quote(k.es_reason)},"es_timestamp":${quote(k.es_timestamp)},"es_username":${quote(k.es_username)},"extra_metadata":${canonicalValue(k.extra_metadata)},"ip_address":${quote(k.ip_address)},"mask_type":`;
  const c = `,"occurred_at":${quote(k.occurred_at)},"old_value":`;
  const d = `,"operation":${quote(k.operation)},"previous_hash":`;
  const e = `,"record_id":${quote(k.record_id)},"request_id":${quote(k.request_id)},"salt":`;
  const f = `,"table_name":${quote(k.table_name)},"user_agent":${quote(k.user_agent)},"user_email":${quote(k.user_email)},"user_id":${quote(k.user_id)},"user_name":${quote(k.user_name)}}`;
  const salts = saltsOf(change.context, change.entries.length);
  let last = previous;
  return change.entries.map(([column, old, now, maskType], i) => {
    last = hash(
      'sha256',
      `${a}${quote(column)}${b}${quote(maskType ?? null)},"new_value":${quote(now)}${c}${quote(old)}${d}${quote(last)}${e}${quote(salts[i] ?? null)},"seq":${firstSeq + i}${f}`,
    );
    return last;
  });
}
