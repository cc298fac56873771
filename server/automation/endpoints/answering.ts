// Answering one call of an endpoint: condition, schemas, then the pipeline as whoever it acts for.
import type { ActionOutcome } from '../../../contract/actions.ts';
import { Failure, type ProblemEntry } from '../../../contract/problems.ts';
import type { Caller, Ctx } from '../../context.ts';
import type { Database } from '../../db/database.ts';
import type { ActionService } from '../actions/service.ts';
import { automationCtx, onBehalf } from '../principal.ts';
import type { Values } from '../templates.ts';
import { createDeadline } from './deadline.ts';
import type { Found } from './find.ts';
import { runPipeline } from './pipeline.ts';
import type { ReadyEndpoint } from './ready.ts';
import { type Chosen, replyOf } from './reply.ts';
import type { EndpointRow } from './store.ts';

export interface Asked {
  readonly params: { readonly path: string | readonly string[] };
  readonly query: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly ctx: Ctx;
}

/** What is found out on the way, for the log. */
export interface Note {
  readonly id: string;
  readonly request: { readonly method: string; readonly path: string };
  /** The pipeline was reached. */
  began: boolean;
  /** May go on for a while after the answer, where that was that its time is over. */
  work?: Promise<unknown>;
  body: unknown;
  /** An action that was passed over. */
  failed?: ActionOutcome | undefined;
}

export interface AnsweringParts {
  readonly db: Database;
  readonly actions: Pick<ActionService, 'runAll'>;
  /** null for a role that is gone or disabled. */
  readonly roleOf: (name: string) => Promise<{ readonly id: number; readonly name: string } | null>;
}

/** Throws FORBIDDEN, INVALID_QUERY_PARAMS, INVALID_RESOURCE_DATA; after `note.began` what the pipeline throws. */
export type AnswerCall = (
  asked: Asked,
  found: Pick<Found, 'params' | 'belongs'>,
  ready: ReadyEndpoint,
  note: Note,
) => Promise<Chosen>;

export function createAnswering({ db, actions, roleOf }: AnsweringParts): AnswerCall {
  /** As whom its actions run. */
  async function actor(endpoint: EndpointRow, caller: Caller | null, ctx: Ctx, run: string): Promise<Ctx> {
    const { id, name, account_id: accountId, settings } = endpoint;
    const automation = { kind: 'endpoint' as const, id, name, run, depth: 1 };
    if (settings.run_as === 'caller') {
      const named = caller === null || caller.superadmin;
      return { ...onBehalf(ctx, automation), caller, accountHeader: named ? accountId : null };
    }
    return automationCtx({ accountId, role: await roleOf(settings.run_as), automation }, ctx.requestId);
  }

  return async ({ ctx, body, query: sent }, { params, belongs }, { endpoint, compiled: ready }, note) => {
    const { settings, account_id: accountId } = endpoint;
    // Who belongs to another account is nobody in this one.
    const caller = belongs ? ctx.caller : null;
    // Numbers of the query are numbers for the condition too, as far as they are any.
    const query = ready.query?.judge(sent) ?? { value: sent, problems: [] };
    const headers = ctx.ownHeaders ?? {};
    const values: Values = {
      request: { ...note.request, params, query: query.value, body: body ?? null, headers },
      auth: authValues(caller, accountId),
      account: { id: accountId },
      now: new Date().toISOString(),
      run: { id: note.id },
    };
    const data = typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
    if (!ready.condition.holds(values, data))
      throw new Failure('FORBIDDEN', { reason: "the endpoint's condition does not hold" });
    refuse('INVALID_QUERY_PARAMS', query.problems);
    refuse('INVALID_RESOURCE_DATA', ready.input?.judge(body ?? null).problems ?? []);
    note.began = true;
    return runPipeline(
      { db, actions },
      {
        compiled: ready,
        values,
        ctx: await actor(endpoint, caller, ctx, note.id),
        deadline: createDeadline(settings.timeout_seconds),
        attempt: ctx.attempt ?? null,
        hold: (work) => {
          note.work = work;
        },
        finish(outcomes) {
          const { answer, body: told } = replyOf(ready.response, values, outcomes);
          note.body = told;
          note.failed = outcomes.find(({ status }) => status === 'failed');
          return answer;
        },
      },
    );
  };
}

function refuse(code: 'INVALID_QUERY_PARAMS' | 'INVALID_RESOURCE_DATA', problems: readonly ProblemEntry[]): void {
  const [first] = problems;
  if (first !== undefined) throw new Failure(code, { name: first.field, reason: first.message }, problems);
}

const authValues = (caller: Caller | null, accountId: string) => ({
  id: caller?.userId ?? null,
  user_id: caller?.userId ?? null,
  // Whoever runs the server is nobody of the account.
  email: caller?.superadmin ? null : (caller?.email ?? null),
  role: caller?.role ?? null,
  account_id: accountId,
  groups: caller?.groups ?? null,
});
