// What the hooks of each lifecycle event receive. Types only, without imports: the package's declarations are made of this file.
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
