// Names of accounts: ids like AB1234, the slug rules, and slugs made from a name.
import { randomInt } from 'node:crypto';
import type { ProblemEntry } from '../../contract/problems.ts';

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ';
/** Ids of this prefix belong to the system. */
const SYSTEM_PREFIX = 'SY';
const SHORTEST = 3;
const LONGEST = 32;

/** Looks like an account id, in either case. No slug may, so that a text names an account in one way only. */
const looksLikeId = (text: string) => /^[a-z]{2}[0-9]{4}$/i.test(text);

/** A random account id that is not one of the system's. It may be taken. */
export function randomAccountId(): string {
  for (;;) {
    const prefix = `${LETTERS[randomInt(26)]}${LETTERS[randomInt(26)]}`;
    if (prefix !== SYSTEM_PREFIX) return `${prefix}${String(randomInt(10_000)).padStart(4, '0')}`;
  }
}

/** How an account was named: by id or by slug. */
export interface AccountKey {
  readonly id: string | null;
  readonly slug: string | null;
}

/** Reads an account's id or slug, without regard to case; null for a text that can be neither. */
export function accountKey(text: string): AccountKey | null {
  if (looksLikeId(text)) return { id: text.toUpperCase(), slug: null };
  const slug = text.toLowerCase();
  return slugProblems(slug, '').length === 0 ? { id: null, slug } : null;
}

/** One entry for each slug rule that is broken; `field` names the input. */
export function slugProblems(slug: string, field: string): ProblemEntry[] {
  const entry = (code: string, message: string): ProblemEntry => ({ field, code, message });
  const problems: ProblemEntry[] = [];
  if (slug.length < SHORTEST) problems.push(entry('slug_too_short', `A slug has at least ${SHORTEST} characters.`));
  if (slug.length > LONGEST) problems.push(entry('slug_too_long', `A slug has at most ${LONGEST} characters.`));
  if (!/^[a-z]/.test(slug)) problems.push(entry('slug_invalid_start', 'A slug starts with a lower-case letter.'));
  if (/[^a-z0-9-]/.test(slug)) {
    problems.push(entry('slug_invalid_chars', 'A slug holds only lower-case letters, digits and hyphens.'));
  }
  if (looksLikeId(slug)) problems.push(entry('slug_reserved', 'A slug must not look like an account id.'));
  return problems;
}

// Letters that Unicode does not take apart into a base letter and a mark.
const LATIN: Readonly<Record<string, string>> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  đ: 'd',
  ð: 'd',
  þ: 'th',
  ł: 'l',
  ħ: 'h',
  ı: 'i',
};

/** A valid slug for a name: `Łódź & Söhne` → `lodz-sohne`. Names without a Latin letter or digit become `account`. */
export function slugFrom(name: string): string {
  const plain = name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]/g, (c) => LATIN[c] ?? '-')
    .replace(/-+/g, '-')
    .replace(/^-|-$/g, '');
  if (plain === '') return 'account';
  const started = /^[a-z]/.test(plain) ? plain : `account-${plain}`;
  return cut(started.length < SHORTEST ? `${started}-account` : started, LONGEST);
}

/** The `n`th choice for a slug: itself, then `acme-1`, `acme-2` …; null where it is not allowed as a slug. */
export function numbered(slug: string, n: number): string | null {
  const choice = n === 0 ? slug : `${cut(slug, LONGEST - `-${n}`.length)}-${n}`;
  return looksLikeId(choice) ? null : choice;
}

const cut = (slug: string, length: number) => slug.slice(0, length).replace(/-+$/, '');
