// A writer: changes records of its own and a few that all write to, one by one and in batches, and notes what was answered.
import { Agent, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { Chance } from '../test/fuzz/random.ts';
import type { Violations } from './stream-chaos-reader.ts';
import type { Person } from './stream-chaos-servers.ts';
import {
  COLLECTION,
  LANES,
  type State,
  type Step,
  type Tracked,
  tracked,
  type Unanswered,
} from './stream-chaos-truth.ts';

export interface WriterOptions {
  readonly number: number;
  readonly person: Person;
  /** Where it writes: its own account, for a superadmin any. */
  readonly account: string;
  readonly ports: readonly number[];
  readonly random: Chance;
  readonly violations: Violations;
  readonly agent: Agent;
  /** Of its account, written to by everyone. */
  readonly shared: readonly Tracked[];
  /** Every record that was ever begun. */
  readonly book: Tracked[];
  /** Called with the number of changes that were answered; resolves when the next may begin, false: enough. */
  readonly next: (answered: number) => Promise<boolean>;
}

type Change =
  | { readonly op: 'create' | 'update'; readonly record: Tracked; readonly state: State }
  | { readonly op: 'delete'; readonly record: Tracked; readonly state: null };

interface Row {
  readonly id?: string;
}
interface Answer {
  readonly id?: string;
  readonly results?: readonly Row[];
  readonly created?: readonly Row[];
}

const LIVE = 30;
/** An answer that does not come within this time never comes. */
const PATIENCE_MS = 60_000;

export const connections = (): Agent => new Agent({ keepAlive: true, maxSockets: 200 });

export class Writer {
  private made = 0;
  private versions = 0;
  private live: Tracked[] = [];
  private readonly name: string;

  constructor(private readonly options: WriterOptions) {
    this.name = `writer ${options.number}`;
  }

  /** Makes records that everyone may write to. */
  share(count: number): Promise<Tracked[]> {
    return Promise.all(Array.from({ length: count }, (_, i) => this.first(`everyones ${i}`, true)));
  }

  /** Makes a record that every reader of its account hears of, and changes it. */
  async last(): Promise<Tracked> {
    const record = await this.first('the last', false);
    await this.write([this.change(record, { ...(record.steps[0]?.state as State) }, 'red')]);
    return record;
  }

  /** Creates more at once than the buffers of a connection hold; superadmins see it. */
  async flood(): Promise<void> {
    const lane = 'black';
    for (let i = 0; i < 6; i++) {
      const changes = Array.from({ length: 40 }, () => {
        const { record } = this.create();
        const state = { ...this.state(record, 1, lane), note: `${record.key} ${'long '.repeat(20_000)}` };
        return { op: 'create', record, state } as const;
      });
      await this.write(changes);
    }
  }

  private async first(key: string, shared: boolean): Promise<Tracked> {
    const { account, person, book } = this.options;
    const record = tracked(`${key} of ${account}`, account, person.id, shared);
    book.push(record);
    await this.write([{ op: 'create', record, state: this.state(record, 3, 'red') }]);
    return record;
  }

  async run(): Promise<void> {
    let answered = 0;
    while (await this.options.next(answered)) answered = await this.write(this.changes());
  }

  /** Does a write and notes it; answers how many changes were acknowledged. */
  async write(changes: readonly Change[]): Promise<number> {
    const { random, violations } = this.options;
    const { method, path, body } = this.spelled(changes);
    for (;;) {
      const begun = performance.now();
      const reply = await this.send(method, path, body);
      if (reply === 'refused') {
        await delay(5 + random.below(30));
        continue;
      }
      const steps = new Map<Tracked, Step[]>();
      for (const { record, state } of changes) {
        const found = steps.get(record) ?? [];
        steps.set(record, found);
        found.push({ state, begun });
      }
      if (typeof reply === 'object' && reply.status < 300) {
        this.note(changes, steps, reply.body);
        return changes.length;
      }
      if (typeof reply === 'object')
        violations.add(
          'write refused',
          `${this.name}: ${method} ${path} ${reply.status} ${JSON.stringify(reply.body)}`,
        );
      const write: Unanswered = { records: new Set() };
      for (const [record, list] of steps) {
        if (record.shared !== null) this.attempt(record, list, false);
        else {
          record.unanswered = { write, steps: list };
          write.records.add(record);
        }
      }
      this.live = this.live.filter((record) => record.unanswered === null);
      return 0;
    }
  }

  private attempt(record: Tracked, steps: readonly Step[], answered: boolean): void {
    for (const step of steps) record.shared?.set((step.state as State).version, { step, answered });
  }

  private note(changes: readonly Change[], steps: ReadonlyMap<Tracked, Step[]>, answer: Answer): void {
    changes.forEach(({ op, record }, i) => {
      if (op === 'create') record.id = (answer.results ?? answer.created ?? [answer])[i]?.id ?? null;
    });
    for (const [record, list] of steps) {
      if (record.shared !== null && record.steps.length > 0) this.attempt(record, list, true);
      else record.steps.push(...list);
    }
    // Whoever may not see what he has made is not told its id.
    this.live = this.live.filter(({ id, steps: [...all] }) => id !== null && all.at(-1)?.state !== null);
  }

  /** What comes next: mostly one change, at times a batch, rarely a large one. */
  private changes(): Change[] {
    const { random, shared } = this.options;
    const kind = random.below(100);
    if (kind < 12) return [this.change(random.one(shared))];
    if (kind < 72 || this.live.length < 5) return [this.any(this.live)];
    const count = kind > 98 ? 120 : 2 + random.below(24);
    const free = [...this.live];
    if (kind < 78) return Array.from({ length: Math.min(count, 40) }, () => this.create());
    const take = () => free.splice(random.below(free.length), 1)[0] as Tracked;
    if (kind < 88) return Array.from({ length: Math.min(count, free.length) }, () => this.change(take()));
    if (kind < 90) return Array.from({ length: Math.min(count, 6, free.length) }, () => this.remove(take()));
    return this.mixed(count, free);
  }

  /** Several changes of one record may stand in one transaction. */
  private mixed(count: number, free: Tracked[]): Change[] {
    const { random, shared } = this.options;
    const changes: Change[] = random.rarely(3) ? [this.change(random.one(shared))] : [];
    const now = new Map<Tracked, State>();
    while (changes.length < count) {
      const made = [...now.keys()];
      if (made.length > 0 && random.rarely(3)) {
        const record = random.one(made);
        const change = this.change(record, now.get(record));
        changes.push(change);
        now.set(record, change.state as State);
        continue;
      }
      const change = this.any(free);
      const at = free.indexOf(change.record);
      if (at >= 0) free.splice(at, 1);
      changes.push(change);
      if (change.state !== null) now.set(change.record, change.state);
    }
    return changes;
  }

  private any(of: readonly Tracked[]): Change {
    const { random } = this.options;
    const kind = random.below(100);
    if (of.length === 0 || (kind < 20 && of.length < LIVE)) return this.create();
    return kind > 88 || (kind < 20 && of.length >= LIVE) ? this.remove(random.one(of)) : this.change(random.one(of));
  }

  private create(): Change {
    const { number, account, person, book } = this.options;
    const record = tracked(`k${number}-${this.made++}`, account, person.id);
    book.push(record);
    this.live.push(record);
    return { op: 'create', record, state: this.state(record, 1) };
  }

  /** The next state of a record; of a shared one a state that nobody else writes. */
  private change(record: Tracked, before = record.steps.at(-1)?.state, lane?: State['lane']): Change {
    const version = record.shared === null ? (before as State).version + 1 : this.ownVersion();
    return { op: 'update', record, state: this.state(record, version, lane) };
  }

  private ownVersion(): number {
    this.versions += 1;
    return (this.options.number + 1) * 1_000_000 + this.versions;
  }

  private state(record: Tracked, version: number, lane = this.lane(record)): State {
    const note = `${record.key} at ${version} is ${lane}`;
    return { version, lane, note, updatedBy: this.options.person.id };
  }

  private lane(record: Tracked): State['lane'] {
    return record.shared === null ? this.options.random.one<State['lane']>([...LANES, 'red', 'red']) : 'red';
  }

  private remove(record: Tracked): Change {
    return { op: 'delete', record, state: null };
  }

  /** As a request: alone by its own route, many of a kind by the collection's batch, everything else in a transaction. */
  private spelled(changes: readonly Change[]): { method: string; path: string; body: unknown } {
    const base = `/api/v1/records/${COLLECTION}`;
    const [first] = changes as [Change];
    const own = this.options.person.account === null ? { account_id: this.options.account } : {};
    const data = ({ op, record, state }: Change): object => {
      const { version, lane, note } = state as State;
      return op === 'create' ? { key: record.key, version, lane, note, ...own } : { version, lane, note };
    };
    const alone = new Set(changes.map(({ record }) => record)).size === changes.length;
    if (changes.length === 1) {
      if (first.op === 'create') return { method: 'POST', path: base, body: data(first) };
      const path = `${base}/${first.record.id}`;
      if (first.op === 'delete') return { method: 'DELETE', path, body: undefined };
      return { method: 'PATCH', path, body: data(first) };
    }
    if (alone && changes.every(({ op }) => op === first.op)) {
      const path = `${base}/batch`;
      if (first.op === 'create') return { method: 'POST', path, body: { records: changes.map(data) } };
      if (first.op === 'delete')
        return { method: 'DELETE', path, body: { ids: changes.map(({ record }) => record.id) } };
      return { method: 'PATCH', path, body: { records: changes.map((c) => ({ id: c.record.id, data: data(c) })) } };
    }
    const made = new Map<Tracked, number>();
    const operations = changes.map((change, i) => {
      const { op, record } = change;
      if (op === 'create') {
        made.set(record, i);
        return { op, collection: COLLECTION, data: data(change) };
      }
      const at = made.get(record);
      const id = at === undefined ? record.id : { $from: `${at}.id` };
      return { op, collection: COLLECTION, id, ...(op === 'update' && { data: data(change) }) };
    });
    return { method: 'POST', path: '/api/v1/batch', body: { operations } };
  }

  /** `refused`: it was certainly not done; `silent`: it may have been. */
  private send(
    method: string,
    path: string,
    body: unknown,
  ): Promise<{ status: number; body: Answer } | 'refused' | 'silent'> {
    const { ports, random, agent, person, violations } = this.options;
    const text = body === undefined ? '' : JSON.stringify(body);
    return new Promise((resolve) => {
      const call = request({
        agent,
        host: '127.0.0.1',
        port: random.one(ports),
        method,
        path,
        headers: {
          Authorization: `Bearer ${person.token}`,
          ...(text !== '' && { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) }),
        },
      });
      const lost = (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED' ? 'refused' : 'silent');
      call.on('error', lost);
      call.setTimeout(PATIENCE_MS, () => {
        violations.add('write without an answer', `${this.name}: ${method} ${path}`);
        call.destroy(new Error('no answer'));
      });
      call.on('response', (response) => {
        let reply = '';
        response.setEncoding('utf8').on('data', (chunk) => {
          reply += chunk;
        });
        response.on('error', lost);
        response.on('close', () => resolve('silent'));
        response.on('end', () => {
          if (!response.complete) return resolve('silent');
          resolve({ status: response.statusCode ?? 0, body: reply === '' ? {} : JSON.parse(reply) });
        });
      });
      call.end(text);
    });
  }
}
