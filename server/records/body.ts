// From a request body to the values of a write: plain valid input passes a fast check, everything else is judged by zod, which makes the errors.
import type { StoredField as Field } from '../../contract/fields.ts';
import { Failure, type ProblemEntry } from '../../contract/problems.ts';
import type { RecordScope } from '../access/decide.ts';
import { mask } from '../access/mask.ts';
import type { CollectionDef, FieldColumn } from '../schema/collection-def.ts';
import { valuePattern } from '../schema/value-pattern.ts';
import { valueSchema } from '../schema/value-schema.ts';
import {
  type Bound,
  characters,
  isDate,
  isDateTime,
  isEmail,
  isUrl,
  isUuid,
  storableJson,
  storableText,
  toParameter,
} from '../schema/values.ts';
import { cut } from '../text.ts';
import { type Checking, filled, refuseUnchecked } from './checks.ts';
import { SYSTEM_NAMES } from './columns.ts';

export type Body = Readonly<Record<string, unknown>>;
export type WriteMode = 'create' | 'replace' | 'patch';

/** Problems that a reply lists; finding more would only make the refusal dear. */
const ENOUGH = 100;
const NAMED = 20;

/** Names for a message, which must not grow with what was sent. */
const shortList = (names: readonly string[]): string =>
  names
    .slice(0, NAMED)
    .map((name) => cut(name, 100))
    .join(', ') + (names.length > NAMED ? ` and ${names.length - NAMED} more` : '');

/** The fields a write sets and their parameters, in the order of the definition. */
export interface Prepared {
  readonly columns: readonly FieldColumn[];
  readonly values: readonly Bound[];
  /** What was sent, with the values that checks put in. */
  readonly body: Body;
  /** The same before hooks changed it, where they did: what rules know as the data of the request. */
  readonly sent?: Body;
}

/** What the caller may write, and whether he sees personal data: a decided scope, or the part of one. */
export type Writer = Pick<RecordScope, 'fields' | 'unmasked'> & Checking;

/**
 * Checks a body against the collection.
 * Every problem is reported at once. Throws INVALID_FIELDS (unknown or closed fields), INVALID_RESOURCE_DATA, or FORBIDDEN for
 * what a check does not allow.
 */
export function prepareBody(def: CollectionDef, given: Body, mode: WriteMode, writer: Writer): Prepared {
  const { fields: writable, unmasked, checks } = writer;
  const checked = checks !== undefined && checks.length > 0;
  const body = checked ? filled(given, writer) : given;
  const set = checked ? checks.flatMap(({ sets, field }) => (sets === null ? [] : [field])) : NONE;
  // What checks put in is no change that was asked for; a record may be made of it.
  const sent = Object.keys(mode === 'create' ? body : given).filter(
    (key) => !SYSTEM_NAMES.has(key) && !isComputed(def, key),
  );
  const open = (name: string) =>
    def.byName.has(name) && (writable === null || writable.has(name) || set.includes(name));
  const closed = sent.filter((name) => !open(name));
  const entries: ProblemEntry[] = closed.slice(0, ENOUGH).map((field) => ({
    field,
    code: 'unknown_field',
    message: `${field} does not exist or is not open to you.`,
  }));
  if (sent.length === 0)
    entries.push({ field: '', code: 'empty_body', message: 'Send at least one field of the collection.' });

  const columns: FieldColumn[] = [];
  const values: Bound[] = [];
  for (const column of def.fields) {
    const has = Object.hasOwn(body, column.name);
    const { field } = column;
    // Replacing leaves alone what the caller may not write, and what he sees masked: he cannot send it back.
    const kept = mode === 'replace' && (!open(column.name) || (!unmasked && field.pii === true));
    if (!has && (mode === 'patch' || kept)) continue;
    const value = has ? body[column.name] : (field.default ?? null);
    if (value === null) {
      if (field.required) entries.push(missing(column.name, has));
    } else if (has && !looksRight(field, value)) judge(field, value, entries);
    else if (has && !unmasked && isMasked(field, value)) entries.push(maskedEntry(column.name));
    columns.push(column);
    values.push(toParameter(field, value));
  }
  if (entries.length > 0) throw refusal(closed, entries);
  if (checked) refuseUnchecked(valuesOf(columns, body), writer);
  return { columns, values, body };
}

const NONE: readonly string[] = [];

/** Clients send back what they were answered: computed fields are ignored, as system fields are. */
const isComputed = (def: CollectionDef, name: string): boolean => def.computed.some((one) => one.name === name);

/** True for what a reply showed instead of a personal value; storing it would lose the value. */
const isMasked = (field: Field, value: unknown): boolean =>
  field.pii === true &&
  typeof value === 'string' &&
  value.includes('*') &&
  mask(field.mask_type ?? 'full', value, field.type) === value;

const maskedEntry = (field: string): ProblemEntry => ({
  field,
  code: 'masked_value',
  message: `${field} holds the masked form of a value: leave the field out to keep what is stored.`,
});

/** The fields of a new record as they will be, for a rule to judge. */
export const newRow = (def: CollectionDef, body: Body): Record<string, unknown> => valuesOf(def.fields, body);

/** The values of these fields that a body comes to. */
export const valuesOf = (columns: readonly FieldColumn[], body: Body): Record<string, unknown> =>
  Object.fromEntries(
    columns.map(({ name, field }) => [name, Object.hasOwn(body, name) ? body[name] : (field.default ?? null)]),
  );

function refusal(closed: readonly string[], entries: readonly ProblemEntry[]): Failure {
  if (closed.length > 0) return new Failure('INVALID_FIELDS', { fields: shortList(closed) }, entries);
  return new Failure('INVALID_RESOURCE_DATA', {}, entries);
}

const missing = (field: string, isNull: boolean): ProblemEntry =>
  isNull
    ? { field, code: 'required_null', message: `${field} is required and must not be null.`, received: 'null' }
    : { field, code: 'required_missing', message: `${field} is required.`, received: 'undefined' };

type Check = (value: unknown) => boolean;
const checks = new WeakMap<Field, Check>();

/** The fast yes. It accepts only what the schema accepts, and may say no to more. */
function looksRight(field: Field, value: unknown): boolean {
  let check = checks.get(field);
  if (check === undefined) {
    check = compile(field);
    checks.set(field, check);
  }
  return check(value);
}

function compile(field: Field): Check {
  switch (field.type) {
    case 'text':
    case 'email':
    case 'url':
      return all(
        textCheck(field),
        field.type === 'email' ? isEmail : field.type === 'url' ? isUrl : storableText,
        'enum' in field ? field.enum : undefined,
      );
    case 'enum':
      return (v) => typeof v === 'string' && field.enum.includes(v);
    case 'number': {
      const { min = -Infinity, max = Infinity, integer = false, enum: list } = field;
      return (v) =>
        typeof v === 'number' &&
        v >= min &&
        v <= max &&
        Number.isFinite(v) &&
        (!integer || Number.isSafeInteger(v)) &&
        (list === undefined || list.includes(v));
    }
    case 'boolean':
      return (v) => v === true || v === false;
    case 'datetime':
      return (v) => typeof v === 'string' && isDateTime(v);
    case 'date':
      return (v) => typeof v === 'string' && isDate(v);
    case 'uuid':
    case 'reference':
      return (v) => typeof v === 'string' && isUuid(v);
    case 'json':
      return storableJson;
    case 'text[]':
      return (v) =>
        Array.isArray(v) &&
        v.every(
          (x) => typeof x === 'string' && storableText(x) && (field.enum === undefined || field.enum.includes(x)),
        );
    case 'number[]':
      return (v) =>
        Array.isArray(v) &&
        v.every(
          (x) => typeof x === 'number' && Number.isFinite(x) && (field.enum === undefined || field.enum.includes(x)),
        );
  }
}

function textCheck(field: {
  min_length?: number | undefined;
  max_length?: number | undefined;
  pattern?: string | undefined;
}): (v: string) => boolean {
  const { min_length: min = 0, max_length: max = Number.MAX_SAFE_INTEGER } = field;
  const pattern = field.pattern === undefined ? null : valuePattern(field.pattern);
  const counted = min > 0 || max < Number.MAX_SAFE_INTEGER;
  return (v) => {
    if (counted) {
      const length = characters(v);
      if (length < min || length > max) return false;
    }
    return (pattern === null || pattern.test(v)) && storableText(v);
  };
}

const all =
  (first: (v: string) => boolean, second: (v: string) => boolean, list: readonly string[] | undefined): Check =>
  (v) =>
    typeof v === 'string' && first(v) && second(v) && (list === undefined || list.includes(v));

/** Appends the entries for a value that the fast check refused; none when the schema accepts it after all. */
function judge(field: Field, value: unknown, entries: ProblemEntry[]): void {
  if (!Array.isArray(value) || !field.type.endsWith('[]')) {
    judgePart(field, value, 0, entries);
    return;
  }
  // A long list is judged piece by piece, and only until there is enough to tell.
  for (let at = 0; at === 0 || at < value.length; at += ENOUGH) {
    if (entries.length >= ENOUGH) return;
    judgePart(field, value.slice(at, at + ENOUGH), at, entries);
  }
}

function judgePart(field: Field, value: unknown, offset: number, entries: ProblemEntry[]): void {
  const result = valueSchema(field).safeParse(value);
  if (result.success) return;
  const seen = new Set<string>();
  for (const issue of result.error.issues.slice(0, ENOUGH)) {
    const path = issue.path.map((key) => (typeof key === 'number' ? key + offset : String(key)));
    const at = [field.name, ...path].join('.');
    const wrongType = issue.code === 'invalid_type' || issue.code === 'invalid_union';
    const code = wrongType
      ? 'invalid_type'
      : issue.code === 'custom'
        ? String(issue.params?.code ?? 'invalid')
        : issue.code;
    // An intersection reports the same type error from both sides.
    if (seen.has(at + code)) continue;
    seen.add(at + code);
    const expected = wrongType && 'expected' in issue ? String(issue.expected) : jsonType(field.type);
    const received = typeName(valueAt(value, issue.path));
    const message = wrongType ? `Expected ${expected}, received ${received}` : `${field.name}: ${issue.message}`;
    entries.push({ field: at, message, code, type: expected, expected, received });
  }
}

const typeName = (v: unknown): string => (v === null ? 'null' : Array.isArray(v) ? 'array' : typeof v);
const valueAt = (v: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>((at, key) => (at as never)?.[key], v);
const jsonType = (type: Field['type']): string =>
  type === 'number' || type === 'boolean' ? type : type === 'json' ? 'json' : type.endsWith('[]') ? 'array' : 'string';
