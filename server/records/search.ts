// What `search=` asks for, as a condition and a rank over the searchable fields that the caller may compare.
import { createHash } from 'node:crypto';
import { invalidParameter } from '../../contract/problems.ts';
import type { CollectionDef } from '../schema/collection-def.ts';
import { SEARCH_COLUMN, SEARCH_CONFIG, searchedBy, searchWords } from '../schema/search.ts';
import type { RecordColumn } from './columns.ts';
import type { Names } from './names.ts';

/** How well a row fits, as a column to order by; only statements that search have it. */
export const RANK: RecordColumn = { name: '@rank', quoted: '"its rank"', type: 'double precision', field: null };

/** A part of a search: words that must all be there, a phrase in its order, or the beginning of a word. */
interface Term {
  readonly kind: 'words' | 'phrase' | 'beginning';
  readonly text: string;
  readonly not: boolean;
}

export interface Search {
  /** The words of a row as SQL text. */
  readonly document: string;
  /** The document is the stored one, which holds the account as a word too. */
  readonly stored: boolean;
  /** One of these lists must hold, and of it every term. */
  readonly any: readonly (readonly Term[])[];
  /** Equal for equal searches, for the cursors of their pages. */
  readonly signature: string;
}

/** Terms of a search; what stands behind them is not looked at. */
const MOST_TERMS = 30;
// A phrase in quotes, or whatever stands between spaces.
const TERM = /(-?)"([^"]*)"?|(\S+)/g;

/** The terms of a text: `this or that`, `-not`, `"a phrase"`, `begin*`; everything else is words. */
function termsOf(text: string): Term[][] {
  const any: Term[][] = [[]];
  let count = 0;
  for (const [, minus, phrase, bare = ''] of text.matchAll(TERM)) {
    const all = any.at(-1) as Term[];
    if (phrase === undefined && bare.toLowerCase() === 'or') {
      if (all.length > 0) any.push([]);
      continue;
    }
    if (++count > MOST_TERMS) break;
    if (phrase !== undefined) all.push({ kind: 'phrase', text: phrase, not: minus === '-' });
    else all.push(termOf(bare));
  }
  return any.filter((all) => all.length > 0);
}

function termOf(bare: string): Term {
  const not = /^-+[^-]/.test(bare);
  const text = not ? bare.replace(/^-+/, '') : bare;
  const [, beginning] = /^([\p{L}\p{N}_]+)\*$/u.exec(text) ?? [];
  return beginning === undefined ? { kind: 'words', text, not } : { kind: 'beginning', text: `'${beginning}':*`, not };
}

/** null when nothing is searched. Throws INVALID_QUERY_PARAMS where no field can be searched. */
export function readSearch(def: CollectionDef, text: string | undefined, names: Names): Search | null {
  if (text === undefined || text.trim() === '') return null;
  const searched = searchedBy(def.fields);
  const open = new Set(names.comparableNames());
  const visible = searched.filter(({ name }) => open.has(name));
  if (visible.length === 0) {
    const reason = 'no field that you may read is searchable: mark text fields with searchable: true';
    throw invalidParameter('search', reason, 'not_searchable');
  }
  // Who sees only some of the fields must not find rows by the words of the others.
  const stored = visible.length === searched.length;
  return {
    document: stored ? `"${SEARCH_COLUMN}"` : searchWords(visible),
    stored,
    any: termsOf(text),
    signature: createHash('sha256').update(text).digest('base64url').slice(0, 12),
  };
}

/** SQL text and slot names. */
interface Part {
  readonly sql: string;
  readonly bindings: readonly string[];
}

const QUERY = { words: 'plainto_tsquery', phrase: 'phraseto_tsquery', beginning: 'to_tsquery' } as const;

/** The query of the search; slots `@s0`, `@s1` … A term without any word in it asks nothing. */
function queryOf({ any }: Search): Part {
  const bindings: string[] = [];
  const one = ({ kind, not }: Term): string => {
    bindings.push(`@s${bindings.length}`);
    return `${not ? '!! ' : ''}${QUERY[kind]}(${SEARCH_CONFIG}, ?::text)`;
  };
  const sql = any.map((all) => `(${all.map(one).join(' && ')})`).join(' || ');
  return { sql: `(${sql})`, bindings };
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
  search === null
    ? ''
    : `${search.document}${search.any.map((all) => all.map(({ kind, not }) => (not ? '-' : '') + kind).join()).join('|')}`;

export const searchValues = (search: Search | null): Record<string, string> =>
  Object.fromEntries((search?.any.flat() ?? []).map(({ text }, i) => [`@s${i}`, text]));
