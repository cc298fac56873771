// How personal data looks to those who may not see it: one pure function a mask type, and who sees the clear value.
import type { Field } from '../../contract/fields.ts';
import type { Caller } from '../context.ts';

export type MaskType = NonNullable<Field['mask_type']>;

/** The group whose members see personal data unmasked. */
export const PII_GROUP = 'pii_access';

/** True for superadmins and members of the group. */
export const seesPersonalData = (caller: Caller | null): boolean =>
  caller !== null && (caller.superadmin || caller.groups.includes(PII_GROUP));

const digits = (text: string): string => text.replace(/\d/g, '*');
const full = (text: string): string => '*'.repeat([...text].length);

/** First character of the local part, then the domain; a text without an address is hidden whole. */
function email(text: string): string {
  const at = text.lastIndexOf('@');
  return at <= 0 ? full(text) : `${[...text][0]}***${text.slice(at)}`;
}

/** Nine digits in the usual form; of fewer or more the digits go, and what holds letters goes whole. */
const ssn = (text: string): string =>
  /\p{L}/u.test(text) ? full(text) : text.replace(/\D/g, '').length === 9 ? '***-**-****' : digits(text);

/** Country code and the last four digits stay. */
function phone(text: string): string {
  if (/\p{L}/u.test(text)) return full(text);
  const found = text.replace(/\D/g, '');
  // Of a short number the last four would be nearly all of it.
  if (found.length < 7) return digits(text);
  const country = /^\s*\+(\d{1,3})/.exec(text)?.[1];
  return `${country === undefined ? '' : `+${country}-`}***-***-${found.slice(-4)}`;
}

/** The first character of each word stays. */
const name = (text: string): string => text.replace(/\S+/g, (word) => `${[...word][0]}***`);

const MASKS: Readonly<Record<MaskType, (text: string) => string>> = { email, ssn, phone, name, full, custom: full };

/** Of values other than free text not even the length is told: it could be one of a few. */
const CLOSED = '***';
const FREE: readonly (Field['type'] | undefined)[] = ['text', 'email', 'url'];

/** The masked form of a value that is not null, of a field of that type. An unknown mask hides everything. */
export const mask = (type: string, text: string, field: Field['type'] | undefined = 'text'): string =>
  FREE.includes(field) ? (MASKS[type as MaskType] ?? full)(text) : CLOSED;
