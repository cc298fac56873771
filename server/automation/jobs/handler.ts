// What a job is to those who define handlers and those who enqueue: the handler's side, the order's side, and their limits.

/** What a handler gets beside the payload. */
export interface JobRun {
  readonly id: string;
  /** Whose job it is; null: the server's own. */
  readonly accountId: string | null;
  /** Which try this is, from 1. */
  readonly attempt: number;
  /** How many runs of automation led to this one. */
  readonly depth: number;
  /**
   * Aborted at the timeout, when the job is cancelled, and when this process stops or may no longer work on it. A handler has to end
   * soon after that: one that does not is given up and not tried again, because it might then run twice at the same time.
   */
  readonly signal: AbortSignal;
}

export type Payload = Readonly<Record<string, unknown>>;

export interface JobHandler {
  /** Does the work. A rejection is a try that failed; with `GiveUp` it was the last. A job may run more than once: when it is done but its process dies before that is stored. */
  run(payload: Payload, job: JobRun): Promise<void>;
  /** Definitions of accounts may enqueue it, with a payload of their own. */
  readonly open?: boolean;
  /** Of its payloads as JSON; default 64 KiB. */
  readonly mostPayloadBytes?: number;
  /** Side by side in one process; default: as many as the process works on at all. */
  readonly concurrency?: number;
  /** Default 300. */
  readonly timeoutSeconds?: number;
}

/** Trying again would not help: the job is failed at once. */
export class GiveUp extends Error {
  override readonly name = 'GiveUp';
}

export interface NewJob {
  readonly handler: string;
  /** At most 64 KiB as JSON. */
  readonly payload?: Payload;
  /** Default null: the server's own. */
  readonly accountId?: string | null;
  /** A label to find it by; default `default`. */
  readonly queue?: string | undefined;
  /** Not before so many seconds from now. */
  readonly delaySeconds?: number | undefined;
  /** Tries after the first; default 2. */
  readonly retries?: number | undefined;
  /** Before the first retry, doubled for each further one and lengthened at random by up to as much again; default 60; 0: at once, always. */
  readonly retryDelaySeconds?: number;
  /** Higher ones of a handler come first; default 0. */
  readonly priority?: number;
  /** A handler has one job of a key at most, for as long as the first is kept (7 days after it ended). */
  readonly singletonKey?: string;
  /** Default 0. */
  readonly depth?: number;
  /** The user or the definition that it comes from. */
  readonly createdBy?: string | undefined;
}

export const MOST_PAYLOAD_BYTES = 64 * 1024;
export const TIMEOUT_SECONDS = 300;
