// One request from route to reply: URL, credential, attempts, and a second try with a renewed token.
import { attempt } from './attempt.ts';
import type { Reply } from './call.ts';
import { isCode, NetworkError } from './errors.ts';
import type { CallOptions, ClientOptions } from './options.ts';
import { persist } from './persist.ts';
import { bodyOf, replyOf } from './reply.ts';
import { requestOf } from './request.ts';
import { auth } from './routes.gen.ts';
import { Tokens } from './tokens.ts';
import { baseOf, fillPath, searchOf } from './url.ts';

/** What goes into a route. */
export interface Input {
  readonly params?: object | undefined;
  readonly query?: object | undefined;
  readonly body?: unknown;
}

/**
 * Sends a request on a route of the table. Without `credential` no token is sent and none renewed. A route that streams answers as
 * soon as the head is there, with its body as a ReadableStream that signal and timeout no longer end.
 */
export type Send = <T>(route: string, input: Input, options?: CallOptions, credential?: boolean) => Promise<Reply<T>>;

/** The sender of a client and the tokens it uses. @throws TypeError for a missing or unusable url */
export function connect(client: ClientOptions): { send: Send; tokens: Tokens } {
  const base = baseOf(client.url ?? client.baseUrl);

  const send: Send = <T>(route: string, input: Input, options: CallOptions = {}, credential = true) =>
    attempt<Reply<T>>(options.signal, async (signal) => {
      const [method = '', path = '', marks = ''] = route.split(' ');
      const name = `${method} ${path}`;
      const url = base + fillPath(path, input.params) + searchOf(input.query);
      const once = (token: string | undefined) => {
        // Built before fetch sees it, so that a mistake here is a TypeError and not a network error.
        const request = requestOf(method, input.body, client, options, token);
        const exchange = async (within: AbortSignal) => {
          const fetched = (client.fetch ?? fetch)(url, { ...request, signal: within } as RequestInit);
          const [response, body] = await fetched
            .then(async (r) => [r, await bodyOf(r, marks)] as const)
            .catch((cause) => {
              throw new NetworkError({ status: 0, code: 'NETWORK_ERROR', message: `${name} got no reply`, cause });
            });
          return replyOf<T>(name, response, body, marks);
        };
        const { timeout = client.timeout ?? 30_000, retries = client.maxRetries ?? 2 } = options;
        const repeatable = !/^P(OST|ATCH)/.test(method) || request.headers.has('idempotency-key');
        return persist(exchange, { name, timeout, retries, repeatable }, signal);
      };
      const token = credential ? await tokens.current() : undefined;
      try {
        return await once(token);
      } catch (error) {
        // A refused token means that nothing was done, so even a POST may be sent once more with a new one.
        const refused = credential && (isCode(error, 'TOKEN_EXPIRED') || isCode(error, 'UNAUTHORIZED'));
        const next = refused && (await tokens.after(token));
        if (!next) throw error;
        return once(next);
      }
    });

  const tokens = new Tokens(client, (refresh_token) => send(auth.refresh, { body: { refresh_token } }, {}, false));
  return { send, tokens };
}
