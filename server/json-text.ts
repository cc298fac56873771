// What JSON.parse lets pass silently: duplicate keys, bottomless nesting, numbers that overflow, and text that PostgreSQL cannot store.
import { Failure } from '../contract/problems.ts';
import { isStorable } from './text.ts';

/** Deeper documents are refused; real ones stay far below, and recursion over a parsed value stays safe. */
const MAX_DEPTH = 64;

const QUOTE = 34;
const BACKSLASH = 92;

/** Checks text that JSON.parse has accepted. Throws INVALID_JSON with an entry that names the path. */
export function inspectJson(text: string): void {
  const path: (string | number)[] = [];
  // One set of keys an open object, null an open array.
  const open: (Set<string> | null)[] = [];
  let expectKey = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === QUOTE) {
      const end = stringEnd(text, i);
      const raw = text.slice(i + 1, end);
      if (raw.includes('\\')) refuseUnstorable(raw, path);
      if (expectKey) {
        const keys = open[open.length - 1] as Set<string>;
        const key = raw.includes('\\') ? (JSON.parse(`"${raw}"`) as string) : raw;
        path[path.length - 1] = key;
        if (key === '__proto__') refuse(path, 'invalid_key', 'this key is not allowed');
        if (keys.has(key)) refuse(path, 'duplicate_key', 'this key stands twice in one object');
        keys.add(key);
        expectKey = false;
      }
      i = end;
    } else if (c === 123 || c === 91) {
      if (open.length >= MAX_DEPTH) refuse(path.slice(0, 8), 'too_deep', `nesting is limited to ${MAX_DEPTH} levels`);
      open.push(c === 123 ? new Set() : null);
      path.push(c === 123 ? '' : 0);
      expectKey = c === 123;
    } else if (c === 125 || c === 93) {
      open.pop();
      path.pop();
      expectKey = false;
    } else if (c === 44) {
      expectKey = open[open.length - 1] !== null;
      if (!expectKey) path[path.length - 1] = (path[path.length - 1] as number) + 1;
    } else if (c === 45 || (c >= 48 && c <= 57)) {
      const end = numberEnd(text, i);
      // Only long digit runs or exponents can leave the range of a double.
      if (end - i > 15 && !Number.isFinite(Number(text.slice(i, end))))
        refuse(path, 'out_of_range', 'this number is too large');
      else if (end - i > 3 && /[eE]/.test(text.slice(i, end)) && !Number.isFinite(Number(text.slice(i, end))))
        refuse(path, 'out_of_range', 'this number is too large');
      i = end - 1;
    }
  }
}

function stringEnd(text: string, start: number): number {
  for (let i = start + 1; ; i++) {
    const c = text.charCodeAt(i);
    if (c === QUOTE) return i;
    if (c === BACKSLASH) i++;
  }
}

function numberEnd(text: string, start: number): number {
  let i = start + 1;
  for (; i < text.length; i++) {
    const c = text.charCodeAt(i);
    const inNumber = (c >= 48 && c <= 57) || c === 46 || c === 43 || c === 45 || c === 101 || c === 69;
    if (!inNumber) break;
  }
  return i;
}

/** `\u0000` has no place in a PostgreSQL text, and half a surrogate pair would be stored as another character. */
function refuseUnstorable(raw: string, path: readonly (string | number)[]): void {
  const value = JSON.parse(`"${raw}"`) as string;
  if (value.includes('\u0000')) refuse(path, 'invalid_character', 'the character U+0000 cannot be stored');
  if (!isStorable(value)) refuse(path, 'invalid_character', 'half of a surrogate pair cannot be stored');
}

function refuse(path: readonly (string | number)[], code: string, message: string): never {
  const field = path.join('.');
  throw new Failure('INVALID_JSON', { reason: `${field === '' ? 'at the top' : field}: ${message}` }, [
    { field, code, message },
  ]);
}
