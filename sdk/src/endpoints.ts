// Calling custom endpoints by path, typed by the application: what a generated client cannot know.
import { asCall, type Call } from './call.ts';
import type { CallOptions } from './options.ts';
import { x } from './routes.gen.ts';
import type { Input, Send } from './transport.ts';

/** What a call of a custom endpoint says beside its path. */
export interface EndpointCall {
  /** Default POST with a body, else GET. */
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | undefined;
  readonly body?: unknown;
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>> | undefined;
  /** Id or slug of the account, for callers without one. */
  readonly account?: string | undefined;
}

/** `call<Summary>('orders/42/summary', { query: { full: true } })`: what the endpoint answers, JSON as data, anything else as text. */
export type CallEndpoint = <T = unknown>(path: string, call?: EndpointCall, options?: CallOptions) => Call<T>;

/** @internal */
export const endpointsOf =
  (send: Send): CallEndpoint =>
  <T>(path: string, { method, body, query, account }: EndpointCall = {}, options?: CallOptions) => {
    const verb = (method ?? (body === undefined ? 'GET' : 'POST')).toLowerCase() as keyof typeof x;
    const rest = path.replace(/^\//, '');
    const input = { params: { path: account ? `${account}/${rest}` : rest }, query, body } as Input;
    return asCall<T>(send(x[verb], input, options));
  };
