// Workflows under chaos: many instances over two servers that are killed, and every effect on records exactly once, none stuck.
// `node server/cli/run-ts.mjs bench/workflow-chaos.ts chaos instances=1000 kills=50 seed=1` takes some minutes.
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { type Chance, chance } from '../test/fuzz/random.ts';
import { createDatabase, dropDatabase, startPostgres } from '../test/helpers/postgres.ts';
import { type Server, startServers } from './stream-chaos-servers.ts';

export interface Scale {
  readonly instances: number;
  readonly kills: number;
  readonly seed: number;
}

export interface Report {
  readonly violations: readonly string[];
  readonly counts: Readonly<Record<string, number>>;
  readonly complaints: readonly string[];
}

const EFFECTS = 'chaos_effects';
const PASSWORD = 'Chaos-Test-2026!';
const LIMIT_MS = 20 * 60_000;
/** Nothing moved for so long: what has not ended by now is stuck. */
const SILENCE_MS = 90_000;
const ITEMS = 4;
const STARTERS = 8;

const write = (name: string, more: object = {}) => ({
  name,
  action: {
    type: 'create_record',
    collection: EFFECTS,
    data: { key: `{{instance.id}} ${name}`, run: '{{trigger.run}}' },
  },
  ...more,
});
const step = (name: string, more: object = {}) => ({ type: 'action', ...write(name), ...more });
const each = {
  action: {
    type: 'create_record',
    collection: EFFECTS,
    data: { key: '{{instance.id}} each {{index}}', run: '{{trigger.run}}' },
  },
};
const STEPS = [
  step('first'),
  { type: 'wait_delay', name: 'moment', duration: 0.05 },
  { type: 'loop', name: 'loop', items: Array.from({ length: ITEMS }, (_, i) => i), step: each },
  { type: 'parallel', name: 'parallel', branches: [[write('left_1'), write('left_2')], [write('right')]] },
  { type: 'condition', name: 'odd', expression: 'trigger.odd = true', on_true: 'when_odd', on_false: 'when_even' },
  step('when_odd'),
  step('when_even'),
  {
    type: 'workflow',
    name: 'sub',
    workflow: 'chaos-child',
    input: { parent: '{{instance.id}}', run: '{{trigger.run}}' },
  },
  // What it waits for has come, or comes at any moment.
  {
    type: 'wait_event',
    name: 'heard',
    event: 'records.create',
    collection: EFFECTS,
    condition: 'event.record.key = steps.sub.output.output',
  },
  step('last'),
];
const CHILD = [
  {
    type: 'action',
    name: 'child',
    action: {
      type: 'create_record',
      collection: EFFECTS,
      data: { key: '{{trigger.parent}} child', run: '{{trigger.run}}' },
    },
  },
  { type: 'end', name: 'end', output: '{{trigger.parent}} child' },
];
/** Steps that one instance ends with, its child's among them. */
const STEPS_EACH = 11;
const wanted = (odd: boolean): string[] => [
  ...['first', 'left_1', 'left_2', 'right', odd ? 'when_odd' : 'when_even', 'child', 'last'],
  ...Array.from({ length: ITEMS }, (_, i) => `each ${i}`),
];

/** The program; its exit code is 1 when something was wrong. */
export async function chaos(root: string, ...args: string[]): Promise<void> {
  const scale = { instances: 1000, kills: 50, seed: Date.now() % 1_000_000 };
  for (const arg of args) {
    const [name, value] = arg.split('=') as [keyof typeof scale, string];
    if (!(name in scale)) throw new Error(`unknown: ${name}; known are ${Object.keys(scale).join(', ')}`);
    scale[name] = Number(value);
  }
  const report = await runChaos(root, scale, (text) => console.log(text));
  console.log(report.counts);
  for (const text of [...report.violations.slice(0, 40), ...report.complaints.slice(-20)]) console.log(text);
  console.log(report.violations.length === 0 ? 'every effect exactly once, none stuck' : 'VIOLATIONS, see above');
  if (report.violations.length > 0) process.exitCode = 1;
}

/** Runs it on a throw-away database. */
export async function runChaos(root: string, scale: Scale, say: (text: string) => void = () => {}): Promise<Report> {
  const postgres = await startPostgres();
  if (postgres === null) throw new Error('Chaos needs PostgreSQL.');
  const name = `workflow_chaos_${process.pid}_${scale.seed}`;
  try {
    const url = await createDatabase(postgres.url, name);
    const complaints: string[] = [];
    const { servers, stop } = await startServers(root, url, complaints);
    const client = new pg.Client(url);
    client.on('error', () => {});
    await client.connect();
    try {
      const report = await run(scale, servers, client, say);
      return { ...report, complaints };
    } finally {
      await client.end();
      stop();
    }
  } finally {
    await dropDatabase(postgres.url, name);
    await postgres.stop();
  }
}

async function run(scale: Scale, servers: readonly [Server, Server], client: pg.Client, say: (text: string) => void) {
  const random = chance(scale.seed);
  const began = performance.now();
  const { token, workflow } = await populate(servers[0].port);
  const ids = new Map<string, boolean>();
  const starting = start(scale, servers, { token, workflow, random, ids });
  const killed = await killAll(scale, servers, client, random, say);
  await starting;
  await ended(client, scale, say);
  const report = await verdict(client, scale, ids);
  const seconds = Math.round((performance.now() - began) / 1000);
  return { ...report, counts: { ...report.counts, kills: killed, seconds } };
}

/** Each is asked for until it is answered, under a key of its own, so that it is started once. */
async function start(
  { instances }: Scale,
  servers: readonly Server[],
  at: {
    readonly token: string;
    readonly workflow: string;
    readonly random: Chance;
    readonly ids: Map<string, boolean>;
  },
): Promise<void> {
  let next = 0;
  const starter = async () => {
    for (let n = next++; n < instances; n = next++) {
      const odd = n % 2 === 1;
      for (;;) {
        const { port } = at.random.one(servers);
        try {
          const body = { run: `run ${n}`, odd };
          const { instance_id } = await call(port, `/workflows/${at.workflow}/trigger`, body, at.token, `chaos-${n}`);
          at.ids.set(instance_id as string, odd);
          break;
        } catch {
          await delay(100);
        }
      }
    }
  };
  await Promise.all(Array.from({ length: STARTERS }, starter));
}

async function killAll(
  { instances, kills }: Scale,
  servers: readonly Server[],
  client: pg.Client,
  random: Chance,
  say: (text: string) => void,
): Promise<number> {
  let killed = 0;
  const began = performance.now();
  while (killed < kills && performance.now() - began < LIMIT_MS) {
    const { rows } = await client.query(
      'select coalesce(sum(executed), 0)::float8 as n from snackbase.workflow_instances',
    );
    const due = Math.min(kills, Math.ceil((rows[0].n / (instances * STEPS_EACH)) * (kills + 1)));
    const victim = random.one(servers);
    if (due > killed && victim.up) {
      victim.kill();
      killed += 1;
      if (killed % 10 === 0) say(`${killed} kills, ${rows[0].n} steps`);
    }
    await delay(20 + random.below(200));
  }
  return killed;
}

async function ended(client: pg.Client, { instances }: Scale, say: (text: string) => void): Promise<void> {
  let [last, at] = [-1, performance.now()];
  for (;;) {
    const { rows } = await client.query(
      `select count(*) filter (where completed_at is not null)::int as done, count(*)::int as all, sum(executed)::int as steps
       from snackbase.workflow_instances`,
    );
    const { done, all, steps } = rows[0];
    if (done === all && all >= 2 * instances) return;
    if (steps !== last) [last, at] = [steps, performance.now()];
    if (performance.now() - at > SILENCE_MS) return say(`nothing moves any more: ${done} of ${all} ended`);
    await delay(250);
  }
}

async function verdict(client: pg.Client, { instances }: Scale, ids: ReadonlyMap<string, boolean>) {
  const violations: string[] = [];
  const { rows: states } = await client.query(
    `select status, count(*)::int as n from snackbase.workflow_instances group by status order by status`,
  );
  for (const { status, n } of states) if (status !== 'completed') violations.push(`${n} instances are ${status}`);
  const { rows: effects } = await client.query(`select key, count(*)::int as n from app_main.${EFFECTS} group by key`);
  const counted = new Map<string, number>(effects.map(({ key, n }) => [key, n]));
  let once = 0;
  for (const [id, odd] of ids)
    for (const name of wanted(odd)) {
      const n = counted.get(`${id} ${name}`) ?? 0;
      counted.delete(`${id} ${name}`);
      if (n === 1) once += 1;
      else violations.push(`${name} of ${id} happened ${n} times`);
    }
  for (const [key, n] of counted) violations.push(`nobody asked for ${key}, ${n} times`);
  const { rows: made } = await client.query(`select count(*)::int as n from snackbase.workflow_instances`);
  if (made[0].n !== 2 * instances) violations.push(`${made[0].n} instances instead of ${2 * instances}`);
  const { rows: claims } = await client.query(
    'select sum(claim)::int as n, sum(executed)::int as steps from snackbase.workflow_instances',
  );
  return {
    violations,
    counts: {
      instances: ids.size,
      'effects exactly once': once,
      'effects wanted': [...ids.values()].reduce((n, odd) => n + wanted(odd).length, 0),
      'steps stored': claims[0].steps,
      claims: claims[0].n,
      violations: violations.length,
    },
  };
}

async function call(port: number, path: string, body: object, token?: string, key?: string) {
  const response = await fetch(`http://127.0.0.1:${port}/api/v1${path}`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      ...(token && { Authorization: `Bearer ${token}` }),
      ...(key && { 'Idempotency-Key': key }),
    },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as Record<string, unknown>;
}

/** The collection, an account with its admin, and both workflows. */
async function populate(port: number): Promise<{ token: string; workflow: string }> {
  const login = async (account: string, email: string) =>
    (await call(port, '/auth/login', { account, email, password: PASSWORD })).token as string;
  const root = await login('system', 'root@example.com');
  const schema = [
    { name: 'key', type: 'text', required: true },
    { name: 'run', type: 'text' },
  ];
  await call(port, '/collections', { name: EFFECTS, schema }, root);
  const account = (await call(port, '/accounts', { name: 'Chaos' }, root)).id as string;
  const email = 'admin@example.com';
  await call(port, '/users', { email, password: PASSWORD, account_id: account, role_id: 1 }, root);
  const token = await login(account, email);
  const trigger = { type: 'manual' };
  await call(port, '/workflows', { name: 'Chaos child', slug: 'chaos-child', trigger, steps: CHILD }, token);
  const { id } = await call(port, '/workflows', { name: 'Chaos', trigger, steps: STEPS }, token);
  return { token, workflow: id as string };
}
