// Versions of a record: a strong tag on the reply, 304 for who has it, 412 for who would build on another one.
import { beforeAll, describe, expect, it } from 'vitest';
import { available, startApp, type Tenant, type TestApp } from '../helpers/app.ts';

describe.runIf(available)('ETag and If-Match', () => {
  let t: TestApp;
  let acme: Tenant;
  let path: string;
  beforeAll(async () => {
    t = await startApp();
    acme = await t.tenant('Acme');
    const { name } = await t.collection({
      schema: [
        { name: 'n', type: 'number' },
        { name: 'mail', type: 'email', pii: true },
      ],
      view_rule: '',
      update_rule: '',
    });
    path = `/api/v1/records/${name}`;
  });
  const call = (method: string, to: string, body?: object, headers: Record<string, string> = {}, token = acme.token) =>
    t.call(method, to, body, { token, headers });
  const made = async () => {
    const reply = await call('POST', path, { n: 1, mail: 'a@example.com' });
    return { one: `${path}/${reply.body.id}`, tag: reply.headers.get('etag') as string };
  };

  it('create, get and change answer the same strong tag for the same record', async () => {
    const { one, tag } = await made();
    expect(tag).toMatch(/^"[\w-]+"$/);
    expect((await call('GET', one)).headers.get('etag')).toBe(tag);
    const changed = await call('PATCH', one, { n: 2 });
    expect(changed.headers.get('etag')).not.toBe(tag);
    expect((await call('GET', one)).headers.get('etag')).toBe(changed.headers.get('etag'));
    // Who sees something else has another tag.
    const plain = await t.member(acme.account.id);
    expect((await call('GET', one, undefined, {}, plain.token)).headers.get('etag')).not.toBe(
      changed.headers.get('etag'),
    );
  });

  it('If-None-Match of the same version is 304 without a body', async () => {
    const { one, tag } = await made();
    for (const header of [tag, `W/${tag}`, `"x", ${tag}`, '*']) {
      const reply = await call('GET', one, undefined, { 'If-None-Match': header });
      expect([reply.status, reply.text]).toEqual([304, '']);
    }
    expect((await call('GET', one, undefined, { 'If-None-Match': '"other"' })).status).toBe(200);
  });

  it('If-Match of an older version is 412 and changes nothing', async () => {
    const { one, tag } = await made();
    expect((await call('PATCH', one, { n: 2 }, { 'If-Match': tag })).status).toBe(200);
    for (const [method, body] of [
      ['PATCH', { n: 3 }],
      ['PUT', { n: 3 }],
      ['DELETE', undefined],
    ] as const) {
      for (const header of [tag, '"nonsense"', `W/${tag}`]) {
        const refused = await call(method, one, body, { 'If-Match': header });
        expect([refused.status, refused.body.code]).toEqual([412, 'PRECONDITION_FAILED']);
      }
    }
    const now = await call('GET', one);
    expect(now.body.n).toBe(2);
    expect((await call('PATCH', one, { n: 4 }, { 'If-Match': '*' })).body.n).toBe(4);
    const last = (await call('GET', one)).headers.get('etag') as string;
    expect((await call('DELETE', one, undefined, { 'If-Match': `"old", ${last}` })).status).toBe(204);
    expect((await call('PATCH', one, { n: 5 }, { 'If-Match': last })).status).toBe(404);
  });

  it('of many who build on one version exactly one wins', async () => {
    const { one, tag } = await made();
    const replies = await Promise.all(
      Array.from({ length: 16 }, (_, i) => call('PATCH', one, { n: 100 + i }, { 'If-Match': tag })),
    );
    const statuses = replies.map(({ status }) => status).sort();
    expect(statuses).toEqual([200, ...Array.from({ length: 15 }, () => 412)]);
    const winner = replies.find(({ status }) => status === 200);
    expect((await call('GET', one)).body.n).toBe(winner?.body.n);
  });

  it('a caller who sees masked values builds on what he sees', async () => {
    const { one } = await made();
    const plain = await t.member(acme.account.id);
    const seen = await call('GET', one, undefined, {}, plain.token);
    const tag = seen.headers.get('etag') as string;
    expect((await call('PATCH', one, { n: 9 }, { 'If-Match': tag }, plain.token)).body.n).toBe(9);
    expect((await call('PATCH', one, { n: 10 }, { 'If-Match': tag }, plain.token)).status).toBe(412);
  });
});
