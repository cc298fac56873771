// The example board in two browsers: what one person does, the other sees, also after the server was away.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Page } from 'playwright-core';
import { build, type PreviewServer, preview } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type App, createApp } from '../../server/app.ts';
import { type Config, loadConfig } from '../../server/config.ts';
import { PASSWORD } from '../helpers/app.ts';
import { browserFound, startBrowser } from './chromium.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const shots = process.env.TEST_SCREENSHOTS;

describe.runIf(browserFound)('examples/live-board', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'snackbase-board-'));
  let app: App;
  let config: Config;
  let vite: PreviewServer;
  let ada: Page;
  let bob: Page;
  const complaints: string[][] = [];

  /** The titles of a lane, as a person sees them. */
  const lane = (page: Page, name: string) =>
    page.locator(`[data-testid="lane-${name}"] [data-testid="card-title"]`).allTextContents();
  const shows = (page: Page, name: string, titles: readonly string[]) =>
    expect.poll(() => lane(page, name), { timeout: 15_000 }).toEqual(titles);
  const card = (page: Page, title: string) => page.locator('[data-testid="card"]', { hasText: title });
  async function add(page: Page, name: string, title: string): Promise<void> {
    await page.locator(`[data-testid="new-${name}"]`).fill(title);
    await page.locator(`[data-testid="add-${name}"]`).click();
  }

  async function open(url: string, server: string, email: string): Promise<Page> {
    const { page, watch } = await (await startBrowser()).open({ width: 1000, height: 600 });
    complaints.push(watch.complaints);
    await page.goto(`${url}?server=${encodeURIComponent(server)}`);
    await page.locator('[data-testid="email"]').fill(email);
    await page.locator('[data-testid="password"]').fill(PASSWORD);
    await page.locator('[data-testid="login-submit"]').click();
    await page.locator('[data-testid="status"][data-state="open"]').waitFor();
    return page;
  }

  beforeAll(async () => {
    config = loadConfig(
      {},
      {
        port: 0,
        dataDir,
        rateLimit: 'off',
        log: 'silent',
        superadminEmail: 'root@example.com',
        superadminPassword: PASSWORD,
      },
    );
    app = await createApp(config);
    const { url, port } = await app.listen();
    config = { ...config, port };
    const env = {
      ...process.env,
      SNACKBASE_URL: url,
      SNACKBASE_SUPERADMIN_EMAIL: 'root@example.com',
      SNACKBASE_SUPERADMIN_PASSWORD: PASSWORD,
      DEMO_PASSWORD: PASSWORD,
    };
    await promisify(execFile)(process.execPath, ['examples/live-board/setup.mjs'], { cwd: root, env });
    // Built, so that nothing that other tests do to the client's folder reaches an open page.
    const board = { root: join(root, 'examples/live-board'), configFile: false, logLevel: 'silent' } as const;
    const outDir = join(dataDir, 'page');
    await build({ ...board, build: { outDir, emptyOutDir: true } });
    vite = await preview({ ...board, build: { outDir }, preview: { port: 0, host: 'localhost' } });
    const page = vite.resolvedUrls?.local[0] as string;
    [ada, bob] = [await open(page, url, 'ada@example.com'), await open(page, url, 'bob@example.com')];
  }, 180_000);
  afterAll(async () => {
    await vite?.close();
    await app?.close();
    rmSync(dataDir, { recursive: true, force: true });
  });

  test('a card that one adds, moves and deletes is added, moved and gone for the other', async () => {
    await add(ada, 'todo', 'write a poem');
    await add(bob, 'todo', 'read it');
    for (const page of [ada, bob]) await shows(page, 'todo', ['write a poem', 'read it']);
    await card(bob, 'write a poem').locator('[data-testid="move-right"]').click();
    for (const page of [ada, bob]) {
      await shows(page, 'todo', ['read it']);
      await shows(page, 'doing', ['write a poem']);
    }
    if (shots !== undefined)
      for (const [name, page] of [
        ['ada', ada],
        ['bob', bob],
      ] as const)
        await page.screenshot({ path: join(shots, `live-board-${name}.png`) });
    await card(ada, 'read it').locator('[data-testid="delete"]').click();
    for (const page of [ada, bob]) await shows(page, 'todo', []);
    expect(complaints.flat()).toEqual([]);
  }, 120_000);

  test('when the server was away, the boards come back by themselves, with what was changed', async () => {
    await app.close();
    for (const page of [ada, bob])
      await page.locator('[data-testid="status"]:not([data-state="open"])').waitFor({ timeout: 20_000 });
    app = await createApp(config);
    await app.listen();
    for (const page of [ada, bob]) await page.locator('[data-testid="status"][data-state="open"]').waitFor();
    await add(bob, 'done', 'back again');
    for (const page of [ada, bob]) {
      await shows(page, 'done', ['back again']);
      await shows(page, 'doing', ['write a poem']);
    }
  }, 120_000);
});
