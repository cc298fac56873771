// A call of a tool: one call of the records service, with the decision before the arguments are read.
import type { Ctx } from '../context.ts';
import type { Logger } from '../db/log.ts';
import type { Records } from '../records/service.ts';
import { argumentsOf, fieldsOf, listQueryOf } from './arguments.ts';
import { failureOf } from './faults.ts';
import type { Tool } from './names.ts';
import { type Allowance, fits, isLarge, refuseLarge, SAME_AS_TEXT } from './replies.ts';
import { operationOf } from './verbs.ts';

/** The result of a tool: JSON as text, and the same as a value (`SAME_AS_TEXT` until it is written). */
export interface ToolResult {
  readonly content: { readonly type: 'text'; readonly text: string }[];
  readonly structuredContent?: Record<string, unknown>;
  readonly isError?: true;
  readonly [more: string]: unknown;
}

export type RecordsForTools = Pick<Records, 'slice' | 'get' | 'create' | 'patch' | 'delete' | 'batchCreate' | 'gate'>;

export function createCalls({
  records,
  log,
}: {
  readonly records: RecordsForTools;
  readonly log?: Logger | undefined;
}) {
  /** The answer as JSON text. Throws as the records service does, and INVALID_REQUEST for arguments that do not fit. */
  async function answer(ctx: Ctx, { def, verb }: Tool, given: unknown): Promise<string> {
    const name = def.qualifiedName;
    await records.gate(operationOf(verb)).admit({ ctx, params: { collection: name } });
    switch (verb) {
      case 'query': {
        const asked = argumentsOf(verb, given);
        const { items, total } = await records.slice(ctx, name, listQueryOf(asked), { where: asked.where });
        refuseLarge(
          items.reduce((sum, item) => sum + item.length, 0),
          'limit',
        );
        return `{"data":[${items.join()}],"total":${total}}`;
      }
      case 'get': {
        const asked = argumentsOf(verb, given);
        const { json } = await records.get(ctx, name, asked.id, fieldsOf(asked));
        refuseLarge(json.length, 'fields');
        return json;
      }
      case 'create':
        return written((await records.create(ctx, name, argumentsOf(verb, given).data)).json);
      case 'update': {
        const { id, data } = argumentsOf(verb, given);
        return written((await records.patch(ctx, name, id, data)).json);
      }
      case 'delete': {
        const { id } = argumentsOf(verb, given);
        await records.delete(ctx, name, id);
        return JSON.stringify({ id, deleted: true });
      }
      case 'bulk_create':
        return written((await records.batchCreate(ctx, name, argumentsOf(verb, given))).json);
    }
  }

  /** Calls a tool. What fails is a result as well, with the body that REST would answer. */
  return async function call(ctx: Ctx, tool: Tool, given: unknown, allowance: Allowance): Promise<ToolResult> {
    try {
      const text = await answer(ctx, tool, given);
      return { content: [{ type: 'text', text }], structuredContent: SAME_AS_TEXT };
    } catch (error) {
      const { requestId } = ctx;
      const failure = failureOf(error, requestId, log);
      if (isLarge(failure)) allowance.exhaust();
      return { isError: true, content: [{ type: 'text', text: JSON.stringify(failure.body(requestId)) }] };
    }
  };
}

/** What was written is written: an answer that is too large to be sent names the ids alone. */
function written(json: string): string {
  if (fits(json.length)) return json;
  const value = JSON.parse(json) as { id: string } | { created: { id: string }[]; count: number };
  if (!('created' in value)) return JSON.stringify({ id: value.id });
  return JSON.stringify({ ...value, created: value.created.map(({ id }) => ({ id })) });
}
