// Server-sent events out of the text of a body, whatever its chunks are; blocks without data tell their id as well.
import { createParser } from 'eventsource-parser';

/** One block of the stream. Without data it only moves the place to resume from. */
export interface Block {
  readonly id: string | undefined;
  readonly event?: string | undefined;
  readonly data?: string;
}

/** A parser that takes text as it comes and answers the blocks that it completes. @param onRetry gets the server's `retry:`, in ms */
export function blocksOf(onRetry: (ms: number) => void): (text: string) => Block[] {
  let done: Block[] = [];
  const parser = createParser({
    onEvent: ({ id, event, data }) => done.push({ id: id || undefined, event, data }),
    onRetry,
  });
  let rest = '';
  let returned = false;
  let id: string | undefined;

  // The parser says nothing of a block without data. It gets whole lines, so that the end of such a block can be seen from here.
  const take = (line: string) => {
    const before = done.length;
    parser.feed(`${line}\n`);
    if (line.startsWith('id:')) id = line.slice(3).trim();
    if (line !== '') return;
    if (id && done.length === before) done.push({ id });
    id = undefined;
  };

  return (text) => {
    if (text === '') return [];
    // A line feed that begins a chunk may be the second half of a line's end.
    const lines = (returned ? text.replace(/^\n/, '') : text).split(/\r\n|\r|\n/);
    returned = text.endsWith('\r');
    lines[0] = rest + lines[0];
    rest = lines.pop() as string;
    done = [];
    for (const line of lines) take(line);
    return done;
  };
}
