// The slug of a workflow: from its name where none was sent.

const LONGEST = 100;

/** `Bestellung prüfen!` becomes `bestellung-prufen`; a name without a Latin letter or digit `workflow`. */
export function slugOf(name: string): string {
  const plain = name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/ß/g, 'ss')
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return cut(plain === '' ? 'workflow' : plain, LONGEST);
}

/** The first of `slug`, `slug-2`, `slug-3` … that is not taken. */
export const choices = (slug: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => (i === 0 ? slug : `${cut(slug, LONGEST - 5)}-${i + 1}`));

const cut = (text: string, length: number): string => text.slice(0, length).replace(/-+$/, '');
