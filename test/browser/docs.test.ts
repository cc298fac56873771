// The documentation page in a real browser, used as a newcomer uses it: log in, authorize, create a record and find it, all with Try it out.
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Json, PASSWORD, startApp, type Tenant, type TestApp } from '../helpers/app.ts';
import { type Browser, browserFound, startBrowser } from './chromium.ts';

const SECRETS = /"(access_)?token": "([^"]+)"/;
const shots = process.env.TEST_SCREENSHOTS ?? mkdtempSync(join(tmpdir(), 'snackbase-docs-'));
afterAll(() => {
  if (process.env.TEST_SCREENSHOTS === undefined) rmSync(shots, { recursive: true, force: true });
});

/** One operation of the page. */
const operation = (page: Page, method: string, path: string): Locator =>
  page.locator(`.opblock-${method}`, { has: page.locator(`[data-path="${path}"]`) });

/** Filters the page for its room, and opens that. */
async function reveal(page: Page, tag: string, block: Locator): Promise<Locator> {
  await page.locator('.operation-filter-input').fill(tag);
  const room = page.locator(`.opblock-tag[data-tag="${tag}"]`);
  // The list is drawn anew a moment after the last letter, and a press that comes before is lost.
  const opened = async () => {
    if ((await room.getAttribute('data-is-open')) === 'true') return true;
    await room.locator('button.expand-operation').click();
    return false;
  };
  await expect.poll(opened, { ...WAIT, interval: 500 }).toBe(true);
  await block.waitFor();
  return block;
}

/** Opens the operation, fills its parameters and body, and presses Execute. Answers what the page then shows. */
async function tryItOut(block: Locator, params: Record<string, string>, body?: object) {
  if (!/is-open/.test((await block.getAttribute('class')) ?? ''))
    await block.locator('.opblock-summary-control').click();
  const edit = block.locator('.try-out__btn');
  await edit.waitFor();
  if ((await edit.textContent())?.trim() === 'Try it out') await edit.click();
  for (const [name, value] of Object.entries(params))
    await block.locator(`tr[data-param-name="${name}"]`).locator('input, textarea').fill(value);
  if (body !== undefined) await block.locator('textarea.body-param__text').fill(JSON.stringify(body, null, 2));
  await block.locator('button.execute').click();
  const live = block.locator('.live-responses-table');
  await live.waitFor();
  await expect.poll(() => live.locator('.response-col_status').last().textContent(), WAIT).toMatch(/^\d{3}/);
  return {
    status: Number.parseInt((await live.locator('.response-col_status').last().textContent()) ?? '', 10),
    text: (await live.locator('.response-col_description .highlight-code code').first().textContent()) ?? '',
    curl: (await block.locator('.curl').textContent()) ?? '',
  };
}
const WAIT = { timeout: 60_000, interval: 50 };

let app: TestApp;
beforeAll(async () => {
  app = await startApp();
});
afterAll(() => app?.stop());

describe.runIf(browserFound)('S001-08 the documentation page in a browser', () => {
  let tenant: Tenant;
  let browser: Browser;
  let collection: Json;
  beforeAll(async () => {
    browser = await startBrowser();
    tenant = await app.tenant('docs');
    const schema = [
      { name: 'title', type: 'text', required: true },
      { name: 'published', type: 'boolean', default: false },
    ];
    collection = await app.collection({ schema });
  });

  test('Try it out: log in, authorize, create a record, list it', { timeout: 240_000 }, async () => {
    const { page, watch } = await browser.open();
    await page.goto(`${app.url}/docs`);
    const room = page.locator('.opblock-tag');
    await room.first().waitFor();
    const document = (await app.call('GET', '/openapi.json')).body;
    expect(await room.count()).toBe(document.tags.length);
    const operations = Object.values(document.paths).flatMap((path) => Object.values(path as object)) as Json[];
    const ofRoles = operations.filter(({ tags }) => tags.includes('roles')).length;
    await reveal(page, 'roles', operation(page, 'post', '/api/v1/roles'));
    await expect.poll(() => page.locator('.opblock').count(), WAIT).toBe(ofRoles);
    await page.locator('.operation-filter-input').fill('');
    await page.screenshot({ path: join(shots, 'open.png') });

    const login = await tryItOut(
      await reveal(page, 'auth', operation(page, 'post', '/api/v1/auth/login')),
      {},
      {
        account: tenant.account.id,
        email: tenant.email,
        password: PASSWORD,
      },
    );
    expect(login.status).toBe(200);
    const token = SECRETS.exec(login.text)?.[2] as string;
    expect(token.split('.')).toHaveLength(3);

    await page.locator('.auth-wrapper .btn.authorize').click();
    const bearer = page.locator('.modal-ux .auth-container', { hasText: 'bearerAuth' });
    await bearer.locator('input').fill(token);
    await bearer.getByRole('button', { name: 'Apply credentials' }).click();
    await bearer.getByRole('button', { name: 'Logout' }).or(bearer.getByText('Logout')).first().waitFor();
    await page.screenshot({ path: join(shots, 'authorized.png') });
    await bearer.getByRole('button', { name: 'Close' }).click();
    await page.locator('.modal-ux').waitFor({ state: 'detached' });

    const { name } = collection;
    // Whoever has signed in sees his collections: in the document of the whole API, and each on its own.
    await page.locator(`#document option[value$="/${name}/openapi.json"]`).waitFor({ state: 'attached' });
    await reveal(page, name, operation(page, 'post', `/api/v1/records/${name}`));
    await page.locator('.operation-filter-input').fill('');
    await page.locator('#document').selectOption({ label: name });
    const own = await tryItOut(await reveal(page, name, operation(page, 'post', `/api/v1/records/${name}`)), {});
    expect([own.status, JSON.parse(own.text).title]).toEqual([201, 'text']);
    await page.locator('.bar').scrollIntoViewIfNeeded();
    await page.screenshot({ path: join(shots, 'collection.png') });
    await app.call('DELETE', `/api/v1/records/${name}/${JSON.parse(own.text).id}`, undefined, { token: tenant.token });
    await page.locator('#document').selectOption({ label: 'Whole API' });
    const create = await reveal(page, 'records', operation(page, 'post', '/api/v1/records/{collection}'));
    const made = await tryItOut(create, { collection: name }, { title: 'Made on the page', published: true });
    expect(made.status).toBe(201);
    const record = JSON.parse(made.text);
    expect(record).toMatchObject({ title: 'Made on the page', published: true, account_id: tenant.account.id });
    await create.locator('.responses-wrapper').scrollIntoViewIfNeeded();
    await page.screenshot({ path: join(shots, 'created.png') });
    const stored = await app.call('GET', `/api/v1/records/${name}/${record.id}`, undefined, { token: tenant.token });
    expect(stored.body).toEqual(record);

    // Filters are a field of their own on the page and parameters of their own on the wire.
    const list = await reveal(page, 'records', operation(page, 'get', '/api/v1/records/{collection}'));
    const filter = (published: string) =>
      tryItOut(list, { collection: name, filter_fields: `{"published": "${published}"}` });
    const found = await filter('true');
    expect([found.status, JSON.parse(found.text).items]).toEqual([200, [record]]);
    expect(found.curl).toContain('published=true');

    expect(watch.complaints).toEqual([]);
    expect(watch.violations).toEqual([]);
    expect(watch.requests.filter((url) => new URL(url).origin !== app.url)).toEqual([]);
    expect(watch.requests).toContain(`${app.url}/api/v1/openapi.json`);
    for (const shot of ['open', 'authorized', 'collection', 'created'])
      expect(statSync(join(shots, `${shot}.png`)).size).toBeGreaterThan(10_000);
    await page.close();
  });

  test('what is refused is shown with its reason', { timeout: 120_000 }, async () => {
    const { page, watch } = await browser.open();
    await page.goto(`${app.url}/docs`);
    const create = await reveal(page, 'records', operation(page, 'post', '/api/v1/records/{collection}'));
    const refused = await tryItOut(create, { collection: collection.name }, { title: 'Nobody made this' });
    expect([refused.status, JSON.parse(refused.text).code]).toEqual([401, 'UNAUTHORIZED']);
    // Chromium itself reports every failed reply in the console; nothing else may stand there.
    expect(watch.complaints.filter((text) => !/status of 401/.test(text))).toEqual([]);
    expect(watch.violations).toEqual([]);
    await page.close();
  });

  test('the address with a slash, an operation by its link, and a telephone', { timeout: 120_000 }, async () => {
    const { page, watch } = await browser.open({ width: 390, height: 844 });
    await page.goto(`${app.url}/docs/#/records/recordsCreate`);
    const create = await reveal(page, 'records', operation(page, 'post', '/api/v1/records/{collection}'));
    await create.locator('button.execute').waitFor();
    await page.screenshot({ path: join(shots, 'narrow.png') });
    expect([watch.complaints, watch.violations]).toEqual([[], []]);
    expect(watch.requests.filter((url) => new URL(url).origin !== app.url)).toEqual([]);
    // Nothing is wider than the screen. Asked last: the question itself is an eval, which the policy reports.
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(390);
    await page.close();
  });
});

test('the page’s own headers, and no other file than its own', async () => {
  for (const path of ['/docs', '/docs/']) {
    const reply = await app.call('GET', path);
    expect([reply.status, reply.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(reply.headers.get('content-security-policy')).toContain("script-src 'self';");
  }
  const names = [
    'nothing.js',
    '',
    'start.ts',
    '..%2fpage.css',
    '%2e%2e/docs.ts',
    '..%2f..%2fpackage.json',
    'swagger-ui-bundle.js.map',
  ];
  for (const name of names) {
    const reply = await app.call('GET', `/docs/assets/${name}`);
    expect([name, reply.status, reply.body?.code]).toEqual([name, 404, 'ROUTE_NOT_FOUND']);
  }
  expect((await app.call('GET', '/docs/nothing')).status).toBe(404);
});
