// Sending: due deliveries go out side by side, each under a lease, and what comes of an attempt is stored with what follows from it.
import type { WebhookAttempt } from '../../../contract/webhook-shapes.ts';
import type { Database, Transaction } from '../../db/database.ts';
import { DatabaseUnavailable } from '../../db/errors.ts';
import type { Logger } from '../../db/log.ts';
import { abortedBy, type Lifecycle } from '../../lifecycle/service.ts';
import { cut, storable } from '../../text.ts';
import { createDue } from '../due.ts';
import type { Outbound, OutboundAnswer, OutboundCall } from '../outbound/call.ts';
import { OutboundError } from '../outbound/error.ts';
import { pauseBefore, retryAfter } from './schedule.ts';
import { type Sealed, Unreadable } from './sealed.ts';
import { signedHeaders } from './signature.ts';
import * as work from './store/work.ts';

export interface SendingOptions {
  readonly db: Database;
  readonly log?: Logger | undefined;
  readonly outbound: Outbound;
  readonly sealed: Sealed;
  /** Seconds before each attempt. */
  readonly schedule: readonly number[];
  readonly timeoutMs: number;
  /** Whether any webhook is enabled. */
  readonly any: () => boolean;
  /** Within a transaction, which ends with it: reasons by id. */
  readonly disable: (tx: Transaction, reasons: ReadonlyMap<string, string>) => Promise<void>;
  readonly clock: () => Date;
  readonly lifecycle?: Pick<Lifecycle, 'wants' | 'fire'> | undefined;
}

/** Deliveries side by side in one process, shared by accounts, and to one webhook in all of them. They mostly wait for receivers. */
const CONCURRENCY = 32;
const EACH = 4;
const KEPT_BYTES = 20_000;
const KEPT_CHARACTERS = 5000;
const MOST_ERROR = 1000;
/** When nothing came through for so long, and so often, nothing more is tried. */
const HOPELESS = { failures: 10, days: 5 };

export interface Message {
  readonly webhookId: string;
  readonly deliveryId: string;
  readonly messageId: string;
  readonly event: string;
  readonly payload: string;
  readonly url: string;
  readonly headers: Buffer;
  readonly secret: Buffer;
  readonly formerSecret: Buffer | null;
}

export interface Tried {
  /** A hook has refused it. */
  readonly refused?: boolean;
  readonly attempt: WebhookAttempt;
  readonly answer: OutboundAnswer | null;
}

/** One signed attempt. Throws OutboundError `aborted` when `signal` gave it up. */
export async function attempt(
  { outbound, sealed, clock }: Pick<SendingOptions, 'outbound' | 'sealed' | 'clock'>,
  message: Message,
  how: Pick<OutboundCall, 'signal'> & { readonly accountId: string; readonly timeoutMs: number },
): Promise<Tried> {
  const at = clock();
  const begun = performance.now();
  try {
    const secrets = [message.secret, ...(message.formerSecret === null ? [] : [message.formerSecret])].map(sealed.text);
    const headers = signedHeaders({ ...message, body: message.payload, secrets, at }, sealed.headers(message.headers));
    const call = { url: message.url, method: 'POST', headers, body: message.payload, ...how };
    const answer = await outbound.call({ ...call, keepBytes: KEPT_BYTES });
    const { status, durationMs: duration_ms } = answer;
    const error = status >= 200 && status < 300 ? null : refused(status);
    return {
      answer,
      attempt: { at: at.toISOString(), status, duration_ms, error, response_body: cut(answer.body, KEPT_CHARACTERS) },
    };
  } catch (error) {
    if (error instanceof OutboundError && error.reason === 'aborted') throw error;
    const duration_ms = Math.round(performance.now() - begun);
    const facts = { at: at.toISOString(), status: null, duration_ms, response_body: null };
    return { answer: null, attempt: { ...facts, error: told(error) } };
  }
}

const told = (error: unknown): string => {
  if (error instanceof OutboundError) return storable(`${error.reason}: ${error.message}`);
  if (error instanceof Unreadable) return `unreadable: ${error.message}`;
  throw error;
};

const refused = (status: number): string =>
  status >= 300 && status < 400
    ? `The receiver redirects (${status}), which is not followed: store the URL that it leads to.`
    : `The receiver answered ${status}.`;

export function createSending(options: SendingOptions) {
  const { db, log, schedule, any, disable, clock } = options;

  /** Throws nothing but faults of the database, after which it is sent again. */
  async function conclude(item: work.DueDelivery, lease: string, tried: Tried): Promise<void> {
    const { id, webhook_id: webhookId } = item;
    const { attempt } = tried;
    await db.transaction(async (tx) => {
      const webhook = await work.lockWebhook(tx, webhookId);
      if (webhook === null) return;
      const next = nextOf(item, tried, webhook.disabled_reason !== null);
      if (!(await work.noteAttempt(tx, { id, lease }, attempt, next))) return;
      if (next.status !== 'retrying') await work.letFollow(tx, webhookId, item.record_id, schedule[0] ?? 0);
      if (next.status === 'delivered') return work.noteSuccess(tx, webhookId);
      const hopeless = await work.noteFailure(tx, webhookId, HOPELESS);
      const reason =
        attempt.status === 410
          ? 'The receiver answered 410: it is gone.'
          : hopeless && `Nothing came through for ${HOPELESS.days} days: ${attempt.error ?? ''}`;
      if (reason) await disable(tx, new Map([[webhookId, reason]]));
    });
  }

  function nextOf(item: work.DueDelivery, { attempt, answer, refused }: Tried, over: boolean): work.NextState {
    if (attempt.error === null) return { status: 'delivered' };
    if (attempt.status === 410 || over || refused) return { status: 'dead' };
    const asks = attempt.status === 429 || attempt.status === 503;
    const asked = asks ? retryAfter(answer?.headers['retry-after'], clock()) : null;
    const inMs = pauseBefore(schedule, item.attempt_number + 1, asked);
    return inMs === null ? { status: 'dead' } : { status: 'retrying', inMs };
  }

  /** An attempt that came to nothing before anything was sent. */
  const unsent = (error: string, refused = false): Tried => {
    const facts = { at: clock().toISOString(), status: null, duration_ms: 0, response_body: null };
    return { refused, answer: null, attempt: { ...facts, error: cut(error, MOST_ERROR) } };
  };

  /** The attempt between its lifecycle events; a hook that fails before it makes it one that failed. */
  async function observed(item: work.DueDelivery, send: () => Promise<Tried>): Promise<Tried> {
    const { lifecycle } = options;
    const facts = { webhook: item.webhook_id, deliveryId: item.id, url: item.url, event: item.event };
    const inside = { ctx: null, accountId: item.account_id };
    if (lifecycle?.wants('on_webhook_before_send')) {
      try {
        await lifecycle.fire('on_webhook_before_send', facts, inside);
      } catch (error) {
        const aborted = abortedBy(error);
        if (aborted !== undefined) return unsent(`refused: ${aborted.message}`, true);
        if (error instanceof DatabaseUnavailable) throw error;
        // What it said is in the log of the server: it is no business of the account.
        log?.warn({ err: error, delivery: item.id, webhook: item.webhook_id }, 'A hook before a delivery failed.');
        return unsent('hook: An extension of this server failed before the message was sent.');
      }
    }
    const tried = await send();
    const { error } = tried.attempt;
    if (lifecycle?.wants('on_webhook_after_send'))
      await lifecycle.fire('on_webhook_after_send', { ...facts, succeeded: error === null, error }, inside);
    return tried;
  }

  const due = createDue<work.DueDelivery>({
    name: 'webhooks',
    log,
    concurrency: CONCURRENCY,
    claim: async (lease, leaseMs, limit, busy, after) =>
      any() ? work.claimDeliveries(db, { lease, leaseMs, limit, each: EACH, busy, after }) : [],
    renew: (lease, leaseMs, ids) => work.renewDeliveries(db, lease, leaseMs, ids),
    nextIn: async () => (any() ? work.nextDue(db, EACH) : null),
    async run(item, lease, signal) {
      let tried: Tried;
      try {
        const { timeoutMs } = options;
        const how = { accountId: item.account_id, timeoutMs, signal };
        tried = await observed(item, () => attempt(options, messageOf(item), how));
      } catch (error) {
        if (signal.aborted) return work.giveBack(db, item.id, lease);
        if (error instanceof DatabaseUnavailable) throw error;
        // Left to its lease it would come again and again, and hold up what follows it.
        log?.error({ err: error, delivery: item.id }, 'A delivery failed on the server.');
        tried = unsent('server: The message could not be sent.');
      }
      await conclude(item, lease, tried);
      // Its webhook has a free place, and its record a message that may follow.
      due.wake();
    },
  });
  return due;
}

const messageOf = (item: work.DueDelivery): Message => ({
  webhookId: item.webhook_id,
  deliveryId: item.id,
  messageId: item.message_id,
  event: item.event,
  payload: item.payload,
  url: item.url,
  headers: item.headers,
  secret: item.secret,
  formerSecret: item.former_secret,
});
