// Texts that the database can hold and JSON can carry: without NUL and without halves of surrogate pairs, as a cut leaves them.

/** `isWellFormed` and `toWellFormed` are in every version of Node that runs this, and not yet among the types. */
type Text = string & { isWellFormed(): boolean; toWellFormed(): string };

/** PostgreSQL text holds neither U+0000 nor half of a surrogate pair, and its JSON refuses both. */
export const isStorable = (text: string): boolean => !text.includes('\0') && (text as Text).isWellFormed();

/** The text without NUL; halves of pairs become U+FFFD. */
export const storable = (text: string): string => (text as Text).toWellFormed().replaceAll('\0', '');

/** The first `most` code units of a text at most, storable; a pair that would be divided is left out. */
export const cut = (text: string, most: number): string =>
  storable(text.slice(0, most).replace(/[\ud800-\udbff]$/, ''));

/** JSON with every text and key storable. */
export const storableValue = (value: unknown): unknown => {
  if (typeof value === 'string') return storable(value);
  if (Array.isArray(value)) return value.map(storableValue);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, below]) => [storable(key), storableValue(below)]));
};
