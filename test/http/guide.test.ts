// The REST guide in its documented order, with its documented answers.
import { beforeAll, describe, expect, it } from 'vitest';
import { available, type Json, PASSWORD, startApp, type TestApp } from '../helpers/app.ts';

describe.runIf(available)('the REST guide', () => {
  let t: TestApp;
  let registered: Json;
  let session: Json;
  beforeAll(async () => {
    t = await startApp();
  });

  it('S001-12…21 S000-54 registers an account with its first admin, without tokens', async () => {
    const body = {
      account_name: 'Acme Corporation',
      account_slug: 'acme',
      email: 'admin@acme.com',
      password: PASSWORD,
    };
    const reply = await t.call('POST', '/api/v1/auth/register', body);
    expect(reply.status).toBe(201);
    registered = reply.body;
    expect(registered.message).toMatch(/check your email to verify/);
    expect(registered.account).toMatchObject({ slug: 'acme', name: 'Acme Corporation' });
    expect(registered.account.id).toMatch(/^[A-Z]{2}[0-9]{4}$/);
    expect(registered.user).toMatchObject({
      email: 'admin@acme.com',
      role: 'admin',
      is_active: true,
      email_verified: false,
    });
    for (const at of [registered.account.created_at, registered.user.created_at]) expect(at).toMatch(/Z$/);
    expect(reply.text).not.toContain('token');
    expect(reply.headers.get('set-cookie')).toBeNull();
  });

  it('S001-02 links in mails and the servers of the documents use the public URL', async () => {
    const own = await startApp({ publicUrl: 'https://api.example.com' });
    const tenant = await own.tenant('Public');
    expect((await own.mailTo(tenant.email)).text).toContain('https://api.example.com/api/v1/auth/verify-email?token=');
    for (const path of ['/openapi.json', '/api/v1/openapi.json']) {
      expect((await own.call('GET', path)).body.servers).toEqual([{ url: 'https://api.example.com' }]);
    }
    expect((await own.call('GET', '/openapi.yaml')).text).toContain('https://api.example.com');
    await own.stop();
  });

  it('S001-13 a missing or malformed key is refused by name', async () => {
    for (const key of ['account_name', 'email', 'password']) {
      const body: Json = { account_name: 'X', email: 'x@x.io', password: PASSWORD };
      delete body[key];
      const reply = await t.call('POST', '/api/v1/auth/register', body);
      expect([reply.status, reply.body.errors[0].field]).toEqual([422, key]);
    }
    expect(
      (
        await t.call('POST', '/api/v1/auth/register', {
          account_name: 'Slugless Äpfel & Co',
          email: 'x@x.io',
          password: PASSWORD,
        })
      ).body.account.slug,
    ).toBe('slugless-apfel-co');
  });

  it('S001-24…28 S001-116 every password rule is reported at field password as password_too_weak', async () => {
    const specials = '!@#$%^&*()_+-=[]{};\':"\\|,.<>/?~';
    let n = 0;
    const attempt = (password: string) =>
      t.call('POST', '/api/v1/auth/register', {
        account_name: `P ${n}`,
        account_slug: `pw-${n++}`,
        email: 'p@p.io',
        password,
      });
    for (const weak of ['Short1!aaaa', 'alllowercase1!', 'ALLUPPERCASE1!', 'NoDigitsHere!!', 'NoSpecial12345']) {
      const reply = await attempt(weak);
      expect([reply.status, reply.body.error, reply.body.details[0]], weak).toMatchObject([
        400,
        'Validation error',
        { field: 'password', code: 'password_too_weak' },
      ]);
    }
    expect((await attempt('x')).body.errors.length).toBe(4);
    for (const special of specials) expect((await attempt(`Abcdefgh1234${special}`)).status, special).toBe(201);
  });

  it('S001-22 S001-23 login waits for the address to be verified; the mailed token works once', async () => {
    const login = () =>
      t.call('POST', '/api/v1/auth/login', { account: 'acme', email: 'admin@acme.com', password: PASSWORD });
    const before = await login();
    expect([before.status, before.body.code]).toEqual([401, 'EMAIL_NOT_VERIFIED']);
    expect(before.body.message).toContain('verify');
    expect(
      (
        await t.call('POST', '/api/v1/auth/login', {
          account: 'acme',
          email: 'admin@acme.com',
          password: 'Wrong-Password1!',
        })
      ).body.code,
    ).toBe('INVALID_CREDENTIALS');
    const { text } = await t.mailTo('admin@acme.com');
    const link = /https?:\S+/.exec(text)?.[0] as string;
    expect(link.startsWith('http://localhost:8000/')).toBe(true);
    const token = new URL(link).searchParams.get('token');
    const verified = await t.call('POST', '/api/v1/auth/verify-email', { token });
    expect([verified.status, verified.body.user.email_verified]).toEqual([200, true]);
    expect((await t.call('POST', '/api/v1/auth/verify-email', { token })).body.code).toBe('INVALID_TOKEN');
    expect((await login()).status).toBe(200);
  });

  it('S001-29…34 S000-58 logs in by slug or id; every wrong guess answers alike', async () => {
    for (const account of ['acme', registered.account.id, 'ACME', registered.account.id.toLowerCase()]) {
      const reply = await t.call('POST', '/api/v1/auth/login', {
        account,
        email: 'Admin@Acme.com',
        password: PASSWORD,
      });
      expect(reply.status, account).toBe(200);
      session = reply.body;
    }
    expect(Object.keys(session).sort()).toEqual(['account', 'expires_in', 'refresh_token', 'token', 'user']);
    expect(session).toMatchObject({
      expires_in: 3600,
      account: { id: registered.account.id, slug: 'acme', name: 'Acme Corporation' },
      user: { id: registered.user.id, email: 'admin@acme.com', role: 'admin' },
    });
    const [head, claims] = session.token
      .split('.')
      .slice(0, 2)
      .map((part: string) => JSON.parse(Buffer.from(part, 'base64url').toString()));
    expect(head).toEqual({ alg: 'HS256', typ: 'JWT' });
    expect(claims.exp - claims.iat).toBe(3600);
    const wrong = [
      { account: 'acme', email: 'admin@acme.com', password: 'Wrong-Password1!' },
      { account: 'acme', email: 'nobody@acme.com', password: PASSWORD },
      { account: 'nowhere', email: 'admin@acme.com', password: PASSWORD },
    ];
    const replies = await Promise.all(wrong.map((body) => t.call('POST', '/api/v1/auth/login', body)));
    for (const reply of replies) {
      expect(reply.status).toBe(401);
      expect({ ...reply.body, request_id: '' }).toEqual({ ...replies[0]?.body, request_id: '' });
      expect(reply.body.message).not.toMatch(/email|verify/);
    }
  });

  it('S001-35 S001-36 refreshes; an access token is no refresh token', async () => {
    const reply = await t.call('POST', '/api/v1/auth/refresh', { refresh_token: session.refresh_token });
    expect(reply.status).toBe(200);
    expect((await t.call('GET', '/api/v1/auth/me', undefined, { token: reply.body.token })).status).toBe(200);
    expect((await t.call('POST', '/api/v1/auth/refresh', { refresh_token: session.token })).status).toBe(401);
    session = reply.body;
  });

  it('S001-37 S001-38 me answers who I am, flat and nested', async () => {
    const { status, body } = await t.call('GET', '/api/v1/auth/me', undefined, { token: session.token });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      id: registered.user.id,
      user_id: registered.user.id,
      email: 'admin@acme.com',
      role: 'admin',
      account_id: registered.account.id,
      user: { id: registered.user.id },
      account: { slug: 'acme' },
    });
    expect((await t.call('GET', '/api/v1/auth/me')).status).toBe(401);
  });

  it('S001-56…58 S001-105 a superadmin creates posts exactly as the guide does', async () => {
    const definition = {
      name: 'posts',
      schema: [
        { name: 'title', type: 'text', required: true },
        { name: 'content', type: 'text', required: true },
        { name: 'published', type: 'boolean', default: false },
      ],
    };
    expect((await t.call('POST', '/api/v1/collections/', definition, { token: session.token })).status).toBe(403);
    expect((await t.call('POST', '/api/v1/collections/', definition)).status).toBe(401);
    const reply = await t.call('POST', '/api/v1/collections/', definition, { token: t.root });
    expect(reply.status).toBe(201);
    for (const [i, field] of definition.schema.entries()) expect(reply.body.schema[i]).toMatchObject(field);
    expect((await t.call('GET', '/api/v1/collections/posts', undefined, { token: t.root })).body).toEqual(reply.body);
    expect((await t.call('POST', '/api/v1/collections', definition, { token: t.root })).status).toBe(409);
  });

  it('S001-39…55 S001-104…106 the record requests of the guide', async () => {
    const as = { token: session.token };
    const created = await t.call(
      'POST',
      '/api/v1/records/posts',
      {
        title: 'Getting Started with SnackBase',
        content: 'SnackBase is an open-source Backend-as-a-Service...',
        published: true,
      },
      as,
    );
    expect([created.status, created.body.title, created.body.published]).toEqual([
      201,
      'Getting Started with SnackBase',
      true,
    ]);
    const list = await t.call('GET', '/api/v1/records/posts?skip=0&limit=10', undefined, as);
    expect(list.body).toMatchObject({
      total: 1,
      skip: 0,
      limit: 10,
      items: [{ id: created.body.id, title: 'Getting Started with SnackBase' }],
    });
    const path = `/api/v1/records/posts/${created.body.id}`;
    expect((await t.call('GET', path, undefined, as)).status).toBe(200);
    expect(
      (await t.call('PUT', path, { title: 'Updated Title', content: 'Updated content...' }, as)).body,
    ).toMatchObject({ title: 'Updated Title', published: false });
    const views = await t.call('PATCH', path, { views: 150 }, as);
    expect([views.status, views.body.code]).toEqual([400, 'INVALID_FIELDS']);
    await t.call(
      'PATCH',
      '/api/v1/collections/posts',
      {
        schema: [
          ...(await t.call('GET', '/api/v1/collections/posts', undefined, { token: t.root })).body.schema,
          { name: 'views', type: 'number' },
        ],
      },
      { token: t.root },
    );
    expect((await t.call('PATCH', path, { views: 150 }, as)).body).toMatchObject({
      views: 150,
      title: 'Updated Title',
    });
    const removed = await t.call('DELETE', path, undefined, as);
    expect([removed.status, removed.text]).toEqual([204, '']);
    expect((await t.call('GET', path, undefined, as)).status).toBe(404);
  });

  it('S001-83…90 users of the guide: a role as text, pages, filters', async () => {
    const body = { email: 'newuser@acme.com', password: PASSWORD, account_id: registered.account.id, role_id: '2' };
    const as = { token: t.root };
    const created = await t.call('POST', '/api/v1/users', body, as);
    expect([created.status, created.body.role, created.body.account_id]).toEqual([201, 'user', registered.account.id]);
    expect((await t.call('POST', '/api/v1/users', body, as)).status).toBe(409);
    expect(
      (await t.call('POST', '/api/v1/users', { ...body, email: 'weak@acme.com', password: 'weak' }, as)).status,
    ).toBe(400);
    expect((await t.call('POST', '/api/v1/users', body, { token: session.token })).status).toBe(403);
    expect(
      (await t.call('POST', '/api/v1/auth/login', { account: 'acme', email: 'newuser@acme.com', password: PASSWORD }))
        .body.user.role,
    ).toBe('user');
    for (let i = 0; i < 26; i++)
      await t.call(
        'POST',
        '/api/v1/users',
        { ...body, email: `extra${i}@acme.com`, role_id: 2, is_active: i % 2 === 0 },
        as,
      );
    const list = async (query: string) => (await t.call('GET', `/api/v1/users?${query}`, undefined, as)).body;
    expect(await list('')).toMatchObject({ skip: 0, limit: 25 });
    expect((await list('')).items).toHaveLength(25);
    expect(
      (await list(`account_id=${registered.account.id}&limit=100`)).items.every(
        (u: Json) => u.account_id === registered.account.id,
      ),
    ).toBe(true);
    expect((await list('role_id=1&limit=100')).items.every((u: Json) => u.role === 'admin')).toBe(true);
    expect((await list('is_active=false')).total).toBe(13);
    expect((await list('search=NEWUSER')).items.map((u: Json) => u.email)).toEqual(['newuser@acme.com']);
    expect((await list('search=%25')).total).toBe(0);
    expect((await t.call('GET', '/api/v1/users?limit=101', undefined, as)).status).toBe(400);
  });

  it('S001-07 specific routes answer as themselves even when collections have their names', async () => {
    for (const name of ['collections', 'roles', 'users', 'accounts', 'invitations', 'auth', 'records']) {
      expect(
        (
          await t.call(
            'POST',
            '/api/v1/collections',
            { name, schema: [{ name: 'x', type: 'text' }] },
            { token: t.root },
          )
        ).status,
      ).toBe(201);
      expect((await t.call('POST', `/api/v1/records/${name}`, { x: name }, { token: session.token })).status).toBe(201);
    }
    expect((await t.call('GET', '/api/v1/collections/names', undefined, { token: t.root })).body.names).toContain(
      'users',
    );
    for (const path of ['collections', 'roles', 'users', 'accounts']) {
      expect((await t.call('GET', `/api/v1/${path}`, undefined, { token: t.root })).status).toBe(200);
      expect((await t.call('GET', `/api/v1/${path}`, undefined, { token: session.token })).status).toBe(403);
    }
  });

  it('S001-118 a session cookie is httpOnly, authenticates, is refused from other sites and dies at logout', async () => {
    const reply = await t.call('POST', '/api/v1/auth/login', {
      account: 'acme',
      email: 'admin@acme.com',
      password: PASSWORD,
      session: true,
    });
    const cookie = reply.headers.get('set-cookie') as string;
    expect(cookie).toMatch(/^sb_session=.+HttpOnly/i);
    expect(cookie).toMatch(/SameSite=Lax/i);
    const headers = { Cookie: cookie.split(';')[0] as string };
    expect((await t.call('GET', '/api/v1/records/posts', undefined, { headers })).status).toBe(200);
    const body = { title: 'c', content: 'c' };
    expect((await t.call('POST', '/api/v1/records/posts', body, { headers })).status).toBe(201);
    expect(
      (await t.call('POST', '/api/v1/records/posts', body, { headers: { ...headers, Origin: 'https://evil.example' } }))
        .body.code,
    ).toBe('CROSS_SITE_REQUEST');
    expect(
      (await t.call('POST', '/api/v1/records/posts', body, { headers: { ...headers, 'Sec-Fetch-Site': 'cross-site' } }))
        .status,
    ).toBe(403);
    expect((await t.call('POST', '/api/v1/auth/logout', {}, { headers })).status).toBe(200);
    expect((await t.call('GET', '/api/v1/records/posts', undefined, { headers })).status).toBe(401);
    expect((await t.call('POST', '/api/v1/auth/refresh', { refresh_token: reply.body.refresh_token })).status).toBe(
      401,
    );
  });

  it('20 registrations at once all succeed with distinct ids', async () => {
    const replies = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        t.call('POST', '/api/v1/auth/register', {
          account_name: 'Same Name',
          email: `same${i}@x.io`,
          password: PASSWORD,
        }),
      ),
    );
    expect(replies.map((r) => r.status)).toEqual(Array(20).fill(201));
    expect(new Set(replies.map((r) => r.body.account.id)).size).toBe(20);
    expect(new Set(replies.map((r) => r.body.account.slug)).size).toBe(20);
  });

  it('two superadmins cannot remove each other at once: one stays', async () => {
    const own = await startApp();
    const { token: second, user } = await own.member('SY0000', 1);
    const me = (await own.call('GET', '/api/v1/auth/me', undefined, { token: own.root })).body.id;
    const off = { is_active: false };
    const replies = await Promise.all([
      own.call('PATCH', `/api/v1/users/${user.id}`, off, { token: own.root }),
      own.call('PATCH', `/api/v1/users/${me}`, off, { token: second }),
    ]);
    expect(replies.map((r) => r.status).filter((s) => s === 200)).toHaveLength(1);
    const left = await Promise.all(
      [own.root, second].map((token) => own.call('GET', '/api/v1/users', undefined, { token })),
    );
    expect(left.map((r) => r.status).sort()).toEqual([200, 401]);
    await own.stop();
  });

  it('a deactivated user is refused on his next request', async () => {
    const { token, user } = await t.member(registered.account.id, 1);
    expect((await t.call('GET', '/api/v1/records/posts', undefined, { token })).status).toBe(200);
    await t.call('PATCH', `/api/v1/users/${user.id}`, { is_active: false }, { token: t.root });
    expect((await t.call('GET', '/api/v1/records/posts', undefined, { token })).status).toBe(401);
  });
});
