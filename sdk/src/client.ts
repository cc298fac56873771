// The client: records, auth and a service for every other room of the contract, over one transport.
import { type Auth, authOf } from './auth.ts';
import { asCall, type Call } from './call.ts';
import { type CallEndpoint, endpointsOf } from './endpoints.ts';
import { LiveRecords } from './live-records.ts';
import type { CallOptions, ClientOptions } from './options.ts';
import { Records } from './records.ts';
import { serviceOf } from './rooms.ts';
import { rooms } from './routes.gen.ts';
import type { AnySchema } from './schema.ts';
import { connect, type Send } from './transport.ts';
import type { Calls, Health, Rooms } from './types.gen.ts';

/** The name of a route: room and verb, as `users.create`. */
export type RouteName = keyof Calls;
/** What a route takes: `params`, `query` and `body`, as far as it has them. */
export type RouteInput<K extends RouteName> = Calls[K]['input'];
/** What a route answers. */
export type RouteReply<K extends RouteName> = Calls[K]['reply'];

type Arguments<I> = object extends I ? [input?: I, options?: CallOptions] : [input: I, options?: CallOptions];

/**
 * Client with records and auth only, without live events: what an application that reads and writes records needs, and the least to
 * load.
 * `Schema` maps collection names to record types: `{ posts: Post }`. Nothing is stored outside of memory.
 */
export class CoreClient<Schema extends object = AnySchema> {
  readonly records: Records<Schema>;
  readonly auth: Auth;
  /** @internal */
  protected readonly send: Send;

  /** @throws TypeError for a missing or unusable `url` */
  constructor(options: ClientOptions) {
    const { send, tokens } = connect(options);
    this.send = send;
    this.records = new Records(send);
    this.auth = authOf(send, tokens);
  }
}

/** The class body adds what needs code; the services of the other rooms come from the table, their types from generation. */
const WithRooms = CoreClient as new <Schema extends object>(
  options: ClientOptions,
) => CoreClient<Schema> & { readonly records: LiveRecords<Schema> } & Omit<Rooms, 'auth' | 'records'> & {
    readonly endpoints: Rooms['endpoints'] & { readonly call: CallEndpoint };
  };

/** Client of a SnackBase server: records with live events, auth and a service for every other room of the contract. */
export class SnackBaseClient<Schema extends object = AnySchema> extends WithRooms<Schema> {
  constructor(options: ClientOptions) {
    super(options);
    Object.assign(this, { records: new LiveRecords(this.send) });
    for (const [name, routes] of Object.entries(rooms)) {
      if (!(name in this)) Object.assign(this, { [name]: serviceOf(this.send, routes) });
    }
    Object.assign(this.endpoints, { call: endpointsOf(this.send) });
  }

  /** Calls any route of the contract by its name: `request('records.create', { params: { collection }, body })`. */
  request<K extends RouteName>(route: K, ...[input = {}, options]: Arguments<RouteInput<K>>): Call<RouteReply<K>> {
    const [room, verb] = route.split('.') as [keyof typeof rooms, never];
    return asCall(this.send(rooms[room][verb], input, options));
  }

  /** Whether the server is up. */
  health(options?: CallOptions): Call<Health> {
    return this.request('ops.health', {}, options);
  }
}
