// Definitions: every rule, all problems at once, each at its place.
import { describe, expect, it } from 'vitest';
import { CollectionInput } from '../../contract/collections.ts';
import { problemsOf } from '../../server/collections/definition.ts';

const check = (input: { name?: string; schema?: unknown[]; [key: string]: unknown }) => {
  const { schema, ...rest } = CollectionInput.parse({
    name: 'posts',
    schema: [{ name: 'title', type: 'text' }],
    ...input,
  });
  return problemsOf({ ...rest, app: 'main', fields: schema }, (app, name) => app === 'main' && name === 'users_x');
};
const codes = (input: Parameters<typeof check>[0]) => check(input).map(({ field, code }) => `${field} ${code}`);
const field = (one: Record<string, unknown>) => codes({ schema: [{ name: 'f', type: 'text', ...one }] });

describe('names', () => {
  it.each(['a', '_x', 'a1', 'A_b9', 'select', 'order', 'user', 'a'.repeat(100)])(
    'takes %s (S003-11, S003-13)',
    (name) => {
      expect(codes({ name })).toEqual([]);
      expect(codes({ schema: [{ name, type: 'text' }] })).toEqual([]);
    },
  );

  it.each([
    ['', 'name_required'],
    ['1a', 'name_invalid_format'],
    ['-a', 'name_invalid_format'],
    ['a-b', 'name_invalid_format'],
    ['a.b', 'name_invalid_format'],
    ['a b', 'name_invalid_format'],
    ['é', 'name_invalid_format'],
    ['a\n', 'name_invalid_format'],
    ['a"; drop table x; --', 'name_invalid_format'],
    ['a\0', 'name_invalid_format'],
    ['a'.repeat(101), 'name_too_long'],
  ])('refuses %j (S003-11…13)', (name, code) => {
    expect(codes({ name })).toEqual([`name ${code}`]);
    expect(codes({ schema: [{ name, type: 'text' }] })).toEqual([`schema.0.name field_${code}`]);
  });

  it.each([
    'id',
    'account_id',
    'created_at',
    'updated_at',
    'created_by',
    'updated_by',
    'deleted_at',
    'ID',
    'Created_At',
    '__proto__',
    '_linked',
    '_source',
    'expand',
  ])('reserves %s (S003-22)', (name) =>
    expect(codes({ schema: [{ name, type: 'text' }] })).toEqual(['schema.0.name field_name_reserved']),
  );

  it('finds names that differ in case only', () => {
    const schema = ['title', 'Title', 'body', 'TITLE'].map((name) => ({ name, type: 'text' }));
    expect(codes({ schema })).toEqual(['schema.1.name field_name_duplicate', 'schema.3.name field_name_duplicate']);
  });
});

describe('size', () => {
  it('wants a field and takes 200 (S003-07)', () => {
    const of = (count: number) => Array.from({ length: count }, (_, i) => ({ name: `f${i}`, type: 'text' }));
    expect(codes({ schema: [] })).toEqual(['schema schema_empty']);
    expect(codes({ schema: of(200) })).toEqual([]);
    expect(codes({ schema: of(201) })).toEqual(['schema schema_too_large']);
  });
});

describe('options', () => {
  it.each<[Record<string, unknown>, string[]]>([
    [{ type: 'number', min: 2, max: 1 }, ['schema.0.min range_invalid']],
    [{ type: 'number', min: 1, max: 1 }, []],
    [{ min_length: 3, max_length: 2 }, ['schema.0.min_length length_range_invalid']],
    [{ pattern: '(' }, ['schema.0.pattern pattern_invalid']],
    [{ pattern: 'a)(b' }, ['schema.0.pattern pattern_invalid']],
    [{ pattern: '(', default: 'x' }, ['schema.0.pattern pattern_invalid']],
    [{ pattern: '[a-z]+(?:-[a-z]+)*' }, []],
    [{ enum: ['a', 'b', 'a'] }, ['schema.0.enum enum_value_duplicate']],
    [{ enum: ['a', 'b\0'] }, ['schema.0.enum enum_value_invalid']],
    [{ type: 'enum', values: ['a', "it's"] }, []],
    [{ type: 'json', unique: true }, ['schema.0.unique unique_not_supported']],
    [{ type: 'text[]', unique: true }, ['schema.0.unique unique_not_supported']],
    [{ type: 'number[]', unique: true }, ['schema.0.unique unique_not_supported']],
    [{ unique: true }, []],
    [{ mask_type: 'email' }, ['schema.0.mask_type mask_type_requires_pii']],
    [{ mask_type: 'email', pii: true }, []],
    [{ description: 'a\0' }, ['schema.0.description text_invalid']],
    [{ type: 'reference', collection: '' }, ['schema.0.collection reference_collection_required']],
    [{ type: 'reference', collection: 'ghosts' }, ['schema.0.collection reference_collection_missing']],
    [{ type: 'reference', collection: 'users_x' }, []],
    [{ type: 'reference', collection: 'main.users_x' }, []],
    [{ type: 'reference', collection: 'crm.users_x' }, ['schema.0.collection reference_collection_missing']],
    [{ type: 'reference', collection: 'posts' }, []],
    [
      { type: 'reference', collection: 'posts', on_delete: 'set_null', required: true },
      ['schema.0.on_delete reference_set_null_required'],
    ],
    [{ type: 'reference', collection: 'posts', on_delete: 'set_null' }, []],
  ])('%j → %j', (one, expected) => expect(field(one)).toEqual(expected));
});

describe('defaults', () => {
  it.each<[Record<string, unknown>]>([
    [{ default: "O'Neil" }],
    [{ default: 'two\nlines' }],
    [{ default: 'a::b' }],
    [{ default: '' }],
    [{ default: 'a', enum: ['a', 'b'] }],
    [{ type: 'number', default: -5, min: -5 }],
    [{ type: 'boolean', default: false }],
    [{ type: 'datetime', default: '2026-01-02T03:04:05Z' }],
    [{ type: 'datetime', default: '2026-01-02T03:04:05.123+02:00' }],
    [{ type: 'date', default: '2024-02-29' }],
    [{ type: 'email', default: 'a@b.co' }],
    [{ type: 'url', default: 'https://x.y/z' }],
    [{ type: 'uuid', default: '0198c0de-7a11-7000-8000-3b2f5c0ffee1' }],
    [{ type: 'json', default: { a: [1, "it's", null] } }],
    [{ type: 'text[]', default: ['a', 'b"c'], enum: ['a', 'b"c'] }],
    [{ type: 'number[]', default: [1, 2.5] }],
  ])('takes %j', (one) => expect(field(one)).toEqual([]));

  it.each<[Record<string, unknown>]>([
    [{ default: 'a\0b' }],
    [{ default: '\ud800' }],
    [{ default: 'c', enum: ['a', 'b'] }],
    [{ default: 'abc', max_length: 2 }],
    [{ default: 'abc', pattern: '\\d+' }],
    [{ type: 'number', default: 11, max: 10 }],
    [{ type: 'number', default: 1.5, integer: true }],
    [{ type: 'datetime', default: 'yesterday' }],
    [{ type: 'datetime', default: '2026-02-30T00:00:00Z' }],
    [{ type: 'date', default: '2024-02-30' }],
    [{ type: 'email', default: 'a@' }],
    [{ type: 'url', default: 'ftp://x' }],
    [{ type: 'uuid', default: 'x' }],
    [{ type: 'json', default: { a: '\0' } }],
    [{ type: 'text[]', default: ['c'], enum: ['a', 'b'] }],
  ])('refuses %j', (one) => expect(field(one)).toEqual(['schema.0.default default_invalid']));
});

it('answers all problems at once', () => {
  const schema = [
    { name: '1a', type: 'text' },
    { name: 'id', type: 'number', min: 2, max: 1, default: 9 },
    { name: 'ref', type: 'reference', collection: 'ghosts' },
  ];
  expect(codes({ name: 'a-b', schema })).toEqual([
    'name name_invalid_format',
    'schema.0.name field_name_invalid_format',
    'schema.1.name field_name_reserved',
    'schema.1.min range_invalid',
    'schema.1.default default_invalid',
    'schema.2.collection reference_collection_missing',
  ]);
  for (const { message } of check({ name: 'a-b', schema })) expect(message).toMatch(/\.$/);
});
