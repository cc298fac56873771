// What `search=` asks for, as a condition and a rank over the searchable fields that the caller may compare.
import { createHash } from 'node:crypto';
import { Failure } from '../../contract/problems.ts';
import type { CollectionDef } from '../schema/collection-def.ts';
import { SEARCH_COLUMN, SEARCH_CONFIG, searchedBy, searchWords } from '../schema/search.ts';
import type { RecordColumn } from './columns.ts';
import type { Names } from './names.ts';

/** How well a row fits, as a column to order by; only statements that search have it. */
export const RANK: RecordColumn = { name: '@rank', quoted: '"its rank"', type: 'double precision', field: null };

export interface Search {
  /** The words of a row as SQL text. */
  readonly document: string;
  /** The document is the stored one, which holds the account as a word too. */
  readonly stored: boolean;
  /** In the language of web searches, but for beginnings of words. */
  readonly words: string;
  /** `begin*` as a tsquery; null when there is none. */
  readonly beginnings: string | null;
  /** Equal for equal searches, for the cursors of their pages. */
  readonly signature: string;
}

const BEGINNING = /(?<![^\s])([\p{L}\p{N}_]+)\*(?![^\s])/gu;

/** null when nothing is searched. Throws INVALID_QUERY_PARAMS where no field can be searched. */
export function readSearch(def: CollectionDef, text: string | undefined, names: Names): Search | null {
  if (text === undefined || text.trim() === '') return null;
  const searched = searchedBy(def.fields);
  const open = new Set(names.comparableNames());
  const visible = searched.filter(({ name }) => open.has(name));
  if (visible.length === 0) {
    const reason = 'no field that you may read is searchable: mark text fields with searchable: true';
    throw new Failure('INVALID_QUERY_PARAMS', { name: 'search', reason }, [
      { field: 'search', code: 'not_searchable', message: reason },
    ]);
  }
  // Who sees only some of the fields must not find rows by the words of the others.
  const stored = visible.length === searched.length;
  const beginnings = [...text.matchAll(BEGINNING)].map(([, word]) => `'${word}':*`);
  return {
    document: stored ? `"${SEARCH_COLUMN}"` : searchWords(visible),
    stored,
    // PostgreSQL takes each sign for a negation of the next, and has room for few.
    words: text.replace(BEGINNING, ' ').replace(/-[\s-]*-/g, '-'),
    beginnings: beginnings.length === 0 ? null : beginnings.join(' & '),
    signature: createHash('sha256').update(text).digest('base64url').slice(0, 12),
  };
}

/** SQL text and slot names. */
interface Part {
  readonly sql: string;
  readonly bindings: readonly string[];
}

/** The query of the search; slots `@words` and `@beginnings`. */
function queryOf({ beginnings }: Search): Part {
  const words = `websearch_to_tsquery(${SEARCH_CONFIG}, ?::text)`;
  if (beginnings === null) return { sql: words, bindings: ['@words'] };
  return {
    sql: `(${words} && to_tsquery(${SEARCH_CONFIG}, ?::text))`,
    bindings: ['@words', '@beginnings'],
  };
}

/** The rows that fit. With an account its own word narrows the index; a search without any word finds nothing. */
export function searchCondition(search: Search, accountId: string | null): Part {
  const { sql, bindings } = queryOf(search);
  const own = search.stored && accountId !== null;
  return {
    sql: `${search.document} @@ (${sql}${own ? ' && ?::text::tsquery' : ''}) and numnode(${sql}) > 0`,
    bindings: [...bindings, ...(own ? ['@account'] : []), ...bindings],
  };
}

/** The table with the rank of each row. */
export function ranked(search: Search, table: string): Part {
  const { sql, bindings } = queryOf(search);
  return {
    sql: `(select *, ts_rank(${search.document}, ${sql})::double precision as ${RANK.quoted} from ${table}) as ranked`,
    bindings,
  };
}

/** Equal for searches of the same SQL. */
export const searchShape = (search: Search | null): string =>
  search === null ? '' : `${search.document}${search.beginnings === null ? '' : '*'}`;

export const searchValues = (search: Search | null): Record<string, string | null> =>
  search === null ? {} : { '@words': search.words, '@beginnings': search.beginnings };
