// Abort: the caller's signal ends a call at once with its reason, wherever the call is.
import { expect, test } from 'vitest';
import { SnackBaseClient } from '../../sdk/src/index.ts';
import { type Answer, jwt, serve, session } from './server.ts';

const silent: Answer = () => {};
const reason = new Error('the user left');

/** Milliseconds that count as at once, on a busy machine too. Every wait in these tests is far longer. */
const AT_ONCE = 200;
const sleep = (ms: number) => new Promise<void>((done) => setTimeout(done, ms));

/** Aborts a call once `when` has come, and expects that it rejects at once with the reason. */
async function aborted(
  call: (signal: AbortSignal) => Promise<unknown>,
  when: 'before' | Promise<unknown>,
): Promise<void> {
  const abort = new AbortController();
  let at = performance.now();
  const fire = () => {
    at = performance.now();
    abort.abort(reason);
  };
  if (when === 'before') fire();
  else void when.then(fire);
  await expect(call(abort.signal)).rejects.toBe(reason);
  expect(performance.now() - at).toBeLessThan(AT_ONCE);
}

test('before sending: nothing is sent, not even a refresh', async () => {
  const server = await serve(() => ({ json: {} }));
  const sb = new SnackBaseClient({ url: server.url, token: jwt(-5), refreshToken: 'r' });
  await aborted((signal) => sb.records.list('posts', {}, { signal }), 'before');
  await aborted((signal) => sb.records.create('posts', {}, { signal }), 'before');
  expect(server.seen).toEqual([]);
});

test('while the server is silent: the connection is given up', async () => {
  let closed = false;
  let arrived = () => {};
  const arrival = new Promise<void>((done) => {
    arrived = done;
  });
  const server = await serve(() => (response) => {
    response.on('close', () => {
      closed = true;
    });
    arrived();
  });
  await aborted((signal) => new SnackBaseClient({ url: server.url }).health({ signal }), arrival);
  await expect.poll(() => closed).toBe(true);
  expect(server.seen).toHaveLength(1);
});

test('while the body comes', async () => {
  const server = await serve(() => (response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.write('{"a":');
  });
  await aborted((signal) => new SnackBaseClient({ url: server.url }).health({ signal }), sleep(150));
});

test('during the wait before a retry: nothing is sent afterwards', async () => {
  const server = await serve(() => ({ status: 503, json: {}, headers: { 'retry-after': '1' } }));
  await aborted((signal) => new SnackBaseClient({ url: server.url }).health({ signal }), sleep(300));
  await sleep(1000);
  expect(server.seen).toHaveLength(1);
});

test('while a token function takes its time, and with a fetch that ignores signals', async () => {
  const never = () => new Promise<never>(() => {});
  const waiting = new SnackBaseClient({ url: 'http://localhost', token: never });
  await aborted((signal) => waiting.health({ signal }), sleep(40));
  const deaf = new SnackBaseClient({ url: 'http://localhost', fetch: never });
  await aborted((signal) => deaf.health({ signal }), sleep(40));
});

test('while a refresh is under way, also the one that was asked for', async () => {
  const server = await serve(() => silent);
  const sb = new SnackBaseClient({ url: server.url, token: jwt(-5), refreshToken: 'r' });
  await aborted((signal) => sb.records.list('posts', {}, { signal }), sleep(40));
  await aborted((signal) => sb.auth.refresh(undefined, { signal }), sleep(40));
});

test('an abort after the reply changes nothing, and no listener stays on the signal', async () => {
  const server = await serve((seen) => (seen.path.endsWith('login') ? session('a', 'b') : { json: { ok: 1 } }));
  const { signal, added } = counted();
  const sb = new SnackBaseClient({ url: server.url });
  await sb.auth.login({ email: 'a', password: 'b' }, { signal });
  expect(await sb.health({ signal })).toEqual({ ok: 1 });
  expect(added()).toBe(0);
});

test('AbortSignal.timeout gives its own reason, not our TimeoutError, and is not retried', async () => {
  const server = await serve(() => silent);
  const failure = await new SnackBaseClient({ url: server.url })
    .health({ signal: AbortSignal.timeout(50) })
    .catch((e: unknown) => e);
  expect(failure).toBeInstanceOf(DOMException);
  expect(failure).toMatchObject({ name: 'TimeoutError' });
  expect(server.seen).toHaveLength(1);
});

/** A signal that counts the listeners it has. */
function counted() {
  const { signal } = new AbortController();
  let count = 0;
  const { addEventListener, removeEventListener } = signal;
  Object.assign(signal, {
    addEventListener: (...given: Parameters<typeof addEventListener>) => {
      count += 1;
      addEventListener.apply(signal, given);
    },
    removeEventListener: (...given: Parameters<typeof removeEventListener>) => {
      count -= 1;
      removeEventListener.apply(signal, given);
    },
  });
  return { signal, added: () => count };
}
