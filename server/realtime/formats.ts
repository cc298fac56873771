// How an event is written: one text a kind of stream, shared by all who see the same.
import type { Event } from '../events/event.ts';
import { type Position, positionText } from '../events/position.ts';
import type { Seen, Watch } from '../records/service.ts';
import { shownName } from '../schema/names.ts';

/** A text that many readers get; its bytes are made once. */
export class Chunk {
  private made: Buffer | undefined;
  /** @param missing it says that events are missing */
  constructor(
    readonly text: string,
    readonly missing = false,
  ) {}
  get bytes(): Buffer {
    this.made ??= Buffer.from(this.text);
    return this.made;
  }
}

const together = new WeakMap<Chunk, { readonly parts: readonly Chunk[]; readonly whole: Chunk }>();

/** Several chunks as one: the same one for all readers who get the same, so that a burst is not held once for each of them. */
export function joined(parts: readonly Chunk[]): Chunk {
  const [first] = parts as [Chunk];
  if (parts.length === 1) return first;
  const known = together.get(first);
  if (known?.parts.length === parts.length && known.parts.every((part, i) => part === parts[i])) return known.whole;
  const whole = new Chunk(parts.map(({ text }) => text).join(''));
  together.set(first, { parts, whole });
  return whole;
}

export interface Format {
  readonly name: string;
  event(watch: Watch, event: Event, seen: Seen): string;
  /** Says that events are missing; what follows is behind `at`. */
  reset(watch: Watch, at: Position): string;
}

/** The stream of one collection: named events. */
export const NAMED: Format = {
  name: 'named',
  event(watch, { position, recordId, at }, { type, old, new: now, changes }) {
    const id = positionText(position);
    const collection = shownName(watch.def);
    return `id: ${id}\nevent: ${collection}.${type}\ndata: {"id":"${id}","type":"${type}","collection":"${collection}","record_id":"${recordId}","timestamp":"${at}","old":${old},"new":${now},"changes":${JSON.stringify(changes)}}\n\n`;
  },
  reset: (_watch, at) => `id: ${positionText(at)}\nevent: reset\ndata: {}\n\n`,
};

const OPERATIONS = { created: 'create', updated: 'update', deleted: 'delete' } as const;

function message(watch: Watch, { position, recordId, at }: Event, { type, old, new: now, changes }: Seen): string {
  const collection = shownName(watch.def);
  const data = now ?? `{"id":"${recordId}"}`;
  return `{"type":"${collection}.${OPERATIONS[type]}","id":"${positionText(position)}","collection":"${collection}","timestamp":"${at}","data":${data},"old":${old},"changes":${JSON.stringify(changes)}}`;
}
const resetMessage = (watch: Watch, at: Position): string =>
  `{"type":"reset","id":"${positionText(at)}","collection":"${shownName(watch.def)}"}`;

/** The frames of a WebSocket. */
export const FRAMES: Format = { name: 'frames', event: message, reset: resetMessage };

/** A stream over several collections: the same as unnamed messages. */
export const MESSAGES: Format = {
  name: 'messages',
  event: (watch, event, seen) => `id: ${positionText(event.position)}\ndata: ${message(watch, event, seen)}\n\n`,
  reset: (watch, at) => `id: ${positionText(at)}\ndata: ${resetMessage(watch, at)}\n\n`,
};
