// Logging in, refreshing, logging out and what a credential is worth, on both databases.
import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { auth as contract } from '../../contract/auth.ts';
import { Failure } from '../../contract/problems.ts';
import { sweep } from '../../server/auth/sessions/store.ts';
import { createTokens } from '../../server/auth/tokens.ts';
import { Answer } from '../../server/context.ts';
import { uuidV7 } from '../../server/ids.ts';
import { bearer, closeAll, ctx, failure, kinds, login, member, open, PASSWORD, type Rooms, SECRET } from './harness.ts';

afterAll(closeAll);

const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());

describe.each(kinds)('login on %s', (kind) => {
  let rooms: Rooms;
  let acme: Awaited<ReturnType<typeof member>>;
  beforeAll(async () => {
    rooms = await open(kind);
    acme = await member(rooms, 'ada@example.com', { account_slug: 'acme' });
  });
  const authenticate = (more: { authorization?: string; cookie?: string; apiKey?: string }) =>
    rooms.auth.authenticate({ authorization: null, cookie: null, apiKey: null, ...more });

  it('S001-29…32, S001-20: answers exactly the documented keys and an HS256 token of one hour', async () => {
    const reply = await acme.login();
    expect(Object.keys(reply).sort()).toEqual(['account', 'expires_in', 'refresh_token', 'token', 'user']);
    expect(JSON.parse(Buffer.from(reply.token.split('.')[0] ?? '', 'base64url').toString())).toEqual({
      alg: 'HS256',
      typ: 'JWT',
    });
    const claims = claimsOf(reply.token);
    expect(reply.expires_in).toBe(3600);
    expect(claims.exp - claims.iat).toBe(3600);
    expect(claims).toMatchObject({
      iss: 'snackbase',
      sub: acme.user.id,
      user_id: acme.user.id,
      type: 'access',
      role: 'admin',
    });
    expect(reply.user).toMatchObject({
      id: acme.user.id,
      email: 'ada@example.com',
      role: 'admin',
      account_id: acme.account.id,
    });
    expect(reply.user.last_login).not.toBeNull();
    expect(reply.account).toEqual(acme.account);
  });

  it('S001-33, S001-34: takes the slug or the id, in any case, and the address in any case', async () => {
    for (const account of ['acme', 'ACME', acme.account.id, acme.account.id.toLowerCase()]) {
      expect((await login(rooms, account, 'ADA@example.COM')).account.id).toBe(acme.account.id);
    }
  });

  it('S001-29: answers the same for an unknown account, address, password and an inactive user', async () => {
    const lazy = await member(rooms, 'inactive@example.com', { account_slug: 'lazy' });
    await rooms.users.update(lazy.user.id, { is_active: false }, ctx());
    const bodies = await Promise.all(
      [
        login(rooms, 'nowhere', 'ada@example.com'),
        login(rooms, 'not a slug!\0', 'ada@example.com'),
        login(rooms, 'acme', 'nobody@example.com'),
        login(rooms, 'acme', 'a\0b'),
        login(rooms, 'acme', 'ada@example.com', 'WrongPass123!'),
        login(rooms, 'lazy', 'inactive@example.com'),
      ].map(async (attempt) => (await failure(attempt, 'INVALID_CREDENTIALS')).body('id')),
    );
    expect(new Set(bodies.map((body) => JSON.stringify(body))).size).toBe(1);
    expect(bodies[0]?.message).not.toMatch(/email|verify/);
    const missing = await failure(
      rooms.service.login({ email: 'ada@example.com', password: PASSWORD }, ctx()),
      'ACCOUNT_REQUIRED',
    );
    expect(missing.entries[0]).toMatchObject({ field: 'account', code: 'required' });
  });

  it('S001-29: an unknown account costs as much time as a wrong password', async () => {
    const time = async (account: string) => {
      const began = performance.now();
      await failure(login(rooms, account, 'ada@example.com', 'WrongPass123!'), 'INVALID_CREDENTIALS');
      return performance.now() - began;
    };
    const fastest = async (account: string) => {
      const times: number[] = [];
      for (let i = 0; i < 5; i++) times.push(await time(account));
      return Math.min(...times);
    };
    const [known, unknown] = [await fastest('acme'), await fastest('nowhere')];
    expect(Math.abs(known - unknown)).toBeLessThan(Math.max(known, unknown) * 0.6);
  });

  it('S000-58: one address in two accounts is two users, each with its own password and role', async () => {
    const beta = await member(rooms, 'twin@example.com', { account_slug: 'beta' });
    const password = 'AnotherPass456?';
    const other = await rooms.users.create({ email: 'Twin@example.com', password, account_id: 'acme', role_id: 2 });
    expect((await login(rooms, 'beta', 'twin@example.com')).user).toMatchObject({ id: beta.user.id, role: 'admin' });
    expect((await login(rooms, 'acme', 'twin@example.com', password)).user).toMatchObject({
      id: other.id,
      role: 'user',
    });
    await failure(login(rooms, 'acme', 'twin@example.com'), 'INVALID_CREDENTIALS');
  });

  it('S001-36…38: the token tells who I am; nobody is nobody', async () => {
    const { token, user, account } = await acme.login();
    const me = contract.me.responses[200].parse(await rooms.service.me(ctx(await bearer(rooms.auth, token))));
    expect(me).toMatchObject({
      id: user.id,
      user_id: user.id,
      email: user.email,
      role: 'admin',
      account_id: account.id,
    });
    expect(me).toMatchObject({ user, account, is_superadmin: false });
    expect(await authenticate({})).toBeNull();
    await failure(rooms.service.me(ctx()), 'UNAUTHORIZED');
  });

  it('S001-10, S001-108: refuses what is not a genuine access token, without naming e-mail', async () => {
    const { token, refresh_token } = await acme.login();
    const [head, body, signature] = token.split('.') as [string, string, string];
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const signed = (header: object, claims: object, secret = SECRET) => {
      const text = `${part(header)}.${part(claims)}`;
      return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
    };
    const claims = claimsOf(token);
    const hs256 = { alg: 'HS256', typ: 'JWT' };
    const bad = [
      `Basic ${token}`,
      token,
      '',
      'Bearer',
      'Bearer ',
      'Bearer garbage',
      'Bearer a.b.c',
      `Bearer ${refresh_token}`,
      `Bearer ${head}.${body}.`,
      `Bearer ${head}.${body}.${signature}.x`,
      `Bearer ${head}.${part({ ...claims, role: 'admin', sub: uuidV7() })}.${signature}`,
      `Bearer ${part({ alg: 'none' })}.${body}.`,
      `Bearer ${signed({ alg: 'none', typ: 'JWT' }, claims)}`,
      `Bearer ${signed({ alg: 'HS512', typ: 'JWT' }, claims)}`,
      `Bearer ${signed(hs256, claims, 'another-secret-that-is-long-enough')}`,
      `Bearer ${signed(hs256, { ...claims, type: 'session' })}`,
      `Bearer ${signed(hs256, { ...claims, iss: 'other' })}`,
      `Bearer ${signed(hs256, { ...claims, sid: 'no-uuid' })}`,
      `Bearer ${signed(hs256, { ...claims, sid: uuidV7() })}`,
      `Bearer ${'x'.repeat(100_000)}`,
    ];
    for (const authorization of bad) {
      const refused = await failure(authenticate({ authorization }), 'UNAUTHORIZED');
      expect(refused.message).not.toMatch(/email|verify/);
    }
    await failure(authenticate({ apiKey: 'sb_ak.x.y' }), 'UNAUTHORIZED');
    await failure(authenticate({ cookie: token }), 'UNAUTHORIZED');
    expect(await authenticate({ authorization: `bearer   ${token}` })).toMatchObject({ userId: acme.user.id });
    expect(
      await authenticate({ authorization: `Bearer ${signed({ typ: 'JWT', alg: 'HS256' }, claims)}` }),
    ).toMatchObject({
      userId: acme.user.id,
    });
  });

  it('S001-108: a token expires, also while it is remembered', async () => {
    const own = await open(kind);
    const { token } = await (await member(own, 'old@example.com')).login();
    await bearer(own.auth, token);
    own.clock.advance(3_590_000);
    await bearer(own.auth, token);
    own.clock.advance(12_000);
    const expired = await failure(bearer(own.auth, token), 'TOKEN_EXPIRED');
    expect(expired.message).not.toMatch(/email|verify/);
  });

  it('S001-118: with session true a cookie authenticates until the logout', async () => {
    const answer = await rooms.service.login(
      { account: 'acme', email: 'ada@example.com', password: PASSWORD, session: true },
      ctx(),
    );
    if (!(answer instanceof Answer)) throw new Error('no headers');
    const set = String(answer.headers['Set-Cookie']);
    expect(set).toMatch(/^sb_session=[\w.-]+; Path=\/; Max-Age=604800; HttpOnly; SameSite=Lax$/);
    const cookie = /^sb_session=([^;]+)/.exec(set)?.[1] ?? '';
    expect(await authenticate({ cookie })).toMatchObject({ userId: acme.user.id, via: 'cookie' });
    await failure(authenticate({ authorization: `Bearer ${cookie}` }), 'UNAUTHORIZED');
    const out = await rooms.service.logout({}, ctx(null, { sessionCookie: cookie }));
    expect(out.headers['Set-Cookie']).toMatch(/^sb_session=; Path=\/; Max-Age=0; HttpOnly; SameSite=Lax$/);
    await failure(authenticate({ cookie }), 'UNAUTHORIZED');
    await failure(bearer(rooms.auth, answer.body.token), 'UNAUTHORIZED');
  });

  it('S001-118: the cookie is Secure in production', async () => {
    const own = await open(kind, { production: true });
    await member(own, 'secure@example.com', { account_slug: 'secure' });
    const input = { account: 'secure', email: 'secure@example.com', password: PASSWORD, session: true };
    const answer = (await own.service.login(input, ctx())) as Answer<unknown>;
    expect(answer.headers['Set-Cookie']).toMatch(/; Secure$/);
  });

  it('a logout ends the session by token or by refresh token, and never fails', async () => {
    const [one, two, three] = [await acme.login(), await acme.login(), await acme.login()];
    await rooms.service.logout(undefined, ctx(await bearer(rooms.auth, one.token)));
    await failure(bearer(rooms.auth, one.token), 'UNAUTHORIZED');
    await failure(rooms.service.refresh(one.refresh_token), 'INVALID_REFRESH_TOKEN');
    await rooms.service.logout({ refresh_token: two.refresh_token }, ctx());
    await failure(bearer(rooms.auth, two.token), 'UNAUTHORIZED');
    await rooms.service.logout({ refresh_token: 'garbage' }, ctx(null, { sessionCookie: 'garbage' }));
    await rooms.service.logout(undefined, ctx());
    await bearer(rooms.auth, three.token);
  });

  it('S001-35, S001-36: a refresh answers new tokens; only refresh tokens refresh', async () => {
    const first = await acme.login();
    const second = contract.refresh.responses[200].parse(await rooms.service.refresh(first.refresh_token));
    expect(second.token).not.toBe(first.token);
    expect(second.refresh_token).not.toBe(first.refresh_token);
    expect((await bearer(rooms.auth, second.token)).userId).toBe(acme.user.id);
    for (const bad of [first.token, 'garbage', `${second.refresh_token}x`]) {
      expect((await failure(rooms.service.refresh(bad), 'INVALID_REFRESH_TOKEN')).message).not.toMatch(/email|verify/);
    }
    await rooms.service.refresh(second.refresh_token);
  });

  it('S001-35: a refresh token used twice ends the whole session', async () => {
    const first = await acme.login();
    const second = await rooms.service.refresh(first.refresh_token);
    await bearer(rooms.auth, second.token);
    await failure(rooms.service.refresh(first.refresh_token), 'INVALID_REFRESH_TOKEN');
    await failure(rooms.service.refresh(second.refresh_token), 'INVALID_REFRESH_TOKEN');
    await failure(bearer(rooms.auth, second.token), 'UNAUTHORIZED');
    await failure(bearer(rooms.auth, first.token), 'UNAUTHORIZED');
  });

  it('S001-35: of fifty refreshes of one token at once, one wins and the session ends', async () => {
    const { refresh_token } = await acme.login();
    const all = await Promise.allSettled(Array.from({ length: 50 }, () => rooms.service.refresh(refresh_token)));
    const winners = all.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    expect(winners).toHaveLength(1);
    for (const one of all) if (one.status === 'rejected') expect(one.reason).toBeInstanceOf(Failure);
    await failure(bearer(rooms.auth, winners[0]?.token ?? ''), 'UNAUTHORIZED');
    await failure(rooms.service.refresh(winners[0]?.refresh_token ?? ''), 'INVALID_REFRESH_TOKEN');
  });

  it('a session lives seven days past its last refresh, and is swept when it is over', async () => {
    const own = await open(kind);
    let session = await (await member(own, 'days@example.com')).login();
    for (let i = 0; i < 3; i++) {
      own.clock.advance(6 * 86_400_000);
      session = await own.service.refresh(session.refresh_token);
      await bearer(own.auth, session.token);
    }
    own.clock.advance(7 * 86_400_000 + 1000);
    await failure(own.service.refresh(session.refresh_token), 'INVALID_REFRESH_TOKEN');
    const left = () => own.db.query('select 1 from snackbase.sessions, snackbase.refresh_tokens');
    await sweep(own.db, new Date().toISOString());
    expect(await left()).not.toEqual([]);
    await sweep(own.db, own.clock.read().toISOString());
    expect(await left()).toEqual([]);
  });

  it('makes the first superadmin once, who logs in as system or SY0000', async () => {
    const own = await open(kind);
    const made = await Promise.all(
      Array.from({ length: 3 }, () =>
        own.service.ensureSuperadmin({ superadminEmail: null, superadminPassword: null }),
      ),
    );
    const first = made.filter((one) => one !== null);
    expect(first).toHaveLength(1);
    const { email = '', password = '' } = first[0] ?? {};
    expect(
      await own.service.ensureSuperadmin({ superadminEmail: 'other@example.com', superadminPassword: PASSWORD }),
    ).toBeNull();
    for (const account of ['system', 'SY0000', 'sy0000']) {
      const { token, user } = await login(own, account, email, password);
      expect(user.account_id).toBe('SY0000');
      expect(await bearer(own.auth, token)).toMatchObject({ superadmin: true });
    }
    await own.service.createSuperadmin({ email: 'second@example.com', password: PASSWORD });
    await login(own, 'system', 'second@example.com');
    await failure(own.service.createSuperadmin({ email: 'Second@example.com', password: PASSWORD }), 'CONFLICT');
    await failure(
      own.service.createSuperadmin({ email: 'third@example.com', password: 'weak' }),
      'INVALID_RESOURCE_DATA',
    );
    await failure(
      own.service.createSuperadmin({ email: 'not an address', password: PASSWORD }),
      'INVALID_RESOURCE_DATA',
    );
  });

  it('a configured superadmin gets no generated password; a weak one is refused', async () => {
    const own = await open(kind);
    const weak = { superadminEmail: 'root@example.com', superadminPassword: 'weak' };
    await failure(own.service.ensureSuperadmin(weak), 'INVALID_RESOURCE_DATA');
    const good = { superadminEmail: 'root@example.com', superadminPassword: PASSWORD };
    expect(await own.service.ensureSuperadmin(good)).toEqual({ email: 'root@example.com' });
    await login(own, 'system', 'root@example.com');
  });
});

it('tokens: the same text verifies again from memory, and only as its own type', () => {
  const tokens = createTokens({ secretKey: SECRET, clock: () => new Date() });
  const subject = { userId: 'u', accountId: 'AB1234', sessionId: 's' };
  for (const type of ['access', 'refresh', 'session'] as const) {
    const token = tokens.sign(type, subject);
    for (const asked of ['access', 'refresh', 'session', type] as const) {
      expect(tokens.verify(token, asked) !== null).toBe(asked === type);
    }
    expect(tokens.sign(type, subject)).not.toBe(token);
  }
});
