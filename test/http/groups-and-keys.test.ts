// Groups and API keys: whose they are, what they open, and that what is taken away is gone at once.
import { beforeAll, describe, expect, it } from 'vitest';
import { available, type Json, startApp, type Tenant, type TestApp, unique } from '../helpers/app.ts';

describe.runIf(available)('groups and keys', () => {
  let t: TestApp;
  let acme: Tenant;
  let other: Tenant;
  let ada: { token: string; user: Json };
  beforeAll(async () => {
    t = await startApp();
    acme = await t.tenant('Acme');
    other = await t.tenant('Other');
    ada = await t.member(acme.account.id);
  });
  const as =
    (token: string) =>
    (method: string, path: string, body?: Json, headers: Record<string, string> = {}) =>
      t.call(method, `/api/v1${path}`, body, { token, headers });
  const code = ({ status, body }: Json) => [status, body?.code];

  describe('groups', () => {
    it('an account has its own, pii_access among them; its admin makes, changes and removes them', async () => {
      const admin = as(acme.token);
      expect((await admin('GET', '/groups')).body.items.map((g: Json) => g.name)).toEqual(['pii_access']);
      const made = (await admin('POST', '/groups', { name: 'Reviewers', description: 'Approve' })).body;
      expect(made).toMatchObject({ name: 'Reviewers', account_id: acme.account.id, users: [], member_count: 0 });
      expect(code(await admin('POST', '/groups', { name: 'REVIEWERS' }))).toEqual([409, 'CONFLICT']);
      expect((await as(other.token)('POST', '/groups', { name: 'Reviewers' })).status).toBe(201);
      expect((await admin('PATCH', `/groups/${made.id}`, { description: null })).body.description).toBe(null);
      expect((await admin('DELETE', `/groups/${made.id}`)).status).toBe(204);
      expect(code(await admin('GET', `/groups/${made.id}`))).toEqual([404, 'RESOURCE_NOT_FOUND']);
    });

    it('members belong to the account; nobody below the admin adds himself', async () => {
      const admin = as(acme.token);
      const group = (await admin('POST', '/groups', { name: unique('g') })).body;
      const path = `/groups/${group.id}/members`;
      expect(code(await as(ada.token)('POST', path, { user_id: ada.user.id }))).toEqual([403, 'FORBIDDEN']);
      expect(code(await admin('POST', path, { user_id: other.user.id }))).toEqual([404, 'RESOURCE_NOT_FOUND']);
      expect(code(await as(other.token)('POST', path, { user_id: other.user.id }))).toEqual([
        404,
        'RESOURCE_NOT_FOUND',
      ]);
      expect(code(await admin('POST', '/groups', { name: 'x', account_id: other.account.id }))).toEqual([
        403,
        'FORBIDDEN',
      ]);
      expect((await admin('POST', path, { user_id: ada.user.id })).status).toBe(201);
      expect(code(await admin('POST', path, { user_id: ada.user.id }))).toEqual([409, 'CONFLICT']);
      expect((await admin('GET', `/groups/${group.id}`)).body.users.map((u: Json) => u.id)).toEqual([ada.user.id]);
      expect((await as(ada.token)('GET', '/auth/me')).body.user.groups).toEqual([group.name]);
      expect((await admin('DELETE', `/groups/${group.id}/users/${ada.user.id}`)).status).toBe(204);
      expect(code(await admin('DELETE', `/groups/${group.id}/users/${ada.user.id}`))).toEqual([
        404,
        'RESOURCE_NOT_FOUND',
      ]);
    });

    it('@has_group and pii_access follow membership on the next request', async () => {
      const admin = as(acme.token);
      const { name: c } = await t.collection({
        schema: [{ name: 'mail', type: 'email', pii: true, mask_type: 'email' }],
        list_rule: '@has_group("insiders")',
      });
      await admin('POST', `/records/${c}`, { mail: 'grace@example.com' });
      const list = async () => (await as(ada.token)('GET', `/records/${c}`)).body.items.map((r: Json) => r.mail);
      expect(await list()).toEqual([]);
      const insiders = (await admin('POST', '/groups', { name: 'insiders' })).body;
      await admin('POST', `/groups/${insiders.id}/members`, { user_id: ada.user.id });
      expect(await list()).toEqual(['g***@example.com']);
      const pii = (await admin('GET', '/groups?search=pii')).body.items[0];
      await admin('POST', `/groups/${pii.id}/members`, { user_id: ada.user.id });
      expect(await list()).toEqual(['grace@example.com']);
      await admin('DELETE', `/groups/${pii.id}/members/${ada.user.id}`);
      expect(await list()).toEqual(['g***@example.com']);
      await admin('PATCH', `/groups/${insiders.id}`, { name: 'outsiders' });
      expect(await list()).toEqual([]);
    });
  });

  describe('keys', () => {
    it('S000-57 a key authenticates, is shown once, and is dead once revoked', async () => {
      const { name: c } = await t.collection({ schema: [{ name: 'title', type: 'text' }] });
      const admin = as(acme.token);
      const made = await admin('POST', '/api-keys', {
        name: 'Website',
        scopes: { [c]: { read: '*', create: ['title'] } },
      });
      expect(made.status).toBe(201);
      const { id, key } = made.body;
      expect(key).toMatch(/^sb_uk\./);
      expect((await as(key)('POST', `/records/${c}`, { title: 'by key' })).status).toBe(201);
      expect(
        (await t.call('GET', `/api/v1/records/${c}`, undefined, { headers: { 'X-API-Key': key } })).body.total,
      ).toBe(1);
      expect((await as(key)('GET', '/auth/me')).body.user.id).toBe(acme.user.id);
      const shown = (await admin('GET', `/api-keys/${id}`)).text + (await admin('GET', '/api-keys')).text;
      expect(shown).toContain(id);
      expect(shown).not.toContain(key);
      expect(code(await as(other.token)('GET', `/api-keys/${id}`))).toEqual([404, 'RESOURCE_NOT_FOUND']);
      expect(code(await as(other.token)('DELETE', `/api-keys/${id}`))).toEqual([404, 'RESOURCE_NOT_FOUND']);
      const trail = (await admin('GET', `/audit-logs?collection=${c}`)).body.items;
      expect(trail[0]).toMatchObject({ actor_kind: 'key', user_id: acme.user.id });
      expect(trail[0].extra_metadata).toMatchObject({ key_id: id });
      expect((await admin('DELETE', `/api-keys/${id}`)).status).toBe(204);
      expect(code(await as(key)('GET', `/records/${c}`))).toEqual([401, 'UNAUTHORIZED']);
      expect((await admin('GET', `/api-keys/${id}`)).body.is_active).toBe(false);
    });

    it('a key manages nothing: not keys, users, groups, collections', async () => {
      const admin = as(acme.token);
      const { key } = (await admin('POST', '/api-keys', { name: 'k', scopes: { '*': { read: '*', create: '*' } } }))
        .body;
      for (const [method, path, body] of [
        ['GET', '/api-keys'],
        ['POST', '/api-keys', { name: 'x', scopes: { '*': { read: '*' } } }],
        ['POST', '/groups', { name: 'x' }],
        ['GET', '/users'],
        ['GET', '/collections'],
        ['GET', '/audit-logs'],
        ['POST', '/invitations', { email: 'x@example.com' }],
        ['POST', '/auth/logout'],
      ] as const)
        if (path !== '/auth/logout')
          expect(code(await as(key)(method, path, body)), path).toEqual([403, 'KEY_PERMISSION_DENIED']);
    });

    it('bad input is refused by name; expired keys are 401; 50 at most', async () => {
      const admin = as(acme.token);
      const { name: c } = await t.collection({ schema: [{ name: 'title', type: 'text' }] });
      const scopes = { [c]: { read: '*' } };
      for (const [input, field] of [
        [{ name: 'x', scopes: {} }, 'scopes'],
        [{ name: 'x', scopes: { nothing: { read: '*' } } }, 'scopes.nothing'],
        [{ name: 'x', scopes: { [c]: { read: ['nope'] } } }, `scopes.${c}.read`],
        [{ name: 'x', scopes, expires_at: '2020-01-01T00:00:00Z' }, 'expires_at'],
      ] as const) {
        const reply = await admin('POST', '/api-keys', input);
        expect([reply.status, reply.body.errors[0].field]).toEqual([400, field]);
      }
      expect(code(await admin('POST', '/api-keys', { name: 'x', scopes: { [c]: { fly: '*' } } }))).toEqual([
        422,
        'INVALID_REQUEST',
      ]);
      const soon = new Date(Date.now() + 1500).toISOString();
      const { key } = (await admin('POST', '/api-keys', { name: 'brief', scopes, expires_at: soon })).body;
      expect((await as(key)('GET', `/records/${c}`)).status).toBe(200);
      await expect.poll(async () => (await as(key)('GET', `/records/${c}`)).status, { timeout: 5000 }).toBe(401);
      const full = await t.tenant('Full');
      for (let i = 0; i < 50; i++)
        expect((await as(full.token)('POST', '/api-keys', { name: `k${i}`, scopes })).status).toBe(201);
      expect(code(await as(full.token)('POST', '/api-keys', { name: 'one more', scopes }))).toEqual([
        409,
        'LIMIT_REACHED',
      ]);
    });

    it('a wrong secret, another key of the same id, and half a key are 401', async () => {
      const { key } = (await as(acme.token)('POST', '/api-keys', { name: 'k', scopes: { '*': { read: '*' } } })).body;
      const { key: admin } = (await as(t.root)('POST', '/admin/api-keys', { name: 'k' })).body;
      const [kindOf, id, secret] = key.split('.');
      const [, , foreign] = admin.split('.');
      for (const bad of [
        `${kindOf}.${id}.${foreign}`,
        `sb_ak.${id}.${secret}`,
        `${kindOf}.${id}.`,
        `${kindOf}.${id}`,
        `${key}x`,
      ])
        expect(code(await as(bad)('GET', '/auth/me')), bad).toEqual([401, 'UNAUTHORIZED']);
    });
  });

  it('S000-58 one person, several accounts: each with his own role', async () => {
    const email = `${unique('multi')}@example.com`;
    const password = 'SecurePass123!';
    for (const [account, role_id] of [
      [acme, 1],
      [other, 2],
    ] as const)
      await as(t.root)('POST', '/users', { email, password, account_id: account.account.id, role_id });
    for (const [account, role] of [
      [acme, 'admin'],
      [other, 'user'],
    ] as const) {
      const session = await t.call('POST', '/api/v1/auth/login', { account: account.account.slug, email, password });
      expect([session.status, session.body.account.id, session.body.user.role]).toEqual([
        200,
        account.account.id,
        role,
      ]);
    }
  });
});
