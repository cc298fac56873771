// The enabled webhooks in memory, by account: what the reader of events asks for each of them.
import type { Snapshot } from '../../access/snapshot.ts';
import type { Database } from '../../db/database.ts';
import type { Logger } from '../../db/log.ts';
import { createDefinitions } from '../definitions.ts';
import { SUBSCRIBED } from './store/webhooks.ts';
import type { Subscription } from './subscriptions.ts';

export interface Subscribed {
  readonly id: string;
  readonly accountId: string;
  readonly subscriptions: readonly Subscription[];
  readonly fields: ReadonlySet<string> | null;
  readonly filter: string | null;
  /** Microseconds since 1970; what happened before is none of its business. */
  readonly activeSince: number;
}

export type WebhooksOf = ReadonlyMap<string, readonly Subscribed[]>;

interface Row {
  readonly id: string;
  readonly account_id: string;
  readonly subscriptions: readonly Subscription[];
  readonly fields: readonly string[] | null;
  readonly filter: string | null;
  readonly active_since: string;
}

/** Reads them, and again whenever one changes. Rejects with DatabaseUnavailable. */
export const createSubscribed = (
  db: Database,
  log: Logger | undefined,
  onChange: () => void,
): Promise<Snapshot<WebhooksOf>> =>
  createDefinitions<Row, WebhooksOf>({ db, log, kind: 'webhooks', select: SUBSCRIBED, parse: byAccount, onChange });

function byAccount(rows: readonly Row[]): WebhooksOf {
  const found = new Map<string, Subscribed[]>();
  for (const { account_id: accountId, active_since, fields, ...row } of rows) {
    const one = { ...row, accountId, fields: fields && new Set(fields), activeSince: Number(active_since) };
    found.set(accountId, [...(found.get(accountId) ?? []), one]);
  }
  return found;
}

/** The same of a moment as events tell it: RFC 3339 with `Z`. */
export function micros(at: string): number {
  const [, seconds = '', fraction = ''] = /^([^.Z]+)(?:\.(\d+))?Z$/.exec(at) ?? [];
  return Date.parse(`${seconds}Z`) * 1000 + Number(fraction.padEnd(6, '0').slice(0, 6));
}
