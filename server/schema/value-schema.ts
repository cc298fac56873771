// A field as a zod schema of its values: the judge of every value that the fast check does not wave through, and the source of its errors.

import type { StoredField as Field, FieldOf, StoredType as FieldType } from '../../contract/fields.ts';
import { z } from '../../contract/kit.ts';
import { valuePattern } from './value-pattern.ts';
import { characters, isDate, isDateTime, isEmail, isUrl, isUuid, storableJson, storableText } from './values.ts';

type Build = { readonly [T in FieldType]: (field: FieldOf<T>) => z.ZodType };

const text = () =>
  z.string().refine(storableText, {
    message: 'contains U+0000 or half of a surrogate pair',
    params: { code: 'invalid_character' },
  });

/** Lengths count characters (code points), so that an emoji is one; a pattern must match the whole value. */
function bounded(field: {
  min_length?: number | undefined;
  max_length?: number | undefined;
  pattern?: string | undefined;
}) {
  const { min_length: min = 0, max_length: max = Number.MAX_SAFE_INTEGER } = field;
  const pattern = field.pattern === undefined ? null : valuePattern(field.pattern);
  return z.string().superRefine((value, ctx) => {
    const length = characters(value);
    const bound = { origin: 'string', inclusive: true, input: value } as const;
    if (length < min)
      ctx.addIssue({
        code: 'too_small',
        minimum: min,
        ...bound,
        message: `must have at least ${min} characters, has ${length}`,
      });
    if (length > max)
      ctx.addIssue({
        code: 'too_big',
        maximum: max,
        ...bound,
        message: `must have at most ${max} characters, has ${length}`,
      });
    if (pattern !== null && !pattern.test(value))
      ctx.addIssue({
        code: 'invalid_format',
        format: 'regex',
        input: value,
        message: `must match the pattern ${field.pattern}`,
      });
  });
}

const formatted = (schema: z.ZodType<string>, code: string, message: string, check: (value: string) => boolean) =>
  schema.refine(check, { message, params: { code } }).and(text());

const oneOf = <T extends string | number>(schema: z.ZodType<T>, values: readonly T[] | undefined) =>
  values === undefined
    ? schema
    : schema.refine((v) => values.includes(v), {
        message: `must be one of ${values.join(', ')}`,
        params: { code: 'invalid_enum' },
      });

/** One entry a field type; adding a type adds one line here and one in `values.ts`. */
const BUILD: Build = {
  text: (f) => oneOf(bounded(f).and(text()), f.enum),
  email: (f) => formatted(bounded(f), 'invalid_email_format', 'must be an e-mail address', isEmail),
  url: (f) => formatted(bounded(f), 'invalid_url_format', 'must be a URL that starts with http:// or https://', isUrl),
  enum: (f) => oneOf(text(), f.enum),
  number: (f) => {
    let schema = z.number();
    if (f.min !== undefined) schema = schema.min(f.min);
    if (f.max !== undefined) schema = schema.max(f.max);
    if (f.integer) schema = schema.int();
    return oneOf(schema, f.enum);
  },
  boolean: () => z.boolean(),
  datetime: () =>
    formatted(
      z.string(),
      'invalid_datetime_format',
      'must be an ISO 8601 date and time, as 2026-01-02T03:04:05Z',
      isDateTime,
    ),
  date: () => formatted(z.string(), 'invalid_date_format', 'must be a calendar date, as 2026-01-02', isDate),
  uuid: () => formatted(z.string(), 'invalid_uuid_format', 'must be a UUID', isUuid),
  reference: () => formatted(z.string(), 'invalid_reference', 'must be the id of a record', isUuid),
  json: () =>
    z.json().refine(storableJson, { message: 'holds a value that cannot be stored', params: { code: 'invalid_json' } }),
  'text[]': (f) => z.array(oneOf(text(), f.enum)),
  'number[]': (f) => z.array(oneOf(z.number(), f.enum)),
};

/** The schema of one value of the field; null is judged by the caller. */
export const valueSchema = (field: Field): z.ZodType => (BUILD[field.type] as (f: Field) => z.ZodType)(field);
