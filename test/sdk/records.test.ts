// Records: what list, get, create, update, patch and delete put on the wire and give back.
import { expect, test } from 'vitest';
import { SnackBaseClient } from '../../sdk/src/index.ts';
import { serve } from './server.ts';

const page = (items: unknown[], total = items.length) => ({
  json: { items, total, skip: 0, limit: 30, has_more: false },
});
const R = '/api/v1/records';

async function client(answer: Parameters<typeof serve>[0] = () => page([])) {
  const server = await serve(answer);
  return { server, sb: new SnackBaseClient({ url: server.url, token: 'secret-token' }) };
}

test('S000-13 url and token: the bearer token goes to that url; S000-18 no account is named', async () => {
  const { server, sb } = await client();
  await sb.records.list('products');
  const [request] = server.seen;
  expect(request).toMatchObject({
    method: 'GET',
    url: `${R}/products`,
    headers: { authorization: 'Bearer secret-token' },
  });
  expect(request?.headers['x-account-id']).toBeUndefined();
  expect(request?.headers['content-type']).toBeUndefined();
});

test('S000-14 list gives items and total', async () => {
  const { sb } = await client(() => page([{ id: 'a' }, { id: 'b' }], 847));
  const { items, total, skip, limit, has_more } = await sb.records.list('products');
  expect({ items, total, skip, limit, has_more }).toEqual({
    items: [{ id: 'a' }, { id: 'b' }],
    total: 847,
    skip: 0,
    limit: 30,
    has_more: false,
  });
});

test.each([
  ['S000-15 a boolean', { filter: { active: true } }, 'active=true'],
  ['false, zero and empty text', { filter: { a: false, b: 0, c: '' } }, 'a=false&b=0&c='],
  ['an operator written out', { filter: { price__gte: 5 } }, 'price__gte=5'],
  ['undefined does not filter', { filter: { a: undefined, b: 1 } }, 'b=1'],
  ['signs that mean something', { filter: { q: 'a&b=c+d e?#%ü' } }, 'q=a%26b%3Dc%2Bd+e%3F%23%25%C3%BC'],
  ['a filter text', { filter: "a = 'x' && b > 1" }, 'filter=a+%3D+%27x%27+%26%26+b+%3E+1'],
  [
    'fields named as parameters',
    { filter: { limit: 3, sort: 'x', filter: 'y' } },
    'limit__eq=3&sort__eq=x&filter__eq=y',
  ],
  ['S000-16 sort with priorities', { sort: ['-created_at', 'title', '+price'] }, 'sort=-created_at%2Ctitle%2C%2Bprice'],
  ['a sort text', { sort: '-created_at' }, 'sort=-created_at'],
  ['S000-17 perPage', { perPage: 20 }, 'limit=20'],
  ['S000-17 page and perPage', { page: 2, perPage: 20 }, 'skip=20&limit=20'],
  ['page alone counts in thirties', { page: 3 }, 'skip=60&limit=30'],
  ['page with limit', { page: 3, limit: 10 }, 'skip=20&limit=10'],
  ['skip and limit', { skip: 0, limit: 5 }, 'skip=0&limit=5'],
  ['skip wins over page', { skip: 7, page: 9, perPage: 5 }, 'skip=7&limit=5'],
  ['null', { filter: { a: null, b: 1 } }, 'b=1&filter=%7B%22a%22%3Anull%7D'],
  ['operators', { filter: { a: { $gt: 1 } } }, 'filter=%7B%22a%22%3A%7B%22%24gt%22%3A1%7D%7D'],
  ['search', { search: 'a b' }, 'search=a+b'],
  ['fields', { fields: ['id', 'title'] }, 'fields=id%2Ctitle'],
])('list parameters: %s', async (_, options, query) => {
  const { server, sb } = await client();
  await sb.records.list('posts', options);
  expect(server.seen[0]?.url).toBe(`${R}/posts?${query}`);
});

test.each([[[1, 2]], [new Date()], [() => 1]])('a filter value %j is refused before sending', async (value) => {
  const { server, sb } = await client();
  await expect(sb.records.list('posts', { filter: { price: value } as never })).rejects.toThrow(/^filter\.price /);
  expect(server.seen).toEqual([]);
});

test('S000-20 create posts the data and gives the record with its id', async () => {
  const { server, sb } = await client((seen) => ({ status: 201, json: { id: 'o1', ...(seen.json as object) } }));
  const order = await sb.records.create('orders', { product_id: 'p', quantity: 3 });
  expect(order).toEqual({ id: 'o1', product_id: 'p', quantity: 3 });
  expect(server.seen[0]).toMatchObject({
    method: 'POST',
    url: `${R}/orders`,
    json: { product_id: 'p', quantity: 3 },
    headers: { 'content-type': 'application/json' },
  });
});

test('get, update, patch and delete', async () => {
  const { server, sb } = await client((seen) => (seen.method === 'DELETE' ? { status: 204 } : { json: { id: 'x' } }));
  await sb.records.get('posts', 'x');
  await sb.records.get('posts', 'x', { fields: ['title', 'id'] });
  await sb.records.update('posts', 'x', { title: 'a' });
  await sb.records.patch('posts', 'x', { title: 'b' });
  expect(await sb.records.delete('posts', 'x')).toBeUndefined();
  expect(server.seen.map((s) => [s.method, s.url, s.json])).toEqual([
    ['GET', `${R}/posts/x`, undefined],
    ['GET', `${R}/posts/x?fields=title%2Cid`, undefined],
    ['PUT', `${R}/posts/x`, { title: 'a' }],
    ['PATCH', `${R}/posts/x`, { title: 'b' }],
    ['DELETE', `${R}/posts/x`, undefined],
  ]);
});

test('withResponse gives data, response and request id; the plain promise reports a failure only once', async () => {
  const { sb } = await client((seen) =>
    seen.path.endsWith('/x')
      ? { json: { id: 'x' }, headers: { 'x-correlation-id': 'req-7' } }
      : { status: 404, json: {} },
  );
  const { data, response, requestId } = await sb.records.get('posts', 'x').withResponse();
  expect([data.id, response.status, response.headers.get('content-type'), requestId]).toEqual([
    'x',
    200,
    'application/json',
    'req-7',
  ]);
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => unhandled.push(reason);
  process.on('unhandledRejection', note);
  await expect(sb.records.get('posts', 'y').withResponse()).rejects.toMatchObject({ status: 404 });
  await new Promise((done) => setTimeout(done, 20));
  process.off('unhandledRejection', note);
  expect(unhandled).toEqual([]);
});
