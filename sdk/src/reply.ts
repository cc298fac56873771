// What fetch answered: the data of a good reply, or the typed error of any other.
import type { Reply } from './call.ts';
import { errorOf, type SnackBaseError } from './errors.ts';

/** A body as it came: unread where the route streams and the server does, else its text. */
export type Body = string | ReadableStream<Uint8Array>;

/** Takes the body of a response. @param marks of the route */
export function bodyOf(response: Response, marks: string): Body | Promise<string> {
  const events = /^text\/event-stream\b/i.test(response.headers.get('content-type') ?? '');
  return (marks.includes('s') && response.ok && events && response.body) || response.text();
}

/**
 * Reads a reply from its response and body. 2xx with an empty body is undefined.
 * @param name method and path template, for messages
 * @param marks of the route: `t` answers text, `s` a stream, `a` JSON where the server says so, any other JSON
 * @throws SnackBaseError of the kind that status and code ask for; code INVALID_RESPONSE where the body is not the server's,
 * as an HTML page of a proxy
 */
export function replyOf<T>(name: string, response: Response, body: Body, marks: string): Reply<T> {
  const { status, headers, ok } = response;
  const text = typeof body === 'string';
  let data: unknown = body;
  let readable = text !== marks.includes('s');
  try {
    const json = !marks.includes('a') || /\bjson\b/i.test(headers.get('content-type') ?? 'json');
    if (text && json && !(ok && marks.includes('t'))) data = body && JSON.parse(body);
  } catch {
    readable = false;
  }
  if (ok && readable) {
    const requestId = headers.get('x-correlation-id') ?? undefined;
    return { data: (body === '' ? undefined : data) as T, response, requestId };
  }
  throw problemOf(status, ok ? null : data, `${name} answered ${status} without SnackBase JSON`, headers);
}

/** The typed error of an error body. @param instead the message where the body is not the server's */
export function problemOf(status: number, body: unknown, instead: string, headers = new Headers()): SnackBaseError {
  const { code, message, errors, request_id } = (body || {}) as Readonly<Record<string, unknown>>;
  return errorOf({
    status,
    code: typeof code === 'string' ? code : 'INVALID_RESPONSE',
    message: typeof message === 'string' ? message : instead,
    errors: Array.isArray(errors) ? errors : [],
    requestId: headers.get('x-correlation-id') ?? (request_id as string | undefined),
    headers,
  });
}
