// One record past all rules, for explaining what rules make of it; what it answers never reaches a reply.
import { wholeAccount } from '../access/scope.ts';
import type { Database } from '../db/database.ts';
import type { CollectionDef } from '../schema/collection-def.ts';
import { isUuid } from '../schema/values.ts';
import { columnsOf } from './columns.ts';
import { createReads } from './store/read.ts';
import { createStatements } from './store/statements.ts';

/** Answers the record of an account, null when it has none of that id. */
export type Peek = (def: CollectionDef, accountId: string, id: string) => Promise<Record<string, unknown> | null>;

export function createPeek(db: Database): Peek {
  const reads = createReads(db, createStatements(db, 'off'));
  return async (def, accountId, id) => {
    if (!isUuid(id)) return null;
    const row = await reads.find(def, wholeAccount(accountId), id, columnsOf(def).all);
    return row === null ? null : (JSON.parse(row) as Record<string, unknown>);
  };
}
