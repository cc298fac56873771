// A stranger extends the server: a module of his own, outside of the sources, with the package as he would install it.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const PASSWORD = 'SecurePass123!';

const EXTENSION = `import { AbortHook } from 'snackbase';

export default (app) => {
  app.hooks.on('on_record_before_create', { priority: 10, collection: 'orders' }, async (event) => {
    if (event.data.quantity > 100) throw new AbortHook('At most 100 at once.', 422);
    event.data.status = 'checked';
  });
  app.hooks.on('on_before_request', (event) => {
    if (event.path === '/api/v1/auth/me') event.abort('Closed for today.', 418);
  });
};
`;

const DYING = `import { appendFileSync, existsSync, writeFileSync } from 'node:fs';

export default (app) => {
  app.hooks.on('on_record_after_create', { collection: 'orders' }, (event) => {
    appendFileSync('heard.txt', \`\${event.record.quantity}\\n\`);
    if (existsSync('died.txt')) return;
    writeFileSync('died.txt', '');
    process.kill(process.pid, 'SIGKILL');
  });
};
`;

describe('an extension', () => {
  const project = mkdtempSync(join(tmpdir(), 'snackbase-extended-'));
  const children: ChildProcess[] = [];
  const clean = Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(SNACKBASE_|TEST_|VITEST|VITE_)/.test(name) && !['NODE_ENV', 'DATABASE_URL'].includes(name),
    ),
  );

  /** `snackbase serve` in the project; resolves with its address, or with how it ended. */
  const serve = (extensions: string) => {
    const child = spawn(process.execPath, [join(root, 'server/cli/bin.mjs'), 'serve', '--port', '0'], {
      cwd: project,
      env: {
        ...clean,
        SNACKBASE_LOG: 'silent',
        SNACKBASE_EXTENSIONS: extensions,
        SNACKBASE_SUPERADMIN_EMAIL: 'root@example.com',
        SNACKBASE_SUPERADMIN_PASSWORD: PASSWORD,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.push(child);
    let out = '';
    return new Promise<{ url?: string; code?: number | null; out: string }>((resolve) => {
      const took = (chunk: Buffer) => {
        out += String(chunk);
        const url = /Health {3}(\S+)\/health/.exec(out)?.[1];
        if (url !== undefined) resolve({ url, out });
      };
      child.stdout.on('data', took);
      child.stderr.on('data', took);
      child.once('exit', (code) => resolve({ code, out }));
    });
  };

  beforeAll(() => {
    mkdirSync(join(project, 'node_modules'));
    symlinkSync(root, join(project, 'node_modules/snackbase'));
    writeFileSync(join(project, 'orders.mjs'), EXTENSION);
    writeFileSync(join(project, 'dying.mjs'), DYING);
  });
  afterAll(() => {
    for (const child of children) child.kill('SIGKILL');
    rmSync(project, { recursive: true, force: true });
  });

  const caller = (url: string | undefined) => async (method: string, path: string, body?: unknown, token?: string) => {
    const response = await fetch(`${url}/api/v1${path}`, {
      method,
      headers: { 'Content-Type': 'application/json', ...(token !== undefined && { Authorization: `Bearer ${token}` }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: JSON.parse(await response.text()) };
  };
  const LOGIN = { account: 'system', email: 'root@example.com', password: PASSWORD };

  it('S000-53 changes what a server does that is started with it', async () => {
    const { url, out } = await serve('./orders.mjs');
    expect(url, out).toBeDefined();
    const call = caller(url);
    const { body } = await call('POST', '/auth/login', LOGIN);
    const schema = [
      { name: 'quantity', type: 'number' },
      { name: 'status', type: 'text' },
    ];
    expect((await call('POST', '/collections', { name: 'orders', schema }, body.token)).status).toBe(201);
    const order = (quantity: number) => call('POST', '/records/orders', { quantity, account_id: 'SY0000' }, body.token);
    expect(await order(3)).toMatchObject({ status: 201, body: { quantity: 3, status: 'checked' } });
    expect(await order(300)).toMatchObject({
      status: 422,
      body: { code: 'HOOK_ABORTED', message: 'At most 100 at once.' },
    });
    expect(await call('GET', '/auth/me', undefined, body.token)).toMatchObject({
      status: 418,
      body: { message: 'Closed for today.' },
    });
    children[0]?.kill('SIGTERM');
    await new Promise((resolve) => children[0]?.once('exit', resolve));
  });

  it('gets the event again at which the server died', async () => {
    const first = await serve('./dying.mjs');
    const died = new Promise((resolve) => children.at(-1)?.once('exit', resolve));
    const { body } = await caller(first.url)('POST', '/auth/login', LOGIN);
    const order = { quantity: 7, account_id: 'SY0000' };
    // There is one already where the test above has run.
    const schema = [{ name: 'quantity', type: 'number' }];
    await caller(first.url)('POST', '/collections', { name: 'orders', schema }, body.token);
    await caller(first.url)('POST', '/records/orders', order, body.token).catch(() => {});
    await died;
    expect(existsSync(join(project, 'died.txt'))).toBe(true);
    await serve('./dying.mjs');
    const heard = () => readFileSync(join(project, 'heard.txt'), 'utf8').trim().split('\n');
    await expect.poll(heard, { timeout: 45_000 }).toEqual(['7', '7']);
    const over = new Promise((resolve) => children.at(-1)?.once('exit', resolve));
    children.at(-1)?.kill('SIGTERM');
    await over;
  });

  it('is typed by the package: events by their names, and what cannot be meant does not compile', async () => {
    const lines = (...text: string[]) => `import { AbortHook, type SnackBaseExtension } from 'snackbase';
const extend: SnackBaseExtension = (app) => {
  ${text.join('\n  ')}
};
export default extend;
`;
    const compiled = (name: string, text: string) => {
      writeFileSync(join(project, name), text);
      const options = ['--noEmit', '--strict', '--skipLibCheck', 'false', '--module', 'nodenext'];
      const args = [join(root, 'node_modules/typescript/bin/tsc'), ...options, join(project, name)];
      return new Promise<string>((resolve) => {
        execFile(process.execPath, args, { cwd: project }, (_error, out) => resolve(out));
      });
    };
    const right = lines(
      "app.hooks.on('on_record_before_create', { priority: 1, collection: ['orders'] }, async (event) => {",
      "  if ((await event.records.list('orders')).total === 0) throw new AbortHook('None.', 409);",
      "  event.data.status = event.ctx.automation?.kind ?? 'person';",
      '});',
      "app.hooks.on('on_mailer_before_send', ({ message }) => ({ ...message, subject: app.config.publicUrl }));",
      "app.hooks.on('on_after_request', (event) => app.log.info({ ms: event.durationMs }, event.path));",
    );
    expect(await compiled('right.mts', right)).toBe('');
    const wrong = lines(
      "app.hooks.on('on_nothing', () => {});",
      "app.hooks.on('on_serve', (event) => event.data);",
      "app.hooks.on('on_record_after_create', (event) => { event.recordId = 'x'; });",
      'app.secretKey;',
    );
    expect((await compiled('wrong.mts', wrong)).match(/error TS/g)).toHaveLength(4);
  });

  it('that is not there ends the start with its name', async () => {
    const { code, out } = await serve('./orders.mjs,./nowhere.mjs');
    expect(code, out).toBe(1);
    expect(out).toContain(join(project, 'nowhere.mjs'));
    expect(out).not.toContain('    at ');
  });
});
