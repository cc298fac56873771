// Reads server-sent events as a program without a library would: bytes to lines to events.

// biome-ignore lint/suspicious/noExplicitAny: a test reads the keys it expects
type Json = any;

export interface Sent {
  readonly id: string | null;
  readonly event: string;
  readonly data: Json;
}

export interface StreamReader {
  readonly status: number;
  readonly headers: Headers;
  /** Everything that came. */
  readonly text: string;
  readonly events: readonly Sent[];
  /** The last id that was sent, with or without an event. */
  readonly lastId: string | null;
  /** The other side has ended it. */
  readonly ended: Promise<void>;
  /** The first `count` events; rejects after `ms`. */
  take(count: number, ms?: number): Promise<readonly Sent[]>;
  /** Resolves once an event came that `test` chooses. */
  until(test: (event: Sent) => boolean, ms?: number): Promise<void>;
  close(): void;
}

/** Opens a stream and reads it in the background. A refusal is read to its end into `text`. */
export async function openStream(url: string, headers: Record<string, string> = {}): Promise<StreamReader> {
  const stop = new AbortController();
  const response = await fetch(url, { headers, signal: stop.signal });
  const events: Sent[] = [];
  let text = '';
  let lastId: string | null = null;
  let rest = '';
  let wake = () => {};

  const take = (block: string) => {
    let event = 'message';
    let data: string | null = null;
    for (const line of block.split('\n')) {
      const at = line.indexOf(':');
      if (at <= 0) continue;
      const [name, value] = [line.slice(0, at), line.slice(at + 1).replace(/^ /, '')];
      if (name === 'id') lastId = value;
      if (name === 'event') event = value;
      if (name === 'data') data = data === null ? value : `${data}\n${value}`;
    }
    if (data !== null) events.push({ id: lastId, event, data: JSON.parse(data) });
  };
  const reading = (async () => {
    const decoder = new TextDecoder();
    try {
      for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
        const piece = decoder.decode(chunk, { stream: true });
        text += piece;
        rest += piece;
        const blocks = rest.split('\n\n');
        rest = blocks.pop() as string;
        for (const block of blocks) take(block);
        wake();
      }
    } catch {
      // Closed from either side.
    }
    wake();
  })();

  async function until(done: () => boolean, ms: number, wanted: string): Promise<void> {
    const limit = performance.now() + ms;
    while (!done()) {
      const left = limit - performance.now();
      if (left <= 0) throw new Error(`${wanted} did not come, but ${events.length}: ${text}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(left, 100));
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  return {
    status: response.status,
    headers: response.headers,
    get text() {
      return text;
    },
    get events() {
      return events;
    },
    get lastId() {
      return lastId;
    },
    ended: reading,
    async take(count, ms = 10_000) {
      await until(() => events.length >= count, ms, `${count} events`);
      return events.slice(0, count);
    },
    until: (test, ms = 10_000) => until(() => events.some(test), ms, 'the event'),
    close: () => stop.abort(),
  };
}
