// Collections as a service: create, read, list, change, delete; definition and table always together.
import { beforeAll, describe, expect, it } from 'vitest';
import { Collection, collections as contract } from '../../contract/collections.ts';
import { A, B, catalog, failure, found, kinds, open, type Rooms } from '../schema/harness.ts';

const POSTS = [
  { name: 'title', type: 'text', required: true },
  { name: 'content', type: 'text', required: true },
  { name: 'published', type: 'boolean', default: false },
];
const text = (name = 'a') => [{ name, type: 'text' }];
const metadata = (at: Rooms) => at.db.query('select * from snackbase.collections order by name');

describe.each(kinds)('collections (%s)', (kind) => {
  let at: Rooms;
  beforeAll(async () => {
    at = await open(kind);
  });

  it('creates the documented example and reads it back (S001-58, S003-05)', async () => {
    const made = await at.create({ name: 'posts', schema: POSTS });
    expect(Collection.strict().parse(made)).toEqual(made);
    expect(made).toMatchObject({
      app: 'main',
      name: 'posts',
      qualified_name: 'main.posts',
      table_name: 'app_main.posts',
      description: null,
      display_name: null,
      soft_delete: false,
      enableSoftDelete: false,
      enabled: true,
      revision: 1,
      schema: POSTS.map((field) => ({ required: false, unique: false, ...field })),
    });
    expect(made.fields).toEqual(made.schema);
    expect(await at.service.get('posts')).toEqual(made);
    expect(await at.service.get('main.posts')).toEqual(made);
    expect(await at.service.get(made.id)).toEqual(made);
    // The order of keys in a stored field does not depend on the way it came.
    expect(JSON.stringify(await at.service.get('posts'))).toBe(JSON.stringify(made));
  });

  it('makes exactly one table for all accounts (S000-26)', async () => {
    await at.create({ name: 'one_table', schema: text() });
    await at.insert('one_table', { a: 'x' }, A);
    await at.insert('one_table', { a: 'x' }, B);
    const tables =
      await at.db.query(`select n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where c.relkind in ('r', 'p', 'v', 'm', 'f') and c.relname ~* 'one_table'`);
    expect(tables).toEqual([{ nspname: 'app_main', relname: 'one_table' }]);
  });

  it('takes every spelling of the seeds (S003-09, S003-10, S003-28…30, S003-32)', async () => {
    const made = await at.create({
      name: 'spelled',
      description: 'Described',
      enableSoftDelete: true,
      fields: [
        { name: 'a', type: 'string', defaultValue: 'x' },
        { name: 'b', type: 'timestamp' },
        { name: 'c', type: '[text]', enum_values: ['p'] },
      ],
    });
    expect(made).toMatchObject({ description: 'Described', soft_delete: true, enableSoftDelete: true, enabled: true });
    expect(made.schema.map((field) => field.type)).toEqual(['text', 'datetime', 'text[]']);
    expect(await at.create({ name: 'plain', schema: text() })).toMatchObject({
      description: null,
      soft_delete: false,
      enabled: true,
    });
  });

  it('refuses a definition with all its problems and stores nothing (S003-06, S003-07, S003-22)', async () => {
    const before = [await catalog(at.db), await metadata(at)];
    const problem = await failure(
      at.create({
        name: 'a-b',
        schema: [
          { name: 'ID', type: 'text' },
          { name: 'r', type: 'reference', collection: 'ghosts' },
        ],
      }),
      'INVALID_RESOURCE_DATA',
    );
    expect(problem.status).toBe(400);
    expect(found(problem)).toEqual([
      ['name', 'name_invalid_format'],
      ['schema.0.name', 'field_name_reserved'],
      ['schema.1.collection', 'reference_collection_missing'],
    ]);
    expect(found(await failure(at.create({ name: 'none', schema: [] }), 'INVALID_RESOURCE_DATA'))).toEqual([
      ['schema', 'schema_empty'],
    ]);
    expect([await catalog(at.db), await metadata(at)]).toEqual(before);
  });

  it('refuses a name that is taken, in any case (S001-111)', async () => {
    await at.create({ name: 'Taken', schema: text() });
    for (const name of ['Taken', 'taken', 'TAKEN']) {
      const problem = await failure(at.create({ name, schema: text() }), 'CONFLICT');
      expect([problem.status, problem.message, ...found(problem)]).toEqual([
        409,
        'The collection Taken exists already.',
        ['name', 'name_taken'],
      ]);
    }
    await failure(at.service.get('taken'), 'RESOURCE_NOT_FOUND');
  });

  it('is not poisoned by what goes wrong', async () => {
    await at.create({ name: 'healthy', schema: text() });
    await at.insert('healthy', { a: 'x' });
    await failure(
      at.update('healthy', { schema: [...text(), { name: 'n', type: 'text', required: true }] }),
      'SCHEMA_SYNC_FAILED',
    );
    await failure(at.create({ name: 'HEALTHY', schema: text() }), 'CONFLICT');
    await failure(
      at.create({ name: 'x1', schema: [{ name: 'r', type: 'reference', collection: 'x2' }] }),
      'INVALID_RESOURCE_DATA',
    );
    await at.create({ name: 'quoted', schema: [{ name: 'a', type: 'text', default: "O'Neil" }] });
    expect(
      await at.update('healthy', { schema: [...text(), { name: 'n', type: 'text', unique: true }] }),
    ).toMatchObject({ revision: 2 });
  });

  it('keeps the definition when the table cannot be made (S004-104)', async () => {
    await at.db.query('create table app_main.occupied (id int)');
    const before = [await catalog(at.db), await metadata(at)];
    const problem = await failure(at.create({ name: 'occupied', schema: text() }), 'INVALID_RESOURCE_DATA');
    expect(found(problem)).toEqual([['name', 'table_not_ours']]);
    expect([await catalog(at.db), await metadata(at)]).toEqual(before);
    expect(at.registry.get('occupied')).toBeUndefined();
  });

  it('changes what is sent and keeps the rest', async () => {
    const made = await at.create({ name: 'changing', description: 'one', schema: text() });
    const disabled = await at.update('changing', { enabled: false });
    expect(disabled).toEqual({ ...made, enabled: false, revision: 2, updated_at: disabled.updated_at });
    const more = await at.update(made.id, {
      schema: [...text(), { name: 'views', type: 'number', default: 0 }],
      soft_delete: true,
    });
    expect(more).toMatchObject({ description: 'one', enabled: false, soft_delete: true, revision: 3 });
    await at.insert('changing');
    expect(await at.db.query('select views from app_main.changing')).toEqual([{ views: 0 }]);
    expect(await at.update('changing', { name: 'changing' })).toEqual(more);
    expect(found(await failure(at.update('changing', { name: 'changed' }), 'INVALID_RESOURCE_DATA'))).toEqual([
      ['name', 'name_change_unsupported'],
    ]);
    await failure(at.update('ghosts', { enabled: true }), 'RESOURCE_NOT_FOUND');
    expect(
      found(
        await failure(at.update('changing', { schema: [{ name: 'a', type: 'number[]' }] }), 'INVALID_RESOURCE_DATA'),
      ),
    ).toEqual([['schema.0.type', 'type_change_unsupported']]);
    expect(found(await failure(at.update('changing', { schema: [] }), 'INVALID_RESOURCE_DATA'))).toEqual([
      ['schema', 'schema_empty'],
    ]);
    expect(await at.service.get('changing')).toEqual(more);
  });

  it('deletes definition, table and records, and the name is free again', async () => {
    const made = await at.create({ name: 'fleeting', schema: text() });
    await at.insert('fleeting');
    expect(await at.service.delete('fleeting')).toBeUndefined();
    await failure(at.service.get('fleeting'), 'RESOURCE_NOT_FOUND');
    await failure(at.service.delete('fleeting'), 'RESOURCE_NOT_FOUND');
    expect(at.registry.get('fleeting')).toBeUndefined();
    const again = await at.create({ name: 'fleeting', schema: [{ name: 'a', type: 'number' }] });
    expect(again.id).not.toBe(made.id);
    expect(await at.db.query('select * from app_main.fleeting')).toEqual([]);
  });

  it('keeps a collection that others refer to, and names them', async () => {
    await at.create({ name: 'authors', schema: [{ name: 'boss', type: 'reference', collection: 'authors' }] });
    await at.create({ name: 'books', schema: [{ name: 'author', type: 'reference', collection: 'main.authors' }] });
    const problem = await failure(at.service.delete('authors'), 'COLLECTION_REFERENCED');
    expect([problem.status, problem.message]).toEqual([409, 'Other collections refer to this one: books.author.']);
    const [authors, books] = [at.registry.get('authors'), at.registry.get('books')];
    if (authors === undefined || books === undefined) throw new Error('not known');
    expect(at.registry.referrers(authors).map(({ from, field }) => `${from.name}.${field.name}`)).toEqual([
      'authors.boss',
      'books.author',
    ]);
    await at.service.delete('books');
    await at.service.delete('authors');
  });

  it('is usable with a name and fields of 100 characters (S003-13)', async () => {
    const name = 'c'.repeat(100);
    const field = 'f'.repeat(100);
    await at.create({
      name,
      schema: [
        { name: field, type: 'text', unique: true },
        { name: 'xmin', type: 'text' },
      ],
    });
    const def = at.registry.get(name);
    const column = def?.byName.get(field);
    expect(column?.column).toHaveLength(63);
    const id = await at.insert(name, { [column?.column ?? '']: 'x', [def?.byName.get('xmin')?.column ?? '']: 'y' });
    expect(
      await at.db.query(
        `select id, ${column?.quoted} as f, ${def?.byName.get('xmin')?.quoted} as x from ${def?.table}`,
      ),
    ).toEqual([{ id, f: 'x', x: 'y' }]);
    await at.update(name, {
      schema: [
        { name: field, type: 'text' },
        { name: 'xmin', type: 'text' },
        { name: `${field.slice(1)}g`, type: 'text' },
      ],
    });
    await at.service.delete(name);
  });

  it('turns a database fault back into the field', async () => {
    await at.create({
      name: 'guarded',
      schema: [
        { name: 'u', type: 'text', unique: true },
        { name: 'e', type: 'enum', enum: ['a'] },
        { name: 'r', type: 'reference', collection: 'guarded' },
      ],
    });
    const guard = async (values: Record<string, unknown>, account?: string) => {
      const fault = await at.insert('guarded', values, account).then(
        () => ({ constraint: '' }),
        (error: { constraint: string }) => error,
      );
      const known = at.registry.get('guarded')?.guards.get(fault.constraint);
      return [known?.kind, known?.field?.name];
    };
    const id = await at.insert('guarded', { u: 'x' });
    expect(await guard({ u: 'x' })).toEqual(['unique', 'u']);
    expect(await guard({ e: 'b' })).toEqual(['enum', 'e']);
    expect(await guard({ r: crypto.randomUUID() })).toEqual(['reference', 'r']);
    expect(await guard({ id })).toEqual(['id', undefined]);
    expect(await guard({}, 'QQ0000')).toEqual(['account', undefined]);
  });

  it('holds 200 fields of every kind', async () => {
    const schema = Array.from({ length: 200 }, (_, i) => ({
      name: `f${i}`,
      type: i % 2 ? 'number' : 'text',
      default: i % 2 ? i : `${i}`,
    }));
    await at.create({ name: 'broad', schema });
    expect(
      (await at.update('broad', { schema: schema.map((field) => ({ ...field, description: 'x' })) })).revision,
    ).toBe(2);
    await at.insert('broad');
    expect((await at.db.query<Record<string, unknown>>('select f0, f199 from app_main.broad'))[0]).toEqual({
      f0: '0',
      f199: 199,
    });
  });

  it('lists, searches, sorts and pages', async () => {
    for (const name of ['zebra_one', 'Zebra_two', 'zebra_3%'])
      if (!name.includes('%')) await at.create({ name, schema: text() });
    const page = await at.service.list({ search: 'ZEBRA_', sort_by: 'name', sort_order: 'asc', limit: 1, page: 2 });
    expect(contract.list.responses[200].parse(page)).toMatchObject({
      total: 2,
      skip: 1,
      limit: 1,
      page: 2,
      page_size: 1,
      total_pages: 2,
    });
    expect(page.items.map((item) => item.name)).toEqual(['zebra_one']);
    const newest = await at.service.list({});
    expect(newest.items[0]?.name).toBe('Zebra_two');
    for (const search of ['%', 'a\0', "'", '\\']) expect((await at.service.list({ search })).total).toBe(0);
    const { names, total } = await at.service.names();
    expect(names.length).toBe(total);
    expect(names).toContain('Zebra_two');
    expect(newest.total).toBe(total);
  });
});
