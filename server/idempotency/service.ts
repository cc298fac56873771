// Requests that may be sent again: an Idempotency-Key is answered once, and every later time with the same answer.
import { gunzipSync, gzipSync } from 'node:zlib';
import { Failure } from '../../contract/problems.ts';
import type { DoOnce, KeptReply, Repeatable } from '../context.ts';
import type { Database, Runner } from '../db/database.ts';
import { uuidV7 } from '../ids.ts';
import { sealedBox } from '../sealed-box.ts';
import * as store from './store.ts';

export interface Idempotency {
  readonly once: DoOnce;
  close(): Promise<void>;
}

export interface IdempotencyOptions {
  readonly db: Database;
  readonly encryptionKey: string;
  readonly log?: { warn(facts: object, message: string): void };
  /** How often the key of a request that runs is put off. For tests. */
  readonly renewMs?: number;
}

const HOUR_MS = 3_600_000;
/** Six times before a key is anybody's. */
const RENEW_MS = (store.LEASE_SECONDS * 1000) / 6;
/** A key that goes away between two looks is asked for again. */
const LOOKS = 3;

export function createIdempotency(options: IdempotencyOptions): Idempotency {
  const { db, encryptionKey, log, renewMs = RENEW_MS } = options;
  const box = sealed(encryptionKey);
  const pruning = setInterval(() => {
    store.prune(db).catch((error) => log?.warn({ err: error }, 'Old idempotency keys could not be removed.'));
  }, HOUR_MS);
  pruning.unref();

  const attempt = (asked: Repeatable, { seed, committed }: store.Resumed) => ({
    seed,
    committed,
    commit: (tx: Runner) => store.commit(tx, asked),
  });

  async function attemptOf(asked: Repeatable): Promise<ReturnType<typeof attempt> | KeptReply> {
    for (let look = 0; look < LOOKS; look++) {
      const seed = await store.claim(db, asked, uuidV7());
      if (seed !== undefined) return attempt(asked, { seed, committed: false });
      const again = await store.resume(db, asked);
      if (again !== undefined) return attempt(asked, again);
      const kept = await store.find(db, asked);
      if (kept === undefined) continue;
      if (kept.fingerprint !== asked.fingerprint) throw new Failure('IDEMPOTENCY_MISMATCH');
      if (kept.status !== null && kept.reply !== null) return answered(asked, box.open(kept.reply));
      break;
    }
    throw new Failure('IDEMPOTENCY_IN_FLIGHT');
  }

  return {
    async once(asked, work) {
      const attempt = await attemptOf(asked);
      if ('status' in attempt) return { ...attempt, headers: { ...attempt.headers, 'Idempotency-Replayed': 'true' } };
      // One that cannot be put off now is put off the next time.
      const renewing = setInterval(() => void store.renew(db, asked).catch(() => {}), renewMs);
      renewing.unref();
      try {
        const reply = await work(attempt);
        if (reply === null) await store.drop(db, asked);
        else await store.finish(db, asked, reply.status, box.close({ ...reply, rights: asked.rights }));
        return null;
      } catch (error) {
        // The first error is what the caller has to know.
        await store.release(db, asked).catch(() => {});
        throw error;
      } finally {
        clearInterval(renewing);
      }
    },
    async close() {
      clearInterval(pruning);
    },
  };
}

/** An answer may show what its caller may see no more. Throws FORBIDDEN. */
function answered({ rights }: Repeatable, reply: KeptReply): KeptReply {
  if (reply.rights === rights) return reply;
  const reason = 'your rights have changed since this was answered; what it did is done, read it instead';
  throw new Failure('FORBIDDEN', { reason });
}

/** Answers packed and encrypted. */
function sealed(secret: string) {
  const box = sealedBox(secret, 'idempotency');
  return {
    close: (reply: KeptReply): Buffer => box.close(gzipSync(JSON.stringify(reply), { level: 1 })),
    open: (bytes: Buffer): KeptReply => JSON.parse(gunzipSync(box.open(bytes)).toString('utf8')) as KeptReply,
  };
}
