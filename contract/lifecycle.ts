// The catalogue of lifecycle events: every moment that an extension may take part in.
import { z } from './kit.ts';
import type { EventName } from './lifecycle-events.ts';

export type { EventName, LifecycleEvents } from './lifecycle-events.ts';

const CATEGORIES = [
  'app',
  'model',
  'record',
  'collection',
  'auth',
  'request',
  'realtime',
  'mailer',
  'job',
  'workflow',
  'webhook',
] as const;

export interface EventMeta {
  readonly category: (typeof CATEGORIES)[number];
  readonly phase: 'before' | 'after';
  /** A hook may end what is going on, with a message and a status. */
  readonly abortable: boolean;
  readonly description: string;
  /** Hooks that are defined by API may name it, also in this short form. */
  readonly apiName?: string;
}

const before = (category: EventMeta['category'], description: string, apiName?: string): EventMeta => ({
  category,
  phase: 'before',
  abortable: true,
  description,
  ...(apiName !== undefined && { apiName }),
});
const after = (category: EventMeta['category'], description: string, apiName?: string): EventMeta => ({
  ...before(category, description, apiName),
  phase: 'after',
  abortable: false,
});
const DURABLE = 'once the commit is durable; it comes again where a server died meanwhile';

/** Every event, in the order in which documents list them. */
export const EVENTS: { readonly [N in EventName]: EventMeta } = {
  on_bootstrap: after('app', 'All rooms are built and the extensions loaded; nothing is served yet.'),
  on_serve: after('app', 'The server listens.'),
  on_terminate: after('app', 'The server stops: it takes no more requests, the database is still open.'),
  on_model_before_create: before('model', 'As on_record_before_create, whatever the collection is.'),
  on_model_after_create: after('model', 'As on_record_after_create, whatever the collection is.'),
  on_model_before_update: before('model', 'As on_record_before_update, whatever the collection is.'),
  on_model_after_update: after('model', 'As on_record_after_update, whatever the collection is.'),
  on_model_before_delete: before('model', 'As on_record_before_delete, whatever the collection is.'),
  on_model_after_delete: after('model', 'As on_record_after_delete, whatever the collection is.'),
  on_record_before_create: before(
    'record',
    'In the transaction that stores the record, before it is stored; may change it.',
    'records.before_create',
  ),
  on_record_after_create: after('record', `A record was created: ${DURABLE}.`, 'records.create'),
  on_record_before_update: before(
    'record',
    'In the transaction that changes the record, before it is changed or restored; may change what is written.',
    'records.before_update',
  ),
  on_record_after_update: after('record', `A record was changed or restored: ${DURABLE}.`, 'records.update'),
  on_record_before_delete: before(
    'record',
    'In the transaction that deletes or purges the record, before it is gone. Not for records that go with it by on_delete: cascade.',
    'records.before_delete',
  ),
  on_record_after_delete: after('record', `A record was deleted: ${DURABLE}.`, 'records.delete'),
  on_record_before_query: before('record', 'Before records are read; may change what is asked for.'),
  on_record_after_query: {
    ...after('record', 'Records were read; may change what the caller gets.'),
    abortable: true,
  },
  on_collection_before_create: before('collection', 'In the transaction that makes the collection and its table.'),
  on_collection_after_create: after('collection', 'A collection is there.'),
  on_collection_before_update: before('collection', 'In the transaction that changes the collection and its table.'),
  on_collection_after_update: after('collection', 'A collection has changed.'),
  on_collection_before_delete: before('collection', 'In the transaction that removes the collection and its records.'),
  on_collection_after_delete: after('collection', 'A collection is gone.'),
  on_auth_before_login: before('auth', 'Somebody logs in; the password is not checked yet.'),
  on_auth_after_login: after('auth', 'Somebody has logged in.', 'auth.login'),
  on_auth_before_logout: before('auth', 'Somebody logs out.'),
  on_auth_after_logout: after('auth', 'Somebody has logged out.', 'auth.logout'),
  on_auth_before_register: before('auth', 'An account is about to be registered; its form is right.'),
  on_auth_after_register: after('auth', 'An account and its first user are there.', 'auth.register'),
  on_auth_before_password_reset: before('auth', 'Somebody is about to get another password.'),
  on_auth_after_password_reset: after('auth', 'Somebody has another password.', 'auth.password_reset'),
  on_before_request: before(
    'request',
    'A request whose caller is known and may call the route; its body is not read yet.',
  ),
  on_after_request: after('request', 'A request of a route was answered, however.'),
  on_realtime_connect: before('realtime', 'A stream or WebSocket begins.'),
  on_realtime_disconnect: after('realtime', 'A stream or WebSocket is over.'),
  on_realtime_message: before('realtime', 'A message of a client came over a WebSocket.'),
  on_realtime_subscribe: before('realtime', 'A subscription to a collection begins; the caller may list it.'),
  on_realtime_unsubscribe: after('realtime', 'A subscription is over.'),
  on_mailer_before_send: before('mailer', 'A message is about to be sent; it may be changed.'),
  on_mailer_after_send: after('mailer', 'A message was handed over.'),
  on_job_before_run: before('job', 'A job is about to run.'),
  on_job_after_run: after('job', 'A job has run.'),
  on_workflow_before_run: before('workflow', 'An instance of a workflow is about to begin.'),
  on_workflow_after_run: after('workflow', 'An instance of a workflow has come to its end.'),
  on_webhook_before_send: before('webhook', 'A delivery is about to be sent.'),
  on_webhook_after_send: after('webhook', 'A delivery was attempted.'),
};

export const EVENT_NAMES = Object.keys(EVENTS) as readonly EventName[];

/** Names by which hooks that are defined by API may call an event, each to the event's own. */
export const API_EVENTS: ReadonlyMap<string, EventName> = new Map(
  EVENT_NAMES.flatMap((name) => {
    const { apiName } = EVENTS[name];
    return apiName === undefined ? [] : [[name, name] as const, [apiName, name] as const];
  }),
);

/** An event as the API lists it. */
export const HookEvent = z
  .object({
    name: z.string(),
    category: z.enum(CATEGORIES),
    phase: z.enum(['before', 'after']),
    abortable: z.boolean().meta({ description: 'A hook may end what is going on, with a message and a status.' }),
    api: z.boolean().meta({ description: 'Hooks that are defined by API may name it.' }),
    api_name: z.string().nullable().meta({ description: 'The same, shorter.' }),
    description: z.string(),
  })
  .meta({ id: 'HookEvent' });
export type HookEvent = z.infer<typeof HookEvent>;

/** What the server itself does at an event; it cannot be removed. */
export const BuiltinHook = z
  .object({
    event: z.string(),
    name: z.string(),
    runs: z
      .enum(['before_hooks', 'after_hooks'])
      .meta({ description: 'Before all hooks of the event, or after them.' }),
    description: z.string(),
  })
  .meta({ id: 'BuiltinHook' });
export type BuiltinHook = z.infer<typeof BuiltinHook>;
