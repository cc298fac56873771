// Documents of collections: what a caller may do and see, typed, valid, and always as the collection is now.
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import openapiTS, { astToString } from 'openapi-typescript';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { available, type Json, startApp, type Tenant, type TestApp, unique } from '../helpers/app.ts';

const EVERY = [
  { name: 'text', type: 'text', required: true, min_length: 1, max_length: 50, searchable: true },
  { name: 'number', type: 'number', min: 0, max: 10, integer: true },
  { name: 'boolean', type: 'boolean', default: false },
  { name: 'datetime', type: 'datetime' },
  { name: 'date', type: 'date' },
  { name: 'email', type: 'email' },
  { name: 'url', type: 'url' },
  { name: 'uuid', type: 'uuid' },
  { name: 'json', type: 'json' },
  { name: 'enum', type: 'enum', enum: ['a', 'b'] },
  { name: 'texts', type: 'text[]' },
  { name: 'numbers', type: 'number[]' },
  { name: 'ssn', type: 'text', pii: true, mask_type: 'ssn' },
  { name: 'doubled', type: 'computed', expression: 'number * 2' },
];

describe.runIf(available)('documents of collections', () => {
  let t: TestApp;
  let acme: Tenant;
  let member: { token: string };
  const every = unique('every_');
  const closed = unique('closed_');
  const users = 'users';
  const doc = async (name: string, token: string | null, ext = 'json') =>
    t.call('GET', `/api/v1/records/${name}/openapi.${ext}`, undefined, { token });
  const valid = async (document: Json) => {
    const result = await new Validator().validate(structuredClone(document));
    expect(result).toMatchObject({ valid: true });
  };

  beforeAll(async () => {
    t = await startApp();
    acme = await t.tenant();
    member = await t.member(acme.account.id);
    const reference = { name: 'parent', type: 'reference', collection: every };
    await t.collection({
      name: every,
      schema: [...EVERY, reference],
      soft_delete: true,
      list_rule: '',
      view_rule: '',
      create_rule: 'created_by = @request.auth.id',
      create_fields: ['text', 'number'],
    });
    await t.collection({ name: closed, schema: [{ name: 'x', type: 'text' }] });
    await t.collection({ name: users, schema: [{ name: 'nick', type: 'text' }], list_rule: '' });
  });

  it('are valid, hold what the caller may do, and the same in YAML', async () => {
    const { status, body, headers } = await doc(every, member.token);
    expect(status).toBe(200);
    expect(body.openapi).toBe('3.1.0');
    await valid(body);
    const path = `/api/v1/records/${every}`;
    expect(Object.keys(body.paths).sort()).toEqual(
      [
        '',
        '/aggregate',
        '/batch',
        '/bulk',
        '/export',
        '/import',
        '/openapi.json',
        '/openapi.yaml',
        '/query',
        '/schema',
        '/stream',
        '/{id}',
        '/{id}/history',
      ]
        .map((p) => path + p)
        .filter((p) => p in body.paths)
        .sort(),
    );
    // He may list, view and create: neither change nor delete.
    expect(Object.keys(body.paths[path])).toEqual(['get', 'post']);
    expect(Object.keys(body.paths[`${path}/{id}`])).toEqual(['get']);
    expect(body.paths[`${path}/batch`].patch).toBeUndefined();
    const yaml = await doc(every, member.token, 'yaml');
    expect(yaml.headers.get('content-type')).toMatch(/^application\/yaml/);
    expect(parse(yaml.text)).toEqual(body);
    expect(yaml.headers.get('etag')).toBe(headers.get('etag'));
  });

  it('type every field', async () => {
    const { body } = await doc(every, acme.token);
    const { schemas } = body.components;
    const name = Object.keys(schemas).find((key) => key.endsWith('RecordBody')) as string;
    expect(schemas[name]).toEqual({
      type: 'object',
      properties: {
        text: { type: 'string', minLength: 1, maxLength: 50 },
        number: { type: ['integer', 'null'], minimum: 0, maximum: 10 },
      },
      required: ['text'],
      additionalProperties: false,
    });
    const record = schemas[name.replace('RecordBody', 'Record')];
    expect(Object.keys(record.properties)).toEqual(
      expect.arrayContaining([...EVERY.map((f) => f.name), 'id', 'created_at', 'deleted_at']),
    );
    expect(record.properties.doubled).toEqual({ type: ['number', 'null'], readOnly: true });
    expect(schemas[name.replace('RecordBody', 'ProjectedRecord')].properties.parent.anyOf).toHaveLength(2);
    const list = body.paths[`/api/v1/records/${every}`].get;
    expect(list.parameters.map((p: Json) => p.name).filter(Boolean)).toEqual(
      expect.arrayContaining(['text', 'enum', 'doubled', 'sort', 'limit']),
    );
    expect(list.parameters.map((p: Json) => p.name)).not.toContain('ssn');
    expect(list.operationId).toMatch(/List$/);
    const ajv = new Ajv2020({ strict: false });
    addFormats.default(ajv);
    const made = await t.call(
      'POST',
      `/api/v1/records/${every}`,
      list.requestBody?.example ??
        body.paths[`/api/v1/records/${every}`].post.requestBody.content['application/json'].example,
      { token: acme.token },
    );
    expect(made.status).toBe(201);
    expect(ajv.validate(record, made.body)).toBe(true);
  });

  it('compile to types that fit', async () => {
    const { body } = await doc(every, t.root);
    const source = astToString(await openapiTS(structuredClone(body)));
    expect(source).toContain('doubled?: number | null');
    expect(source).toContain('enum?: "a" | "b" | null');
    expect(source).toMatch(/text: string/);
    const { default: ts } = await import('typescript');
    const { diagnostics = [] } = ts.transpileModule(source, { reportDiagnostics: true });
    expect(diagnostics).toEqual([]);
  });

  it('change with the collection and with the caller, and tell it by ETag', async () => {
    const first = await doc(every, acme.token);
    const same = await t.call('GET', `/api/v1/records/${every}/openapi.json`, undefined, {
      token: acme.token,
      headers: { 'If-None-Match': first.headers.get('etag') as string },
    });
    expect(same.status).toBe(304);
    const schema = (await t.call('GET', `/api/v1/collections/${every}`, undefined, { token: t.root })).body.schema;
    await t.call(
      'PUT',
      `/api/v1/collections/${every}`,
      { schema: [...schema, { name: 'fresh', type: 'text' }] },
      { token: t.root },
    );
    const second = await doc(every, acme.token);
    expect(second.headers.get('etag')).not.toBe(first.headers.get('etag'));
    expect(second.text).toContain('"fresh"');
    await t.call(
      'PUT',
      `/api/v1/collections/${every}`,
      { view_fields: ['text'], list_fields: ['text'] },
      { token: t.root },
    );
    const narrow = await doc(every, member.token);
    expect(narrow.text).not.toContain('"fresh"');
    expect((await doc(every, t.root)).text).toContain('"fresh"');
    await t.call('PUT', `/api/v1/collections/${every}`, { view_fields: '*', list_fields: '*' }, { token: t.root });
  });

  it('say what masked values look like, patterns that JSON Schema knows, and examples that are taken', async () => {
    const schema = [
      { name: 'wage', type: 'number', pii: true },
      { name: 'born', type: 'date', pii: true },
      { name: 'net', type: 'computed', expression: 'wage * 0.8' },
      { name: 'loose', type: 'text', pattern: '(?i)[a-z]+' },
      { name: 'class', type: 'text', pattern: '[[:alpha:]]+' },
      { name: 'plain', type: 'text', pattern: '[a-z]+' },
      { name: 'long', type: 'text', min_length: 150, required: true },
      { name: 'whole', type: 'number', integer: true, min: 1.5 },
      { name: 'mail', type: 'email', max_length: 8 },
      { name: 'link', type: 'url', min_length: 60 },
    ];
    const made = await t.collection({ schema, list_rule: '', view_rule: '', create_rule: '' });
    const { body } = await doc(made.name, member.token);
    const record = Object.entries<Json>(body.components.schemas).find(([key]) => /[^d]Record$/.test(key))?.[1]
      .properties;
    for (const name of ['wage', 'born', 'net']) expect(record[name].type).toEqual(['string', 'null']);
    expect([record.loose.pattern, record.class.pattern, record.plain.pattern]).toEqual([
      undefined,
      undefined,
      '^(?:[a-z]+)$',
    ]);
    const path = `/api/v1/records/${made.name}`;
    const example = {
      ...body.paths[path].post.requestBody.content['application/json'].example,
      wage: 100,
      born: '2000-01-02',
    };
    const reply = await t.call('POST', path, example, { token: member.token });
    expect(reply.status, reply.text).toBe(201);
    const ajv = new Ajv2020({ strict: false });
    addFormats.default(ajv);
    const projected = Object.entries<Json>(body.components.schemas).find(([key]) =>
      key.endsWith('ProjectedRecord'),
    )?.[1];
    const listed = await t.call('GET', path, undefined, { token: member.token });
    expect(ajv.validate(projected, listed.body.items[0]), JSON.stringify(ajv.errors)).toBe(true);
    const own = (await t.call('GET', `${path}/schema`, undefined, { token: member.token })).body;
    const formats = { email: true, uri: true, date: true, 'date-time': true, uuid: true } as const;
    expect(() => new Ajv2020({ strict: true, allowUnionTypes: true, formats }).compile(own)).not.toThrow();
    await t.call('DELETE', `/api/v1/collections/${made.id}`, undefined, { token: t.root });
  });

  it('are refused where nothing is open', async () => {
    expect((await doc(closed, member.token)).status).toBe(403);
    expect((await doc(closed, null)).status).toBe(401);
    expect((await doc(every, null)).status).toBe(200);
    expect((await doc('nowhere', member.token)).status).toBe(404);
    await t.call('PUT', `/api/v1/collections/${closed}`, { enabled: false }, { token: t.root });
    expect((await doc(closed, t.root)).body.code).toBe('RESOURCE_DISABLED');
    await t.call('PUT', `/api/v1/collections/${closed}`, { enabled: true }, { token: t.root });
  });

  it('join the document of the whole API, for whom they are open', async () => {
    const bare = await t.call('GET', '/openapi.json');
    await valid(bare.body);
    expect(bare.body['x-collections']).toEqual([every, users].sort());
    const { body } = await t.call('GET', '/api/v1/openapi.json', undefined, { token: t.root });
    await valid(body);
    expect(body['x-collections']).toEqual([closed, every, users].sort());
    expect(body.paths[`/api/v1/records/${closed}`].post).toBeDefined();
    expect(body.paths['/api/v1/records/{collection}'].post).toBeDefined();
    const ids = Object.values(body.paths).flatMap((item: Json) => Object.values(item).map((o: Json) => o.operationId));
    expect(new Set(ids).size).toBe(ids.length);
    // A collection of the name of a room gets names of its own.
    expect(body.paths[`/api/v1/records/${users}`].get).toMatchObject({
      operationId: 'usersCollectionList',
      tags: ['users records'],
    });
    const yaml = await t.call('GET', '/openapi.yaml', undefined, { token: t.root });
    expect(parse(yaml.text)).toEqual(body);
    const old = await t.call('GET', '/openapi.json', undefined, { token: 'not.a.token' });
    expect(old.status).toBe(200);
  });
});
