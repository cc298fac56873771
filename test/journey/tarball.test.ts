// What a stranger installs: both packages packed from a clean copy of the sources, extracted, and used against a running server.
import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Browser, browserFound, startBrowser } from '../browser/chromium.ts';
import { startApp, type Tenant, type TestApp } from '../helpers/app.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The first page of the product, as it stands there; only the address is replaced. */
const SNIPPET = `import { SnackBaseClient } from '@snackbase/sdk';
const sb = new SnackBaseClient({
url: 'https://api.yourapp.com',
token: session.token,
});
// Collection-centric records API with automatic tenant scoping
const { items, total } = await sb.records.list('products', {
filter: { active: true },
sort: ['-created_at'],
perPage: 20,
});
// → { items: Product[], total: 847 }
const order = await sb.records.create('orders', {
product_id: items[0].id,
quantity: 3,
});
`;

/** A stranger's environment: nothing of this suite and no setting of ours. */
const clean = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) => !/^(SNACKBASE_|TEST_|VITEST|VITE_|npm_)/.test(name) && !['NODE_ENV', 'DATABASE_URL'].includes(name),
  ),
);
const run = (file: string, args: string[], cwd: string) =>
  promisify(execFile)(file, args, { cwd, env: { ...clean, NO_COLOR: '1' }, timeout: 180_000 });

interface Packed {
  readonly filename: string;
  readonly files: readonly { readonly path: string; readonly size: number }[];
}
let folder: string;
let checkout: string;
let project: string;
let server: Packed;
let app: TestApp;
let tenant: Tenant;
const children: ChildProcess[] = [];
const installed = (name: string) => join(project, 'node_modules', name);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'snackbase-tarball-'));
  checkout = join(folder, 'checkout');
  project = join(folder, 'project');
  // A copy of what git would deliver, so that packing builds nothing under the feet of the other tests.
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root });
  for (const file of listed
    .toString()
    .split('\0')
    .filter((name) => name !== '' && existsSync(join(root, name)))) {
    mkdirSync(dirname(join(checkout, file)), { recursive: true });
    cpSync(join(root, file), join(checkout, file));
  }
  symlinkSync(join(root, 'node_modules'), join(checkout, 'node_modules'));
  // What lies about where somebody works with it, and must stay there.
  const litter = [
    'sb_data/secret.key',
    'sb_data/mail/1.json',
    '.env',
    'dist/chunk-OLD.js',
    'sdk/.env',
    'sdk/dist/old.js',
  ];
  for (const name of litter) {
    mkdirSync(dirname(join(checkout, name)), { recursive: true });
    writeFileSync(join(checkout, name), 'LITTER');
  }
  server = await pack(checkout, 'snackbase');
  await pack(join(checkout, 'sdk'), '@snackbase/sdk');

  app = await startApp();
  tenant = await app.tenant('shop');
  await app.collection({
    name: 'products',
    schema: [
      { name: 'name', type: 'text', required: true },
      { name: 'active', type: 'boolean' },
    ],
  });
  await app.collection({
    name: 'orders',
    schema: [
      { name: 'product_id', type: 'reference', collection: 'products' },
      { name: 'quantity', type: 'number', required: true },
    ],
  });
  for (let n = 0; n < 27; n++) {
    const body = { name: `product ${n}`, active: n < 25 };
    const reply = await app.call('POST', '/api/v1/records/products', body, { token: tenant.token });
    expect(reply.status).toBe(201);
  }
}, 300_000);

afterAll(async () => {
  await app?.stop();
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

/** Packs the package in `from` with its own scripts and unpacks it where npm would install it. */
async function pack(from: string, name: string): Promise<Packed> {
  const args = ['pack', '--json', '--foreground-scripts=false', '--pack-destination', folder];
  const [packed] = JSON.parse((await run('npm', args, from)).stdout) as Packed[];
  const tarball = join(folder, (packed as Packed).filename);
  mkdirSync(installed(name), { recursive: true });
  await run('tar', ['-xzf', tarball, '-C', installed(name), '--strip-components=1'], folder);
  return packed as Packed;
}

/** What the snippet must have brought about: 25 of 27 products are active, the newest first, and the order is stored. */
async function expectShop({ items, total, order }: { items: Row[]; total: number; order: Row }) {
  const names = Array.from({ length: 20 }, (_, n) => `product ${24 - n}`);
  expect([items.map((item) => item.name), total]).toEqual([names, 25]);
  expect(order).toMatchObject({ product_id: items[0]?.id, quantity: 3, account_id: tenant.account.id });
  const stored = await app.call('GET', `/api/v1/records/orders/${order.id}`, undefined, { token: tenant.token });
  expect(stored.body).toEqual(order);
}
type Row = Record<string, unknown>;
const snippet = () => SNIPPET.replace('https://api.yourapp.com', app.url);
const session = () => `globalThis.session = ${JSON.stringify({ token: tenant.token })};\n`;

describe('@snackbase/sdk from its tarball', () => {
  test('S000-13 to S000-17, S000-20 the snippet of the first page runs in Node', async () => {
    writeFileSync(join(project, 'session.mjs'), session());
    writeFileSync(join(project, 'shop.mjs'), `${snippet()}console.log(JSON.stringify({ items, total, order }));\n`);
    const { stdout, stderr } = await run(process.execPath, ['--import', './session.mjs', 'shop.mjs'], project);
    expect(stderr).toBe('');
    await expectShop(JSON.parse(stdout));
  });

  describe.runIf(browserFound)('bundled by Vite as it comes, in a browser, from another origin', () => {
    let browser: Browser;
    beforeAll(async () => {
      writeFileSync(join(project, 'session.js'), session());
      const show = 'document.body.append(JSON.stringify({ items, total, order }));\n';
      writeFileSync(join(project, 'main.js'), snippet() + show);
      const scripts = ['session', 'main'].map((name) => `<script type="module" src="./${name}.js"></script>`);
      const page = `<!doctype html><title>Shop</title><link rel="icon" href="data:,">${scripts.join('')}<body></body>`;
      writeFileSync(join(project, 'index.html'), page);
      await run(join(root, 'node_modules/.bin/vite'), ['build', '--logLevel', 'error'], project);
      browser = await startBrowser();
    }, 180_000);

    /** Opens the shop, which talks to the server at `api`, and waits until it shows something or complains. */
    async function visit(api: string) {
      const site = await serveShop(join(project, 'dist'), api);
      const { page, watch } = await browser.open();
      await page.goto(site.origin);
      const body = async () => (await page.locator('body').textContent()) ?? '';
      await expect.poll(async () => (await body()) + watch.complaints, { timeout: 60_000 }).not.toBe('');
      const shown = await body();
      await page.close();
      site.stop();
      return { shown, watch, origin: site.origin };
    }

    test('it does the same', { timeout: 180_000 }, async () => {
      const { shown, watch, origin } = await visit(app.url);
      expect([watch.complaints, watch.violations]).toEqual([[], []]);
      await expectShop(JSON.parse(shown));
      expect(new Set(watch.requests.map((url) => new URL(url).origin))).toEqual(new Set([origin, app.url]));
    });

    test('a server that names other origins gives it nothing', { timeout: 180_000 }, async () => {
      const strict = await startApp({ corsOrigins: ['https://shop.example.com'] });
      const { shown, watch, origin } = await visit(strict.url).finally(strict.stop);
      expect(shown).toBe('');
      expect(watch.complaints.join()).toContain(`from origin '${origin}' has been blocked by CORS policy`);
    });
  });
});

describe('snackbase from its tarball', () => {
  const bin = () => join(installed('snackbase'), 'server/cli/bin.mjs');

  beforeAll(() => {
    // Only what the package declares: were a tool of the checkout needed, it would be missing here.
    const { dependencies } = JSON.parse(readFileSync(join(installed('snackbase'), 'package.json'), 'utf8'));
    for (const name of Object.keys(dependencies)) {
      mkdirSync(dirname(installed(name)), { recursive: true });
      symlinkSync(join(root, 'node_modules', name), installed(name));
    }
  });

  test('it holds the build, the command, the readme and the licence, and nothing else', () => {
    const names = server.files.map((file) => file.path);
    expect(names).toEqual(expect.arrayContaining(['package.json', 'README.md', 'LICENSE', 'server/cli/bin.mjs']));
    expect(names).toEqual(
      expect.arrayContaining(['dist/main.js', 'dist/index.js', 'dist/index.d.ts', 'dist/docs/swagger-ui-bundle.js']),
    );
    const expected = [
      /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|server\/cli\/bin\.mjs)$/,
      /^dist\/([\w-]+\.js(\.map)?|index\.d\.ts)$/,
      /^dist\/(embedded-worker\.mjs|pglite-template\.tar\.gz(\.version)?|\.built)$/,
      /^dist\/docs\/[\w.-]+\.(js|css|png|txt|md)$/,
    ];
    expect(names.filter((name) => !expected.some((pattern) => pattern.test(name)))).toEqual([]);
    const packed = readdirSync(installed('snackbase'), { recursive: true, withFileTypes: true }).filter((e) =>
      e.isFile(),
    );
    const revealing = packed
      .map((entry) => join(entry.parentPath, entry.name))
      .filter((file) => {
        const text = readFileSync(file, 'latin1');
        return text === 'LITTER' || text.includes(folder) || text.includes(root);
      });
    expect(revealing).toEqual([]);
    const sdk = readdirSync(installed('@snackbase/sdk'), { recursive: true }).map(String);
    expect(sdk.filter((name) => /env|old/.test(name))).toEqual([]);
  });

  test('--version, and as a library', async () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    expect((await run(process.execPath, [bin(), '--version'], project)).stdout).toBe(`${version}\n`);
    const code = "import('snackbase').then(({ createApp }) => console.log(typeof createApp))";
    expect((await run(process.execPath, ['-e', code], project)).stdout).toBe('function\n');
  });

  test('serve --port 0 answers /health, and /docs with all its files', { timeout: 180_000 }, async () => {
    const args = [bin(), 'serve', '--port', '0', '--data-dir', join(folder, 'data')];
    const env = {
      ...clean,
      SNACKBASE_SUPERADMIN_EMAIL: 'root@example.com',
      SNACKBASE_SUPERADMIN_PASSWORD: 'SecurePass123!',
    };
    const child = spawn(process.execPath, args, { cwd: project, env, stdio: ['ignore', 'pipe', 'pipe'] });
    children.push(child);
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
    const url = () => /Health {3}(\S+)\/health/.exec(output)?.[1];
    await expect
      .poll(() => url() ?? (child.exitCode === null ? undefined : `ended: ${output}`), { timeout: 120_000 })
      .toMatch(/^http:/);

    expect(await (await fetch(`${url()}/health`)).json()).toMatchObject({ status: 'healthy' });
    const page = await fetch(`${url()}/docs`);
    expect(page.status).toBe(200);
    const files = [...(await page.text()).matchAll(/(?:src|href)="(\/[^"]+)"/g)].map((match) => match[1] as string);
    expect(files).toContain('/docs/assets/swagger-ui-bundle.js');
    expect(files).toContain('/api/v1/openapi.json');
    for (const file of files) {
      const reply = await fetch(url() + file);
      expect([file, reply.status, (await reply.arrayBuffer()).byteLength > 100]).toEqual([file, 200, true]);
    }
    // What is loaded when it is asked for is there as well.
    const post = async (path: string, body: object, token = '') =>
      (
        await fetch(url() + path, {
          method: 'POST',
          headers: { 'Content-Type': 'application/json', ...(token !== '' && { Authorization: `Bearer ${token}` }) },
          body: JSON.stringify(body),
        })
      ).json() as Promise<Row>;
    const login = { account: 'system', email: 'root@example.com', password: 'SecurePass123!' };
    const { token } = await post('/api/v1/auth/login', login);
    const listed = { jsonrpc: '2.0', id: 1, method: 'tools/list' };
    expect(await post('/mcp', listed, token as string)).toEqual({ jsonrpc: '2.0', id: 1, result: { tools: [] } });
    expect(existsSync(join(project, 'sb_data'))).toBe(false);
    child.kill('SIGTERM');
    expect(await ended).toBe(0);
  });
});

const TYPES: Readonly<Record<string, string>> = { '.html': 'text/html', '.js': 'text/javascript' };

/** The stranger's own web server, at an origin of its own. Its pages may talk to `api` only, whatever address was built in. */
async function serveShop(base: string, api: string): Promise<{ origin: string; stop(): void }> {
  const policy = `default-src 'none'; script-src 'self'; img-src data:; connect-src ${api}`;
  const server = createServer((request, response) => {
    const file = join(base, request.url === '/' ? 'index.html' : (request.url as string));
    if (!existsSync(file)) return response.writeHead(404).end();
    response.writeHead(200, { 'Content-Type': TYPES[extname(file)] ?? '', 'Content-Security-Policy': policy });
    response.end(readFileSync(file, 'utf8').replaceAll(app.url, api));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const stop = () => {
    server.closeAllConnections();
    server.close();
  };
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, stop };
}
