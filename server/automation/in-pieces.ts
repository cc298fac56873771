// Storing rows of many in one statement each, so that one which the database refuses is found and costs nobody else's.
import { isPassing } from '../db/errors.ts';

export interface PiecesOptions<T> {
  /** Rows in one piece. */
  readonly most: number;
  /** Stores all or none of them. */
  readonly store: (piece: readonly T[]) => Promise<unknown>;
  /** One that cannot be stored, whatever it comes with; it is given up. */
  readonly refused: (row: T, error: unknown) => void;
}

/**
 * Stores what waits from its front on; what is stored or refused leaves `waiting`, to which others may add meanwhile. A piece that is
 * refused is halved until the row to blame stands alone. Rejects with a fault that passes, and leaves the rest waiting.
 */
export async function storeInPieces<T>(waiting: T[], { most, store, refused }: PiecesOptions<T>): Promise<void> {
  for (let size = most; waiting.length > 0; ) {
    const piece = waiting.slice(0, size);
    try {
      await store(piece);
      size = Math.min(most, 2 * size);
    } catch (error) {
      if (isPassing(error)) throw error;
      if (piece.length > 1) {
        size = Math.ceil(piece.length / 2);
        continue;
      }
      refused(piece[0] as T, error);
    }
    waiting.splice(0, piece.length);
  }
}
