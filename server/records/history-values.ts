// A value of the audit trail, kept as text, as the record had it.
import type { FieldType } from '../../contract/fields.ts';

/** The value of a field of `type`; the text itself for a field that is gone or had another type then. */
export function trailValue(type: FieldType | undefined, text: string | null): unknown {
  if (text === null || type === undefined) return text;
  switch (type) {
    case 'number':
      return Number.isFinite(Number(text)) ? Number(text) : text;
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : text;
    case 'json':
    case 'text[]':
    case 'number[]':
      return parsed(text);
    case 'datetime':
      return text.replace(/\.(\d+)Z$/, (_, digits: string) => `.${digits.padEnd(digits.length < 4 ? 3 : 6, '0')}Z`);
    default:
      return text;
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
