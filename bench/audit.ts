// What the audit trail costs, and why it is built as it is: create and patch without a trail, as the server writes them, and in the
// designs that were not chosen; with 100 accounts and with one. `node server/cli/run-ts.mjs bench/audit.ts audit` takes two minutes.
import { CollectionInput } from '../contract/collections.ts';
import { makeScope } from '../server/access/scope.ts';
import { createTrail, type Trail } from '../server/audit/service.ts';
import { createRegistry } from '../server/collections/registry.ts';
import type { Database, Plan, Runner } from '../server/db/database.ts';
import { migrateDatabase } from '../server/db/migrate.ts';
import { openDatabase } from '../server/db/open.ts';
import { plan } from '../server/db/plans.ts';
import { uuidV7 } from '../server/ids.ts';
import { prepareBody } from '../server/records/body.ts';
import { createStatements } from '../server/records/store/statements.ts';
import { createWrites } from '../server/records/store/write.ts';
import type { CollectionDef } from '../server/schema/collection-def.ts';
import { createDatabase, startPostgres } from '../test/helpers/postgres.ts';
import { collectionsOf } from '../test/helpers/rooms.ts';

const ROUNDS = 5;
const MS = 1000;
const WRITERS = 32;
const ROWS = 20_000;
const CONTEXT = JSON.stringify({
  actor_kind: 'user',
  user_id: '0198c0de-7a11-7000-8000-3b2f5c0ffee2',
  user_email: 'someone@example.com',
  extra_metadata: { auth_method: 'bearer' },
  ip_address: '203.0.113.7',
  request_id: 'cid_0198c0de-7a11-7000-8000-3b2f5c0ffee1',
  user_agent: 'Mozilla/5.0 (X11; Linux x86_64)',
});

const ACTOR = JSON.stringify({
  kind: 'user',
  user_id: '0198c0de-7a11-7000-8000-3b2f5c0ffee2',
  request_id: 'cid_0198c0de-7a11-7000-8000-3b2f5c0ffee1',
});

const COLUMNS = 'id, title, body, views, published, account_id, created_at, updated_at, created_by, updated_by';
const TABLE = 'app_main.bench';
const insert = (
  extra = '',
) => `insert into ${TABLE} (id, account_id, title, body, views, published, created_by, updated_by)
  values ($1, $2, $3, $4, $5, $6, $7, $7) returning ${COLUMNS}${extra}`;
const update = `update ${TABLE} set views = $3, updated_at = greatest(now(), updated_at + interval '1 microsecond'), updated_by = $4
  where account_id = $1 and id = $2 and deleted_at is null returning ${COLUMNS}`;

/** The head row of the account is locked, and the hash made, inside the statement. One hash a change: the least it could cost. */
const chained = (written: string, entries: string, context: string): Plan =>
  plan(`with w as (${written}),
    c as (select account_id, id::text as record_id, ${context}::json as context, ${entries} as entries from w),
    h as (insert into bench_heads as h (account_id, number, checksum)
      select account_id, 1, sha256(convert_to(entries || context::text || record_id, 'UTF8')) from c
      on conflict (account_id) do update set number = h.number + 1, checksum = sha256(h.checksum || excluded.checksum) returning *),
    s as (insert into bench_chain select c.account_id, h.number, c.record_id, c.context, c.entries, h.checksum from c join h using (account_id))
    select ${COLUMNS} from w`);

interface Design {
  readonly name: string;
  create(i: number, account: string): Promise<unknown>;
  patch(i: number, account: string, id: string): Promise<unknown>;
}

/** The server's own statements, learned by writing once to nowhere; a value is found again by what stood in for it. */
async function learned(def: CollectionDef, writes: ReturnType<typeof createWrites>) {
  const heard: { plan: Plan; values: readonly unknown[] }[] = [];
  const on = {
    query: async () => [],
    run: async (made: Plan, values: readonly unknown[]) => {
      heard.push({ plan: made, values });
      return { rows: [['']], rowCount: 1 };
    },
  } as unknown as Runner;
  const scope = (accountId: string) =>
    makeScope({
      accountId,
      rows: [],
      fields: null,
      unmasked: true,
      environment: { auth: null },
      slots: [],
      checks: [],
      key: '1',
    });
  const author = { by: 'BY', context: CONTEXT, actor: ACTOR };
  const row = (body: object, mode: 'create' | 'patch') =>
    prepareBody(def, body as never, mode, { fields: null, unmasked: true });
  const created = row({ title: 'TITLE', body: BODY, views: 99, published: true }, 'create');
  await writes
    .insert(def, scope('ACCOUNT'), { ...created, ...author, id: 'ID', accountId: 'ACCOUNT' }, on)
    .catch(() => {});
  await writes.update(def, scope('ACCOUNT'), 'ID', { ...row({ views: 99 }, 'patch'), ...author }, on).catch(() => {});
  const [create, patch] = heard.map((one) => (known: ReadonlyMap<unknown, unknown>) => [
    one.plan,
    one.values.map((value) => known.get(value) ?? value),
  ]) as [Statement, Statement];
  return { create, patch };
}
type Statement = (known: ReadonlyMap<unknown, unknown>) => [Plan, unknown[]];

async function designs(db: Database, def: CollectionDef, trail: Trail): Promise<Design[]> {
  const plain = { create: plan(insert()), patch: plan(update) };
  const chain = {
    create: chained(insert(), `json_build_array(title, body, views, published)::text`, '$8'),
    patch: chained(update, `json_build_array(views)::text`, '$5'),
  };
  const values = (i: number, account: string) => [uuidV7(), account, `Title ${i}`, BODY, i, i % 2 === 0, 'someone'];
  const notify = plan('select pg_notify($1, $2)');
  const own = await learned(def, createWrites(db, createStatements(db, 'off'), { captured: () => {} }));
  const captured = {
    create: (i: number, account: string) =>
      db.run(
        ...own.create(
          new Map<unknown, unknown>([
            ['ID', uuidV7()],
            ['ACCOUNT', account],
            ['TITLE', `Title ${i}`],
            [99, i],
            [true, i % 2 === 0],
          ]),
        ),
      ),
    patch: (i: number, account: string, id: string) =>
      db.run(
        ...own.patch(
          new Map<unknown, unknown>([
            ['ID', id],
            ['ACCOUNT', account],
            [99, i],
          ]),
        ),
      ),
  };
  const then = async (work: Promise<unknown>, next: () => unknown) => {
    await work;
    await next();
  };
  const nudge = () => trail.captured(db);
  const tell = () => db.run(notify, ['bench', '']);
  return [
    {
      name: 'no trail',
      create: (i, account) => db.run(plain.create, values(i, account)),
      patch: (i, account, id) => db.run(plain.patch, [account, id, i, 'someone']),
    },
    { name: 'captured, not yet sealed', ...captured },
    {
      name: 'captured and sealed (ours)',
      create: (i, account) => then(captured.create(i, account), nudge),
      patch: (i, account, id) => then(captured.patch(i, account, id), nudge),
    },
    {
      name: 'chained in the statement',
      create: (i, account) => db.run(chain.create, [...values(i, account), CONTEXT]),
      patch: (i, account, id) => db.run(chain.patch, [account, id, i, 'someone', CONTEXT]),
    },
    {
      name: 'captured, NOTIFY with each',
      create: (i, account) => then(captured.create(i, account), tell),
      patch: (i, account, id) => then(captured.patch(i, account, id), tell),
    },
  ];
}
const BODY = 'A body of some length, as posts have.';

/** Compares the designs on a fresh database of a server that `TEST_DATABASE_URL` names or that is started here (without fsync). */
export async function audit(): Promise<void> {
  const server = await startPostgres();
  if (server === null) throw new Error('The benchmark needs PostgreSQL.');
  const db = await openDatabase({ url: await createDatabase(server.url, `bench_${process.pid}`), dataDir: '' });
  try {
    await migrateDatabase(db);
    // Its own look-out is told to wait: a design that does not seal must not be sealed beside the clock.
    const trail = createTrail({ db, encryptionKey: 'bench', idleMs: 3_600_000 });
    const registry = await createRegistry({ db });
    const schema = [
      { name: 'title', type: 'text', required: true },
      { name: 'body', type: 'text' },
      { name: 'views', type: 'number' },
      { name: 'published', type: 'boolean' },
    ];
    await collectionsOf(db, registry).create(CollectionInput.parse({ name: 'bench', schema }));
    await db.query(`create table bench_heads (account_id char(6) primary key, number bigint, checksum bytea);
      create table bench_chain (account_id char(6), number bigint, record_id text, context json, entries text, checksum bytea,
        primary key (account_id, number))`);
    const def = registry.get('bench') as CollectionDef;
    const list = await designs(db, def, trail);
    for (const count of [100, 1]) {
      const accounts = Array.from(
        { length: count },
        (_, i) => `B${count === 1 ? 'B' : 'A'}${String(i).padStart(4, '0')}`,
      );
      await db.query(
        `insert into snackbase.accounts (id, slug, name) select a, lower(a), a from unnest($1::text[]) a`,
        [accounts],
      );
      const rows = await db.query<{ id: string; account_id: string }>(
        `insert into ${TABLE} (id, account_id, title, body, views, published)
         select gen_random_uuid(), ($1::text[])[1 + i % ${count}], 'Title ' || i, '${BODY}', i, i % 2 = 0 from generate_series(1, ${ROWS}) i
         returning id, account_id`,
        [accounts],
      );
      await db.query(`vacuum analyze ${TABLE}`);
      for (const kind of ['create', 'patch'] as const) {
        const rates = list.map(() => [] as number[]);
        for (let round = 0; round < ROUNDS; round++) {
          for (const [k, design] of list.entries()) {
            rates[k]?.push(
              await rate((i) => {
                const row = rows[(i * 7919) % ROWS] as { id: string; account_id: string };
                return kind === 'create'
                  ? design.create(i, accounts[i % count] as string)
                  : design.patch(i + round * 1e6, row.account_id, row.id);
              }),
            );
            await trail.settle();
          }
        }
        const base = median(rates[0] as number[]);
        for (const [k, design] of list.entries()) {
          const found = median(rates[k] as number[]);
          console.log(
            `${String(count).padStart(3)} accounts  ${kind.padEnd(6)}  ${design.name.padEnd(30)} ${found.toFixed(0).padStart(6)}/s  ${(found / base).toFixed(2)}`,
          );
        }
      }
    }
    await lag(db, list[2] as Design, trail);
    await trail.close();
    await registry.close();
  } finally {
    await db.close();
    await server.stop();
  }
}

/** How long after its answer a write is sealed, beside other writers. */
async function lag(db: Database, ours: Design, trail: { settle(): Promise<void> }): Promise<void> {
  await trail.settle();
  const lags: number[] = [];
  let busy = true;
  const others = Array.from({ length: 8 }, async (_, w) => {
    for (let i = 0; busy; i++) {
      await ours.create(i, 'BB0000');
      if (i % 8 === w) await new Promise((resolve) => setTimeout(resolve, 2));
    }
  });
  const open = plan(`select 1 from snackbase.audit_changes c where position = $1
    and not exists (select from snackbase.audit_seals s where s.position = c.position)`);
  for (let i = 0; i < 40; i++) {
    await ours.create(i, 'BB0000');
    const answered = performance.now();
    const [row] = await db.query<{ position: number }>('select max(position) as position from snackbase.audit_changes');
    while ((await db.run(open, [row?.position])).rows.length > 0)
      await new Promise((resolve) => setTimeout(resolve, 2));
    lags.push(performance.now() - answered);
  }
  busy = false;
  await Promise.all(others);
  lags.sort((a, b) => a - b);
  console.log(`sealed after its answer: median ${lags[20]?.toFixed(0)} ms, 39 of 40 within ${lags[38]?.toFixed(0)} ms`);
}

async function rate(write: (i: number) => Promise<unknown>): Promise<number> {
  const started = performance.now();
  let next = 0;
  await Promise.all(
    Array.from({ length: WRITERS }, async () => {
      while (performance.now() - started < MS) await write(next++);
    }),
  );
  return next / ((performance.now() - started) / 1000);
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] as number;
