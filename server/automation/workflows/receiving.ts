// Messages from outside that start workflows: the token is the credential, and where there is a secret the message must be signed.
import { Failure } from '../../../contract/problems.ts';
import type { Ctx } from '../../context.ts';
import type { Database } from '../../db/database.ts';
import { inspectJson } from '../../json-text.ts';
import { cut } from '../../text.ts';
import { tokenHash } from './definitions.ts';
import { checkSignature } from './signature.ts';
import type { Starting } from './starting.ts';
import * as store from './store/workflows.ts';

/** Bytes of a message. */
const MOST_BYTES = 400_000;
const JSON_TYPE = /^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i;
const decoder = new TextDecoder('utf-8', { fatal: true });

export interface ReceivingOptions {
  readonly db: Database;
  readonly starting: Starting;
  readonly openSecret: (sealed: Buffer) => string;
  readonly clock: () => Date;
}

/**
 * Starts the workflow of a token. Throws RESOURCE_NOT_FOUND also where it is disabled, INVALID_SIGNATURE, INVALID_JSON,
 * PAYLOAD_TOO_LARGE, UNSUPPORTED_MEDIA_TYPE.
 */
export function createReceiving({ db, starting, openSecret, clock }: ReceivingOptions) {
  return async (token: string, ctx: Ctx): Promise<{ message: string; instance_id: string }> => {
    const workflow = token.length > 200 ? null : await store.findByToken(db, tokenHash(token));
    if (workflow === null) throw new Failure('RESOURCE_NOT_FOUND');
    const body = await collected(ctx);
    const secret = workflow.secret_sealed === null ? null : openSecret(workflow.secret_sealed);
    const header = (name: string): string | null => ctx.header?.(name) ?? null;
    const messageId = secret === null ? null : checkSignature({ header }, body, secret, clock());
    const data = parsed(body);
    const isObject = typeof data === 'object' && data !== null && !Array.isArray(data);
    const trigger = data === undefined ? {} : isObject ? { ...data } : { data };
    const id = await db.transaction((tx) =>
      starting.started(tx, {
        workflow,
        source: 'webhook',
        trigger,
        depth: 1,
        startedBy: null,
        ...(messageId !== null && { messageId }),
      }),
    );
    return { message: 'The workflow was started.', instance_id: id };
  };
}

async function collected({ upload }: Ctx): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of upload?.bytes ?? []) {
    size += chunk.length;
    if (size > MOST_BYTES) throw new Failure('PAYLOAD_TOO_LARGE', { limit: MOST_BYTES });
    chunks.push(chunk);
  }
  if (size > 0 && (!JSON_TYPE.test(upload?.contentType ?? '') || (upload?.encoding ?? 'identity') !== 'identity'))
    throw new Failure('UNSUPPORTED_MEDIA_TYPE', { types: 'application/json' });
  return Buffer.concat(chunks);
}

/** Throws INVALID_JSON. */
function parsed(body: Buffer): unknown {
  if (body.length === 0) return undefined;
  let text: string;
  let value: unknown;
  try {
    text = decoder.decode(body);
    value = text.trim() === '' ? undefined : JSON.parse(text);
  } catch (error) {
    throw new Failure('INVALID_JSON', { reason: cut((error as Error).message, 120) });
  }
  if (typeof value === 'object') inspectJson(text);
  return value;
}
