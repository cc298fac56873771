// Capturing a record's change for the audit trail in the statement that makes it: what is added to an INSERT, UPDATE or DELETE.
import type { CollectionDef, FieldColumn } from '../../schema/collection-def.ts';
import { quoteText } from '../../schema/literal.ts';

/** What a statement does to its rows. */
export type Captured = 'CREATE' | 'UPDATE' | 'DELETE' | 'RESTORE';

/** PostgreSQL takes a hundred arguments; one is the separator. */
const ARGUMENTS = 90;

/** The i-th assigned column as it was, in the rows of `written`. */
export const was = (i: number): string => `"was ${i}"`;

/** A value as a JSON string, or SQL null. Numbers, booleans, dates and ids have nothing to escape. */
function textOf(type: FieldColumn['type'], value: string): string {
  switch (type) {
    case 'text':
      return `to_json(${value})::text`;
    case 'timestamp with time zone':
      return `replace(to_json(${value})::text, '+00:00"', 'Z"')`;
    case 'jsonb':
      return `to_json(${value}::text)::text`;
    case 'text[]':
    case 'double precision[]':
      return `to_json(to_json(${value})::text)::text`;
    default:
      return `'"' || ${value}::text || '"'`;
  }
}

const orNull = (text: string): string => `coalesce(${text}, 'null')`;

/** `["title",old,new]` as SQL text; null where nothing changed. */
function cell(column: FieldColumn, kind: Captured, i: number): string {
  const open = `[${JSON.stringify(column.name)},`;
  const close = column.field.pii === true ? `,${JSON.stringify(column.field.mask_type ?? 'full')}]` : ']';
  const now = textOf(column.type, column.quoted);
  if (kind === 'UPDATE') {
    const old = textOf(column.type, was(i));
    return `case when ${column.quoted} is distinct from ${was(i)}
      then ${quoteText(open)} || ${orNull(old)} || ',' || ${orNull(now)} || ${quoteText(close)} end`;
  }
  // A concatenation with null is null, which concat_ws leaves out.
  return kind === 'DELETE'
    ? `${quoteText(open)} || ${now} || ${quoteText(`,null${close}`)}`
    : `${quoteText(`${open}null,`)} || ${now} || ${quoteText(close)}`;
}

function list(cells: readonly string[]): string {
  if (cells.length <= ARGUMENTS) return `concat_ws(',', ${cells.join(', ')})`;
  const parts = Array.from({ length: Math.ceil(cells.length / ARGUMENTS) }, (_, i) =>
    list(cells.slice(i * ARGUMENTS, (i + 1) * ARGUMENTS)),
  );
  return `concat_ws(',', ${parts.map((part) => `nullif(${part}, '')`).join(', ')})`;
}

/** SQL text with a `?` for each of its bindings, which are slot names. */
export interface Piece {
  readonly sql: string;
  readonly bindings: readonly string[];
}

/**
 * The statement that captures the rows of the CTE `written`, any number of them; `@context` is the request's context.
 * `written` holds the columns of the table, for an UPDATE also the assigned ones as they were (`was`).
 * Creating, deleting and restoring tell the id as well, so that a record whose fields are all null leaves a trail too.
 */
export function captureWritten(
  def: CollectionDef,
  kind: Captured,
  columns: readonly FieldColumn[],
  forGood = kind === 'DELETE' && !def.softDelete,
): Piece {
  const cells = columns.map((column, i) => cell(column, kind, i));
  const id = kind === 'DELETE' ? `'["id","' || id || '",null]'` : `'["id",null,"' || id || '"]'`;
  const entries = list(kind === 'UPDATE' ? cells : [id, ...cells]);
  // A record's times and its trail's agree; a row that is deleted for good was not touched before.
  const at = forGood ? "greatest(now(), updated_at + interval '1 microsecond')" : 'updated_at';
  // What the database deletes or clears in other tables is captured by triggers, which learn here who it is.
  const context = kind === 'DELETE' ? "set_config('snackbase.audit_context', ?, true)" : '?';
  return {
    sql: `insert into snackbase.audit_changes (account_id, occurred_at, operation, table_name, record_id, context, entries)
      select account_id, ${at}, '${kind}', ${quoteText(def.qualifiedName)}, id::text, ${context}::json, ('[' || "its entries" || ']')::json
      from (select *, ${entries} as "its entries" from written) captured where "its entries" <> ''`,
    bindings: ['@context'],
  };
}
