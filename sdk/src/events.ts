// Types of live events: what a stream tells of a collection, and what it tells of itself. No code.
import type { CallOptions } from './options.ts';
import type { FieldName, Filter } from './schema.ts';

/** The kinds of change that can be asked for. */
export type ChangeType = 'created' | 'updated' | 'deleted';

interface Change<Type extends ChangeType, Old, New> {
  readonly type: Type;
  /** Its place, `<batch>-<n>`: what `since` takes to go on behind it. */
  readonly id: string;
  readonly collection: string;
  readonly record_id: string;
  /** When it happened, RFC 3339. */
  readonly timestamp: string;
  /** The record before; null where there was none or you did not see it. */
  readonly old: Old;
  /** The record after; null when it is deleted, or has left your sight or the filter. */
  readonly new: New;
  /** Names of the fields that you see and that got a value, changed it, lost it. */
  readonly changes: { readonly added: string[]; readonly updated: string[]; readonly removed: string[] };
}

// Looked up by kind and not extracted from a union, which would cost every program that uses the types.
interface Changes<R> {
  readonly created: Change<'created', null, R>;
  readonly updated: Change<'updated', R | null, R>;
  readonly deleted: Change<'deleted', R | null, null>;
}

/**
 * One change of one record. A record that leaves your sight or the filter is `deleted` with `old` null, one that enters it `updated`
 * with `old` null.
 */
export type RecordEvent<R, K extends ChangeType = ChangeType> = Changes<R>[K];

/** The place to go on from is no longer kept: events may be missing, so read again what you hold. The stream goes on behind `id`. */
export interface ResetEvent {
  readonly type: 'reset';
  readonly id: string;
}

/** What a subscription gives: the changes of the kinds that were asked for, and resets. `type` tells which. */
export type LiveEvent<R, K extends ChangeType = ChangeType> = RecordEvent<R, K> | ResetEvent;

/**
 * Where a subscription stands. `attempt` counts from 1, and again from 1 after a connection that lasted; `retryIn` is in milliseconds;
 * `error` is why the last connection ended, undefined where the server just closed it, or where `close()` ended the subscription.
 */
export type StreamStatus =
  | { readonly state: 'connecting'; readonly attempt: number }
  | { readonly state: 'open' }
  | { readonly state: 'waiting'; readonly attempt: number; readonly error: unknown; readonly retryIn: number }
  | { readonly state: 'closed'; readonly error: unknown };

/** What every subscription takes, a live list too. */
export interface StreamOptions extends Pick<CallOptions, 'signal' | 'headers' | 'timeout'> {
  /** Milliseconds without a byte after which a connection counts as dead and is made anew; default 45000, three heartbeats; 0 for never. */
  readonly idleTimeout?: number | undefined;
  /** Called whenever the state of the connection changes. */
  readonly onStatus?: ((status: StreamStatus) => void) | undefined;
  /** Called once with what ended it for good; not after `close()` or an abort. */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/** Options of `records.subscribe`. `timeout` is for the head of each reply; aborting `signal` ends the subscription with its reason. */
export interface SubscribeOptions<R, K extends ChangeType = ChangeType> extends StreamOptions {
  /** Kinds of change to send; all of them by default. */
  readonly events?: readonly K[] | undefined;
  /** Which records, as in `list`. */
  readonly filter?: string | Filter<R> | undefined;
  /** Only these fields (and id) of `old` and `new`. */
  readonly fields?: string | readonly FieldName<R>[] | undefined;
  /** The id of the last event that you have: what came after it is sent first. Default: only what comes from now on. */
  readonly since?: string | undefined;
}
