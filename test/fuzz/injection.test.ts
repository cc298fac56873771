// Texts made to be taken for something else, in every place where a text goes: they stay texts.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { available, type Json } from '../helpers/app.ts';
import { PAYLOADS, UNSAYABLE } from './payloads.ts';
import { escaped, inHeader } from './random.ts';
import { FIELDS, LIST, openRange, type Range, type Shot } from './range.ts';

describe.runIf(available)('injection', () => {
  let range: Range;
  let [admin, root, record] = ['', '', ''];

  beforeAll(async () => {
    range = await openRange();
    ({ admin, record } = range);
    root = range.t.root;
  });
  afterAll(() => console.log(`injection: ${PAYLOADS.length} payloads, ${range.score()}`));

  it(`each of ${PAYLOADS.length} payloads in every place where a text goes`, async () => {
    expect(PAYLOADS.length).toBeGreaterThanOrEqual(200);
    const names = FIELDS.map((f) => f.name);
    for (const payload of PAYLOADS) {
      const word = escaped(payload);
      const get = (path: string, token = admin): Shot => ({ method: 'GET', path: path.slice(0, 8000), token });
      const post = (path: string, value: Json, token = root, method = 'POST'): Shot => ({
        method,
        path,
        token,
        body: JSON.stringify(value),
      });
      await range.all([
        ...names.map((name) => get(`${LIST}?${name}=${word}`)),
        ...names.map((name) => post(LIST, { [name]: payload }, admin)),
        ...['id', 'account_id', 'created_at', 'created_by', 'sort', 'fields', 'skip', 'limit'].map((name) =>
          get(`${LIST}?${name}=${word}`),
        ),
        get(`${LIST}?${word || 'x'}=1`),
        get(`${LIST}?${word}__eq=1`),
        get(`${LIST}/${record}?fields=${word}`),
        get(`${LIST}/${word}`),
        get(`/api/v1/records/${word}`),
        post(LIST, { [payload]: payload }, admin),
        post(LIST, { json: { [payload]: [payload] }, texts: [payload, payload] }, admin),
        post(`${LIST}/${record}`, { text: payload }, admin, 'PATCH'),
        post('/api/v1/collections', { name: payload, schema: [{ name: 'a', type: 'text' }] }),
        post('/api/v1/collections', { name: 'canary', schema: [{ name: payload, type: 'text' }] }),
        post('/api/v1/collections', { name: 'canary', schema: [{ name: 'a', type: payload }] }),
        post('/api/v1/collections', {
          name: 'canary',
          schema: [{ name: 'a', type: 'reference', collection: payload }],
        }),
        get(`/api/v1/collections/${word}`, root),
        ...['collections', 'users', 'accounts'].map((room) => get(`/api/v1/${room}?search=${word}`, root)),
        ...['collections', 'users', 'accounts'].map((room) => get(`/api/v1/${room}?sort_by=${word}`, root)),
        get(`/api/v1/users?account_id=${word}`, root),
        get(`/api/v1/users/${word}`, root),
        get(`/api/v1/accounts/${word}/users`, root),
        get(`/api/v1/auth/verify-email?token=${word}`),
        post('/api/v1/auth/refresh', { refresh_token: payload }),
        post('/api/v1/auth/verify-email', { token: payload }),
        post('/api/v1/auth/send-verification', { account: payload, email: payload }),
        post('/api/v1/accounts', { name: 'x', slug: payload }),
        { ...get(LIST, root), headers: { 'X-Account-ID': inHeader(payload) } },
        { ...get(LIST), headers: { 'X-Correlation-ID': inHeader(payload) } },
        { ...get(LIST), token: null, headers: { Authorization: `Bearer ${inHeader(payload)}` } },
        { ...get(LIST), token: null, headers: { Cookie: `sb_session=${inHeader(payload)}` } },
      ]);
    }
  });

  it('each payload is stored as it is, found by it, and may be a default, an enum value and a description', async () => {
    const kept = PAYLOADS.filter((text) => text !== '');
    const schema = [
      { name: 'a', type: 'text', default: kept[0] },
      { name: 'e', type: 'enum', enum: kept.slice(0, 400) },
    ];
    const { name } = await range.t.collection({ schema, description: kept[3] });
    for (const [i, text] of kept.entries()) {
      const made = await range.fire({
        method: 'POST',
        path: `/api/v1/records/${name}`,
        token: admin,
        body: JSON.stringify({ a: text, e: text }),
      });
      expect([made.status, made.body.a, made.body.e], text).toEqual([201, text, text]);
      if (text.length > 900) continue;
      const found = await range.fire({
        method: 'GET',
        path: `/api/v1/records/${name}?a=${escaped(text)}`,
        token: admin,
      });
      expect(
        found.body.items?.map((item: Json) => item.id),
        text,
      ).toEqual([made.body.id]);
      if (i % 4 > 0) continue;
      const put = { schema: [{ ...schema[0], default: text, description: text.slice(0, 400) }, schema[1]] };
      const changed = await range.fire({
        method: 'PUT',
        path: `/api/v1/collections/${name}`,
        token: root,
        body: JSON.stringify(put),
      });
      expect([changed.status, changed.body.schema?.[0].default], text).toEqual([200, text]);
      const omitted = await range.fire({
        method: 'POST',
        path: `/api/v1/records/${name}`,
        token: admin,
        body: '{"e":null}',
      });
      expect(omitted.body.a, text).toBe(text);
      await range.fire({ method: 'DELETE', path: `/api/v1/records/${name}/${omitted.body.id}`, token: admin });
    }
    for (const text of UNSAYABLE) {
      const refused = await range.fire({
        method: 'POST',
        path: `/api/v1/records/${name}`,
        token: admin,
        body: JSON.stringify({ a: text }),
      });
      expect([refused.status, refused.body.code]).toEqual([400, 'INVALID_JSON']);
    }
  });

  it('the server is unharmed', () => range.unharmed());
});
