// The sealer: chains what was captured, within 100 ms, in every process; whoever comes first wins and nobody holds a lock.
import { Failure } from '../../contract/problems.ts';
import type { Database } from '../db/database.ts';
import type { Logger } from '../db/log.ts';
import { createPass } from '../pass.ts';
import { checksumsOf } from './entry.ts';
import type { Signer } from './signature.ts';
import * as store from './store/sealing.ts';

export interface Sealer {
  /** Says that something was captured and committed; it is sealed soon. */
  nudge(): void;
  /** Resolves once everything that is committed now is sealed. Rejects with SERVICE_UNAVAILABLE after five seconds. */
  settle(): Promise<void>;
  /** Stops after the work under way. */
  close(): Promise<void>;
}

export interface SealerOptions {
  readonly db: Database;
  readonly signer: Signer;
  readonly log?: Logger | undefined;
  /** From a nudge to its pass, in ms: what comes meanwhile is sealed with it. */
  readonly delayMs?: number;
  /** How often to look without a nudge, for changes of programs that seal nothing themselves and of servers that died. */
  readonly idleMs?: number | undefined;
}

const PATIENCE_MS = 5000;
/** Changes a pass. Embedded, statements wait behind it, so it is short. */
const CHUNK = { postgres: 2000, embedded: 250 } as const;

export function createSealer({ db, signer, log, delayMs = 30, idleMs = 1000 }: SealerOptions): Sealer {
  let known: store.Progress | null = null;
  let timer: NodeJS.Timeout | null = null;
  let closed = false;
  const limit = CHUNK[db.kind];

  /** Seals in chunks what the first chunk's snapshot sees. Order by position within one snapshot keeps cause before effect. */
  async function drain(): Promise<void> {
    let after = 0;
    let target: string | null = null;
    for (;;) {
      const progress: store.Progress = known ?? (await store.readProgress(db));
      const { changes, seen } = await store.readUnsealed(db, progress, { after, target, limit });
      const last = changes.at(-1);
      if (last === undefined && target === null && !progress.lost) {
        known = progress;
        return;
      }
      target ??= seen ?? progress.current;
      const full = changes.length === limit;
      const reached = full
        ? { snapshot: progress.snapshot, floor: progress.floor }
        : { snapshot: target, floor: progress.lost ? progress.top : progress.floor };
      if (await sealed(progress, changes, reached)) {
        if (!full) return;
        after = last?.position ?? after;
      } else {
        // Another sealer was faster: what it left is found anew.
        known = null;
        after = 0;
        target = null;
        await new Promise((resolve) => setTimeout(resolve, Math.random() * delayMs));
      }
    }
  }

  async function sealed(
    progress: store.Progress,
    changes: Awaited<ReturnType<typeof store.readUnsealed>>['changes'],
    reached: { snapshot: string; floor: number },
  ): Promise<boolean> {
    const accounts = [...new Set(changes.map((change) => change.accountId))];
    const tails = accounts.length === 0 ? [] : await store.readTails(db, accounts);
    const ends = new Map(
      tails.map((t) => [t.account_id, { number: t.number ?? 0, seq: t.seq ?? 0, checksum: t.checksum }]),
    );
    let added = 0;
    const seals = changes.map((change): store.Seal => {
      const end = ends.get(change.accountId) as { number: number; seq: number; checksum: string | null };
      const checksums = checksumsOf(change, end.seq + 1, end.checksum);
      const seal = { change, number: end.number + 1, firstSeq: end.seq + 1, checksums };
      end.number += 1;
      end.seq += checksums.length;
      end.checksum = checksums.at(-1) ?? end.checksum;
      added += checksums.length;
      return seal;
    });
    const heads = tails.filter(trusted).map((tail) => {
      const end = ends.get(tail.account_id) as { seq: number; checksum: string };
      const head = { account_id: tail.account_id, seq: end.seq, checksum: end.checksum };
      return { ...head, signature: signer.head(head) };
    });
    const entries = progress.entries + added;
    const version = progress.version + 1;
    const signature = trustedTotal(progress) ? signer.total(entries, version) : progress.signature;
    const now = { ...reached, entries, signature };
    const won = await store.seal(db, progress.version, now, seals, heads);
    const lost = progress.lost && reached.snapshot === progress.snapshot;
    if (won) known = { ...progress, ...now, version, lost };
    return won;
  }

  /** A head is moved on only from where it was signed: what was tampered with is never signed again, and stays visible. */
  function trusted(tail: store.Tail): boolean {
    const { account_id, seq, checksum, head_seq, head_checksum, head_signature } = tail;
    const whole =
      seq === head_seq &&
      checksum === head_checksum &&
      (seq === null ||
        signer.same(head_signature, signer.head({ account_id, seq: seq as number, checksum: checksum as string })));
    if (!whole) log?.warn({ account_id }, 'The end of an audit chain is not where it was signed: verify the trail.');
    return whole;
  }

  const trustedTotal = ({ version, entries, signature }: store.Progress): boolean =>
    (version === 0 && entries === 0) || signer.same(signature, signer.total(entries, version));

  const pass = createPass(() =>
    drain().catch((error) => {
      known = null;
      throw error;
    }),
  );

  function soon(): void {
    timer = null;
    if (closed) return;
    pass().catch((error) => {
      if (!closed) log?.warn({ err: error }, 'The audit trail could not be sealed; trying again.');
    });
  }

  const idle = setInterval(() => timer === null && !pass.running && soon(), idleMs);
  idle.unref();

  return {
    nudge() {
      if (timer !== null || closed) return;
      timer = setTimeout(soon, delayMs);
      timer.unref();
    },
    async settle() {
      let bound: NodeJS.Timeout | undefined;
      const late = new Promise<never>((_, reject) => {
        bound = setTimeout(() => reject(new Failure('SERVICE_UNAVAILABLE')), PATIENCE_MS);
      });
      await Promise.race([pass(), late]).finally(() => clearTimeout(bound));
    },
    async close() {
      closed = true;
      clearInterval(idle);
      if (timer !== null) clearTimeout(timer);
      await pass.idle();
    },
  };
}
