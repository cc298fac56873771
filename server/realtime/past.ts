// Reading the log for those who catch up: a few pages at a time, and a page that several ask for once.
import { type Position, positionText } from '../events/position.ts';
import type { Tail } from '../events/tail.ts';

/** Events at a time. */
const PAGE = 200;
/** Requests must not wait for those who come again. */
const AT_ONCE = 4;

type Page = ReturnType<Tail['read']>;

/** Reads a page behind a position, as `tail.read` does. */
export function createPast(tail: Pick<Tail, 'read'>): (at: Position) => Page {
  let reading = 0;
  const waiting: (() => void)[] = [];
  async function turn(at: Position): Page {
    if (reading >= AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
    else reading += 1;
    try {
      return await tail.read(at, PAGE);
    } finally {
      const next = waiting.shift();
      if (next === undefined) reading -= 1;
      else next();
    }
  }

  // Who comes again after a restart comes with all others, and from the same place.
  const pages = new Map<string, Page>();
  return (at) => {
    const key = positionText(at);
    const page = pages.get(key) ?? turn(at).finally(() => pages.delete(key));
    pages.set(key, page);
    return page;
  };
}
