// A page of records as its reply: items, total, window and the cursors of its neighbours.
import { invalidParameter } from '../../contract/problems.ts';
import type { RecordQuery } from './list-query.ts';
import type { RecordRows } from './store/read.ts';

/** What a list found. */
export interface Slice {
  readonly asked: RecordQuery;
  /** The records, each as JSON. */
  readonly items: readonly string[];
  readonly rows: RecordRows;
  /** All that match, null where nobody counted. */
  readonly total: number | null;
}

/** Characters of a page; far above any page that a client wants, below what one string and the memory hold. */
const PAGE_LIMIT = 32_000_000;

export function refuseHuge(items: readonly string[]): void {
  if (items.reduce((sum, item) => sum + item.length, 0) <= PAGE_LIMIT) return;
  const message = 'the page is larger than 32 MB: ask for fewer records, or name the fields you need';
  throw invalidParameter('limit', message, 'page_too_large');
}

/** The reply. The next page is there when this one was cut, or when it was read backwards from it. */
export function pageJson({ asked, items, rows, total }: Slice): string {
  const { skip, limit, backwards, place } = asked;
  const { more, first, last } = rows;
  const hasNext = backwards ? items.length > 0 : more;
  const hasBefore = backwards ? more : items.length > 0 && (place !== null || skip > 0);
  const cursor = (there: boolean, text: string | null) => JSON.stringify(there ? text : null);
  return `{"items":[${items.join()}],"total":${total},"skip":${skip},"limit":${limit},"next_cursor":${cursor(hasNext, last)},"prev_cursor":${cursor(hasBefore, first)},"has_more":${hasNext}}`;
}
