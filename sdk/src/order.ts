// The order of a list as the server makes it, for records that have arrived: where one belongs, and whether that is certain.

type Row = Readonly<Record<string, unknown>>;
type Compare = (a: string, b: string) => number;

interface Key {
  readonly field: string;
  readonly descending: boolean;
}

const STAMP = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/;
let language: Intl.Collator | undefined;

/** As PostgreSQL with collation C, and times by their time: their fractions differ in length. */
const byCodePoint: Compare = (a, b) => {
  if (STAMP.test(a) && STAMP.test(b)) return byCodePoint(a.slice(0, -1), b.slice(0, -1));
  let i = 0;
  while (i < a.length && a[i] === b[i]) i++;
  const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)].map(place);
  return (x as number) - (y as number);
};
/** Of a unit of UTF-16 among code points: halves of pairs stand behind all that is no half; the end of a text before everything. */
const place = (unit: number): number =>
  Number.isNaN(unit) ? -1 : unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800;

const byLanguage: Compare = (a, b) => {
  language ??= new Intl.Collator('en');
  return STAMP.test(a) ? byCodePoint(a, b) : language.compare(a, b) || byCodePoint(a, b);
};

/**
 * How records are sorted. A database orders texts by code points or by a language, and does not say which. A place on which both agree
 * is certain; another is, once the server's own order has shown that it goes by code points.
 */
export class Order {
  /** The last key is the id, in the direction of the key before it. */
  readonly keys: readonly Key[];
  #plain = false;

  /** @param sort comma list or fields, as in a list; newest first without one */
  constructor(sort: string | readonly string[] = '') {
    const keys = new Map<string, Key>();
    for (const part of String(sort).split(',')) {
      const [, sign, field] = /^\s*([-+]?)\s*(.*?)\s*$/.exec(part) as unknown as [string, string, string];
      if (field && !keys.has(field)) keys.set(field, { field, descending: sign === '-' });
    }
    if (keys.size === 0) keys.set('created_at', { field: 'created_at', descending: true });
    const last = [...keys.values()].at(-1) as Key;
    if (!keys.has('id')) keys.set('id', { field: 'id', descending: last.descending });
    this.keys = [...keys.values()];
  }

  /** Negative when `a` comes first. */
  compare(a: Row, b: Row, texts: Compare = byCodePoint): number {
    for (const { field, descending } of this.keys) {
      const found = compared(a[field] ?? null, b[field] ?? null, texts);
      if (found !== 0) return descending ? -found : found;
    }
    return 0;
  }

  /** Where a record belongs among others that are in order. */
  place(items: readonly Row[], row: Row): number {
    let [low, high] = [0, items.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.compare(items[middle] as Row, row) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Whether the server may have put the record at that place elsewhere. */
  doubtful(items: readonly Row[], at: number): boolean {
    const beside = [items.slice(Math.max(0, at - 1), at + 1), items.slice(at, at + 2)].filter(
      ({ length }) => length > 1,
    );
    return (
      this.keys.some(({ field }) => typeof items[at]?.[field] === 'object' && items[at]?.[field] !== null) ||
      beside.some(([a, b]) => this.#contrary(a as Row, b as Row))
    );
  }

  /** Looks at a list in the server's order for what tells the orders of texts apart. */
  learn(items: readonly Row[]): void {
    for (let i = 1; i < items.length; i++) {
      const [a, b] = [items[i - 1] as Row, items[i] as Row];
      if (this.compare(a, b) > 0) {
        this.#plain = false;
        return;
      }
      if (this.compare(a, b, byLanguage) > 0) this.#plain = true;
    }
  }

  #contrary(a: Row, b: Row): boolean {
    return this.compare(a, b) > 0 || (!this.#plain && this.compare(a, b, byLanguage) > 0);
  }
}

/** Nulls last, as the ascending order has them. */
function compared(a: unknown, b: unknown, texts: Compare): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  return typeof a === 'string' ? texts(a, String(b)) : Number(a) - Number(b) || 0;
}
