// Streams under chaos: many readers over two servers that are killed, connections that break, and nothing lost, disordered or shown.
// `node server/cli/run-ts.mjs bench/stream-chaos.ts chaos readers=50 events=100000 drops=1000 kills=20 seed=1` takes some minutes.
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { type Chance, chance } from '../test/fuzz/random.ts';
import { createDatabase, dropDatabase, startPostgres } from '../test/helpers/postgres.ts';
import { Reader, Texts, Violations } from './stream-chaos-reader.ts';
import { type Person, populate, type Server, startServers } from './stream-chaos-servers.ts';
import { COLLECTION, type Tracked, type View } from './stream-chaos-truth.ts';
import { chain, judge, type Row, settle, witnessOf } from './stream-chaos-verdict.ts';
import { connections, Writer } from './stream-chaos-writer.ts';

export interface Scale {
  readonly readers: number;
  /** Changes of records that were answered. */
  readonly events: number;
  readonly drops: number;
  readonly kills: number;
  readonly seed: number;
}

export interface Report {
  readonly violations: readonly string[];
  readonly counts: Readonly<Record<string, number>>;
  /** What the log holds of the records in question. */
  readonly evidence: readonly string[];
  readonly complaints: readonly string[];
}

const PEOPLE = 4;
const WRITERS = 16;
const STALLS = 30;
/** Nobody got anything for so long: what has not come by now is lost. */
const SILENCE_MS = 30_000;
const LIMIT_MS = 20 * 60_000;

const SIGHTS: readonly (Pick<View, 'fields' | 'types' | 'meets'> & { readonly query: string })[] = [
  sight(''),
  sight('fields=version,lane', { fields: ['version', 'lane'] }),
  sight(`filter=${encodeURIComponent('lane = "green" || lane = "red"')}`, {
    meets: ({ lane }) => lane === 'green' || lane === 'red',
  }),
  sight(`filter=${encodeURIComponent('version > 2')}`, { meets: ({ version }) => version > 2 }),
  sight('events=created,deleted', { types: ['created', 'deleted'] }),
  sight('fields=lane', { fields: ['lane'] }),
  sight('lane=red&events=updated', { meets: ({ lane }) => lane === 'red', types: ['updated'] }),
];

function sight(query: string, more: Partial<View> = {}) {
  return { query, fields: null, types: ['created', 'updated', 'deleted'], meets: () => true, ...more };
}

/** The program; its exit code is 1 when something was wrong. */
export async function chaos(root: string, ...args: string[]): Promise<void> {
  const scale = { readers: 50, events: 100_000, drops: 1000, kills: 20, seed: Date.now() % 1_000_000 };
  for (const arg of args) {
    const [name, value] = arg.split('=') as [keyof typeof scale, string];
    if (!(name in scale)) throw new Error(`unknown: ${name}; known are ${Object.keys(scale).join(', ')}`);
    scale[name] = Number(value);
  }
  const report = await runChaos(root, scale, (text) => console.log(text));
  console.log(report.counts);
  for (const text of [...report.violations, ...report.evidence, ...report.complaints.slice(-40)]) console.log(text);
  console.log(report.violations.length === 0 ? 'nothing lost, disordered or shown' : 'VIOLATIONS, see above');
  if (report.violations.length > 0) process.exitCode = 1;
}

/** Runs it on a throw-away database. */
export async function runChaos(root: string, scale: Scale, say: (text: string) => void = () => {}): Promise<Report> {
  const postgres = await startPostgres();
  if (postgres === null) throw new Error('Chaos needs PostgreSQL.');
  const name = `chaos_${process.pid}_${scale.seed}`;
  try {
    const url = await createDatabase(postgres.url, name);
    const complaints: string[] = [];
    const { servers, stop } = await startServers(root, url, complaints);
    const client = new pg.Client(url);
    client.on('error', () => {});
    await client.connect();
    try {
      return await new Run(scale, servers, client, say).run(complaints);
    } finally {
      await client.end();
      stop();
    }
  } finally {
    await dropDatabase(postgres.url, name);
    await postgres.stop();
  }
}

class Run {
  private readonly random: Chance;
  private readonly violations = new Violations();
  private readonly records = new Texts();
  private readonly texts = new Texts();
  private readonly places = new Map<number, number>();
  private readonly book: Tracked[] = [];
  private readonly readers: Reader[] = [];
  private readonly newcomers = new Set<Reader>();
  private readonly running: Promise<void>[] = [];
  private readonly agent = connections();
  private readonly ports: readonly number[];
  private readonly began = performance.now();
  private people: readonly Person[] = [];
  private written = 0;
  private killed = 0;
  private killAt: number;
  private pause: Promise<void> | null = null;
  private over = false;

  constructor(
    private readonly scale: Scale,
    private readonly servers: readonly [Server, Server],
    private readonly client: pg.Client,
    private readonly say: (text: string) => void,
  ) {
    this.random = chance(scale.seed);
    this.killAt = scale.events / (scale.kills + 1);
    this.ports = servers.map(({ port }) => port);
  }

  async run(complaints: readonly string[]): Promise<Report> {
    const { scale, readers, say } = this;
    const { root, accounts } = await populate(this.ports[0] as number, PEOPLE);
    this.people = [root, ...accounts.flatMap(({ people }) => people)];
    const late = Math.round(scale.readers / 8);
    for (let i = 0; i < scale.readers - late; i++) this.open(i);
    await this.until(() => readers.every(({ from }) => from !== null), 'the streams begin');

    // Theirs are the records that everybody writes to, and the last of all.
    const hosts = accounts.map(({ id, people: [host] }, a) => this.writer(-1 - a, host as Person, id, []));
    const shared = await Promise.all(hosts.map((host) => host.share(4)));
    const writers = Array.from({ length: WRITERS }, (_, i) => {
      const a = i % 3 === 2 ? 1 : 0;
      const { id, people } = accounts[a] as (typeof accounts)[number];
      return this.writer(i, i === WRITERS - 1 ? root : (people[i % PEOPLE] as Person), id, shared[a] as Tracked[]);
    });
    const flooding = this.flood(hosts[0] as Writer);
    const stirring = setInterval(() => this.stir(late), 10);
    const telling = setInterval(() => say(this.progress()), 5000);
    try {
      const limit = delay(LIMIT_MS, 'limit' as const, { ref: false });
      const ended = await Promise.race([Promise.all(writers.map((writer) => writer.run())), limit]);
      if (ended === 'limit') throw new Error(`Not done within the time: ${this.progress()}`);
    } finally {
      this.over = true;
      clearInterval(stirring);
      clearInterval(telling);
    }
    const cutOff = await flooding;
    say(`${this.progress()}; now all of it has to arrive`);
    await this.end(hosts);
    for (const reader of readers) reader.stop();
    await Promise.all(this.running);
    this.agent.destroy();
    return this.report(complaints, cutOff);
  }

  private writer(number: number, person: Person, account: string, shared: readonly Tracked[]): Writer {
    const { scale, ports, agent, book, violations } = this;
    const random = chance(scale.seed * 1000 + number);
    const next = (answered: number) => this.next(answered);
    return new Writer({ number, person, account, ports, agent, book, violations, shared, random, next });
  }

  private open(i: number): Reader {
    const { people, ports, violations, records, texts, places, scale } = this;
    const [root, one, ...others] = people as [Person, Person, ...Person[]];
    // Every fifth is a superadmin, every tenth one of one account; the first two see everything.
    const person = i % 5 === 0 || i === 1 ? root : ([one, ...others][i % (people.length - 1)] as Person);
    const named = i % 10 === 5 ? one.account : null;
    const { query, ...sight } = SIGHTS[i < 2 ? 0 : Math.floor(i / 2) % SIGHTS.length] as (typeof SIGHTS)[number];
    const who = person.account === null ? `superadmin of ${named ?? 'all'}` : `${person.id} of ${person.account}`;
    const reader = new Reader({
      name: `reader ${i} (${who}, ${query})`,
      view: { ...sight, account: person.account ?? named, user: person.account === null ? null : person.id },
      query,
      headers: { Authorization: `Bearer ${person.token}`, ...(named !== null && { 'X-Account-ID': named }) },
      random: chance(scale.seed * 777 + i),
      longest: Math.max(100, scale.events / 12),
      ...{ ports, violations, records, texts, places },
    });
    this.readers.push(reader);
    this.running.push(reader.run());
    return reader;
  }

  private get drops(): number {
    return this.readers.reduce((n, { drops }) => n + drops, 0);
  }

  private async next(answered: number): Promise<boolean> {
    this.written += answered;
    if (this.killed < this.scale.kills && this.written >= this.killAt && this.pause === null) this.kill();
    if (this.pause !== null) await this.pause;
    const { events, kills, drops } = this.scale;
    return this.written < events || this.killed < kills || this.drops < drops;
  }

  /** In the midst of what the other writers do. One that is just starting is waited for, and killed a little later. */
  private kill(): void {
    const { random, servers, scale } = this;
    const victim = random.one(servers);
    if (!victim.up) {
      this.pause = victim.ready.then(() => {
        this.pause = null;
        this.killAt = this.written + 5 + random.below(40);
      });
      return;
    }
    victim.kill();
    this.killed += 1;
    this.killAt = Math.max(this.killAt, (scale.events * (this.killed + 1)) / (scale.kills + 1));
  }

  /** Drops as many connections as are due, and lets newcomers in. */
  private stir(late: number): void {
    const { scale, random, readers } = this;
    const part = Math.min(1, this.written / scale.events);
    const waiting = readers.filter(({ dropping }) => dropping).length;
    for (let due = Math.ceil(part * scale.drops) - this.drops - waiting; due > 0; due--)
      random.one(readers.filter(({ connected, dropping }) => connected && !dropping))?.drop();
    if (part * STALLS > readers.reduce((n, { stalls }) => n + stalls, 0)) random.one(readers).stall();
    if (this.newcomers.size < late && part > (this.newcomers.size + 1) / (late + 2))
      this.newcomers.add(this.open(readers.length));
  }

  /** In the midst of it one reader reads nothing of more than is kept for it: it is cut off, and must not lose anything. */
  private async flood(host: Writer): Promise<boolean> {
    while (this.written < this.scale.events / 2 && !this.over) await delay(20);
    if (this.over) return false;
    const slow = this.readers[1] as Reader;
    while (!slow.connected && !this.over) await delay(5);
    const release = slow.hold();
    await host.flood();
    await delay(500);
    return release();
  }

  /** Waits for what killed servers left behind in the database, then for the last event of all. */
  private async end(hosts: readonly Writer[]): Promise<void> {
    const { servers, client, readers, records } = this;
    await Promise.all(servers.map(({ ready }) => ready));
    const { rows } = await client.query('select pg_current_xact_id()::text as now');
    const open = 'select pg_snapshot_xmin(pg_current_snapshot()) <= $1::xid8 as open';
    while ((await client.query(open, [rows[0].now])).rows[0].open) await delay(50);
    const last = await Promise.all(hosts.map((host) => host.last()));
    const numbers = last.map(({ id, account }) => ({ number: records.number(id as string), account }));
    const done = ({ view, record }: Reader) =>
      numbers.every(({ number, account }) => (view.account ?? account) !== account || record.includes(number));
    await this.until(() => readers.every(done), 'the last events arrive').catch((error) => {
      const names = readers.filter((reader) => !done(reader)).map(({ name }) => name);
      this.violations.add('never came', `${error.message}: ${names}`);
    });
    // For whatever must not come.
    await delay(1000);
  }

  private async until(done: () => boolean, what: string): Promise<void> {
    let since = performance.now();
    while (!done()) {
      await delay(50);
      since = Math.max(since, ...this.readers.map(({ lastAt }) => lastAt));
      if (performance.now() - since > SILENCE_MS) throw new Error(`In vain it was waited until ${what}`);
    }
  }

  private async report(complaints: readonly string[], cutOff: boolean): Promise<Report> {
    const { book, readers, violations, newcomers } = this;
    const told = { records: this.records, texts: this.texts };
    const { rows } = await this.client.query<Row>(
      `select id::text, account_id, created_by, updated_by, key, version::float8 as version, lane, note
       from app_main.${COLLECTION}`,
    );
    const writes = settle(book, rows, violations);
    const byKey = new Map(rows.map((row) => [row.key, row]));
    const [all, too] = readers as [Reader, Reader];
    for (const record of book)
      if (record.shared !== null) chain(record, byKey.get(record.key), told, [all, too], violations);
    const witness = witnessOf([all, too]);
    const judgements = readers.map((one) => judge(one, book, told, witness, newcomers.has(one), violations));
    const total = (name: 'expected' | 'lost' | 'disordered' | 'hidden' | 'unexpected') =>
      judgements.reduce((n, one) => n + one[name], 0);
    const sum = (name: 'drops' | 'stalls' | 'connections' | 'resumed' | 'repeated') =>
      readers.reduce((n, one) => n + one[name], 0);
    return {
      violations: violations.told,
      counts: {
        readers: readers.length,
        newcomers: newcomers.size,
        records: book.length,
        changes: book.reduce((n, { steps }) => n + steps.length, 0),
        'answered changes': this.written,
        'writes without an answer, done': writes.done,
        'writes without an answer, not done': writes.undone,
        kills: this.killed,
        drops: sum('drops'),
        stalls: sum('stalls'),
        'cut off as too slow': Number(cutOff),
        connections: sum('connections'),
        'connections taken up': sum('resumed'),
        'events expected': total('expected'),
        'events received': readers.reduce((n, { place }) => n + place.length, 0),
        'events repeated as asked': sum('repeated'),
        lost: total('lost'),
        'records out of order': total('disordered'),
        hidden: total('hidden'),
        unexpected: total('unexpected'),
        seconds: Math.round((performance.now() - this.began) / 1000),
        ...Object.fromEntries([...violations.counts].map(([kind, count]) => [`VIOLATION ${kind}`, count])),
      },
      evidence: await this.evidence(judgements.flatMap(({ suspects }) => [...suspects])),
      complaints,
    };
  }

  private async evidence(ids: readonly string[]): Promise<string[]> {
    const found: string[] = [];
    for (const id of [...new Set(ids)].filter((one) => /^[0-9a-f-]{36}$/.test(one)).slice(0, 4)) {
      const { rows } = await this.client.query(
        `select (select min(number) from snackbase.event_batches b where pg_visible_in_snapshot(e.xid, b.snapshot)) as batch,
           xid::text, id::text, type, occurred_at, cells, assigned, was
         from snackbase.events e where record_id = $1 order by 1, e.id`,
        [id],
      );
      found.push(`${id} in the log:\n${rows.map((row) => `  ${JSON.stringify(row)}`).join('\n')}`);
    }
    return found;
  }

  private progress(): string {
    const seconds = (performance.now() - this.began) / 1000;
    const delivered = this.readers.reduce((total, { place }) => total + place.length, 0);
    return `${seconds.toFixed(0)} s: ${this.written} changes, ${delivered} delivered, ${this.drops} drops, ${this.killed} kills`;
  }
}
