// What fetch is given: method, headers and body of a request.
import type { CallOptions, ClientOptions } from './options.ts';

/** A request without its URL and signal. */
export interface Outgoing {
  readonly method: string;
  readonly headers: Headers;
  readonly body: FormData | Blob | string | undefined;
}

/**
 * Builds a request. FormData and Blob go as they are and bring their own content type; anything else but undefined is JSON.
 * @throws TypeError for a header value that cannot be sent
 */
export function requestOf(
  method: string,
  body: unknown,
  client: ClientOptions,
  call: CallOptions,
  token: string | undefined,
): Outgoing {
  const raw = body === undefined || body instanceof FormData || body instanceof Blob;
  const standing = {
    accept: 'application/json',
    'content-type': raw ? '' : 'application/json',
    authorization: token && `Bearer ${token}`,
    'x-account-id': client.accountId,
    'idempotency-key': call.idempotencyKey,
  };
  const headers = new Headers();
  for (const set of [standing, client.headers, call.headers]) {
    for (const [name, value] of Object.entries(set ?? {})) {
      try {
        if (value) headers.set(name, value);
      } catch {
        // The platform's own message would show the value, which may be a credential.
        throw new TypeError(`Header ${name}: this value cannot be sent`);
      }
    }
  }
  return { method, headers, body: raw ? body : JSON.stringify(body) };
}
