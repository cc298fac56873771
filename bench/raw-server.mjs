// The yardstick: node:http and pg named statements written by hand on the same table, with a JWT check and the account in every WHERE.
import { createServer } from 'node:http';
import pg from 'pg';
import { bodyOf, reply, verify } from './raw-http.mjs';

const { DATABASE_URL, TABLE, PORT } = process.env;
const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 16, options: '-c timezone=UTC' });
const columns = 'id, title, body, views, published, account_id, created_at, updated_at, created_by, updated_by';

async function handle(request, response) {
  const claims = verify(request.headers.authorization);
  if (claims === null) return reply(response, 401, { error: 'unauthorized' });
  const account = claims.account_id;
  const url = new URL(request.url, 'http://x');
  const id = url.pathname.split('/')[5];
  if (request.method === 'GET' && id !== undefined) {
    const { rows } = await pool.query({
      name: 'get',
      text: `select ${columns} from ${TABLE} where account_id = $1 and id = $2 and deleted_at is null`,
      values: [account, id],
    });
    return rows[0] ? reply(response, 200, rows[0]) : reply(response, 404, { error: 'not found' });
  }
  if (request.method === 'GET') {
    const published = url.searchParams.get('published');
    const values = [account, published, Number(url.searchParams.get('limit')), Number(url.searchParams.get('skip'))];
    const [page, count] = await Promise.all([
      pool.query({
        name: 'list',
        text: `select ${columns} from ${TABLE} where account_id = $1 and published = $2 and deleted_at is null order by created_at desc, id desc limit $3 offset $4`,
        values,
      }),
      pool.query({
        name: 'count',
        text: `select count(*) from ${TABLE} where account_id = $1 and published = $2 and deleted_at is null`,
        values: values.slice(0, 2),
      }),
    ]);
    return reply(response, 200, {
      items: page.rows,
      total: Number(count.rows[0].count),
      skip: values[3],
      limit: values[2],
    });
  }
  const body = await bodyOf(request);
  if (request.method === 'POST') {
    if (typeof body.title !== 'string' || typeof body.views !== 'number' || typeof body.published !== 'boolean')
      return reply(response, 400, { error: 'invalid' });
    const { rows } = await pool.query({
      name: 'create',
      text: `insert into ${TABLE} (id, account_id, title, body, views, published, created_by, updated_by) values (gen_random_uuid(), $1, $2, $3, $4, $5, $6, $6) returning ${columns}`,
      values: [account, body.title, body.body, body.views, body.published, claims.sub],
    });
    return reply(response, 201, rows[0]);
  }
  if (typeof body.views !== 'number') return reply(response, 400, { error: 'invalid' });
  const { rows } = await pool.query({
    name: 'patch',
    text: `update ${TABLE} set views = $3, updated_at = now(), updated_by = $4 where account_id = $1 and id = $2 and deleted_at is null returning ${columns}`,
    values: [account, id, body.views, claims.sub],
  });
  return rows[0] ? reply(response, 200, rows[0]) : reply(response, 404, { error: 'not found' });
}

createServer((request, response) => {
  handle(request, response).catch((error) => reply(response, 500, { error: String(error) }));
}).listen(Number(PORT), '127.0.0.1', () => console.log('ready'));
