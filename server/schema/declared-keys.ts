// Which index methods take which types of value, and why the others do not.
import type { Field } from '../../contract/fields.ts';
import type { TableIndex } from '../../contract/table-objects.ts';

type Method = TableIndex['method'];

const WORDS: readonly Field['type'][] = ['text', 'email', 'url', 'enum'];
const LISTS: readonly string[] = ['json', 'text[]', 'number[]'];

/** null where the method can hold values of the type (a field's, or that of an expression); else what to do. */
export function methodFlaw(method: Method, type: string): string | null {
  if (method === 'gin')
    return LISTS.includes(type) ? null : 'gin finds what is inside of json, text[] and number[] fields: use btree.';
  if (type === 'json') return `${method} cannot look into json: use gin.`;
  if (method === 'spgist') return WORDS.includes(type as Field['type']) ? null : 'spgist takes text only: use btree.';
  if (method === 'brin' && (type === 'boolean' || type.endsWith('[]')))
    return `brin needs values that have an order, which ${type} has not: use btree or gin.`;
  return null;
}

/** What an index as a whole cannot be, by option: `[option, code, what to do]`. */
export function* methodFlaws(index: TableIndex): Generator<[option: string, code: string, message: string]> {
  const { method, unique, columns } = index;
  if (method === 'gist') {
    yield ['method', 'index_method_unsupported', 'gist has no operators for the types of fields: use btree or gin.'];
    return;
  }
  if (unique && method !== 'btree')
    yield ['unique', 'index_unique_unsupported', `A ${method} index cannot be unique: use btree, or leave unique out.`];
  if ((method === 'hash' || method === 'spgist') && columns.length > 1)
    yield ['columns', 'index_columns_unsupported', `A ${method} index has one column: use btree for several.`];
  const seen = new Set<string>();
  for (const [i, key] of columns.entries()) {
    const same = key.column === undefined ? `(${key.expr?.trim()})` : key.column;
    if (seen.has(same)) yield [`columns.${i}`, 'index_column_duplicate', 'Each column may stand in an index once.'];
    seen.add(same);
    if (method === 'gin' && key.expr !== undefined)
      yield [
        `columns.${i}.expr`,
        'index_expression_unsupported',
        'gin takes fields only: name a column, or use btree.',
      ];
    if (method !== 'btree' && (key.sort === 'desc' || key.nulls !== undefined))
      yield [`columns.${i}`, 'index_sort_unsupported', `A ${method} index has no order: leave sort and nulls out.`];
  }
}

/** Methods under which the account comes first, so that plans of one account use the index. */
export const leadsWithAccount = (method: Method): boolean => method === 'btree' || method === 'brin';
