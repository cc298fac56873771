// Which letters are the same when case is ignored: one rule for both meanings and every collation.
//
// PostgreSQL's ILIKE folds by the database's collation, which differs from server to server (and under "C" folds A to Z only), so it
// cannot be trusted beyond ASCII. Ours: A–Z with a–z, and any other letter with its lower case where that is one letter outside ASCII
// (Å å, Ω ω, Ж ж, ẞ ß; not İ ı ſ, and ß is never ss). SQL gets the pattern folded, ILIKE under "C" for ASCII, and translate() for just the
// upper-case letters that the pattern's own letters need.

/** One code point folded. */
function foldLetter(letter: string): string {
  const code = letter.codePointAt(0) as number;
  if (code < 0x80) return code >= 65 && code <= 90 ? String.fromCharCode(code + 32) : letter;
  const lower = letter.toLowerCase();
  const folded = lower.codePointAt(0) as number;
  return folded >= 0x80 && lower.length === (folded > 0xffff ? 2 : 1) ? lower : letter;
}

/** One code point in upper case, where that is one code point of the same kind (ASCII or not). */
function raiseLetter(letter: string): string {
  const code = letter.codePointAt(0) as number;
  if (code < 0x80) return code >= 97 && code <= 122 ? String.fromCharCode(code - 32) : letter;
  const upper = letter.toUpperCase();
  const raised = upper.codePointAt(0) as number;
  return raised >= 0x80 && upper.length === letter.length && upper.length === (raised > 0xffff ? 2 : 1)
    ? upper
    : letter;
}

const PLAIN = /^[\0-\x7f]*$/;

/** A text folded letter by letter; it keeps its number of code points. */
export function fold(text: string): string {
  if (PLAIN.test(text)) return text.toLowerCase();
  let folded = '';
  for (const letter of text) folded += foldLetter(letter);
  return folded;
}

let variants: ReadonlyMap<string, readonly string[]> | undefined;

/** Every letter outside ASCII that folds to another one, by what it folds to. */
function upperCases(): ReadonlyMap<string, readonly string[]> {
  if (variants !== undefined) return variants;
  const found = new Map<string, string[]>();
  // Most runs of 64 letters have no case at all: asking for a run at once takes milliseconds instead of a quarter of a second.
  for (let start = 0x80; start < 0x20000; start += 64) {
    if (start === 0xd800) start = 0xe000;
    const run = Array.from({ length: 64 }, (_, i) => String.fromCodePoint(start + i));
    const joined = run.join('');
    if (joined.toLowerCase() === joined) continue;
    for (const letter of run) {
      const folded = foldLetter(letter);
      if (folded !== letter) found.set(folded, [...(found.get(folded) ?? []), letter]);
    }
  }
  variants = found;
  return found;
}

/** For a folded pattern: the letters of a text to replace before ILIKE, and, letter by letter, with what. Empty for ASCII. */
export function replacements(folded: string): { readonly from: string; readonly to: string } {
  let from = '';
  let to = '';
  if (!PLAIN.test(folded))
    for (const letter of new Set(folded))
      for (const upper of upperCases().get(letter) ?? []) {
        from += upper;
        to += letter;
      }
  return { from, to };
}

/** `lower()` of expressions. */
export const lowered = fold;

/** `upper()` of expressions. */
export function uppered(text: string): string {
  if (PLAIN.test(text)) return text.toUpperCase();
  let raised = '';
  for (const letter of text) raised += raiseLetter(letter);
  return raised;
}
