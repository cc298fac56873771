// Reading a JSON or YAML body: size, type and encoding are checked first, then the text, so that every refusal can say what is wrong.
import type { IncomingMessage } from 'node:http';
import { Failure } from '../../contract/problems.ts';
import { inspectJson } from '../json-text.ts';
import { cut } from '../text.ts';

const decoder = new TextDecoder('utf-8', { fatal: true });
const JSON_TYPE = /^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i;
const CHARSET = /;\s*charset\s*=\s*"?\s*([^\s";]*)/i;

/** JSON in UTF-8, which is what no charset means as well (RFC 8259). */
const isJson = (type: string | undefined): boolean =>
  type !== undefined && JSON_TYPE.test(type) && /^utf-?8$/i.test(CHARSET.exec(type)?.[1] ?? 'utf-8');

const YAML_TYPE = /^(?:application|text)\/(?:x-)?yaml\s*(?:;|$)/i;

export interface BodyOptions {
  /** In bytes. */
  readonly limit: number;
  /** YAML is read as well. */
  readonly yaml?: boolean;
}

/**
 * The parsed body, or undefined when there is none.
 * Throws UNSUPPORTED_MEDIA_TYPE, PAYLOAD_TOO_LARGE, INVALID_JSON or INVALID_YAML.
 */
export async function readBody(request: IncomingMessage, { limit, yaml = false }: BodyOptions): Promise<unknown> {
  const { headers } = request;
  const length = headers['content-length'];
  if (headers['transfer-encoding'] === undefined && (length === undefined || length === '0')) return undefined;
  if (length !== undefined && Number(length) > limit) throw new Failure('PAYLOAD_TOO_LARGE', { limit });
  const isYaml = yaml && YAML_TYPE.test(headers['content-type'] ?? '');
  const encoding = headers['content-encoding'] ?? 'identity';
  if (!(isYaml || isJson(headers['content-type'])) || encoding !== 'identity')
    throw new Failure('UNSUPPORTED_MEDIA_TYPE', {
      types: yaml ? 'application/json or application/yaml' : 'application/json',
    });
  const bytes = await collect(request, limit);
  return isYaml ? parseYaml(bytes) : parseJson(bytes);
}

/** YAML is read much more slowly than JSON, and grows by its aliases. */
const YAML = { bytes: 1_000_000, text: 8_000_000, aliases: 50 } as const;

/** YAML as JSON: what JSON cannot say, as a cycle, a number without end or a key that is no text, is refused; so are keys that stand twice. */
async function parseYaml(bytes: Buffer): Promise<unknown> {
  if (bytes.length > YAML.bytes) throw new Failure('PAYLOAD_TOO_LARGE', { limit: YAML.bytes });
  const { parseDocument, visit, isScalar } = await import('yaml');
  try {
    // The library compares each key of a map with all others.
    const document = parseDocument(decoder.decode(bytes), { uniqueKeys: false, stringKeys: true });
    const [fault] = document.errors;
    if (fault !== undefined) throw fault;
    visit(document, {
      Map(_, { items }) {
        const seen = new Set<unknown>();
        for (const { key } of items) {
          const name = isScalar(key) ? key.value : key;
          if (seen.has(name)) throw new Error(`the key ${cut(String(name), 100)} stands twice in one map`);
          seen.add(name);
        }
      },
    });
    const text = JSON.stringify(document.toJS({ maxAliasCount: YAML.aliases }), finite) ?? '';
    if (text.length > YAML.text) throw new Error('its aliases make too much of it');
    return parseJson(Buffer.from(text));
  } catch (error) {
    const [reason = ''] = (error instanceof Failure ? String(error.parameters.reason) : (error as Error).message).split(
      '\n',
    );
    throw new Failure('INVALID_YAML', { reason: cut(reason.replace(/:$/, ''), 200) });
  }
}

function finite(key: string, value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) throw new Error(`${key} is no finite number`);
  return value;
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
    // Every request closes; only one that is not complete lost its sender.
    const lost = () => {
      if (!request.complete)
        reject(new Failure('INVALID_JSON', { reason: 'the connection closed before the body was complete' }));
    };
    request.on('error', lost);
    request.on('close', lost);
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
    throw new Failure('INVALID_JSON', { reason: cut((error as Error).message, 120) });
  }
  if (typeof value === 'object') inspectJson(text);
  return value;
}
