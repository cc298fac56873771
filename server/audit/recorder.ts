// Recording what is not a record: users, accounts, collections, sessions. The services call it inside their transactions.
import type { Ctx } from '../context.ts';
import type { Runner, Transaction } from '../db/database.ts';
import { contextOf, contextText, randomSalt, SYSTEM } from './actor.ts';
import type { Cells, Context } from './entry.ts';
import { insertChange } from './store/recording.ts';

/** The operations that a trail knows. */
export type AuditOperation = 'CREATE' | 'UPDATE' | 'DELETE' | 'RESTORE' | 'LOGIN' | 'LOGOUT' | 'SIGN';

type Row = object;

/** One change of one row of the server's own tables. Missing `before` means that it was created, missing `after` that it went. */
export interface Recorded {
  /** In whose chain it stands. */
  readonly accountId: string;
  /** `users`, `accounts`, `collections` …: a name without a dot. */
  readonly table: string;
  readonly id: string;
  readonly operation?: AuditOperation;
  readonly before?: Row | null;
  readonly after?: Row | null;
  /** Added to what the request tells. */
  readonly context?: Context;
}

export interface Recorder {
  /** Records a change; one that changes nothing leaves no entry. Without `ctx` the server itself did it. */
  record(tx: Runner, ctx: Ctx | null | undefined, change: Recorded): Promise<void>;
  /** For statements that captured by themselves: says so to the sealer once they are committed. */
  captured(on: Runner): void;
}

/** Records without a sealer at hand: whoever seals next finds it. For commands and tests. */
export const unsealed: Recorder = createRecorder(() => {});

/** Columns whose values are secrets: the trail says that they changed, not what they are. */
const SECRET = /(^|_)(password|hash|secret|token|signature)$|^(key|private_key)$/;
/** What the entry itself tells. */
const TOLD = new Set(['account_id', 'created_at', 'updated_at', 'created_by', 'updated_by']);

export function createRecorder(nudge: () => void): Recorder {
  const captured = (on: Runner) => {
    if ('inTransaction' in on) (on as Transaction).afterCommit(nudge);
    else nudge();
  };
  return {
    captured,
    async record(tx, ctx, { accountId, table, id, operation, before, after, context }) {
      const entries = cellsOf(before ?? null, after ?? null);
      if (entries.length === 0) return;
      const kind = operation ?? (before == null ? 'CREATE' : after == null ? 'DELETE' : 'UPDATE');
      const who =
        ctx == null
          ? JSON.stringify({ ...SYSTEM, salt: randomSalt(), ...context })
          : context === undefined
            ? contextText(ctx)
            : JSON.stringify(contextOf(ctx, context));
      const change = {
        accountId,
        operation: kind,
        table,
        recordId: id,
        context: who,
        entries: JSON.stringify(entries),
      };
      await insertChange(tx, change);
      captured(tx);
    },
  };
}

/** The columns whose text differs, in alphabetical order. */
export function cellsOf(before: Row | null, after: Row | null): Cells[] {
  const [old, now] = [before ?? {}, after ?? {}] as [Record<string, unknown>, Record<string, unknown>];
  return [...new Set([...Object.keys(old), ...Object.keys(now)])].sort().flatMap((column): Cells[] => {
    if (TOLD.has(column)) return [];
    const [a, b] = [textOf(old[column]), textOf(now[column])];
    if (a === b) return [];
    return [SECRET.test(column) ? [column, a && '***', b && '***'] : [column, a, b]];
  });
}

/** A value as the trail keeps it. */
export function textOf(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  return typeof value === 'string' ? value : value instanceof Date ? value.toISOString() : JSON.stringify(value);
}
