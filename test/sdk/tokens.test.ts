// Tokens: logging in, renewing before expiry and after a 401, once for all that wait, and telling the application.
import { expect, test, vi } from 'vitest';
import { AuthenticationError, type ClientOptions, SnackBaseClient } from '../../sdk/src/index.ts';
import { type Answer, jwt, problem, type Seen, serve, session } from './server.ts';

const REFRESH = '/api/v1/auth/refresh';
const bearer = (seen: Seen) => seen.headers.authorization?.replace('Bearer ', '');

/** A server that accepts one access token at a time and hands out the next for the current refresh token, as the real one. */
async function rotating(valid: string, refresh: string, delay = 20) {
  let access = valid;
  let next = refresh;
  let count = 0;
  const server = await serve(async (seen): Promise<Answer> => {
    if (seen.path === REFRESH) {
      await new Promise((done) => setTimeout(done, delay));
      if ((seen.json as { refresh_token: string }).refresh_token !== next) return problem(401, 'INVALID_REFRESH_TOKEN');
      count += 1;
      access = jwt(3600, { count });
      next = `refresh-${count}`;
      return session(access, next);
    }
    return bearer(seen) === access ? { json: { items: [], total: 0 } } : problem(401, 'TOKEN_EXPIRED');
  });
  return { server, current: () => access };
}
const connect = (url: string, options: ClientOptions) => new SnackBaseClient({ url, ...options });

test('S001-120 a token near its end is renewed before the request, and the new one is used', async () => {
  const { server, current } = await rotating('none', 'r0');
  const sb = connect(server.url, { token: jwt(20), refreshToken: 'r0' });
  await sb.records.list('posts');
  await sb.records.list('posts');
  expect(server.seen.map((s) => s.path)).toEqual([REFRESH, '/api/v1/records/posts', '/api/v1/records/posts']);
  expect(server.at('/api/v1/records/posts').map(bearer)).toEqual([current(), current()]);
  expect(server.at(REFRESH)[0]?.headers.authorization).toBeUndefined();
});

test('a token with time left, one without exp and one that is no JWT are sent as they are', async () => {
  const server = await serve(() => ({ json: {} }));
  for (const token of [jwt(90), jwt(0, { exp: undefined }), 'sb_ak.abc.def', 'plain']) {
    await connect(server.url, { token, refreshToken: 'r0' }).health();
  }
  expect(server.at(REFRESH)).toEqual([]);
});

test('S001-120 fifty calls at once renew once', async () => {
  const { server } = await rotating('none', 'r0');
  const sb = connect(server.url, { token: jwt(-5), refreshToken: 'r0' });
  await Promise.all(Array.from({ length: 50 }, () => sb.records.list('posts')));
  expect(server.at(REFRESH)).toHaveLength(1);
  expect(server.at('/api/v1/records/posts')).toHaveLength(50);
});

test.each(['TOKEN_EXPIRED', 'UNAUTHORIZED'])(
  'fifty 401 %s renew once, and every call is repeated, a POST too',
  async (code) => {
    const fresh = jwt(3600, { fresh: 1 });
    const server = await serve((seen) =>
      seen.path === REFRESH
        ? session(fresh, 'r1')
        : bearer(seen) === fresh
          ? { status: 201, json: { id: 'x' } }
          : problem(401, code),
    );
    const sb = connect(server.url, { token: jwt(3600), refreshToken: 'r0' });
    await Promise.all(Array.from({ length: 50 }, (_, n) => sb.records.create('posts', { n })));
    expect(server.at(REFRESH)).toHaveLength(1);
    expect(server.at('/api/v1/records/posts').filter((s) => bearer(s) === fresh)).toHaveLength(50);
    expect(server.at('/api/v1/records/posts')).toHaveLength(100);
  },
);

test('a call is repeated once, not for ever; other 401s and clients without a refresh token do not renew', async () => {
  const server = await serve((seen) =>
    seen.path === REFRESH ? session(jwt(3600, { n: seen.at }), 'r') : problem(401, 'UNAUTHORIZED'),
  );
  await expect(connect(server.url, { token: jwt(3600), refreshToken: 'r0' }).auth.me()).rejects.toMatchObject({
    code: 'UNAUTHORIZED',
  });
  expect(server.at('/api/v1/auth/me')).toHaveLength(2);
  await expect(connect(server.url, { token: jwt(3600) }).auth.me()).rejects.toBeInstanceOf(AuthenticationError);
  expect(server.at('/api/v1/auth/me')).toHaveLength(3);
  const other = await serve(() => problem(401, 'EMAIL_NOT_VERIFIED'));
  await expect(connect(other.url, { token: jwt(3600), refreshToken: 'r0' }).auth.me()).rejects.toMatchObject({
    status: 401,
  });
  expect(other.seen).toHaveLength(1);
});

test('a refused refresh token ends the session: the error says so, tokens are dropped, the application is told', async () => {
  const server = await serve((seen) =>
    seen.path === REFRESH ? problem(401, 'INVALID_REFRESH_TOKEN') : problem(401, 'TOKEN_EXPIRED'),
  );
  const onTokens = vi.fn();
  const sb = connect(server.url, { token: jwt(3600), refreshToken: 'used', onTokens });
  await expect(sb.auth.me()).rejects.toMatchObject({ code: 'INVALID_REFRESH_TOKEN' });
  expect(onTokens.mock.calls).toEqual([[null]]);
  await expect(sb.auth.me()).rejects.toMatchObject({ code: 'TOKEN_EXPIRED' });
  expect(server.seen.at(-1)?.headers.authorization).toBeUndefined();
  expect(server.at(REFRESH)).toHaveLength(1);
});

test('a fault while renewing early does not stop a call whose token is still good; the refresh itself is not retried', async () => {
  const token = jwt(20);
  const server = await serve((seen) =>
    seen.path === REFRESH ? { status: 502, text: '<h1>Bad gateway</h1>' } : { json: { ok: true } },
  );
  await connect(server.url, { token, refreshToken: 'r0' }).health();
  expect(server.seen.map((s) => s.path)).toEqual([REFRESH, '/health']);
  expect(server.seen.map(bearer)).toEqual([undefined, token]);
  await expect(connect(server.url, { refreshToken: 'r0' }).health()).rejects.toMatchObject({ status: 502 });
});

test('a wrong local clock does not renew without end', async () => {
  // Tokens that look expired here because this clock is an hour ahead of the server's.
  const server = await serve((seen) =>
    seen.path === REFRESH ? session(jwt(-3600, { n: seen.at }), `r${seen.at}`) : { json: {} },
  );
  const sb = connect(server.url, { token: jwt(-3600), refreshToken: 'r0' });
  for (let n = 0; n < 3; n++) await sb.health();
  expect(server.at(REFRESH)).toHaveLength(1);
});

test('a token that lives for seconds is renewed at half of its life, not for each call', async () => {
  const server = await serve((seen) => (seen.path === REFRESH ? session(jwt(10), 'r', 10) : { json: {} }));
  const sb = connect(server.url, { refreshToken: 'r0' });
  vi.useFakeTimers({ toFake: ['Date'] });
  for (let n = 0; n < 3; n++) await sb.health();
  vi.setSystemTime(Date.now() + 4900);
  await sb.health();
  expect(server.at(REFRESH)).toHaveLength(1);
  vi.setSystemTime(Date.now() + 200);
  await sb.health();
  vi.useRealTimers();
  expect(server.at(REFRESH)).toHaveLength(2);
});

test('a token function is asked for each call, and again after a 401; nothing is renewed', async () => {
  const tokens = ['first', 'old', 'new', 'same', 'same'];
  const server = await serve((seen) =>
    bearer(seen) === 'first' || bearer(seen) === 'new' ? { json: {} } : problem(401, 'TOKEN_EXPIRED'),
  );
  const sb = connect(server.url, { token: async () => tokens.shift(), refreshToken: 'r0' });
  await sb.health();
  await sb.health();
  await expect(sb.health()).rejects.toMatchObject({ code: 'TOKEN_EXPIRED' });
  expect(server.seen.map(bearer)).toEqual(['first', 'old', 'new', 'same']);
  expect(tokens).toEqual([]);
  for (const none of [null, undefined, '', () => null])
    await connect(server.url, { token: none })
      .health()
      .catch(() => {});
  expect(server.seen.slice(4).map(bearer)).toEqual([undefined, undefined, undefined, undefined]);
});

test('login keeps the tokens in memory, refresh changes them, logout forgets them; the application is told each time', async () => {
  const server = await serve((seen) => {
    if (seen.path.endsWith('/login')) return session('access-1', 'refresh-1', 3600);
    if (seen.path === REFRESH) return session('access-2', 'refresh-2', 60);
    return { json: { message: 'ok' } };
  });
  const onTokens = vi.fn(async () => {});
  const sb = connect(server.url, { token: 'old', onTokens });
  const { token } = await sb.auth.login({ email: 'a@b.c', password: 'pw' });
  expect(token).toBe('access-1');
  await sb.auth.me();
  const { data, requestId } = await sb.auth.refresh().withResponse();
  expect([data.refresh_token, requestId]).toEqual(['refresh-2', undefined]);
  await sb.auth.me();
  expect(await sb.auth.logout()).toEqual({ message: 'ok' });
  await sb.auth.me();
  expect(server.seen.map((s) => [s.path.split('/').at(-1), bearer(s), s.body])).toEqual([
    ['login', undefined, '{"email":"a@b.c","password":"pw"}'],
    ['me', 'access-1', ''],
    ['refresh', undefined, '{"refresh_token":"refresh-1"}'],
    ['me', 'access-2', ''],
    ['logout', 'access-2', '{"refresh_token":"refresh-2"}'],
    ['me', undefined, ''],
  ]);
  expect(onTokens.mock.calls).toEqual([
    [{ token: 'access-1', refreshToken: 'refresh-1', expiresIn: 3600 }],
    [{ token: 'access-2', refreshToken: 'refresh-2', expiresIn: 60 }],
    [null],
  ]);
});

test('logout forgets the tokens even when the server fails, and says that it failed', async () => {
  const server = await serve((seen) => (seen.path.endsWith('/logout') ? problem(500, 'INTERNAL_ERROR') : { json: {} }));
  const sb = connect(server.url, { token: 'a', refreshToken: 'r' });
  await expect(sb.auth.logout()).rejects.toMatchObject({ status: 500 });
  await sb.health();
  expect(server.seen.map(bearer)).toEqual(['a', undefined]);
});

test('logout during a refresh ends the renewed session and nothing brings it back', async () => {
  const { server, current } = await rotating('none', 'r0', 80);
  const sb = connect(server.url, { token: jwt(-5), refreshToken: 'r0' });
  const listing = sb.records.list('posts');
  await new Promise((done) => setTimeout(done, 20));
  await sb.auth.logout().catch(() => {});
  await listing.catch(() => {});
  expect(server.at('/api/v1/auth/logout')[0]).toMatchObject({ json: { refresh_token: 'refresh-1' } });
  expect(bearer(server.at('/api/v1/auth/logout')[0] as Seen)).toBe(current());
  await sb.health().catch(() => {});
  expect(server.seen.at(-1)?.headers.authorization).toBeUndefined();
});

test('refresh with a token given, and without any', async () => {
  const server = await serve(() => session('access', 'next'));
  const sb = connect(server.url, {});
  await expect(sb.auth.refresh()).rejects.toThrow(TypeError);
  await sb.auth.refresh({ refresh_token: 'from-storage' });
  expect(server.seen.map((s) => s.body)).toEqual(['{"refresh_token":"from-storage"}']);
});

test('register, verifyEmail and sendVerification', async () => {
  const server = await serve(() => ({ json: { message: 'ok' } }));
  const sb = connect(server.url, {});
  await sb.auth.register({ account_name: 'Acme', email: 'a@b.c', password: 'pw' });
  await sb.auth.verifyEmail({ token: 't' });
  await sb.auth.sendVerification({ email: 'a@b.c' });
  await sb.auth.sendVerification();
  expect(server.seen.map((s) => `${s.method} ${s.path} ${s.body}`)).toEqual([
    'POST /api/v1/auth/register {"account_name":"Acme","email":"a@b.c","password":"pw"}',
    'POST /api/v1/auth/verify-email {"token":"t"}',
    'POST /api/v1/auth/send-verification {"email":"a@b.c"}',
    'POST /api/v1/auth/send-verification ',
  ]);
});

test('one caller who aborts does not stop the refresh that others wait for', async () => {
  const { server } = await rotating('none', 'r0', 80);
  const sb = connect(server.url, { token: jwt(-5), refreshToken: 'r0' });
  const abort = new AbortController();
  const [left, stays] = [sb.records.list('posts', {}, { signal: abort.signal }), sb.records.list('posts')];
  setTimeout(() => abort.abort(new Error('enough')), 20);
  await expect(left).rejects.toThrow('enough');
  expect((await stays).total).toBe(0);
  expect(server.at(REFRESH)).toHaveLength(1);
});
