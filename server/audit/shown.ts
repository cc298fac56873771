// An entry as one viewer sees it: personal data masked unless he may see it.
import type { AuditEntry } from '../../contract/audit.ts';
import type { Field } from '../../contract/fields.ts';
import { mask, seesPersonalData } from '../access/mask.ts';
import type { Caller } from '../context.ts';
import { entryId, saltsOf, sharedKeys } from './entry.ts';
import type { EntryRow } from './store/reading.ts';

/** The collections of today, as far as masking needs them. */
export interface Personal {
  get(
    qualifiedName: string,
  ):
    | { readonly fields: readonly { readonly name: string; readonly column: string; readonly field: Field }[] }
    | undefined;
}

/** How a column is masked: as it was declared when the change was made, else as it is declared now. Null: not personal. */
export function maskTypeOf(definitions: Personal, table: string, column: string, captured: string | undefined) {
  if (captured !== undefined) return captured;
  // A name longer than a column's may stand in the trail as the column.
  if (column === 'id' || !table.includes('.')) return null;
  const found = definitions.get(table)?.fields.find((f) => f.name === column || f.column === column)?.field;
  // What a field that is gone was, nobody can tell any more: it stays with those who see everything.
  if (found === undefined) return 'full';
  return found.pii === true ? (found.mask_type ?? 'full') : null;
}

/** What stands for a value of a field that the viewer may not read. */
const HIDDEN = '***';

/** The type of a field; undefined for one that is gone. */
const typeOf = (definitions: Personal, table: string, column: string): Field['type'] | undefined =>
  table.includes('.')
    ? definitions.get(table)?.fields.find((f) => f.name === column || f.column === column)?.field.type
    : 'text';

/** The fields of a collection that the viewer may read; null: all, or none of our business. */
export type ReadableFields = (viewer: Caller, table: string) => ReadonlySet<string> | null;

/** The function that shows entries to `viewer`. */
export function showTo(viewer: Caller, definitions: Personal, readable: ReadableFields): (row: EntryRow) => AuditEntry {
  const clear = seesPersonalData(viewer);
  return ({ change, n, cells, seq, checksum, previous }) => {
    const [column, old, now, captured] = cells;
    const type = clear ? null : maskTypeOf(definitions, change.table, column, captured);
    const fields = column === 'id' ? null : readable(viewer, change.table);
    const hidden = fields !== null && !fields.has(column);
    const hide = (value: string | null) => {
      if (value === null) return null;
      return hidden ? HIDDEN : type === null ? value : mask(type, value, typeOf(definitions, change.table, column));
    };
    return {
      id: entryId(change.position, n),
      seq,
      ...(sharedKeys(change) as ReturnType<typeof sharedKeys> & Pick<AuditEntry, 'operation' | 'extra_metadata'>),
      column_name: column,
      old_value: hide(old),
      new_value: hide(now),
      mask_type: captured ?? null,
      salt: hidden || type !== null ? null : (saltsOf(change.context, n)[n - 1] ?? null),
      masked: hidden || type !== null,
      checksum,
      previous_hash: previous,
    };
  };
}
