// The table that both servers read and write: 100 accounts, 100,000 rows, made through the API where the API is the point.
import pg from 'pg';

export interface Fixture {
  readonly table: string;
  readonly accounts: readonly { readonly id: string; readonly token: string }[];
  readonly rows: readonly { readonly id: string; readonly account_id: string }[];
}

const ACCOUNTS = 100;
const PASSWORD = 'Benchmark-2026!';

/** Fills the database at `databaseUrl` behind the server at `base`. */
export async function seed(base: string, databaseUrl: string): Promise<Fixture> {
  const call = async (method: string, path: string, body?: object, token?: string) => {
    const response = await fetch(base + path, {
      method,
      headers: { 'Content-Type': 'application/json', ...(token && { Authorization: `Bearer ${token}` }) },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    // biome-ignore lint/suspicious/noExplicitAny: a fixture reads the few keys it knows
    return response.json() as Promise<any>;
  };
  const { token: root } = await call('POST', '/api/v1/auth/login', {
    account: 'system',
    email: 'root@example.com',
    password: PASSWORD,
  });
  const { table_name: table } = await call(
    'POST',
    '/api/v1/collections',
    {
      name: 'bench_posts',
      schema: [
        { name: 'title', type: 'text', required: true },
        { name: 'body', type: 'text' },
        { name: 'views', type: 'number', default: 0 },
        { name: 'published', type: 'boolean', default: false },
      ],
    },
    root,
  );
  const accounts: { id: string; token: string }[] = [];
  for (let i = 0; i < ACCOUNTS; i++) {
    const email = `user${i}@example.com`;
    const { account } = await call('POST', '/api/v1/auth/register', {
      account_name: `Bench ${i}`,
      account_slug: `bench-${i}`,
      email,
      password: PASSWORD,
    });
    const { items } = await call('GET', `/api/v1/users?account_id=${account.id}`, undefined, root);
    await call('POST', `/api/v1/users/${items[0].id}/verify`, {}, root);
    const { token } = await call('POST', '/api/v1/auth/login', { account: account.id, email, password: PASSWORD });
    accounts.push({ id: account.id, token });
  }
  const client = new pg.Client(databaseUrl);
  // Its end is told by the query that runs; an idle one may be ended with the server.
  client.on('error', () => undefined);
  await client.connect();
  await client.query(
    `insert into ${table} (id, account_id, title, body, views, published, created_at, created_by, updated_by)
     select gen_random_uuid(), ($1::text[])[1 + i % ${ACCOUNTS}], 'Title ' || i, 'A body of some length, as posts have. ' || i, i, i % 2 = 0,
            now() - (i || ' seconds')::interval, 'seed', 'seed'
     from generate_series(1, 100000) i`,
    [accounts.map((a) => a.id)],
  );
  await client.query(`vacuum analyze ${table}`);
  const { rows } = await client.query(`select id::text, account_id from ${table} where views::int % 37 = 0`);
  await client.end();
  return { table, accounts, rows };
}
