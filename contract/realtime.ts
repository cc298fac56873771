// Live: the stream of a collection, of several at once as SSE or WebSocket, and the one-use tickets that open them from a browser.
import { reads, writes } from './access.ts';
import { events, noBody, noParams, type Room, room, z } from './kit.ts';
import { errors } from './problems.ts';
import { found, inCollection, ProjectedRecord, params, shown } from './record-shapes.ts';
import { listParam, Timestamp } from './shapes.ts';

const Position = z.string().meta({ description: 'The place of the event, to go on behind it.', example: '412-99813' });
const names = z.array(z.string());

/** What the stream of a collection tells of one change. */
export const RecordEvent = z
  .object({
    id: Position,
    type: z.enum(['created', 'updated', 'deleted']),
    collection: z.string(),
    record_id: z.uuid(),
    timestamp: Timestamp,
    old: z.union([ProjectedRecord, z.null()]).meta({
      description: 'The record before; null where there was none or you did not see it.',
    }),
    new: z.union([ProjectedRecord, z.null()]).meta({
      description: 'The record after; null when it is deleted or has left your sight.',
    }),
    changes: z
      .object({
        added: names.meta({ description: 'Fields that got a value.' }),
        updated: names,
        removed: names.meta({ description: 'Fields that lost theirs.' }),
      })
      .meta({ description: 'Of the fields that you see.' }),
  })
  .meta({ id: 'RecordEvent' });
export type RecordEvent = z.output<typeof RecordEvent>;

/** What the streams over several collections tell of one change; also the frame of the WebSocket. */
export const RealtimeMessage = z
  .object({
    type: z.string().meta({ description: '`{collection}.create`, `.update` or `.delete`.', example: 'posts.create' }),
    id: Position,
    collection: z.string(),
    timestamp: Timestamp,
    data: z
      .looseObject({ id: z.uuid() })
      .meta({ description: 'The record after; of one that is deleted or has left your sight its id.' }),
    old: z.union([ProjectedRecord, z.null()]),
    changes: RecordEvent.shape.changes,
  })
  .meta({ id: 'RealtimeMessage' });
export type RealtimeMessage = z.output<typeof RealtimeMessage>;

const Since = z.string().max(40).optional().meta({
  description:
    'The id of the last event that was received: what came after it is sent first. As the header Last-Event-ID.',
});
const Ticket = z
  .string()
  .max(200)
  .optional()
  .meta({ description: 'A ticket instead of a credential, for clients that cannot send headers.' });

/** Query of a stream. Any further parameter is a filter: `{field}=value`. */
export const StreamQuery = z
  .object({
    events: z
      .string()
      .max(200)
      .optional()
      .meta({ description: 'Comma list of created, updated, deleted; all without it.', example: 'created,updated' }),
    fields: z.string().max(8000).optional().meta({ description: 'Comma list of the fields to send; id always stays.' }),
    filter: z.string().max(16_384).optional().meta({ description: 'As in the list.' }),
    last_event_id: Since,
    ticket: Ticket,
  })
  .catchall(z.string());
export type StreamQuery = z.output<typeof StreamQuery>;

const event = `id: 412-99813
event: posts.created
data: ${JSON.stringify({
  id: '412-99813',
  type: 'created',
  collection: 'posts',
  record_id: params.id,
  timestamp: shown.created_at,
  old: null,
  new: shown,
  changes: { added: ['title'], updated: [], removed: [] },
})}

`;

/** The stream of one collection; part of the room of records. */
export const streams = {
  stream: {
    method: 'GET',
    path: '/api/v1/records/:collection/stream',
    summary: 'Stream of changes (SSE)',
    description: `Server-sent events \`{collection}.created\`, \`.updated\` and \`.deleted\`, each with a RecordEvent as data, of every change that is committed, in order, and of records that you may list and view at that moment. A record that leaves your sight, or the filter, is sent as deleted without its content; one that enters it as updated with old null.
Take up a broken stream with Last-Event-ID: nothing is lost. \`event: reset\` says that the id is older than what is kept: read the list again. \`event: end\` says in its data, an error body, why the stream is over. A comment every 15 s shows that the connection lives.`,
    pathParams: inCollection,
    query: StreamQuery,
    responses: {
      200: events(RecordEvent),
      ...errors('INVALID_FIELDS', 'INVALID_QUERY_PARAMS', 'INVALID_HEADER', 'RESOURCE_FETCH_ERROR'),
      ...found,
    },
    metadata: reads('rules', { inUrl: ['ticket'] }),
    example: { params: { collection: 'posts' }, query: { events: 'created,updated' }, reply: event },
  },
} as const satisfies Room;

export const realtime = room({
  ticket: {
    method: 'POST',
    path: '/api/v1/realtime/ticket',
    summary: 'Ticket for a stream',
    description:
      'Opens one stream or WebSocket within 60 seconds as `?ticket=`, with the rights of this request. For browsers, whose EventSource and WebSocket send no headers.',
    pathParams: noParams,
    body: noBody,
    responses: { 201: z.object({ ticket: z.string(), expires_in: z.int() }).meta({ id: 'RealtimeTicket' }) },
    metadata: writes('rules', 'realtime.ticket', { idempotent: 'none', inUrl: [], refusal: 'INVALID_REQUEST' }),
    example: { reply: { ticket: 'sbt_Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmE', expires_in: 60 } },
  },
  subscribe: {
    method: 'GET',
    path: '/api/v1/realtime/subscribe',
    summary: 'Stream of changes of several collections (SSE)',
    description:
      'Every event is an unnamed message with a RealtimeMessage as data. What is seen, and how a broken stream is taken up, is as for the stream of one collection.',
    pathParams: noParams,
    query: z.strictObject({
      collections: listParam(z.string().max(1000)).optional().meta({
        description: 'Collections, each with `:` and the operations that matter if not all do. Send it once for each.',
      }),
      collection: listParam(z.string().max(1000)).optional().meta({ description: 'Same as collections.' }),
      last_event_id: Since,
      ticket: Ticket,
      token: z.string().max(4096).optional().meta({
        description: 'An access token, where a header cannot be sent. A ticket is safer: addresses get logged.',
      }),
    }),
    responses: {
      200: events(RealtimeMessage),
      ...errors('INVALID_QUERY_PARAMS', 'INVALID_HEADER', 'RESOURCE_FETCH_ERROR', 'LIMIT_REACHED'),
      ...found,
    },
    metadata: reads('rules', { inUrl: ['ticket', 'token'], repeated: ['collections', 'collection'] }),
    example: {
      query: { collections: 'posts:create,update' },
      reply: `id: 412-99813\ndata: ${JSON.stringify({
        type: 'posts.create',
        id: '412-99813',
        collection: 'posts',
        timestamp: shown.created_at,
        data: shown,
        old: null,
        changes: { added: ['title'], updated: [], removed: [] },
      })}\n\n`,
    },
  },
  ws: {
    method: 'GET',
    path: '/api/v1/realtime/ws',
    summary: 'WebSocket',
    description: `JSON frames. Yours: \`{"action":"subscribe","collection","operations"?,"fields"?,"filter"?,"since"?}\`, \`{"action":"unsubscribe","collection"}\`, \`{"action":"ping"}\`. The server's: \`{"type":"subscribed"|"unsubscribed","collection"}\`, a RealtimeMessage for each event, \`{"type":"reset","collection","id"}\`, \`{"type":"error","code","error","collection"?}\`, \`{"type":"pong"}\` and every 30 s \`{"type":"heartbeat","timestamp"}\`. At most 100 subscriptions and 64 KiB a frame. A token or key may also stand in Sec-WebSocket-Protocol. It closes with 1008 when the credential is refused or over.`,
    pathParams: noParams,
    query: z.strictObject({
      token: z.string().max(4096).optional().meta({ description: 'An access token, where a header cannot be sent.' }),
      ticket: Ticket,
    }),
    responses: { 101: noBody, ...errors('UPGRADE_REQUIRED') },
    metadata: reads('rules', { inUrl: ['ticket', 'token'] }),
    example: {},
  },
});
