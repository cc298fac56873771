// Changes of foreign keys: each comes with the index under it, as one change.
import { type Draft, exists, pathOf, rowsAfter } from './draft.ts';
import { hasOrphans } from './guards.ts';
import { fieldOf, isAdded, isPartOfNewKey, surplus } from './plan-objects.ts';
import { addForeignKey, addIndex, clearingTriggerOf, dropForeignKey } from './statements.ts';

const missingIndexes = (draft: Draft, field: string | null): string[] =>
  draft.desired.indexes
    .filter((one) => one.field === field && isPartOfNewKey(draft, one) && draft.live?.indexes.has(one.name) !== true)
    .flatMap((one) => addIndex(draft.desired, one));

/** Keys of reference fields. Another target is a drop and an add; another delete rule is one change. */
export function planForeignKeys(draft: Draft): void {
  const { desired, live, present, step } = draft;
  for (const key of desired.foreignKeys) {
    const there = live?.foreignKeys.get(key.name);
    const sameTarget = there?.target.schema === key.target.schema && there.target.table === key.target.table;
    const cleared = key.onDelete !== 'set_null' || there?.triggers.includes(clearingTriggerOf(desired, key.name));
    if (there?.tag === key.tag && sameTarget && cleared) continue;
    const column = key.field ?? '';
    const path = pathOf(desired, key.field);
    if (there !== undefined && sameTarget) {
      const sql = [...dropForeignKey(desired, there), ...addForeignKey(desired, key)];
      step({ change_type: 'alter_fk_delete_rule', column, detail: key.onDelete, path, sql });
      continue;
    }
    if (there !== undefined) step({ change_type: 'drop_fk', column, sql: dropForeignKey(desired, there) });
    const guarded = live !== null && !isAdded(draft, key.column) && exists(present, key.target);
    step({
      change_type: 'add_fk',
      column,
      detail: `${key.target.schema}.${key.target.table} on delete ${key.onDelete}`,
      path,
      sql: [...missingIndexes(draft, key.field), ...addForeignKey(desired, key)],
      guards: guarded ? [hasOrphans(rowsAfter(draft), key)] : [],
    });
  }
  for (const there of surplus(draft, live?.foreignKeys ?? new Map(), desired.foreignKeys)) {
    step({
      change_type: 'drop_fk',
      column: fieldOf(desired, there.columns),
      sql: dropForeignKey(desired, there),
    });
  }
}
