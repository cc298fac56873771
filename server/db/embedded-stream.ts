// The wire between `pg` and the embedded engine: a socket whose other end is a worker thread.
import { Duplex } from 'node:stream';
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';

const workerFile = new URL('./embedded-worker.mjs', import.meta.url);

// Deeply nested JSON or expressions recurse on the thread's stack; a page of it costs memory only once it is touched.
const resourceLimits = { stackSizeMb: 64 };

export interface EngineOptions {
  readonly dataDir: string;
  /** Whether an answered commit survives a power cut; without, only a crash of the process. */
  readonly durable: boolean;
  /** How long one batch of statements may take before the engine is given up, in ms; 0 for ever. */
  readonly patienceMs: number;
}

/** Starts the engine on a cluster that exists already. Looks enough like a net.Socket for `pg`. */
export class EngineStream extends Duplex {
  /** May be changed between statements: there is no other way to stop the engine than to give it up. */
  patienceMs: number;
  /** Settles when the thread is gone, so that another may open the same directory. */
  readonly exited: Promise<void>;
  private readonly worker: Worker;
  private unanswered = 0;
  private lastAnswer = Date.now();
  private waiting: (() => void) | undefined;
  private watch: NodeJS.Timeout | undefined;
  private reason: string | undefined;

  constructor({ dataDir, durable, patienceMs }: EngineOptions) {
    // `pg` writes whole messages only, and the engine must see no half ones: chunks are joined, never split.
    super({ decodeStrings: false, writableHighWaterMark: 1 << 20 });
    this.patienceMs = patienceMs;
    // Optimise only what is truly hot: 40 MB less and a quicker start, no slower in the long run.
    setFlagsFromString('--wasm-tiering-budget=100000000');
    this.worker = new Worker(workerFile, { workerData: { dataDir, durable }, resourceLimits, name: 'database' });
    this.worker.on('message', (message: Uint8Array | string) => this.receive(message));
    this.worker.on('error', (error) => this.destroy(error));
    this.exited = new Promise((resolve) => {
      this.worker.once('exit', () => {
        resolve();
        if (!this.writableEnded)
          this.destroy(new Error(`The embedded database stopped: ${this.reason ?? 'no reason given'}.`));
      });
    });
  }

  /** How long nobody has asked anything, in ms; 0 while the engine works. */
  get idleMs(): number {
    return this.unanswered > 0 ? 0 : Date.now() - this.lastAnswer;
  }

  // What `pg` calls on a socket. The engine connects itself: 'connect' follows its readiness.
  connect(): this {
    return this;
  }
  setNoDelay(): this {
    return this;
  }
  setKeepAlive(): this {
    return this;
  }
  ref(): this {
    this.worker.ref();
    return this;
  }
  unref(): this {
    this.worker.unref();
    return this;
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.send([chunk], chunk.length, done);
  }

  override _writev(chunks: Array<{ chunk: Buffer }>, done: () => void): void {
    let size = 0;
    for (const { chunk } of chunks) size += chunk.length;
    this.send(
      chunks.map(({ chunk }) => chunk),
      size,
      done,
    );
  }

  override _final(done: () => void): void {
    this.worker.postMessage('close');
    this.exited.then(() => {
      this.push(null);
      done();
    });
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    clearTimeout(this.watch);
    this.worker.terminate().then(
      () => done(error),
      () => done(error),
    );
  }

  private send(chunks: Buffer[], size: number, done: () => void): void {
    // A fresh buffer: those of `pg` belong to a shared pool and cannot be given away.
    const message = new Uint8Array(size);
    let at = 0;
    for (const chunk of chunks) {
      message.set(chunk, at);
      at += chunk.length;
    }
    this.worker.postMessage(message, [message.buffer]);
    const answered = chunks[0]?.[0] !== terminate;
    if (answered) this.unanswered += 1;
    if (answered && this.unanswered === 1) this.startWatch();
    // While two batches are out, what else is written gathers into the next: fewer messages, and fewer fsyncs for more commits.
    if (this.unanswered < 2) done();
    else this.waiting = done;
  }

  private receive(message: Uint8Array | string): void {
    if (message === 'ready') {
      this.emit('connect');
    } else if (typeof message === 'string') {
      this.reason = message;
    } else {
      this.unanswered -= 1;
      this.lastAnswer = Date.now();
      const { waiting } = this;
      this.waiting = undefined;
      waiting?.();
      clearTimeout(this.watch);
      if (this.unanswered > 0) this.startWatch();
      this.push(Buffer.from(message.buffer, message.byteOffset, message.byteLength));
    }
  }

  private startWatch(): void {
    if (this.patienceMs === 0) return;
    this.watch = setTimeout(() => {
      this.destroy(new Error(`the embedded engine did not answer for ${this.patienceMs} ms and is restarted`));
    }, this.patienceMs);
    this.watch.unref();
  }
}

const terminate = 0x58;

/** Runs initdb into an empty directory, in a thread of its own because it needs some 700 MB for two seconds. */
export function initializeCluster(dataDir: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(workerFile, { workerData: { dataDir, initialize: true }, name: 'initdb' });
    worker.once('error', reject);
    worker.once('exit', (code) => (code === 0 ? resolve() : reject(new Error(`initdb ended with code ${code}.`))));
  });
}
