// The one executor behind hooks, workflows and endpoints: which part of the server does what an action asks for.
import { createHash } from 'node:crypto';
import { Failure } from '../../../contract/problems.ts';
import type { Ctx } from '../../context.ts';
import type { Database, Transaction } from '../../db/database.ts';
import type { Logger } from '../../db/log.ts';
import type { Message } from '../../mail/service.ts';
import type { Records } from '../../records/service.ts';
import { cut } from '../../text.ts';
import { ADDRESS } from './address.ts';
import { onRecords } from './on-records.ts';
import { createRunner, type Perform, type Situation } from './run.ts';

/** A request to somebody else's server, as an action made it. */
export interface Call {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  readonly timeoutMs: number;
}

/** On whose behalf, and until when. */
export interface Calling {
  readonly accountId: string | undefined;
  readonly signal: AbortSignal;
}

export interface ActionParts {
  readonly db: Database;
  readonly records: Records;
  readonly log?: Logger | undefined;
  readonly mail: { send(message: Message): Promise<void> };
  /** Throws with a stable `reason` where nothing was answered. */
  readonly call: (
    call: Call,
    at: Calling,
  ) => Promise<{ readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: string }>;
  /** Answers the job's id. With a transaction the job is there when that commits. */
  readonly enqueue: (
    on: Transaction | null,
    job: {
      readonly handler: string;
      readonly payload: Record<string, unknown>;
      readonly accountId: string;
      readonly depth: number;
      readonly queue?: string | undefined;
      readonly delaySeconds?: number | undefined;
      readonly retries?: number | undefined;
      readonly createdBy?: string | undefined;
    },
  ) => Promise<string>;
  /** Handlers that definitions may name. */
  readonly openHandlers: () => readonly string[];
  /** Answers the instance's id. Throws RESOURCE_NOT_FOUND. */
  readonly trigger: (
    on: Transaction | null,
    asked: { readonly workflow: string; readonly input: Record<string, unknown>; readonly ctx: Ctx },
  ) => Promise<string>;
  /** What stops the caller's request with a message and a status. */
  readonly abort: (message: string, status: number) => Error;
}

/** Handlers of jobs that make the calls which a transaction put off. */
export const LATER = { call: 'send_webhook', mail: 'send_email' } as const;

const SAID = 10_000;

export function createActions(parts: ActionParts) {
  const { db, records, mail, log } = parts;

  const accountOf = (ctx: Ctx): string => {
    const account = accountIn(ctx);
    if (account === undefined) throw new Failure('ACCOUNT_REQUIRED', { how: 'send X-Account-ID' });
    return account;
  };
  /** Templates may name a handler, so it is judged when it is enqueued too. */
  function refuseClosed(handler: string): void {
    const open = parts.openHandlers();
    if (open.includes(handler)) return;
    const message = `There is no handler ${cut(handler, 100)} for definitions; there are ${open.join(', ') || 'none'}.`;
    throw new Failure('INVALID_RESOURCE_DATA', {}, [{ field: 'handler', code: 'unknown_handler', message }]);
  }
  const originOf = (ctx: Ctx) => ({
    accountId: accountOf(ctx),
    depth: ctx.automation?.depth ?? 0,
    createdBy: ctx.caller?.userId ?? undefined,
  });
  const later = (handler: string, payload: Record<string, unknown>, { tx, ctx }: Situation) =>
    parts.enqueue(tx, { handler, payload, ...originOf(ctx) });

  /** Makes the call; throws CALL_REFUSED for any answer but 2xx. */
  async function call(request: Call, at: Calling): Promise<unknown> {
    const { status, headers, body } = await parts.call(request, at);
    if (status < 200 || status > 299) throw new Failure('CALL_REFUSED', { status, body: cut(body, 500) });
    const isJson = /^application\/([\w.+-]+\+)?json/i.test(headers['content-type'] ?? '');
    return { status, body: isJson ? asJson(body) : cut(body, SAID) };
  }

  const perform: Perform = async (type, options, at) => {
    const { ctx, tx, signal } = at;
    const record = onRecords[type];
    if (record !== undefined) return record(tx === null ? records : records.within(tx), options, at);
    switch (type) {
      case 'transform':
        return options.output;
      case 'send_webhook': {
        const request = callOf(options, at.key);
        if (tx === null) return call(request, { accountId: accountIn(ctx), signal });
        return { queued: true, job_id: await later(LATER.call, { ...request }, at) };
      }
      case 'send_email': {
        const messages = messagesOf(options);
        if (tx !== null) {
          const ids: string[] = [];
          for (const message of messages) ids.push(await later(LATER.mail, { ...message }, at));
          return { queued: true, job_id: ids[0] ?? null, job_ids: ids };
        }
        for (const message of messages) await mail.send(message);
        return { sent: true, to: messages.map(({ to }) => to) };
      }
      case 'enqueue_job': {
        const { handler, payload, queue, delay_seconds, retries } = options;
        refuseClosed(String(handler));
        const id = await parts.enqueue(tx, {
          handler: String(handler),
          payload: payload as Record<string, unknown>,
          queue: queue as string | undefined,
          delaySeconds: delay_seconds as number | undefined,
          retries: retries as number | undefined,
          ...originOf(ctx),
        });
        return { job_id: id };
      }
      case 'trigger_workflow': {
        const { workflow, input } = options;
        const asked = { workflow: String(workflow), input: input as Record<string, unknown>, ctx };
        return { instance_id: await parts.trigger(tx, asked) };
      }
      case 'set_fields': {
        const fields = options.fields as Record<string, unknown>;
        if (at.set === undefined)
          throw new Failure('FORBIDDEN', { reason: 'there is no record that is being written' });
        at.set(fields);
        return fields;
      }
      case 'abort':
        throw parts.abort(String(options.message), Number(options.status));
      default:
        throw new Error(`No part of the server does ${type}.`);
    }
  };

  return {
    ...createRunner({ db, perform, log }),
    /** What jobs do later that was put off. */
    later: {
      [LATER.call]: (payload: unknown, at: Calling) => call(payload as Call, at),
      [LATER.mail]: (payload: unknown) => mail.send(payload as Message),
    },
  };
}

export type ActionService = ReturnType<typeof createActions>;

/** A superadmin acts in the account that was named. */
function accountIn({ caller, accountHeader }: Ctx): string | undefined {
  const account = caller?.superadmin ? (accountHeader ?? caller.accountId) : (caller?.accountId ?? accountHeader);
  return account ?? undefined;
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return cut(text, SAID);
  }
}

/** Throws INVALID_RESOURCE_DATA for headers that are none. */
function callOf(options: Record<string, unknown>, key: string | undefined): Call {
  const { url, method, headers = {}, body, text, json, timeout_seconds } = options;
  const isJson = text === undefined ? body !== undefined : json === true;
  const own = Object.entries(headers as Record<string, unknown>).map(([name, value]) => [
    name.toLowerCase(),
    String(value ?? '').replace(/[\r\n\0]/g, ' '),
  ]);
  return {
    url: String(url),
    method: String(method),
    headers: {
      ...(isJson && { 'content-type': 'application/json' }),
      // The same in each try of one action, so that a receiver can tell it from another one's call that is equal to it.
      ...(key !== undefined && { 'idempotency-key': keyOf(key, url, body, text) }),
      ...(Object.fromEntries(own) as Record<string, string>),
    },
    body: text !== undefined ? String(text) : body === undefined ? null : JSON.stringify(body),
    timeoutMs: Number(timeout_seconds) * 1000,
  };
}

const keyOf = (...parts: unknown[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 32);

/** One message for each address. Throws INVALID_RESOURCE_DATA naming the address that is none. */
function messagesOf({ to, subject, body, html }: Record<string, unknown>): Message[] {
  const all = (to as readonly unknown[]).map((one) => (typeof one === 'string' ? one.trim() : ''));
  const bad = all.find((one) => !ADDRESS.test(one));
  if (bad !== undefined || all.length === 0 || all.length > 50) {
    const message = `"${cut(bad ?? '', 100)}" is no address.`;
    throw new Failure('INVALID_RESOURCE_DATA', {}, [{ field: 'to', code: 'invalid_email', message }]);
  }
  const line = String(subject ?? '').replace(/[\r\n\0]+/g, ' ');
  return all.map((address) => ({
    to: address,
    subject: line,
    text: String(body ?? ''),
    ...(html !== undefined && { html: String(html) }),
    template: 'automation',
  }));
}
