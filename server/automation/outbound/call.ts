// The one way out: a single HTTP exchange with a server that nobody vouches for, bounded in time and size, to public addresses only.
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import type { Logger } from '../../db/log.ts';
import { forbidden } from './addresses.ts';
import { OutboundError, outboundError } from './error.ts';
import { HOP_BY_HOP } from './headers.ts';
import { type Asking, createLookups, type Resolve } from './lookups.ts';
import { hostOf, type UrlProblem, urlProblem } from './url.ts';

export interface OutboundCall {
  readonly url: string;
  readonly method: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | null;
  /** For the whole exchange, from the question for the name to the last byte; default 30 s. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
  /** The account on whose behalf; accounts take turns in asking for names. */
  readonly accountId?: string | undefined;
  /** Of the answer's body; at most and by default 64 KB. The connection is cut behind them. */
  readonly keepBytes?: number;
}

export interface OutboundAnswer {
  readonly status: number;
  /** Lower case; without those that carry credentials. */
  readonly headers: Readonly<Record<string, string>>;
  /** Text of what was kept; bytes that are no UTF-8 become U+FFFD. */
  readonly body: string;
  readonly truncated: boolean;
  readonly durationMs: number;
}

export interface Outbound {
  /** Follows no redirect: a 3xx is an answer like every other. Throws OutboundError. */
  call(call: OutboundCall): Promise<OutboundAnswer>;
  /** What can be refused when a URL is stored; null when there is nothing against it. */
  checkUrl(url: string): UrlProblem | null;
}

export type { Resolve } from './lookups.ts';

export interface OutboundOptions {
  readonly allowPrivate: boolean;
  readonly production: boolean;
  readonly log?: Logger | undefined;
  /** For tests. */
  readonly resolve?: Resolve;
  readonly lookupMs?: number;
}

export const MOST_KEPT = 65_536;
const TIMEOUT_MS = 30_000;
const SENSITIVE = /^(set-cookie2?|www-authenticate|proxy-authenticate|authorization|authentication-info)$/;

export function createOutbound({ allowPrivate, production, log, resolve, lookupMs }: OutboundOptions): Outbound {
  const rules = { allowPrivate, production };
  const lookup = createLookups({ ...(resolve && { resolve }), ...(lookupMs && { limitMs: lookupMs }) });

  /** The lookup of one connection: it goes to the very addresses that are judged here, so that a name cannot change in between. */
  const judged =
    (host: string, asking: Asking): LookupFunction =>
    (_name, options, callback) => {
      lookup(host, asking).then(
        (found) => {
          const open = found.filter(({ address }) => forbidden(address, allowPrivate) === null);
          const [first] = open;
          if (first === undefined) {
            const refused = new OutboundError(
              'forbidden_address',
              'The name stands for an address that is not public.',
            );
            log?.warn({ host, addresses: found.map(({ address }) => address) }, 'A call out was refused.');
            callback(refused, '', 0);
          } else if (options.all === true) callback(null, [...open]);
          else callback(null, first.address, first.family);
        },
        (error) => callback(error, '', 0),
      );
    };

  return {
    checkUrl: (url) => urlProblem(url, rules),

    async call(asked) {
      const problem = urlProblem(asked.url, rules);
      if (problem !== null) throw new OutboundError(problem.reason, problem.message);
      const url = new URL(asked.url);
      const host = hostOf(url);
      const begun = performance.now();
      const body = asked.body == null ? null : Buffer.from(asked.body);
      const over = new AbortController();
      const options = {
        method: asked.method,
        host,
        port: url.port,
        path: `${url.pathname}${url.search}`,
        headers: {
          ...endToEnd(asked.headers),
          Host: url.host,
          Connection: 'close',
          ...(body !== null && { 'Content-Length': String(body.length) }),
        },
        // A connection of its own: none is kept that was judged in another minute.
        agent: false,
        lookup: judged(host, { asker: asked.accountId, signal: over.signal }),
        rejectUnauthorized: true,
        ...(isIP(host) === 0 && { servername: host }),
      } as const;
      const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
      return new Promise<OutboundAnswer>((done, failed) => {
        let request: ClientRequest | undefined;
        const { signal } = asked;
        const end = (finish: () => void) => {
          clearTimeout(deadline);
          signal?.removeEventListener('abort', onAbort);
          finish();
          request?.destroy();
          over.abort();
        };
        const fail = (error: unknown) => end(() => failed(outboundError(error)));
        const timeoutMs = asked.timeoutMs ?? TIMEOUT_MS;
        const late = `No whole answer within ${timeoutMs / 1000} s.`;
        const deadline = setTimeout(() => fail(new OutboundError('timeout', late)), timeoutMs);
        const onAbort = () => fail(new OutboundError('aborted', 'The call was given up.'));
        if (signal?.aborted) return onAbort();
        signal?.addEventListener('abort', onAbort, { once: true });
        try {
          request = send(options);
        } catch (error) {
          return fail(error);
        }
        // Later ones are of what was given up.
        request.on('error', fail);
        request.on('socket', (socket) => {
          socket.once('connect', () => {
            const { remoteAddress = '' } = socket;
            if (forbidden(remoteAddress, allowPrivate) !== null)
              fail(new OutboundError('forbidden_address', 'The connection went to an address that is not public.'));
          });
        });
        request.once('response', (response) => {
          readBounded(response, Math.min(asked.keepBytes ?? MOST_KEPT, MOST_KEPT)).then(({ text, truncated }) => {
            const { statusCode: status = 0, headers } = response;
            const durationMs = Math.round(performance.now() - begun);
            end(() => done({ status, headers: shown(headers), body: text, truncated, durationMs }));
          }, fail);
        });
        request.end(body ?? undefined);
      });
    },
  };
}

function readBounded(response: IncomingMessage, most: number): Promise<{ text: string; truncated: boolean }> {
  return new Promise((resolve, reject) => {
    const kept: Buffer[] = [];
    let size = 0;
    const finish = (truncated: boolean) =>
      resolve({ text: Buffer.concat(kept).subarray(0, most).toString('utf8'), truncated });
    response.on('data', (chunk: Buffer) => {
      if (size > most) return;
      kept.push(chunk);
      size += chunk.length;
      if (size > most) finish(true);
    });
    response.once('end', () => finish(false));
    response.once('error', reject);
    response.once('close', () => {
      if (!response.complete) reject(new OutboundError('reset', 'The connection was broken within the answer.'));
    });
  });
}

/** Without what is said of the connection and of the body's length, which is ours to say. */
const endToEnd = (headers: OutboundCall['headers'] = {}): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_BY_HOP.test(name)));

const shown = (headers: IncomingMessage['headers']): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined || SENSITIVE.test(name) ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]],
    ),
  );
