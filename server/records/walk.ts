// All that a list asks for, page after page of a keyset walk, in memory that does not grow.
import { readCursor } from './cursor.ts';
import type { RecordQuery } from './list-query.ts';
import type { Opened } from './open.ts';
import type { RecordReads, RecordRows } from './store/read.ts';

/** Rows of the first page, and the most of any. */
const ROWS = { first: 100, most: 500 } as const;
/** Characters that a page should have. */
const PAGE = 120_000;

export interface Walk {
  /** Whether the first page is the last. */
  readonly short: boolean;
  readonly pages: AsyncIterable<readonly string[]>;
}

/**
 * The records as `write` makes them of a page's rows. The first page is read before it answers, so that what is refused is
 * refused with its status.
 */
export async function walk(
  reads: RecordReads,
  { def, scope }: Pick<Opened, 'def' | 'scope'>,
  asked: RecordQuery,
  write: (rows: RecordRows) => Promise<readonly string[]> | readonly string[],
): Promise<Walk> {
  const page = (last: string | null, limit: number) => {
    const place = last === null ? null : readCursor('cursor', last, asked.sort, asked.search?.signature);
    return reads.list(def, scope, { ...asked, place, limit, skip: last === null ? asked.skip : 0 });
  };
  const start = await page(null, ROWS.first);
  const items = await write(start);

  async function* pages(): AsyncGenerator<readonly string[]> {
    for (let found = start, texts = items, limit: number = ROWS.first; ; texts = await write(found)) {
      if (texts.length > 0) yield texts;
      if (!found.more) return;
      // Pages of wide records hold fewer of them.
      const each = Math.max(1, texts.reduce((sum, text) => sum + text.length, 0) / texts.length);
      limit = Math.max(1, Math.min(ROWS.most, limit * 4, Math.floor(PAGE / each)));
      found = await page(found.last, limit);
    }
  }
  return { short: !start.more, pages: pages() };
}
