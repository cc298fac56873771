// The client against the real server: the promises of the seed, end to end.
import { beforeAll, expect, test } from 'vitest';
import { isCode, NotFoundError, SnackBaseClient, ValidationError } from '../../sdk/src/index.ts';
import { PASSWORD, startApp, type Tenant, type TestApp } from '../helpers/app.ts';

interface Product {
  name: string;
  active: boolean;
  price: number | null;
}
type Shop = SnackBaseClient<{ products: Product }>;

let app: TestApp;
let a: Tenant;
let sb: Shop;
let admin: SnackBaseClient;

beforeAll(async () => {
  app = await startApp();
  admin = new SnackBaseClient({ url: app.url, token: app.root });
  const schema = [
    { name: 'name', type: 'text', required: true },
    { name: 'active', type: 'boolean', default: true },
    { name: 'price', type: 'number' },
  ] as const;
  await admin.collections.create({ name: 'products', schema: [...schema] });
  a = await app.tenant('shop');
  sb = new SnackBaseClient({ url: app.url, token: a.token });
  for (let n = 0; n < 25; n++) await sb.records.create('products', { name: `p${n}`, active: n % 5 !== 0, price: n });
});

test('S000-14 S000-15 S000-16 S000-17 list: filter, order, pages, total', async () => {
  const all = await sb.records.list('products', { sort: ['-active', 'price'], perPage: 20 });
  expect([all.items.length, all.total, all.has_more]).toEqual([20, 25, true]);
  expect(all.items.map((item) => item.price)).toEqual([...Array(25).keys()].filter((n) => n % 5 !== 0));
  expect((await sb.records.list('products', { page: 2, perPage: 20 })).items).toHaveLength(5);
  const active = await sb.records.list('products', { filter: { active: true }, fields: ['name'], limit: 100 });
  expect([active.total, Object.keys(active.items[0] ?? {}).sort()]).toEqual([20, ['id', 'name']]);
  const newest = await sb.records.list('products', { sort: ['-created_at'] });
  const times = newest.items.map((item) => Date.parse(item.created_at));
  expect(times).toEqual(times.toSorted((x, y) => y - x));
});

test('S000-18 another account sees none of it, without naming an account', async () => {
  const b = await app.tenant('other');
  const other: Shop = new SnackBaseClient({ url: app.url, token: b.token });
  expect((await other.records.list('products')).total).toBe(0);
  const [first] = (await sb.records.list('products', { limit: 1 })).items;
  await expect(other.records.get('products', first?.id ?? '')).rejects.toBeInstanceOf(NotFoundError);
});

test('S000-20 create, get, replace, patch, delete', async () => {
  const made = await sb.records.create('products', { name: 'new', price: 3 });
  expect(await sb.records.get('products', made.id)).toEqual(made);
  expect(await sb.records.patch('products', made.id, { price: 4 })).toMatchObject({ name: 'new', price: 4 });
  expect(await sb.records.update('products', made.id, { name: 'again' })).toMatchObject({ name: 'again', price: null });
  expect(await sb.records.delete('products', made.id)).toBeUndefined();
  const gone = await sb.records.get('products', made.id).catch((error: unknown) => error);
  expect(isCode(gone, 'RESOURCE_NOT_FOUND')).toBe(true);
});

test('errors are typed and name the fields and the request', async () => {
  const wrong = await sb.records.create('products', { price: 1 }).catch((error: unknown) => error);
  expect(wrong).toBeInstanceOf(ValidationError);
  expect((wrong as ValidationError).errors).toMatchObject([{ field: 'name' }]);
  expect((wrong as ValidationError).requestId).toEqual(expect.any(String));
  const { requestId, response } = await sb.health().withResponse();
  expect([response.status, requestId]).toEqual([200, expect.any(String)]);
});

test('S001-120 login, me, refresh with rotation, logout', async () => {
  const told: unknown[] = [];
  const own = new SnackBaseClient({ url: app.url, onTokens: (tokens) => void told.push(tokens?.refreshToken ?? null) });
  const { refresh_token } = await own.auth.login({ account: a.account.slug, email: a.email, password: PASSWORD });
  expect((await own.auth.me()).email).toBe(a.email);
  const renewed = await own.auth.refresh();
  expect(told).toEqual([refresh_token, renewed.refresh_token]);
  // A client that only holds the refresh token starts by renewing, once for all of its calls.
  const later: Shop = new SnackBaseClient({ url: app.url, refreshToken: renewed.refresh_token });
  const totals = await Promise.all(Array.from({ length: 10 }, () => later.records.list('products')));
  expect(new Set(totals.map((page) => page.total))).toEqual(new Set([25]));
  await later.auth.logout();
  await expect(own.auth.me()).rejects.toMatchObject({ status: 401 });
});

test('management services', async () => {
  expect((await admin.collections.names()).names).toContain('products');
  const user = await admin.users.create({
    email: 'clerk@example.com',
    password: PASSWORD,
    account_id: a.account.id,
    role_id: '2',
  });
  expect((await admin.users.update(user.id, { is_active: false })).is_active).toBe(false);
  expect((await admin.accounts.get(a.account.slug)).id).toBe(a.account.id);
  expect((await admin.roles.list()).items.map((role) => role.name)).toEqual(expect.arrayContaining(['admin', 'user']));
  expect(await admin.request('ops.openapiYaml')).toMatch(/^openapi: /);
});
