// The yardstick for bench/data.ts: a multi-row insert, a join and an aggregate written by hand with node:http and pg.
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import pg from 'pg';
import { bodyOf, reply, verify } from './raw-http.mjs';

const { DATABASE_URL, PORT } = process.env;
const pool = new pg.Pool({ connectionString: DATABASE_URL, max: 16, options: '-c timezone=UTC' });

const COLUMNS =
  'id, title, body, views, published, author, category, account_id, created_at, updated_at, created_by, updated_by';

async function bulk(account, user, rows) {
  const values = [];
  const places = rows.map(({ title, body, views, published }) => {
    const at = values.length;
    values.push(account, randomUUID(), title, body, views, published, user);
    return `($${at + 1}, $${at + 2}, $${at + 3}, $${at + 4}, $${at + 5}, $${at + 6}, $${at + 7}, $${at + 7})`;
  });
  const text = `insert into app_main.bench_bulk_raw (account_id, id, title, body, views, published, created_by, updated_by) values ${places.join()} returning id, title, body, views, published, account_id, created_at, updated_at, created_by, updated_by`;
  return (await pool.query(text, values)).rows;
}

async function joined(account) {
  const own = COLUMNS.split(', ')
    .map((c) => `p.${c}`)
    .join(', ');
  const text = `select ${own}, to_jsonb(a) - 'deleted_at' as author, to_jsonb(c) - 'deleted_at' as category from app_main.bench_posts p
    left join app_main.bench_people a on a.account_id = p.account_id and a.id = p.author and a.deleted_at is null
    left join app_main.bench_categories c on c.account_id = p.account_id and c.id = p.category and c.deleted_at is null
    where p.account_id = $1 and p.deleted_at is null order by p.created_at desc, p.id desc limit 20`;
  return (await pool.query({ name: 'joined', text, values: [account] })).rows;
}

async function totals(account) {
  const text = `select published, count(*)::int as count, sum(views) as sum_views, avg(views) as avg_views from app_main.bench_posts
    where account_id = $1 and deleted_at is null group by published order by published`;
  return (await pool.query({ name: 'totals', text, values: [account] })).rows;
}

createServer(async (request, response) => {
  const claims = verify(request.headers.authorization);
  if (claims === null) return reply(response, 401, { error: 'unauthorized' });
  const { account_id: account, sub: user } = claims;
  const { pathname } = new URL(request.url, 'http://x');
  try {
    if (pathname.endsWith('/bulk')) return reply(response, 201, await bulk(account, user, await bodyOf(request)));
    if (pathname.endsWith('/aggregate')) return reply(response, 200, { results: await totals(account) });
    reply(response, 200, { items: await joined(account) });
  } catch (error) {
    reply(response, 500, { error: String(error) });
  }
}).listen(Number(PORT), '127.0.0.1', () => console.log('listening'));
