// Questions for names: the system answers each in a thread of the process, of which there are few, so they wait for their turn.
import { lookup as systemLookup } from 'node:dns';
import { OutboundError } from './error.ts';

export interface Address {
  readonly address: string;
  readonly family: number;
}

/** All addresses of a name; rejects as `dns.lookup` does. */
export type Resolve = (host: string) => Promise<readonly Address[]>;

export interface LookupOptions {
  readonly resolve?: Resolve;
  /** Lookups at a time. */
  readonly most?: number;
  /** For one lookup from its beginning; waiting for a turn does not count. */
  readonly limitMs?: number;
}

export interface Asking {
  /** On whose behalf: accounts take turns. */
  readonly asker?: string | undefined;
  /** Nobody waits for it any more. */
  readonly signal?: AbortSignal | undefined;
}

/** Throws OutboundError `dns`, `dns_timeout` or `aborted`. */
export type Lookup = (host: string, asking?: Asking) => Promise<readonly Address[]>;

export const LOOKUP_MS = 5000;

/**
 * `dns.lookup` runs in libuv's pool, which gives half of its threads to lookups and the rest to files. Of four threads we take the
 * two; of a larger pool (UV_THREADPOOL_SIZE) a quarter, so that lookups of the server itself (database, mail) find one free.
 * c-ares would need no thread, but it knows neither /etc/hosts nor search domains.
 */
export function lookupsAtATime(pool: string | undefined = process.env.UV_THREADPOOL_SIZE): number {
  const threads = Number(pool) || 4;
  return threads < 4 ? 1 : Math.max(2, Math.floor(threads / 4));
}

const bySystem: Resolve = (host) =>
  new Promise((resolve, reject) => {
    systemLookup(host, { all: true }, (error, found) => (error ? reject(error) : resolve(found)));
  });

interface Waiter {
  readonly asker: string;
  begin(): void;
  answer(found: readonly Address[]): void;
  fail(error: unknown): void;
}

/** One name that is asked for; `taker` is whose slot it has, null while it waits. */
interface Question {
  readonly host: string;
  readonly waiters: Set<Waiter>;
  taker: string | null;
}

/** Whoever asks for a name that is being asked for gets the same answer; nothing is remembered behind it. */
export function createLookups({
  resolve = bySystem,
  most = lookupsAtATime(),
  limitMs = LOOKUP_MS,
}: LookupOptions = {}): Lookup {
  /** Waiting ones in the order in which they came, and running ones. */
  const questions = new Map<string, Question>();
  /** Slots by who took them. */
  const taken = new Map<string, number>();
  /** When each took one last, so that they take turns. */
  const served = new Map<string, number>();
  let turns = 0;
  let running = 0;
  // Where there are several slots the last one is never of somebody who has all others: names that do not answer are one account's trouble.
  const share = Math.max(1, most - 1);

  /** Of those who may take a slot, one with the fewest and of these the one who waited longest since his last. */
  function next(): { readonly question: Question; readonly asker: string } | null {
    let best: { readonly question: Question; readonly asker: string } | null = null;
    const slots = (asker: string) => taken.get(asker) ?? 0;
    const rank = (asker: string) => [slots(asker), served.get(asker) ?? 0] as const;
    for (const question of questions.values()) {
      if (question.taker !== null) continue;
      for (const { asker } of question.waiters) {
        if (slots(asker) >= share) continue;
        const [held, last] = rank(asker);
        const [least, oldest] = best === null ? [Infinity, Infinity] : rank(best.asker);
        if (held < least || (held === least && last < oldest)) best = { question, asker };
      }
    }
    return best;
  }

  function start(): void {
    for (let found = running < most ? next() : null; found !== null; found = running < most ? next() : null)
      run(found.question, found.asker);
  }

  function run(question: Question, asker: string): void {
    question.taker = asker;
    running += 1;
    taken.set(asker, (taken.get(asker) ?? 0) + 1);
    served.set(asker, ++turns);
    const { host, waiters } = question;
    for (const waiter of waiters) waiter.begin();
    // Also when all who waited were told that it is late: the thread works on until the system gives up, and nothing can stop it.
    const end = (tell: (waiter: Waiter) => void) => {
      questions.delete(host);
      running -= 1;
      const left = (taken.get(asker) ?? 1) - 1;
      if (left > 0) taken.set(asker, left);
      else taken.delete(asker);
      if (questions.size === 0) served.clear();
      for (const waiter of [...waiters]) tell(waiter);
      start();
    };
    resolve(host).then(
      (found) => end((waiter) => waiter.answer(found)),
      (cause) => end((waiter) => waiter.fail(new OutboundError('dns', 'The name could not be resolved.', { cause }))),
    );
  }

  return (host, { asker = '', signal } = {}) =>
    new Promise((answered, failed) => {
      if (signal?.aborted) return failed(gaveUp());
      const question = questions.get(host) ?? { host, waiters: new Set<Waiter>(), taker: null };
      let timer: NodeJS.Timeout | undefined;
      const over = (finish: () => void) => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        question.waiters.delete(waiter);
        if (question.waiters.size === 0 && question.taker === null && questions.get(host) === question)
          questions.delete(host);
        finish();
      };
      const onAbort = () => over(() => failed(gaveUp()));
      const late = `The name was not resolved within ${limitMs / 1000} s.`;
      const waiter: Waiter = {
        asker,
        begin() {
          timer = setTimeout(() => over(() => failed(new OutboundError('dns_timeout', late))), limitMs);
        },
        answer: (found) => over(() => answered(found)),
        fail: (error) => over(() => failed(error)),
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      question.waiters.add(waiter);
      questions.set(host, question);
      if (question.taker !== null) waiter.begin();
      else start();
    });
}

const gaveUp = () => new OutboundError('aborted', 'The call was given up.');
