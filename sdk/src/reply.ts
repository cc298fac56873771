// What fetch answered: the data of a good reply, or the typed error of any other.
import type { Reply } from './call.ts';
import { errorOf } from './errors.ts';

/**
 * Reads a reply from its response and text. 2xx with an empty body is undefined.
 * @param name method and path template, for messages
 * @param plain the route answers text, not JSON
 * @throws SnackBaseError of the kind that status and code ask for; code INVALID_RESPONSE where the body is not the server's,
 * as an HTML page of a proxy
 */
export function replyOf<T>(name: string, response: Response, text: string, plain: boolean): Reply<T> {
  const { status, headers, ok } = response;
  let data: unknown;
  let readable = true;
  try {
    data = ok && plain ? text : text && JSON.parse(text);
  } catch {
    readable = false;
  }
  const problem = (ok ? {} : data || {}) as Readonly<Record<string, unknown>>;
  const { code, message, errors, request_id } = problem;
  const requestId = headers.get('x-correlation-id') ?? (request_id as string | undefined);
  if (ok && readable) return { data: (text === '' ? undefined : data) as T, response, requestId };
  throw errorOf({
    status,
    code: typeof code === 'string' ? code : 'INVALID_RESPONSE',
    message: typeof message === 'string' ? message : `${name} answered ${status} without SnackBase JSON`,
    errors: Array.isArray(errors) ? errors : [],
    requestId,
    headers,
  });
}
