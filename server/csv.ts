// Lines of CSV (RFC 4180): null is an empty cell and an empty text is `""`, so that reading them back tells the two apart.

function cell(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Values as a line; objects and arrays become JSON. */
export const csvLine = (values: readonly unknown[]): string => `${values.map(cell).join()}\r\n`;
