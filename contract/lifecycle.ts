// The catalogue of lifecycle events: every moment that an extension may take part in, with what its hooks receive.
import { z } from './kit.ts';

type Row = Readonly<Record<string, unknown>>;
type Data = Record<string, unknown>;

/** A record that is about to be written or gone. `collection` is qualified, as `main.orders`. */
interface OfRecord {
  readonly collection: string;
  readonly recordId: string;
}
interface Creating extends OfRecord {
  /** The record's fields as they will be stored, defaults among them; what a hook changes here is stored. */
  data: Data;
}
interface Updating extends OfRecord {
  /** The fields that are written; a hook may change and add some. Empty where a record is restored. */
  data: Data;
  /** The record before, nothing masked. */
  readonly old: Row;
  /** A record that was softly deleted comes back. */
  readonly restore: boolean;
}
interface Deleting extends OfRecord {
  readonly old: Row;
  /** For good, also where the collection deletes softly. */
  readonly purge: boolean;
}
interface Written extends OfRecord {
  /** The record as it is stored, nothing masked. */
  readonly record: Row;
  /** The record before; null for a new one. */
  readonly old: Row | null;
  /** RFC 3339: when it was written. */
  readonly at: string;
  /** It comes again where a server died before it was done with it. */
  readonly position: string;
}
interface Gone extends Omit<Written, 'record'> {
  readonly old: Row;
}
interface Reading {
  readonly collection: string;
  readonly operation: 'list' | 'view' | 'aggregate' | 'export';
  /** Of `view`. */
  readonly recordId: string | null;
}
interface Querying extends Reading {
  /** The parameters as the API takes them (`filter`, `sort`, `fields`, `limit` …); what a hook changes is judged as the caller's own. */
  query: Data;
}
interface Queried extends Reading {
  /** What the caller is about to get; its content may be changed, not its number. */
  items: Data[];
}
interface OfDefinition {
  /** Qualified name. */
  readonly collection: string;
  /** The definition as it will be or is; null for one that goes. */
  readonly definition: Row | null;
  /** The definition before; null for a new one. */
  readonly old: Row | null;
}
interface Person {
  readonly userId: string;
  readonly accountId: string;
  readonly email: string;
}
interface Request {
  readonly method: string;
  /** Without the query, which may hold a ticket. */
  readonly path: string;
}
interface Connection {
  readonly transport: 'stream' | 'websocket';
}
interface Subscribing extends Connection {
  readonly collection: string;
}
interface Message {
  to: string;
  subject: string;
  text: string;
  html?: string;
  /** Which kind of message it is, as `verify_email`. */
  readonly template?: string;
  /** Of the text. */
  links?: readonly string[];
}
interface Job {
  readonly job: string;
  readonly jobId: string;
  readonly payload: unknown;
}
interface WorkflowRun {
  readonly workflow: string;
  readonly instanceId: string;
}
interface WebhookDelivery {
  readonly webhook: string;
  readonly deliveryId: string;
  readonly url: string;
  readonly event: string;
}
interface Outcome {
  readonly succeeded: boolean;
  /** null where it succeeded. */
  readonly error: string | null;
}

/** What the hooks of each event receive, beside what all of them do. */
export interface LifecycleEvents {
  on_bootstrap: object;
  on_serve: { readonly url: string; readonly port: number };
  on_terminate: object;
  on_model_before_create: Creating;
  on_model_after_create: Written;
  on_model_before_update: Updating;
  on_model_after_update: Written;
  on_model_before_delete: Deleting;
  on_model_after_delete: Gone;
  on_record_before_create: Creating;
  on_record_after_create: Written;
  on_record_before_update: Updating;
  on_record_after_update: Written;
  on_record_before_delete: Deleting;
  on_record_after_delete: Gone;
  on_record_before_query: Querying;
  on_record_after_query: Queried;
  on_collection_before_create: OfDefinition;
  on_collection_after_create: OfDefinition;
  on_collection_before_update: OfDefinition;
  on_collection_after_update: OfDefinition;
  on_collection_before_delete: OfDefinition;
  on_collection_after_delete: OfDefinition;
  on_auth_before_login: { readonly account: string; readonly email: string };
  on_auth_after_login: Person;
  on_auth_before_logout: { readonly userId: string | null };
  on_auth_after_logout: { readonly userId: string | null };
  on_auth_before_register: {
    readonly accountName: string;
    readonly accountSlug: string | null;
    readonly email: string;
  };
  on_auth_after_register: Person;
  on_auth_before_password_reset: Person;
  on_auth_after_password_reset: Person;
  on_before_request: Request;
  on_after_request: Request & { readonly status: number; readonly durationMs: number };
  on_realtime_connect: Connection;
  on_realtime_disconnect: Connection;
  on_realtime_message: Connection & { readonly message: Row };
  on_realtime_subscribe: Subscribing;
  on_realtime_unsubscribe: Subscribing;
  on_mailer_before_send: { message: Message };
  on_mailer_after_send: { readonly message: Readonly<Message> };
  on_job_before_run: Job;
  on_job_after_run: Job & Outcome;
  on_workflow_before_run: WorkflowRun;
  on_workflow_after_run: WorkflowRun & Outcome;
  on_webhook_before_send: WebhookDelivery;
  on_webhook_after_send: WebhookDelivery & Outcome;
}
export type EventName = keyof LifecycleEvents;

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
    'In the transaction that deletes or purges the record, before it is gone.',
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
