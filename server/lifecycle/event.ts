// What a hook is handed: the event's own facts, who caused it, records to work with, and a way to end it.
import type { EventName, LifecycleEvents } from '../../contract/lifecycle.ts';
import type { Automation, Ctx } from '../context.ts';
import type { Transaction } from '../db/database.ts';

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
  readonly automation: Automation | null;
}

type OfRecords = `on_record_${string}` | `on_model_${string}`;

/** What the hooks of an event receive. */
export type LifecycleEvent<N extends EventName> = LifecycleEvents[N] & {
  readonly name: N;
  readonly ctx: HookContext;
  /**
   * Of events of records, as the account's admin: in a before-hook part of the same transaction, so that nothing of it stays
   * where the write does not.
   */
  readonly records: N extends OfRecords ? HookRecords : undefined;
  /** Ends what is going on: nothing is done, and the caller gets the message. */
  abort(message: string, status?: number): never;
};

/** What an event happens inside of. */
export interface Inside {
  /** null for what the server does by itself. */
  readonly ctx: Ctx | null;
  /** What is known of who caused it, where there is no context. */
  readonly cause?: Partial<HookContext>;
  /** The account, where it is another than the caller's. */
  readonly accountId?: string | null;
  /** Of before-hooks on records. */
  readonly tx?: Transaction | null;
  /** Records for the hook of that id, in this transaction. */
  readonly records?: (hookId: string) => HookRecords;
}

/** The caller as hooks see him. */
export function hookContext({ ctx, cause, accountId }: Inside): HookContext {
  const caller = ctx?.caller ?? null;
  return {
    accountId: accountId ?? caller?.accountId ?? null,
    kind: caller?.kind ?? (ctx === null ? 'system' : 'anonymous'),
    userId: caller === null || caller.kind === 'automation' ? null : caller.userId,
    email: caller?.email || null,
    role: caller?.role ?? null,
    groups: caller?.groups ?? [],
    superadmin: caller?.superadmin ?? false,
    requestId: ctx?.requestId ?? null,
    ip: ctx?.ip || null,
    userAgent: ctx?.userAgent || null,
    automation: ctx?.automation ?? null,
    ...cause,
  };
}
