// A subscriber that comes again after every break: reads a stream's bytes by itself, keeps what was told, and judges the ids.
import { type ClientRequest, get, type IncomingMessage } from 'node:http';
import { StringDecoder } from 'node:string_decoder';
import { setTimeout as delay } from 'node:timers/promises';
import type { Chance } from '../test/fuzz/random.ts';
import { COLLECTION, eventText, FIELDS, type View } from './stream-chaos-truth.ts';

/** What went wrong, counted by kind; of each the first are told. */
export class Violations {
  readonly counts = new Map<string, number>();
  readonly told: string[] = [];

  add(kind: string, text: string): void {
    const count = (this.counts.get(kind) ?? 0) + 1;
    this.counts.set(kind, count);
    if (count <= 10) this.told.push(`${kind}: ${text}`);
  }
}

/** Equal texts once, as numbers: readers see much the same. */
export class Texts {
  private readonly numbers = new Map<string, number>();
  readonly all: string[] = [];

  number(text: string): number {
    const known = this.numbers.get(text);
    if (known !== undefined) return known;
    this.numbers.set(text, this.all.length);
    return this.all.push(text) - 1;
  }
}

export interface ReaderOptions {
  readonly name: string;
  readonly view: View;
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly ports: readonly number[];
  readonly random: Chance;
  /** How long it may be away, or read nothing, in ms. */
  readonly longest: number;
  readonly violations: Violations;
  readonly records: Texts;
  readonly texts: Texts;
  /** Which record an id was told of; one for all readers. */
  readonly places: Map<number, number>;
}

/** An id as one number, in the order of ids. */
const placeOf = (id: string): number => {
  const found = /^(\d+)-(\d+)$/.exec(id);
  return found === null ? Number.NaN : Number(found[1]) * 1e8 + Number(found[2]);
};

interface Told {
  readonly id: string;
  readonly type: string;
  readonly collection: string;
  readonly record_id: string;
  readonly timestamp: string;
  readonly old: Record<string, unknown> | null;
  readonly new: Record<string, unknown> | null;
  readonly changes: { readonly added: string[]; readonly updated: string[]; readonly removed: string[] };
}

export class Reader {
  /** Of every event but repeated ones: its record and its text, as numbers, and its place. */
  readonly record: number[] = [];
  readonly text: number[] = [];
  readonly place: number[] = [];
  /** Where its first stream began, and when. */
  from: number | null = null;
  fromAt = 0;
  connections = 0;
  resumed = 0;
  repeated = 0;
  drops = 0;
  stalls = 0;
  lastAt = 0;
  connected = false;
  private readonly at = new Map<number, number>();
  private readonly keys: string;
  private lastId: string | null = null;
  private stopped = false;
  private call: ClientRequest | null = null;
  private response: IncomingMessage | null = null;
  /** Blocks that are still read before this end drops the connection. */
  private left: number | null = null;
  /** Of this connection: the last place, and what has to come again before anything new. */
  private reached = Number.NEGATIVE_INFINITY;
  private again: number[] = [];

  constructor(private readonly options: ReaderOptions) {
    const all = ['account_id', 'created_at', 'created_by', 'updated_at', 'updated_by', ...FIELDS];
    this.keys = ['id', ...(options.view.fields ?? all)].sort().join();
  }

  get name(): string {
    return this.options.name;
  }
  get view(): View {
    return this.options.view;
  }

  async run(): Promise<void> {
    const { random } = this.options;
    while (!this.stopped) {
      await this.connect();
      this.connected = false;
      this.left = null;
      // Now and then it is away for so long that it has pages to catch up.
      if (!this.stopped) await delay(1 + random.below(random.rarely(10) ? this.options.longest : 60));
    }
  }

  /** About to be dropped. */
  get dropping(): boolean {
    return this.left !== null;
  }

  stop(): void {
    this.stopped = true;
    this.call?.destroy();
  }

  /** Breaks the connection from this end after some more blocks, at the latest in a moment. */
  drop(): boolean {
    if (!this.connected || this.left !== null) return false;
    this.left = this.options.random.below(25);
    const { call } = this;
    setTimeout(() => {
      if (this.call === call && this.left !== null) this.sever();
    }, 150).unref();
    return true;
  }

  /** Reads nothing for a while, so that the server has to keep what it cannot send, or to cut it off. */
  stall(): boolean {
    const { response } = this;
    if (!this.connected || response === null || response.isPaused()) return false;
    response.pause();
    this.stalls += 1;
    setTimeout(() => response.resume(), this.options.random.below(this.options.longest));
    return true;
  }

  /** Reads nothing until the answer is called, which tells whether the server has ended the connection meanwhile. */
  hold(): () => Promise<boolean> {
    const { response, drops } = this;
    response?.pause();
    return async () => {
      response?.resume();
      for (let i = 0; i < 100 && !response?.closed; i++) await delay(20);
      return response?.closed === true && this.drops === drops;
    };
  }

  private sever(): void {
    this.left = null;
    this.connected = false;
    this.drops += 1;
    this.call?.destroy();
  }

  private connect(): Promise<void> {
    const { ports, random, query, headers } = this.options;
    const since = this.resumption();
    const inHeader = random.below(4) > 0;
    const parts = [query, since !== null && !inHeader ? `last_event_id=${since}` : ''].filter(Boolean).join('&');
    return new Promise((resolve) => {
      const call = get({
        host: '127.0.0.1',
        port: random.one(ports),
        path: `/api/v1/records/${COLLECTION}/stream?${parts}`,
        headers: { ...headers, ...(since !== null && inHeader && { 'Last-Event-ID': since }) },
        agent: false,
      });
      this.call = call;
      call.on('error', () => resolve());
      call.on('close', () => resolve());
      call.on('response', (response) => {
        response.on('error', () => resolve());
        response.on('close', () => resolve());
        this.response = response;
        if (response.statusCode === 200) return this.read(response, since);
        let text = '';
        response.setEncoding('utf8').on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () => this.wrong('refused', `${response.statusCode} ${text}`));
      });
    });
  }

  /** Now and then from some events before the last, as a client would that kept its id late. */
  private resumption(): string | null {
    const { random } = this.options;
    this.again = [];
    this.reached = Number.NEGATIVE_INFINITY;
    if (this.lastId === null) return null;
    const back = random.rarely(4) ? 1 + random.below(12) : 0;
    const count = this.place.length;
    if (back === 0 || back >= count) {
      this.reached = placeOf(this.lastId);
      return this.lastId;
    }
    this.again = this.place.slice(count - back);
    this.reached = this.place[count - back - 1] as number;
    return `${Math.floor(this.reached / 1e8)}-${this.reached % 1e8}`;
  }

  private read(response: IncomingMessage, since: string | null): void {
    this.connections += 1;
    if (since !== null) this.resumed += 1;
    const decoder = new StringDecoder('utf8');
    let rest = '';
    response.on('data', (chunk: Buffer) => {
      if (this.response !== response || response.destroyed) return;
      const blocks = (rest + decoder.write(chunk)).split('\n\n');
      rest = blocks.pop() as string;
      for (const block of blocks) {
        this.block(block);
        // Whatever has come behind it is lost, as it would be on a broken line.
        if (this.left !== null && this.left-- <= 0) return this.sever();
      }
    });
  }

  private block(block: string): void {
    let event = 'message';
    let data = '';
    let id: string | null = null;
    for (const line of block.split('\n')) {
      if (line.startsWith('id: ')) id = line.slice(4);
      else if (line.startsWith('event: ')) event = line.slice(7);
      else if (line.startsWith('data: ')) data = line.slice(6);
    }
    const place = id === null ? Number.NaN : placeOf(id);
    if (id !== null && Number.isNaN(place)) this.wrong('bad id', block);
    if (data === '') this.bare(id, place);
    else if (event === 'reset') this.wrong('reset', `${block} after ${this.lastId}`);
    else if (event === 'end') this.wrong('ended', data);
    else this.event(event, id, place, JSON.parse(data) as Told);
  }

  /** The beginning of a stream, or a heartbeat. */
  private bare(id: string | null, place: number): void {
    this.connected = true;
    if (id === null) return;
    if (this.from === null) {
      this.from = place;
      this.fromAt = performance.now();
    }
    if (place < this.reached) this.wrong('id goes back', `${id} of a comment, behind ${this.reached}`);
    // Until what comes again has come, the earlier last id is still the one that counts.
    if (this.again.length === 0) {
      this.reached = place;
      this.lastId = id;
    }
  }

  private event(event: string, id: string | null, place: number, told: Told): void {
    const { records, texts, places } = this.options;
    this.lastAt = performance.now();
    if (event !== `${COLLECTION}.${told.type}` || told.collection !== COLLECTION || told.id !== id)
      this.wrong('malformed', `${event} ${id} ${JSON.stringify(told)}`);
    for (const content of [told.old, told.new])
      if (content !== null && (content.id !== told.record_id || Object.keys(content).sort().join() !== this.keys))
        this.wrong('malformed', `${id} shows ${JSON.stringify(content)}`);
    const record = records.number(told.record_id);
    const text = texts.number(eventText(told.type, told.old, told.new, told.changes));
    if (place <= this.reached) this.wrong('id goes back', `${id} behind ${this.reached}`);
    this.reached = place;
    if ((places.get(place) ?? record) !== record) this.wrong('id of two records', `${id} ${told.record_id}`);
    places.set(place, record);

    const known = this.at.get(place);
    if (known !== undefined) {
      this.repeated += 1;
      if (this.again.shift() !== place) this.wrong('repeated unasked', `${id}`);
      if (this.record[known] !== record || this.text[known] !== text) this.wrong('repeated otherwise', `${id}`);
      return;
    }
    if (this.again.length > 0) this.wrong('not repeated', `${this.again} before ${id}`);
    this.again = [];
    this.lastId = id;
    this.at.set(place, this.place.length);
    this.record.push(record);
    this.text.push(text);
    this.place.push(place);
  }

  private wrong(kind: string, text: string): void {
    this.options.violations.add(kind, `${this.name}: ${text}`);
  }
}
