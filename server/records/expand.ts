// Following references: one statement for each branch whatever the number of records, under the view rule of each collection.
import type { RecordScope } from '../access/decide.ts';
import type { Cell } from '../db/database.ts';
import type { CollectionDef } from '../schema/collection-def.ts';
import { ID, type RecordColumn, type WriteRow } from './columns.ts';
import type { Branch } from './expand-query.ts';
import { readProjection } from './list-query.ts';
import type { RecordReads } from './store/read.ts';

/** Rows of a collection as they were read. */
export interface Rows {
  readonly rows: readonly (readonly Cell[])[];
  readonly write: WriteRow;
  readonly columns: readonly RecordColumn[];
}

/** What the caller may view of a collection, null for nothing. */
export type ScopeOf = (def: CollectionDef) => RecordScope | null;

/** Writes the rows with what their branches lead to. A reference whose record is not there for the caller becomes null. */
export async function expanded(
  reads: RecordReads,
  scopeOf: ScopeOf,
  from: Rows,
  branches: readonly Branch[],
): Promise<string[]> {
  const { rows, write, columns } = from;
  const replaced: (string | undefined)[][] = rows.map(() => []);
  const more: string[] = rows.map(() => '');
  await Promise.all(
    branches.map(async (branch) => {
      if (branch.via === null) {
        const i = columns.findIndex(({ name }) => name === branch.name);
        const ids = unique(rows.map((row) => row[i]));
        const texts = await targets(reads, scopeOf, branch, ids);
        for (const [r, row] of rows.entries()) {
          const id = row[i];
          const text = typeof id === 'string' ? (texts.get(id) ?? 'null') : 'null';
          if (branch.beside !== undefined) more[r] += `,${JSON.stringify(branch.beside)}:${text}`;
          else if (typeof id === 'string') (replaced[r] as (string | undefined)[])[i] = text;
        }
        return;
      }
      const i = columns.indexOf(ID);
      const ids = unique(rows.map((row) => row[i]));
      const lists = await referring(reads, scopeOf, branch, branch.via, ids);
      for (const [r, row] of rows.entries())
        more[r] += `,${JSON.stringify(branch.name)}:[${(lists.get(row[i] as string) ?? []).join()}]`;
    }),
  );
  return rows.map((row, r) => write(row, replaced[r], more[r]));
}

const unique = (cells: readonly (Cell | undefined)[]): string[] => [
  ...new Set(cells.filter((cell) => typeof cell === 'string')),
];

async function targets(reads: RecordReads, scopeOf: ScopeOf, { target, below }: Branch, ids: readonly string[]) {
  const scope = scopeOf(target);
  if (scope === null || ids.length === 0 || !target.enabled) return new Map<string, string>();
  const columns = readProjection(target, undefined, scope);
  const found = await reads.findMany(target, scope, ids, columns);
  const texts = await expanded(reads, scopeOf, { ...found, columns }, below);
  const at = columns.indexOf(ID);
  return new Map(found.rows.map((row, i) => [row[at] as string, texts[i] as string]));
}

async function referring(
  reads: RecordReads,
  scopeOf: ScopeOf,
  { target, below }: Branch,
  via: NonNullable<Branch['via']>,
  ids: readonly string[],
) {
  const lists = new Map<string, string[]>();
  const scope = scopeOf(target);
  if (scope === null || ids.length === 0 || !target.enabled) return lists;
  const columns = readProjection(target, undefined, scope);
  const found = await reads.referring(target, scope, { ...via, ids, columns });
  const texts = await expanded(reads, scopeOf, { ...found, columns }, below);
  for (const [i, row] of found.rows.entries()) {
    const owner = row.at(-1) as string;
    const list = lists.get(owner);
    if (list === undefined) lists.set(owner, [texts[i] as string]);
    else list.push(texts[i] as string);
  }
  return lists;
}
