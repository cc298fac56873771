// Full-text search: which fields are searched, and the document that is made of them.
import type { FieldColumn } from './collection-def.ts';

/** The generated column; no field can have a name with a `$`. */
export const SEARCH_COLUMN = 'search$';
export const SEARCH_TYPE = 'tsvector';

/** Words as they are written, in lower case: no language is assumed. */
export const SEARCH_CONFIG = "'pg_catalog.simple'::regconfig";

/** Field types whose values are words. */
export const SEARCHABLE: readonly string[] = ['text', 'email', 'url', 'enum'];

/** The searchable fields, in the order of the definition. */
export const searchedBy = (columns: readonly FieldColumn[]): FieldColumn[] =>
  columns.filter(({ field }) => field.searchable === true && SEARCHABLE.includes(field.type));

const WEIGHTS = ['A', 'B', 'C', 'D'] as const;

/** Between two fields, so that no phrase runs from one into the other: a word that no search can hold, some places on. */
const GAP = `''' '':5'::tsvector`;

/** The words of the fields; those of the first ones weigh more. */
export const searchWords = (columns: readonly FieldColumn[]): string =>
  columns
    .map(
      ({ quoted }, i) =>
        `setweight(to_tsvector(${SEARCH_CONFIG}, coalesce(${quoted}, '')), '${WEIGHTS[Math.min(i, 3)]}')`,
    )
    .join(` || ${GAP} || `);

/**
 * What is stored and indexed: the words and, as one of them, the account, so that one index finds both.
 * It stays in upper case, which no word does.
 */
export const searchDocument = (columns: readonly FieldColumn[]): string =>
  `array_to_tsvector(array[account_id::text]) || ${searchWords(columns)}`;
