// One collection as JSON Schema 2020-12: what a record of it looks like and what a body may hold.
import type { ComputedField, Field } from '../contract/fields.ts';

export interface CollectionShape {
  /** `posts`, or `crm.contacts`. */
  readonly name: string;
  readonly description?: string | null;
  /** Only those that the reader of the document may see or write. */
  readonly fields: readonly Field[];
}

export type JsonSchema = Readonly<Record<string, unknown>>;

const nullable = ({ type, enum: values, ...rest }: Record<string, unknown>): JsonSchema => ({
  // A schema without a type takes null already.
  ...(type !== undefined && { type: [type, 'null'] }),
  ...(Array.isArray(values) && { enum: [...values, null] }),
  ...rest,
});

/** The server's patterns match the whole value. One that only RE2 understands is told in words: JSON Schema speaks ECMAScript. */
function patternOf(pattern: string): Record<string, string> {
  const whole = `^(?:${pattern})$`;
  try {
    new RegExp(whole, 'u');
    return { pattern: whole };
  } catch {
    return { $comment: `The whole value matches ${pattern} (RE2 syntax).` };
  }
}

const lengths = (field: {
  min_length?: number | undefined;
  max_length?: number | undefined;
  pattern?: string | undefined;
}) => ({
  ...(field.min_length !== undefined && { minLength: field.min_length }),
  ...(field.max_length !== undefined && { maxLength: field.max_length }),
  ...(field.pattern !== undefined && patternOf(field.pattern)),
});
const values = (field: { enum?: readonly unknown[] | undefined }) =>
  field.enum === undefined ? {} : { enum: [...field.enum] };

/** The values of a field that are not null. */
export function valueJsonSchema(field: Field): Record<string, unknown> {
  switch (field.type) {
    case 'computed':
      return { ...COMPUTED[field.return_type ?? 'text'], readOnly: true };
    case 'text':
      return { type: 'string', ...lengths(field), ...values(field) };
    case 'email':
      return { type: 'string', format: 'email', ...lengths(field) };
    case 'url':
      return { type: 'string', format: 'uri', ...lengths(field) };
    case 'enum':
      return { type: 'string', ...values(field) };
    case 'number':
      return {
        type: field.integer ? 'integer' : 'number',
        ...(field.min !== undefined && { minimum: field.min }),
        ...(field.max !== undefined && { maximum: field.max }),
        ...values(field),
      };
    case 'boolean':
      return { type: 'boolean' };
    case 'datetime':
      return { type: 'string', format: 'date-time' };
    case 'date':
      return { type: 'string', format: 'date' };
    case 'uuid':
      return { type: 'string', format: 'uuid' };
    case 'reference':
      return { type: 'string', format: 'uuid', description: `Id of a record of ${field.collection}.` };
    case 'json':
      return {};
    case 'text[]':
      return { type: 'array', items: { type: 'string', ...values(field) } };
    case 'number[]':
      return { type: 'array', items: { type: 'number', ...values(field) } };
  }
}

const COMPUTED: Readonly<Record<NonNullable<ComputedField['return_type']>, Record<string, unknown>>> = {
  text: { type: 'string' },
  number: { type: 'number' },
  boolean: { type: 'boolean' },
  datetime: { type: 'string', format: 'date-time' },
  date: { type: 'string', format: 'date' },
  uuid: { type: 'string', format: 'uuid' },
};

/** The default; computed fields have none. */
const defaultOf = (field: Field): unknown => ('default' in field ? field.default : undefined);

/** A field as a property of its record. */
export function fieldProperty(field: Field): JsonSchema {
  const schema = valueJsonSchema(field);
  return {
    ...(field.required ? schema : nullable(schema)),
    ...(field.display_name !== undefined && { title: field.display_name }),
    ...(field.description !== undefined && { description: field.description }),
    ...(defaultOf(field) !== undefined && { default: defaultOf(field) }),
  };
}

const moment = { type: 'string', format: 'date-time', readOnly: true };
const person = { type: ['string', 'null'], readOnly: true };
/** What the server adds to every record; bodies may carry it without effect. */
export const SYSTEM_PROPERTIES: JsonSchema = {
  id: { type: 'string', format: 'uuid', readOnly: true },
  account_id: { type: 'string', readOnly: true },
  created_at: moment,
  updated_at: moment,
  created_by: person,
  updated_by: person,
  deleted_at: { ...moment, type: ['string', 'null'], description: 'Of collections with soft delete.' },
};

/** The schema of a body that creates a record, and of the record itself. */
export const collectionSchema = ({ name, description, fields }: CollectionShape): JsonSchema => ({
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: name,
  ...(description && { description }),
  type: 'object',
  properties: {
    ...SYSTEM_PROPERTIES,
    ...Object.fromEntries(fields.map((field) => [field.name, fieldProperty(field)])),
  },
  required: fields.filter((field) => field.required && defaultOf(field) === undefined).map((field) => field.name),
  additionalProperties: false,
});
