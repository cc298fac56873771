// The schemas of one collection in a document: its records as they are answered, and the bodies that write them.
import type { Field, FieldOf } from '../contract/fields.ts';
import { fieldProperty, SYSTEM_PROPERTIES } from './collection-schema.ts';
import type { Schema } from './document.ts';

/** A collection as the reader of a document may know it. */
export interface DocumentedCollection {
  /** `posts`, or `crm.contacts`: as paths spell it. */
  readonly name: string;
  readonly description?: string | null;
  readonly softDelete: boolean;
  /** Fields by what may be done with them; an operation that is not here is not open to the reader. */
  readonly open: { readonly [O in 'list' | 'view' | 'create' | 'update' | 'delete']?: readonly Field[] };
}

/** A field as a property; a reference tells where it leads, so that types can follow it. */
const typed = (field: Field): Schema => {
  const schema = fieldProperty(field);
  return field.type === 'reference' ? { ...schema, 'x-collection': field.collection } : schema;
};
const isWritable = (field: Field): boolean => field.type !== 'computed';
const hasDefault = (field: Field): boolean => 'default' in field && field.default !== undefined;
const properties = (fields: readonly Field[], change: (field: Field) => Schema = typed) =>
  Object.fromEntries(fields.map((field) => [field.name, change(field)]));

/** System fields of the collection's records. */
const system = ({ softDelete }: DocumentedCollection): Record<string, unknown> =>
  Object.fromEntries(Object.entries(SYSTEM_PROPERTIES).filter(([name]) => softDelete || name !== 'deleted_at'));

/** With `expand` a reference is the record that it names. */
const expandable = (field: Field): Schema => {
  const plain = typed(field);
  return field.type === 'reference' ? { anyOf: [plain, { type: 'object', additionalProperties: true }] } : plain;
};

/** Fields of everything that reads: what a list or a view shows. */
const readable = ({ open }: DocumentedCollection): readonly Field[] => {
  const all = [...(open.view ?? []), ...(open.list ?? [])];
  return all.filter((field, i) => all.findIndex(({ name }) => name === field.name) === i);
};

/** The record as a write answers it. */
export const recordSchema = (collection: DocumentedCollection): Schema => {
  const fields = readable(collection);
  const own = system(collection);
  return {
    type: 'object',
    ...(collection.description && { description: collection.description }),
    properties: { id: own.id, ...properties(fields), ...own },
    required: ['id'],
  };
};

/** The record as reading answers it: `fields` leaves some out, `expand` shows others whole. */
export const projectedSchema = (collection: DocumentedCollection): Schema => {
  const own = system(collection);
  return {
    type: 'object',
    description: 'All that you may see, unless `fields` names fewer; with `expand` references are records.',
    properties: { id: own.id, ...properties(readable(collection), expandable), ...own },
    required: ['id'],
  };
};

/** The body of a create or replace; of a change, where nothing is required. */
export const bodySchema = ({ open }: DocumentedCollection, change: boolean): Schema => {
  const fields = ((change ? open.update : (open.create ?? open.update)) ?? []).filter(isWritable);
  const required = change ? [] : fields.filter((field) => field.required && !hasDefault(field));
  return {
    type: 'object',
    properties: properties(fields),
    ...(required.length > 0 && { required: required.map(({ name }) => name) }),
    additionalProperties: false,
  };
};

const SAMPLES: Readonly<Record<string, unknown>> = {
  text: 'text',
  email: 'ada@example.com',
  url: 'https://example.com',
  number: 1,
  boolean: true,
  datetime: '2026-01-02T03:04:05Z',
  date: '2026-01-02',
  uuid: '0198c0de-7a11-7000-8000-3b2f5c0ffee1',
  reference: '0198c0de-7a11-7000-8000-3b2f5c0ffee1',
  json: {},
  'text[]': ['text'],
  'number[]': [1],
};

/** A value that the field takes, as far as its type, list and bounds tell; a pattern is not followed. */
function sample(field: Field): unknown {
  if (field.type === 'computed') return SAMPLES[field.return_type ?? 'text'];
  if (field.default !== undefined) return field.default;
  if ('enum' in field && field.enum !== undefined) return field.type.endsWith('[]') ? [field.enum[0]] : field.enum[0];
  if (field.type === 'number') return number(field);
  if (field.type !== 'text' && field.type !== 'email' && field.type !== 'url') return SAMPLES[field.type];
  const { min_length: least = 0, max_length: most = 500 } = field;
  if (field.type === 'text') return 'text'.padEnd(least, ' text').slice(0, most);
  const short = field.type === 'email' ? 'a@b.co' : 'http://a.co';
  const usual = SAMPLES[field.type] as string;
  const fits = usual.length <= most ? usual : short;
  return field.type === 'email' ? fits.padStart(least, 'a') : fits.padEnd(least, '/a');
}

function number({ min = 1, max = Number.MAX_SAFE_INTEGER, integer = false }: FieldOf<'number'>): number {
  const least = integer ? Math.ceil(min) : min;
  return Math.min(Math.max(1, least), integer ? Math.floor(max) : max);
}

/** A body as an example. */
export const exampleBody = ({ open }: DocumentedCollection, change: boolean): Record<string, unknown> => {
  const fields = ((change ? open.update : (open.create ?? open.update)) ?? []).filter(isWritable);
  return Object.fromEntries((change ? fields.slice(0, 1) : fields).map((field) => [field.name, sample(field)]));
};
