// The enabled webhooks in memory, by account: what the reader of events asks for each of them.
import type { Database } from '../../db/database.ts';
import type { Logger } from '../../db/log.ts';
import { type ByAccount, createDefinitions, type Definitions } from '../definitions.ts';
import { subscribed } from './store/webhooks.ts';
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

interface Row {
  readonly id: string;
  readonly account_id: string;
  readonly subscriptions: readonly Subscription[];
  readonly fields: readonly string[] | null;
  readonly filter: string | null;
  readonly active_since: string;
}

export class WebhooksOf extends Map<string, readonly Subscribed[]> implements ByAccount<Row> {
  put(accountId: string, rows: readonly Row[]): void {
    if (rows.length === 0) this.delete(accountId);
    else this.set(accountId, rows.map(subscribedOf));
  }
}

const subscribedOf = ({ account_id: accountId, active_since, fields, ...row }: Row): Subscribed => ({
  ...row,
  accountId,
  fields: fields && new Set(fields),
  activeSince: Number(active_since),
});

/** Reads them, and an account's again whenever one of them changes. Rejects with DatabaseUnavailable. */
export const createSubscribed = (
  db: Database,
  log: Logger | undefined,
  onChange: () => void,
): Promise<Definitions<WebhooksOf>> =>
  createDefinitions<Row, WebhooksOf>({
    db,
    log,
    kind: 'webhooks',
    select: subscribed,
    value: new WebhooksOf(),
    onChange,
  });

/** The same of a moment as events tell it: RFC 3339 with `Z`. */
export function micros(at: string): number {
  const [, seconds = '', fraction = ''] = /^([^.Z]+)(?:\.(\d+))?Z$/.exec(at) ?? [];
  return Date.parse(`${seconds}Z`) * 1000 + Number(fraction.padEnd(6, '0').slice(0, 6));
}
