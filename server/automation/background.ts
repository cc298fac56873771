// What a process does without being asked: each part is begun by itself, again until it stands, and all end together.
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../db/log.ts';

/** A part of the background that works. */
export interface Working {
  /** Takes nothing more and waits for what runs, within bounds. */
  close(): Promise<void>;
}

export interface Background {
  /**
   * `start` is called once this process begins to work, which it may never do (SNACKBASE_WORKER=off, commands). One that rejects
   * is called again, with growing pauses, and keeps nobody waiting.
   */
  add(name: string, start: () => Working | Promise<Working>): void;
  /** Begins everything that was added and is added later. May be called twice. */
  begin(): void;
  /** Ends everything, side by side; nothing begins any more. May be called twice. */
  close(): Promise<void>;
}

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 15_000;

export function createBackground({ log }: { readonly log?: Logger | undefined }): Background {
  const waiting: (() => void)[] = [];
  const parts: Promise<Working | null>[] = [];
  const stopping = new AbortController();
  let begun = false;
  let closing: Promise<void> | undefined;

  async function standing(name: string, start: () => Working | Promise<Working>): Promise<Working | null> {
    for (let pause = FIRST_PAUSE_MS; !stopping.signal.aborted; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
      try {
        return await start();
      } catch (error) {
        if (stopping.signal.aborted) break;
        log?.warn({ err: error, work: name }, 'Background work could not begin; trying again.');
        await delay(pause, undefined, { signal: stopping.signal }).catch(() => {});
      }
    }
    return null;
  }

  async function end(): Promise<void> {
    stopping.abort();
    const ends = await Promise.allSettled(parts.map(async (part) => (await part)?.close()));
    for (const one of ends)
      if (one.status === 'rejected') log?.warn({ err: one.reason }, 'Background work did not end cleanly.');
  }

  return {
    add(name, start) {
      const begin = () => void parts.push(standing(name, start));
      if (begun) begin();
      else waiting.push(begin);
    },
    begin() {
      if (stopping.signal.aborted) return;
      begun = true;
      for (const begin of waiting.splice(0)) begin();
    },
    close() {
      closing ??= end();
      return closing;
    },
  };
}
