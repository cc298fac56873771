// Hooks: what happens when, beside what the server does by itself.
import { reads } from './access.ts';
import { noParams, room, z } from './kit.ts';
import { BuiltinHook, HookEvent } from './lifecycle.ts';

export const hooks = room({
  events: {
    method: 'GET',
    path: '/api/v1/hooks/events',
    summary: 'List the lifecycle events',
    description:
      'Every event that hooks may name, and the built-in steps at their place in the order. Extension modules name all events, hooks that are defined by API those with `api`.',
    pathParams: noParams,
    responses: {
      200: z
        .object({ items: z.array(HookEvent), total: z.int(), builtin: z.array(BuiltinHook) })
        .meta({ id: 'HookEvents' }),
    },
    metadata: reads('user'),
    example: {
      reply: {
        items: [
          {
            name: 'on_record_after_create',
            category: 'record',
            phase: 'after',
            abortable: false,
            api: true,
            api_name: 'records.create',
            description: 'A record was created: once the commit is durable.',
          },
        ],
        total: 1,
        builtin: [
          {
            event: 'on_record_before_create',
            name: 'builtin.validation',
            runs: 'before_hooks',
            description: 'The body is judged: every problem is reported at once.',
          },
        ],
      },
    },
  },
});
