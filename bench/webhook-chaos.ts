// Webhooks under chaos: a receiver that fails, servers that are killed, and every message delivered or given up, in order and signed.
// `node server/cli/run-ts.mjs bench/webhook-chaos.ts chaos deliveries=10000 kills=20 seed=1` takes some minutes.
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { type Chance, chance } from '../test/fuzz/random.ts';
import { createDatabase, dropDatabase, startPostgres } from '../test/helpers/postgres.ts';
import { Violations } from './stream-chaos-reader.ts';
import { PASSWORD, type Server, startServers } from './stream-chaos-servers.ts';
import { placeOf, type Receiver, startReceiver } from './webhook-chaos-receiver.ts';

export interface Scale {
  readonly deliveries: number;
  readonly kills: number;
  readonly seed: number;
}

export interface Report {
  readonly violations: readonly string[];
  readonly counts: Readonly<Record<string, number>>;
  readonly complaints: readonly string[];
}

const HOOKS = 4;
const WRITERS = 8;
const COLLECTION = 'chaos_hooks';
/** Of whole seconds: a message is dead after eight attempts, which is one in some hundreds. */
const SCHEDULE = '0,0,0,1,1,1,1,1';
const TIMEOUT_MS = 500;
const LIMIT_MS = 25 * 60_000;

/** The program; its exit code is 1 when something was wrong. */
export async function chaos(root: string, ...args: string[]): Promise<void> {
  const scale = { deliveries: 10_000, kills: 20, seed: Date.now() % 1_000_000 };
  for (const arg of args) {
    const [name, value] = arg.split('=') as [keyof typeof scale, string];
    if (!(name in scale)) throw new Error(`unknown: ${name}; known are ${Object.keys(scale).join(', ')}`);
    scale[name] = Number(value);
  }
  const report = await runChaos(root, scale, (text) => console.log(text));
  console.log(report.counts);
  for (const text of [...report.violations, ...report.complaints.slice(-20)]) console.log(text);
  console.log(report.violations.length === 0 ? 'each delivered or dead, in order and signed' : 'VIOLATIONS, see above');
  if (report.violations.length > 0) process.exitCode = 1;
}

/** Runs it on a throw-away database. */
export async function runChaos(root: string, scale: Scale, say: (text: string) => void = () => {}): Promise<Report> {
  const postgres = await startPostgres();
  if (postgres === null) throw new Error('Chaos needs PostgreSQL.');
  const name = `hooks_${process.pid}_${scale.seed}`;
  const random = chance(scale.seed);
  const violations = new Violations();
  const complaints: string[] = [];
  const receiver = await startReceiver(random, violations);
  try {
    const url = await createDatabase(postgres.url, name);
    const { servers, stop } = await startServers(root, url, complaints, {
      SNACKBASE_WEBHOOK_ALLOW_PRIVATE: '1',
      SNACKBASE_WEBHOOK_SCHEDULE: SCHEDULE,
      SNACKBASE_WEBHOOK_TIMEOUT_MS: String(TIMEOUT_MS),
    });
    const client = new pg.Client(url);
    client.on('error', () => {});
    await client.connect();
    try {
      const run = new Run({ scale, servers, client, receiver, random, violations, say });
      return { ...(await run.run()), complaints };
    } finally {
      await client.end();
      stop();
    }
  } finally {
    receiver.close();
    await dropDatabase(postgres.url, name);
    await postgres.stop();
  }
}

interface Parts {
  readonly scale: Scale;
  readonly servers: readonly Server[];
  readonly client: pg.Client;
  readonly receiver: Receiver;
  readonly random: Chance;
  readonly violations: Violations;
  readonly say: (text: string) => void;
}

class Run {
  private readonly began = performance.now();
  /** By record: the places of its changes, in their order. */
  private readonly lives = new Map<string, number[]>();
  private written = 0;
  private killed = 0;
  private token = '';
  private readonly hooks = new Map<string, string>();

  constructor(private readonly parts: Parts) {}

  async run(): Promise<Omit<Report, 'complaints'>> {
    const { scale, receiver, violations, say } = this.parts;
    await this.prepare();
    const killing = this.kill();
    await Promise.all(Array.from({ length: WRITERS }, () => this.write()));
    say(`${this.written} changes written in ${this.seconds()} s, ${this.killed} kills`);
    await Promise.all([killing, this.settled()]);
    say(`all over after ${this.seconds()} s, ${this.killed} kills`);
    const dead = await this.judge();
    return {
      violations: violations.told,
      counts: {
        seconds: this.seconds(),
        deliveries: this.expected(),
        kills: this.killed,
        dead,
        ...receiver.counts,
        seed: scale.seed,
        violations: [...violations.counts.values()].reduce((sum, n) => sum + n, 0),
      },
    };
  }

  private seconds(): number {
    return Math.round((performance.now() - this.began) / 1000);
  }

  private expected(): number {
    return this.written * HOOKS;
  }

  private async prepare(): Promise<void> {
    const session = await this.call('POST', '/auth/login', {
      account: 'system',
      email: 'root@example.com',
      password: PASSWORD,
    });
    this.token = session.token as string;
    const schema = [{ name: 'version', type: 'number' }];
    await this.call('POST', '/collections', { name: COLLECTION, schema });
    const { id: account } = await this.call('POST', '/accounts', { name: 'Chaos' });
    const email = 'admin@example.com';
    await this.call('POST', '/users', { email, password: PASSWORD, account_id: account, role_id: 1 });
    this.token = (await this.call('POST', '/auth/login', { account, email, password: PASSWORD })).token as string;
    for (let i = 0; i < HOOKS; i++) {
      const url = this.parts.receiver.url(`hook${i}`);
      const made = await this.call('POST', '/webhooks', { url, events: [`${COLLECTION}.*`] });
      this.hooks.set(made.id as string, `hook${i}`);
      this.parts.receiver.trust(`hook${i}`, made.secret as string);
    }
  }

  /** Asks one server after the other until one answers: under one key it is done once. */
  private async call(method: string, path: string, body?: object): Promise<Record<string, unknown>> {
    const { servers, random } = this.parts;
    const key = randomUUID();
    for (;;) {
      this.inTime();
      const { port } = random.one(servers);
      try {
        const response = await fetch(`http://127.0.0.1:${port}/api/v1${path}`, {
          method,
          signal: AbortSignal.timeout(20_000),
          headers: {
            'Content-Type': 'application/json',
            ...(path !== '/auth/login' && { 'Idempotency-Key': key }),
            ...(this.token !== '' && { Authorization: `Bearer ${this.token}` }),
          },
          ...(body !== undefined && { body: JSON.stringify(body) }),
        });
        const text = await response.text();
        if (response.ok) return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
        if (response.status < 500 && !text.includes('IDEMPOTENCY_IN_FLIGHT')) throw new Refused(`${path}: ${text}`);
      } catch (error) {
        if (error instanceof Refused) throw error;
      }
      await delay(50);
    }
  }

  private inTime(): void {
    if (performance.now() - this.began > LIMIT_MS) throw new Refused('it takes too long');
  }

  /** One record after the other: made, changed some times, and half of them deleted. */
  private async write(): Promise<void> {
    const { scale, random } = this.parts;
    const path = `/records/${COLLECTION}`;
    const more = () => this.expected() < scale.deliveries;
    while (more()) {
      let version = 1;
      const id = (await this.call('POST', path, { version })).id as string;
      const life = [placeOf('records.create', version)];
      this.lives.set(id, life);
      this.written += 1;
      for (let left = random.below(12); left > 0 && more(); left--) {
        await this.call('PATCH', `${path}/${id}`, { version: ++version });
        life.push(placeOf('records.update', version));
        this.written += 1;
      }
      if (random.rarely(2) && more()) {
        await this.call('DELETE', `${path}/${id}`);
        life.push(placeOf('records.delete', version));
        this.written += 1;
      }
    }
  }

  /** As the receiver gets on, a server in turn is killed. */
  private async kill(): Promise<void> {
    const { scale, servers, receiver } = this.parts;
    while (this.killed < scale.kills) {
      this.inTime();
      await delay(20);
      if (receiver.counts.accepted < ((this.killed + 1) * scale.deliveries) / (scale.kills + 2)) continue;
      const server = servers[this.killed % servers.length] as Server;
      if (!server.up) continue;
      server.kill();
      this.killed += 1;
    }
  }

  private async settled(): Promise<void> {
    const { client, say } = this.parts;
    for (let told = 0; ; told++) {
      this.inTime();
      const { rows } = await client.query<{ over: string; open: string }>(
        `select count(*) filter (where finished_at is not null) as over, count(*) filter (where finished_at is null) as open
         from snackbase.webhook_deliveries`,
      );
      const [{ over, open }] = rows as [{ over: string; open: string }];
      if (Number(open) === 0 && Number(over) >= this.expected()) return;
      if (told % 20 === 19) say(`${over} of ${this.expected()} over, ${this.killed} kills, ${this.seconds()} s`);
      await delay(500);
    }
  }

  /** Every change is one delivery a webhook, in its order, taken or given up after all attempts; answers how many are dead. */
  private async judge(): Promise<number> {
    const { client, receiver, violations } = this.parts;
    const { rows } = await client.query<Row>(
      `select webhook_id, record_id, message_id, event, status, attempt_number,
         coalesce(payload::json -> 'record' ->> 'version', payload::json -> 'previous' ->> 'version')::integer as version
       from snackbase.webhook_deliveries order by number`,
    );
    const found = new Map<string, number[]>();
    for (const { webhook_id, record_id, message_id, event, version, status, attempt_number } of rows) {
      const name = this.hooks.get(webhook_id) as string;
      const key = `${name} ${record_id}`;
      found.set(key, [...(found.get(key) ?? []), placeOf(event, version)]);
      const taken = receiver.took(name, message_id);
      if (status === 'delivered' && !taken) violations.add('delivered to nobody', `${key} ${message_id}`);
      if (status === 'dead' && attempt_number !== SCHEDULE.split(',').length)
        violations.add('given up too soon', `${key} ${attempt_number}`);
      if (status !== 'delivered' && status !== 'dead') violations.add('neither delivered nor dead', `${key} ${status}`);
    }
    for (const name of this.hooks.values())
      for (const [id, life] of this.lives) {
        const told = (found.get(`${name} ${id}`) ?? []).join();
        if (told !== life.join()) violations.add('lost or doubled', `${name} ${id}: ${told} instead of ${life.join()}`);
      }
    if (rows.length !== this.expected()) violations.add('number of deliveries', `${rows.length}, ${this.expected()}`);
    return rows.filter(({ status }) => status === 'dead').length;
  }
}

interface Row {
  readonly webhook_id: string;
  readonly record_id: string;
  readonly message_id: string;
  readonly event: string;
  readonly status: string;
  readonly attempt_number: number;
  readonly version: number;
}

class Refused extends Error {}
