// Collection field definitions: one discriminated union, one member a type; every accepted spelling is normalised here and only here.
import { z } from './kit.ts';

const common = {
  name: z
    .string()
    .meta({ description: 'Letters, digits and underscore, at most 100; starts with a letter or underscore.' }),
  required: z
    .boolean()
    .default(false)
    .meta({ description: 'A value must be there and not null. A default satisfies it.' }),
  unique: z.boolean().default(false).meta({ description: 'No two live records of one account share the value.' }),
  description: z.string().max(500).optional(),
  display_name: z.string().max(200).optional(),
  content_type: z.string().max(100).optional().meta({ description: 'A hint for user interfaces; it changes nothing.' }),
  searchable: z.boolean().optional().meta({ description: 'Its words are found by search=.' }),
  sortable: z.boolean().optional(),
  pii: z.boolean().optional().meta({ description: 'Personal data, masked for callers outside the group pii_access.' }),
  mask_type: z.enum(['email', 'ssn', 'phone', 'name', 'full', 'custom']).optional(),
};
const lengths = {
  min_length: z.int().min(0).optional(),
  max_length: z.int().min(1).optional(),
  pattern: z
    .string()
    .max(500)
    .optional()
    .meta({ description: 'A regular expression (RE2 syntax) that the whole value must match.' }),
};
const texts = { default: z.string().optional(), enum: z.array(z.string()).min(1).max(500).optional() };

const member = <const T extends string, S extends z.ZodRawShape>(type: T, shape: S) =>
  z.strictObject({ ...common, type: z.literal(type), ...shape });

export const Field = z
  .discriminatedUnion('type', [
    member('text', { ...lengths, ...texts }),
    member('number', {
      min: z.number().optional(),
      max: z.number().optional(),
      integer: z.boolean().optional(),
      default: z.number().optional(),
      enum: z.array(z.number()).min(1).max(500).optional(),
    }),
    member('boolean', { default: z.boolean().optional() }),
    member('datetime', { default: z.string().optional() }),
    member('date', { default: z.string().optional() }),
    member('email', { ...lengths, default: z.string().optional() }),
    member('url', { ...lengths, default: z.string().optional() }),
    member('uuid', { default: z.string().optional() }),
    member('json', { default: z.unknown().optional() }),
    member('enum', { ...texts, enum: z.array(z.string()).min(1).max(500) }),
    member('reference', {
      collection: z.string().meta({ description: 'The collection that the value points into.' }),
      on_delete: z.enum(['restrict', 'cascade', 'set_null']).default('restrict'),
      default: z.string().optional(),
    }),
    member('text[]', { default: z.array(z.string()).optional(), enum: z.array(z.string()).min(1).max(500).optional() }),
    member('number[]', {
      default: z.array(z.number()).optional(),
      enum: z.array(z.number()).min(1).max(500).optional(),
    }),
    member('computed', {
      expression: z
        .string()
        .max(4096)
        .meta({ description: 'Of stored fields of the same collection and system fields, as `price * quantity`.' }),
      return_type: z
        .enum(['text', 'number', 'boolean', 'datetime', 'date', 'uuid'])
        .optional()
        .meta({ description: 'What the expression answers; found out when it is left out, checked when it is there.' }),
    }),
  ])
  .meta({ id: 'Field', description: 'One field of a collection.' });
export type Field = z.output<typeof Field>;
export type FieldType = Field['type'];
/** A field that has a column; a computed one is made when it is read. */
export type StoredField = Exclude<Field, { type: 'computed' }>;
export type ComputedField = Extract<Field, { type: 'computed' }>;
export type StoredType = StoredField['type'];
export type FieldOf<T extends FieldType> = Extract<Field, { type: T }>;

const TYPE_SPELLINGS: Readonly<Record<string, FieldType>> = {
  string: 'text',
  timestamp: 'datetime',
  relation: 'reference',
  entity_link: 'reference',
  '[text]': 'text[]',
  '[number]': 'number[]',
};

const KEY_SPELLINGS: Readonly<Record<string, string>> = {
  defaultValue: 'default',
  default_value: 'default',
  enumValues: 'enum',
  enum_values: 'enum',
  values: 'enum',
  minLength: 'min_length',
  maxLength: 'max_length',
  regex: 'pattern',
  onDelete: 'on_delete',
  target: 'collection',
  displayName: 'display_name',
  contentType: 'content_type',
  maskType: 'mask_type',
  returnType: 'return_type',
};

type Loose = Record<string, unknown>;
const isObject = (v: unknown): v is Loose => typeof v === 'object' && v !== null && !Array.isArray(v);

/**
 * Brings one field, in any spelling of the products we serve, to the names of `Field`.
 * Never drops a key: what it does not know stays and is refused by the strict schema.
 */
function normaliseField(input: unknown): unknown {
  if (!isObject(input)) return input;
  const out: Loose = {};
  const put = (key: string, value: unknown) => {
    // null means "not set" in the documented samples, and two spellings of one key are kept apart so that both show up as a mistake.
    if (value === null || value === undefined) return;
    const known = Object.hasOwn(KEY_SPELLINGS, key) ? (KEY_SPELLINGS[key] as string) : key;
    out[Object.hasOwn(out, known) ? key : known] = value;
  };
  for (const [key, value] of Object.entries(input)) {
    if (key === 'options' && isObject(value)) for (const [k, v] of Object.entries(value)) put(k, v);
    else if ((key === 'references' || key === 'relations') && isObject(value)) putReference(put, key, value);
    else if (key === 'validations' && Array.isArray(value)) for (const rule of value) putValidation(put, rule);
    else put(key, value);
  }
  if (typeof out.type === 'string' && Object.hasOwn(TYPE_SPELLINGS, out.type)) out.type = TYPE_SPELLINGS[out.type];
  return out;
}

/**
 * `{entity: 'contacts', field: 'id'}` and `{resource: 'contacts', field: 'id', type: 'many-to-one'}` name the collection. What no
 * column can be, as a reference to another field than the id, stays and is refused.
 */
function putReference(put: (key: string, value: unknown) => void, key: string, value: Loose): void {
  const { entity, resource, collection, field = 'id', type = 'many-to-one', ...rest } = value;
  const possible =
    field === 'id' && (type === 'many-to-one' || type === 'one-to-one') && Object.keys(rest).length === 0;
  if (!possible) put(key, value);
  else put('collection', dotted(entity ?? resource ?? collection));
}

/** An entity of another app may be written `crm:contacts`. */
const dotted = (name: unknown): unknown => (typeof name === 'string' ? name.replace(':', '.') : name);

/** `{rule: 'minLength', value: 3}` and `{rule: 'integer'}` become the option of that name. */
function putValidation(put: (key: string, value: unknown) => void, rule: unknown): void {
  if (isObject(rule) && typeof rule.rule === 'string') put(rule.rule, rule.value ?? true);
  else put('validations', rule);
}

/** A field as clients may write it. */
export const FieldInput = z.preprocess(normaliseField, Field);
