// Reading a JSON body: size, type and encoding are checked first, then the text, so that every refusal can say what is wrong.
import type { IncomingMessage } from 'node:http';
import { Failure } from '../../contract/problems.ts';
import { inspectJson } from './json-text.ts';

const decoder = new TextDecoder('utf-8', { fatal: true });
const JSON_TYPE = /^application\/(?:[\w.-]+\+)?json\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?(?:;.*)?$/i;

/**
 * The parsed body, or undefined when there is none. `limit` is in bytes.
 * Throws UNSUPPORTED_MEDIA_TYPE, PAYLOAD_TOO_LARGE or INVALID_JSON.
 */
export async function readJsonBody(request: IncomingMessage, limit: number): Promise<unknown> {
  const { headers } = request;
  const length = headers['content-length'];
  if (headers['transfer-encoding'] === undefined && (length === undefined || length === '0')) return undefined;
  if (length !== undefined && Number(length) > limit) throw new Failure('PAYLOAD_TOO_LARGE', { limit });
  const type = headers['content-type'];
  if (type === undefined || !JSON_TYPE.test(type) || /charset\s*=\s*"?(?!utf-8)/i.test(type))
    throw new Failure('UNSUPPORTED_MEDIA_TYPE');
  if (headers['content-encoding'] !== undefined && headers['content-encoding'] !== 'identity')
    throw new Failure('UNSUPPORTED_MEDIA_TYPE');
  return parseJson(await collect(request, limit));
}

function collect(request: IncomingMessage, limit: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > limit) {
        // The rest is not read: the reply closes the connection.
        request.removeAllListeners('data').pause();
        reject(new Failure('PAYLOAD_TOO_LARGE', { limit }));
      } else chunks.push(chunk);
    });
    request.on('end', () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
    request.on('error', reject);
    // Every request closes; only one that is not complete lost its sender.
    request.on('close', () => {
      if (!request.complete)
        reject(new Failure('INVALID_JSON', { reason: 'the connection closed before the body was complete' }));
    });
  });
}

/** Parses JSON text strictly: well-formed UTF-8, no duplicate keys, bounded depth, no character that a database text cannot hold. */
export function parseJson(bytes: Buffer): unknown {
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    throw new Failure('INVALID_JSON', { reason: 'it is not UTF-8' });
  }
  if (text.trim() === '') return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Failure('INVALID_JSON', { reason: (error as Error).message.slice(0, 120) });
  }
  if (typeof value === 'object') inspectJson(text);
  return value;
}
