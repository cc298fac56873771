// What requests for streams say, as values: from where on, which operations, which collections.
import { Failure, invalidParameter } from '../../contract/problems.ts';
import type { StreamQuery } from '../../contract/realtime.ts';
import { type Position, parsePosition } from '../events/position.ts';

/** The position that a text names, null for none. Throws INVALID_QUERY_PARAMS for what no id of an event looks like. */
export function sinceOf(text: unknown, name: string): Position | null {
  if (text === undefined || text === null || text === '') return null;
  const position = typeof text === 'string' ? parsePosition(text) : null;
  if (position !== null) return position;
  throw invalidParameter(name, 'this is no id of an event: send one as it was received', 'invalid_position');
}

/** The same of a request, whose header counts first: a browser that comes again sends its old address and the new header. */
export function resumedFrom(header: string | null | undefined, parameter: string | undefined): Position | null {
  if (header == null) return sinceOf(parameter, 'last_event_id');
  const position = parsePosition(header);
  if (position !== null) return position;
  const reason = 'this is no id of an event: send one as it was received';
  throw new Failure('INVALID_HEADER', { name: 'Last-Event-ID', reason }, [
    { field: 'Last-Event-ID', code: 'invalid_position', message: reason },
  ]);
}

const EVENTS: Readonly<Record<string, string>> = {
  create: 'created',
  update: 'updated',
  delete: 'deleted',
  created: 'created',
  updated: 'updated',
  deleted: 'deleted',
};

/** `create`, `update`, `delete` as a stream's `events`; `*` and an empty list are all. */
export function eventsOf(operations: unknown, name: string): string {
  const list = typeof operations === 'string' ? operations.split(',') : operations;
  if (!Array.isArray(list)) throw invalidParameter(name, 'send a list of create, update, delete');
  if (list.length === 0 || list.includes('*')) return 'created,updated,deleted';
  return list
    .map((operation) => {
      const event = typeof operation === 'string' ? operation.trim() : '';
      if (!Object.hasOwn(EVENTS, event))
        throw invalidParameter(name, `${JSON.stringify(operation)} is none of create, update, delete`);
      return EVENTS[event];
    })
    .join();
}

const MOST = 100;

/** `posts:create,update` as one subscription each. Throws INVALID_QUERY_PARAMS. */
export function collectionsOf(parts: readonly string[]): { collection: string; query: StreamQuery }[] {
  const found = new Map<string, StreamQuery>();
  for (const part of parts) {
    const at = part.indexOf(':');
    const [collection, operations] = [part.slice(0, at < 0 ? undefined : at).trim(), at < 0 ? '' : part.slice(at + 1)];
    if (collection === '') throw invalidParameter('collections', 'name a collection before the colon');
    if (found.has(collection)) throw invalidParameter('collections', `${collection} stands twice: send it once`);
    found.set(collection, operations ? { events: eventsOf(operations, 'collections') } : {});
  }
  if (found.size === 0) throw invalidParameter('collections', 'name at least one collection');
  if (found.size > MOST) {
    const hint = 'open another stream for the rest';
    throw new Failure('LIMIT_REACHED', { limit: MOST, what: 'subscriptions on this stream', hint });
  }
  return [...found].map(([collection, query]) => ({ collection, query }));
}
