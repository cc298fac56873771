// Workflows in tests: making one, starting it and waiting for what becomes of it.
import type { Json, Reply, TestApp } from './app.ts';

export interface WorkflowTools {
  create(definition: Json): Promise<Reply>;
  /** Of a workflow that must be good. */
  made(definition: Json): Promise<Json>;
  /** Starts one and answers the instance's id. */
  start(id: string, input?: Json): Promise<string>;
  /** The instance once it is in one of these states; the usual end without any. */
  until(instance: string, ...states: string[]): Promise<Json>;
  /** Makes, starts and waits for the end. */
  ran(steps: Json[], input?: Json, more?: Json): Promise<Json>;
  instances(workflow: string): Promise<Json[]>;
}

const ENDED = ['completed', 'failed', 'cancelled'];

/** As the account's admin. */
export function workflowTools(t: TestApp, token: () => string): WorkflowTools {
  const as = () => ({ token: token() });
  const self: WorkflowTools = {
    create: (definition) =>
      t.call('POST', '/api/v1/workflows', { name: 'A workflow', trigger: { type: 'manual' }, ...definition }, as()),
    async made(definition) {
      const { status, body, text } = await self.create(definition);
      if (status !== 201) throw new Error(`${status}: ${text}`);
      return body;
    },
    async start(id, input) {
      const { status, body, text } = await t.call('POST', `/api/v1/workflows/${id}/trigger`, input, as());
      if (status !== 202) throw new Error(`${status}: ${text}`);
      return body.instance_id;
    },
    async until(instance, ...states) {
      const wanted = states.length === 0 ? ENDED : states;
      for (let i = 0; ; i++) {
        const { body } = await t.call('GET', `/api/v1/workflow-instances/${instance}`, undefined, as());
        if (wanted.includes(body.status)) return body;
        if (i > 400) throw new Error(`not ${wanted}: ${JSON.stringify(body)}`);
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
    },
    async ran(steps, input, more = {}) {
      const { id } = await self.made({ steps, ...more });
      return self.until(await self.start(id, input));
    },
    instances: async (workflow) =>
      (await t.call('GET', `/api/v1/workflows/${workflow}/instances`, undefined, as())).body.items,
  };
  return self;
}
