// Requests that may be sent again: an Idempotency-Key is answered once, and every later time with the same answer.
import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { Failure } from '../../contract/problems.ts';
import type { Attempt, DoOnce, KeptReply, Repeatable } from '../context.ts';
import type { Database } from '../db/database.ts';
import { uuidV7 } from '../ids.ts';
import * as store from './store.ts';

export interface Idempotency {
  readonly once: DoOnce;
  close(): Promise<void>;
}

export interface IdempotencyOptions {
  readonly db: Database;
  readonly encryptionKey: string;
  readonly log?: { warn(facts: object, message: string): void };
}

const HOUR_MS = 3_600_000;
/** A key that goes away between two looks is asked for again. */
const LOOKS = 3;

export function createIdempotency({ db, encryptionKey, log }: IdempotencyOptions): Idempotency {
  const box = sealed(encryptionKey);
  const pruning = setInterval(() => {
    store.prune(db).catch((error) => log?.warn({ err: error }, 'Old idempotency keys could not be removed.'));
  }, HOUR_MS);
  pruning.unref();

  const attempt = (asked: Repeatable, { seed, committed }: store.Resumed): Attempt => ({
    seed,
    committed,
    commit: (tx) => store.commit(tx, asked),
  });

  async function attemptOf(asked: Repeatable): Promise<Attempt | KeptReply> {
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
      try {
        const reply = await work(attempt);
        if (reply === null) await store.drop(db, asked);
        else await store.finish(db, asked, reply.status, box.close({ ...reply, rights: asked.rights }));
        return null;
      } catch (error) {
        // The first error is what the caller has to know.
        await store.release(db, asked).catch(() => {});
        throw error;
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

const CIPHER = 'aes-256-gcm';

/** Answers packed, and encrypted with a key of their own that is derived from the server's. */
function sealed(secret: string) {
  const key = createHmac('sha256', secret).update('snackbase idempotency').digest();
  return {
    close(reply: KeptReply): Buffer {
      const nonce = randomBytes(12);
      const cipher = createCipheriv(CIPHER, key, nonce);
      const text = cipher.update(gzipSync(JSON.stringify(reply), { level: 1 }));
      return Buffer.concat([nonce, text, cipher.final(), cipher.getAuthTag()]);
    },
    open(bytes: Buffer): KeptReply {
      const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, 12));
      decipher.setAuthTag(bytes.subarray(-16));
      const packed = Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]);
      return JSON.parse(gunzipSync(packed).toString('utf8')) as KeptReply;
    },
  };
}
