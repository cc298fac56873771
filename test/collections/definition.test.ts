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

it.each(['@is_public()', 'if(@has_role("x"), 1, 2)'])('a computed field asks nobody: %s', (expression) => {
  const schema = [
    { name: 'a', type: 'text' },
    { name: 'c', type: 'computed', expression },
  ];
  expect(codes({ schema })).toEqual(['schema.1.expression computed_field_expression_invalid']);
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

describe('indexes', () => {
  const schema = [
    { name: 'title', type: 'text' },
    { name: 'rank', type: 'number' },
    { name: 'day', type: 'date' },
    { name: 'open', type: 'boolean' },
    { name: 'doc', type: 'json' },
    { name: 'tags', type: 'text[]' },
    { name: 'sum', type: 'computed', expression: 'rank * 2' },
  ];
  const of = (...indexes: unknown[]) => codes({ schema, indexes });

  it.each<[unknown[]]>([
    [['title', { column: 'rank', sort: 'desc', nulls: 'last' }]],
    [['created_at', 'updated_by', 'id', 'deleted_at', 'tags', 'open']],
    [[{ expr: 'lower(title)' }, { expr: 'rank > 1' }, { expr: 'year(created_at)' }, { expr: 'concat(title, rank)' }]],
  ])('takes %j', (columns) => expect(of({ columns })).toEqual([]));

  it.each<[Record<string, unknown>, string[]]>([
    [{ columns: ['nope'] }, ['columns.0.column index_column_unknown']],
    [{ columns: ['account_id'] }, ['columns.0.column index_column_unknown']],
    [{ columns: ['constructor'] }, ['columns.0.column index_column_unknown']],
    [{ columns: ['title', 'sum'] }, ['columns.1.column index_column_computed']],
    [{ columns: ['title', 'rank', 'title'] }, ['columns.2 index_column_duplicate']],
    [{ columns: ['doc'] }, ['columns.0.column index_method_unsupported']],
    [{ columns: [{ expr: 'nope + 1' }] }, ['columns.0.expr unknown_field']],
    [{ columns: [{ expr: 'sum + 1' }] }, ['columns.0.expr unknown_field']],
    [{ columns: [{ expr: 'title +' }] }, ['columns.0.expr syntax']],
    [{ columns: [{ expr: '@has_role("x")' }] }, ['columns.0.expr unknown_macro']],
    [{ columns: [{ expr: '@request.auth.id' }] }, ['columns.0.expr variable_not_allowed']],
    [{ columns: [{ expr: 'date_diff(now(), created_at, "days")' }] }, ['columns.0.expr function_arguments']],
    [{ columns: [{ expr: 'concat(day, title)' }] }, ['columns.0.expr function_arguments']],
    [{ columns: [{ expr: 'tags' }] }, ['columns.0.expr not_a_value']],
    [{ columns: ['title'], where: 'rank' }, ['where not_a_condition']],
    [{ columns: ['title'], where: 'rank > "x" ||' }, ['where syntax']],
    [{ columns: ['title'], where: 'created_at < now()' }, ['where function_arguments']],
    [{ columns: ['title'], where: '@is_public()' }, ['where unknown_macro']],
    [{ columns: ['title'], method: 'gist' }, ['method index_method_unsupported']],
    [{ columns: ['title'], method: 'gin' }, ['columns.0.column index_method_unsupported']],
    [{ columns: [{ expr: 'lower(title)' }], method: 'gin' }, ['columns.0.expr index_expression_unsupported']],
    [{ columns: ['tags'], method: 'gin', unique: true }, ['unique index_unique_unsupported']],
    [{ columns: ['rank'], method: 'spgist' }, ['columns.0.column index_method_unsupported']],
    [{ columns: ['title', 'rank'], method: 'hash' }, ['columns index_columns_unsupported']],
    [{ columns: ['open'], method: 'brin' }, ['columns.0.column index_method_unsupported']],
    [{ columns: [{ expr: 'rank > 1' }], method: 'brin' }, ['columns.0.expr index_method_unsupported']],
    [{ columns: [{ column: 'rank', sort: 'desc' }], method: 'brin' }, ['columns.0 index_sort_unsupported']],
    [
      { columns: ['nope', { expr: 'nope' }], where: 'nope', method: 'hash', unique: true },
      [
        'unique index_unique_unsupported',
        'columns index_columns_unsupported',
        'columns.0.column index_column_unknown',
        'columns.1.expr unknown_field',
        'where unknown_field',
      ],
    ],
  ])('refuses %j', (index, expected) =>
    expect(of({ columns: ['rank'] }, index)).toEqual(expected.map((one) => `indexes.1.${one}`)),
  );

  it('refuses a name twice in any case, and the same index twice', () => {
    const columns = ['title'];
    expect(of({ name: 'a', columns }, { name: 'A', columns: ['rank'] }, { columns }, { columns })).toEqual([
      'indexes.1.name index_name_duplicate',
      'indexes.3 index_duplicate',
    ]);
    expect(of({ name: 'a', columns: ['nope'] }, { name: 'a', columns })).toEqual([
      'indexes.0.columns.0.column index_column_unknown',
      'indexes.1.name index_name_duplicate',
    ]);
    expect(of({ columns }, { columns, where: 'rank > 1' }, { name: 'title', columns })).toEqual([]);
  });

  it('refuses checks that are no condition of the record alone', () => {
    const checks = [
      'rank > 1',
      'rank',
      'nope = 1',
      'deleted_at is null',
      'day < now()',
      '@owns_record()',
      'rank>1',
    ].map((expr) => ({ expr }));
    expect(
      codes({ schema, checks: [...checks, { name: 'n', expr: 'rank > 1' }, { name: 'N', expr: 'open' }] }),
    ).toEqual([
      'checks.1.expr not_a_condition',
      'checks.2.expr unknown_field',
      'checks.3.expr unknown_field',
      'checks.4.expr function_arguments',
      'checks.5.expr unknown_macro',
      'checks.6 check_duplicate',
      'checks.8.name check_name_duplicate',
    ]);
  });

  it('wants an identity whole, and its key a stored field of single values', () => {
    const identity = (identity_kind: string | null, identity_key: string | null) =>
      codes({ schema, identity_kind, identity_key });
    expect(identity('contact', 'title')).toEqual([]);
    expect(identity(null, null)).toEqual([]);
    expect(identity('contact', null)).toEqual(['identity_key identity_incomplete']);
    expect(identity(null, 'title')).toEqual(['identity_kind identity_incomplete']);
    expect(identity('contact', 'nope')).toEqual(['identity_key identity_key_unknown']);
    for (const key of ['doc', 'tags', 'open', 'day', 'sum'])
      expect(identity('contact', key)).toEqual(['identity_key identity_key_unsupported']);
  });
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
