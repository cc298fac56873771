// A record as one caller may see its fields, whatever rules say of the row: for what happens to it before it is stored.
import { mask } from '../access/mask.ts';
import { columnsOf, isPersonal, SYSTEM_NAMES } from './columns.ts';
import type { Opened } from './open.ts';

type Row = Readonly<Record<string, unknown>>;

/** Leaves out what the scope hides, and masks personal data where it does. Names that are no columns are left out too. */
export function sightOf({ def, scope }: Pick<Opened, 'def' | 'scope'>): (row: Row) => Row {
  const { byName } = columnsOf(def);
  return (row) =>
    Object.fromEntries(
      Object.entries(row).flatMap(([name, value]) => {
        const column = byName.get(name);
        if (column === undefined) return [];
        if (scope.fields !== null && !scope.fields.has(name) && !SYSTEM_NAMES.has(name)) return [];
        if (value === null || scope.unmasked || !isPersonal(column)) return [[name, value]];
        const text = typeof value === 'string' ? value : JSON.stringify(value);
        return [[name, mask(column.field?.mask_type ?? 'full', text, column.field?.type)]];
      }),
    );
}
