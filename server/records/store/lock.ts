// One record as it is, kept so until the transaction ends.
import type { RecordScope } from '../../access/decide.ts';
import type { Cell, Transaction } from '../../db/database.ts';
import type { CollectionDef } from '../../schema/collection-def.ts';
import { columnsOf } from '../columns.ts';
import type { Deleted } from '../list-query.ts';
import type { Statements } from './statements.ts';

/** All columns of the row, null when there is none in scope. */
export type LockRow = (
  tx: Transaction,
  def: CollectionDef,
  scope: RecordScope,
  id: string,
  deleted: Deleted,
) => Promise<readonly Cell[] | null>;

export function createLock({ keep, compile, run, within, select }: Statements): LockRow {
  return async (tx, def, scope, id, deleted) => {
    const { all } = columnsOf(def);
    const compiled = keep(def, scope, `lock:${deleted}`, () =>
      compile(within(def, scope, deleted).where('id', '@id').select(select(all)).forUpdate(), all),
    );
    return (await run(tx, compiled, scope, { '@id': id })).rows[0] ?? null;
  };
}
