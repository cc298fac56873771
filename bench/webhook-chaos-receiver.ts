// A receiver of webhooks that fails, hangs and breaks connections, checks every signature, and notes in which order messages came.
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import type { Chance } from '../test/fuzz/random.ts';
import type { Violations } from './stream-chaos-reader.ts';

const ERRORS = 0.3;
const SILENCES = 0.1;
const RESETS = 0.05;

/** The place of a change in its record's life. */
export const placeOf = (event: string, version: number): number => version * 2 + (event === 'records.delete' ? 1 : 0);

interface Payload {
  readonly id: string;
  readonly event: string;
  readonly record: { readonly id?: string; readonly version?: number };
  readonly previous: { readonly id: string; readonly version: number } | null;
}

/** Listens for messages to `/{name of a webhook}`. */
export async function startReceiver(random: Chance, violations: Violations) {
  const secrets = new Map<string, Webhook>();
  const furthest = new Map<string, number>();
  const accepted = new Map<string, number>();
  const counts = { attempts: 0, errors: 0, silences: 0, resets: 0, accepted: 0, 'accepted twice': 0 };

  function judge(name: string, headers: Record<string, string>, body: string): string {
    const payload = JSON.parse(body) as Payload;
    try {
      (secrets.get(name) as Webhook).verify(body, headers);
    } catch (error) {
      violations.add('signature refused', `${name} ${payload.id}: ${String(error)}`);
    }
    if (headers['webhook-id'] !== payload.id) violations.add('another id', `${headers['webhook-id']} ${payload.id}`);
    const about = payload.event === 'records.delete' ? payload.previous : payload.record;
    const key = `${name} ${about?.id}`;
    const place = placeOf(payload.event, about?.version ?? Number.NaN);
    const before = furthest.get(key) ?? 0;
    if (!(place >= before)) violations.add('out of order', `${key}: ${place} after ${before}`);
    furthest.set(key, Math.max(place, before));
    return `${name} ${payload.id}`;
  }

  function answer(id: string, response: ServerResponse): void {
    const dice = random.next();
    if (dice < ERRORS) {
      counts.errors += 1;
      response.writeHead(random.one([500, 502, 503, 429, 404, 302]), { 'Retry-After': '0' });
      response.end('no');
    } else if (dice < ERRORS + SILENCES) {
      counts.silences += 1;
    } else if (dice < ERRORS + SILENCES + RESETS) {
      counts.resets += 1;
      response.socket?.resetAndDestroy();
    } else {
      const times = (accepted.get(id) ?? 0) + 1;
      accepted.set(id, times);
      counts[times === 1 ? 'accepted' : 'accepted twice'] += 1;
      response.writeHead(random.one([200, 201, 204])).end();
    }
  }

  const server = createServer((request, response) => {
    let body = '';
    response.on('error', () => {});
    request.on('error', () => {});
    request.setEncoding('utf8');
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      counts.attempts += 1;
      answer(judge((request.url as string).slice(1), request.headers as Record<string, string>, body), response);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: (name: string): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}/${name}`,
    trust: (name: string, secret: string): void => void secrets.set(name, new Webhook(secret)),
    counts,
    /** Whether a message was answered with success. */
    took: (name: string, messageId: string): boolean => accepted.has(`${name} ${messageId}`),
    close(): void {
      server.closeAllConnections();
      server.close();
    },
  };
}

export type Receiver = Awaited<ReturnType<typeof startReceiver>>;
