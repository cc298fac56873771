// The trail as other rooms use it: recording changes, saying that something was captured, reading one record's changes.
import type { Database } from '../db/database.ts';
import type { Logger } from '../db/log.ts';
import type { Change } from './entry.ts';
import { createRecorder, type Recorder } from './recorder.ts';
import { createSealer, type Sealer } from './sealer.ts';
import { createSigner, type Signer } from './signature.ts';
import { accountOf, changesOf } from './store/reading.ts';

/** A record as the trail names it. */
export interface RecordPlace {
  readonly accountId: string;
  /** Qualified name of the collection. */
  readonly table: string;
  readonly recordId: string;
}

export interface Trail extends Recorder, Pick<Sealer, 'settle' | 'close'> {
  readonly signer: Signer;
  /** The sealed changes of a record, oldest first, in pieces. */
  walk(place: RecordPlace): AsyncGenerator<Change[]>;
  /** In whose trail a record stands, null when it has none. */
  accountOf(table: string, recordId: string): Promise<string | null>;
}

export interface TrailOptions {
  readonly db: Database;
  /** What signs the ends of chains is derived from it; changing it makes every signature false. */
  readonly encryptionKey: string;
  readonly log?: Logger;
  /** How often to look for changes that nobody announced; default 1000 ms. */
  readonly idleMs?: number;
}

const PIECE = 500;

/** Starts to seal. Close it before the database. */
export function createTrail({ db, encryptionKey, log, idleMs }: TrailOptions): Trail {
  const signer = createSigner(encryptionKey);
  const sealer = createSealer({ db, signer, log, idleMs });
  return {
    ...createRecorder(sealer.nudge),
    signer,
    settle: sealer.settle,
    close: sealer.close,
    accountOf: (table, recordId) => accountOf(db, table, recordId),
    async *walk(place) {
      for (let after = 0; ; ) {
        const piece = await changesOf(db, place, after, PIECE);
        const last = piece.at(-1);
        if (last === undefined) return;
        yield piece;
        if (piece.length < PIECE) return;
        after = last.position;
      }
    },
  };
}
