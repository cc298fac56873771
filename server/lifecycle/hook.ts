// What hooks and extensions are handed. Types only: the package's declarations are made of this file and of the events'.
import type { EventName, LifecycleEvents } from '../../contract/lifecycle-events.ts';

/** A record as the API shows it. */
export type HookRecord = Readonly<Record<string, unknown>>;

/** The records of one account, nothing hidden by rules. Whatever is refused throws an error with a `code` and `entries`. */
export interface HookRecords {
  /** `query` as the API takes it: filter, sort, fields, skip, limit (to 1000) … */
  list(
    collection: string,
    query?: Readonly<Record<string, unknown>>,
  ): Promise<{ readonly items: HookRecord[]; readonly total: number | null }>;
  /** null where there is none. */
  get(collection: string, id: string): Promise<HookRecord | null>;
  create(collection: string, data: HookRecord): Promise<HookRecord>;
  /** Changes the fields that are given. */
  update(collection: string, id: string, data: HookRecord): Promise<HookRecord>;
  delete(collection: string, id: string): Promise<void>;
}

/** A run of what an account has defined, or of an extension. */
export interface HookRun {
  readonly kind: 'hook' | 'webhook' | 'workflow' | 'endpoint' | 'job' | 'extension';
  readonly id: string;
  readonly name: string;
  readonly run: string;
  /** How many runs it follows from, itself among them. */
  readonly depth: number;
}

/** Who caused an event; null for what is not known or not there. */
export interface HookContext {
  /** The account that it happens in. */
  readonly accountId: string | null;
  readonly kind: 'user' | 'key' | 'admin_token' | 'automation' | 'anonymous' | 'system';
  readonly userId: string | null;
  readonly email: string | null;
  readonly role: string | null;
  readonly groups: readonly string[];
  readonly superadmin: boolean;
  readonly requestId: string | null;
  readonly ip: string | null;
  readonly userAgent: string | null;
  /** The definition or extension whose run caused it. */
  readonly automation: HookRun | null;
}

type OfRecords = `on_record_${string}` | `on_model_${string}`;

/** What the hooks of an event receive. */
export type LifecycleEvent<N extends EventName> = LifecycleEvents[N] & {
  readonly name: N;
  readonly ctx: HookContext;
  /**
   * Of events of records, as the account itself: in a before-hook part of the same transaction, so that nothing of it stays
   * where the write does not.
   */
  readonly records: N extends OfRecords ? HookRecords : undefined;
  /** Ends what is going on: nothing is done, and the caller gets the message. */
  abort(message: string, status?: number): never;
};

export interface HookOptions {
  /** Higher ones run first, equal ones in the order of registration; 0 where it is left out. */
  readonly priority?: number;
  /** Only for these: a name (`orders` is `main.orders`), or several. Of events that are about a collection. */
  readonly collection?: string | readonly string[];
  /** Names it in logs and audit entries; unique. */
  readonly id?: string;
  /** false: when it fails, that is logged and everything goes on without it. An AbortHook ends it all the same. */
  readonly stopOnError?: boolean;
  /** How long it may take; 10 s where it is left out. */
  readonly timeoutMs?: number;
}

export type Handler<N extends EventName> = (event: LifecycleEvent<N>) => unknown;

/** Throws TypeError for an event that does not exist, or options that cannot be meant. Answers the function that ends it. */
export interface On {
  <N extends EventName>(event: N, handler: Handler<N>): () => void;
  <N extends EventName>(event: N, options: HookOptions, handler: Handler<N>): () => void;
}

/** What of the configuration extensions see: nothing that is secret. */
export interface ExtensionConfig {
  readonly publicUrl: string;
  readonly dataDir: string;
  readonly production: boolean;
}

/** The server's log: facts and a sentence. */
export interface ExtensionLog {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

/** Work that is done later, in any process that has the extension: at least once, tried again where it fails. */
export interface ExtensionJobs {
  /**
   * `open`: actions of accounts may enqueue it, with a payload of their own. `signal` is aborted when the job takes too long, is
   * cancelled, or the process stops. Throws for a name that is taken.
   */
  define(
    handler: string,
    definition: {
      readonly open?: boolean;
      readonly concurrency?: number;
      /** Default 300. */
      readonly timeoutSeconds?: number;
      run(
        payload: HookRecord,
        job: {
          readonly id: string;
          readonly accountId: string | null;
          readonly attempt: number;
          readonly signal: AbortSignal;
        },
      ): Promise<void>;
    },
  ): void;
  /** Answers the job's id. Throws where something is wrong with the order, with `entries`. */
  enqueue(job: {
    readonly handler: string;
    readonly payload?: HookRecord;
    readonly accountId?: string | null;
    readonly delaySeconds?: number;
    readonly retries?: number;
  }): Promise<string>;
}

/** What an extension works with. */
export interface ExtensionApp {
  readonly hooks: { readonly on: On };
  readonly jobs: ExtensionJobs;
  readonly log: ExtensionLog;
  readonly config: ExtensionConfig;
  /**
   * The records of an account (id or slug), as the account itself, or under the rules of a role. In a hook before a write
   * use `event.records`, which is part of its transaction. Throws RESOURCE_NOT_FOUND.
   */
  as(who: { readonly accountId: string; readonly role?: string }): Promise<HookRecords>;
}

/** What an extension module exports as its default. */
export type SnackBaseExtension = (app: ExtensionApp) => void | Promise<void>;
