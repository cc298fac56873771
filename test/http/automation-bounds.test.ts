// What automation may hold in memory: results of one run have one bound, steps that collect fail early, and what ends its process is given up.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { available, type Json, startApp, type Tenant, type TestApp } from '../helpers/app.ts';
import { type WorkflowTools, workflowTools } from '../helpers/workflows.ts';

describe.runIf(available)('what automation may hold', () => {
  let t: TestApp;
  let a: Tenant;
  let w: WorkflowTools;
  let notes: string;
  const call = (method: string, path: string, body?: Json) =>
    t.call(method, `/api/v1${path}`, body, { token: a.token });
  const written = async (title: string): Promise<number> =>
    (await call('GET', `/records/${notes}?filter=${encodeURIComponent(`title = "${title}"`)}`)).body.total;
  const all = async (): Promise<number> => (await call('GET', `/records/${notes}?limit=1`)).body.total;
  const note = (title: string) => ({ type: 'create_record', collection: notes, data: { title } });
  /** Five times what is sent. */
  const five = (path: string) => ({ type: 'transform', output: path.repeat(5) });
  const big = 'x'.repeat(440_000);

  beforeAll(async () => {
    t = await startApp();
    a = await t.tenant('Alpha');
    w = workflowTools(t, () => a.token);
    const schema = [{ name: 'title', type: 'text' }];
    notes = (await t.collection({ schema, list_rule: '', view_rule: '', create_rule: '' })).name;
  });
  afterAll(() => t.stop());

  it('a loop fails at the item whose result no context could hold, and does no more', async () => {
    const inner = [{ action: note('loop') }, { action: { type: 'transform', output: '{{trigger.big}}' } }];
    const items = Array.from({ length: 40 }, (_, i) => i);
    const steps = [
      { type: 'loop', name: 'each', items, steps: inner, on_error: 'after' },
      { type: 'end', name: 'after' },
    ];
    const done = await w.ran(steps, { big: 'x'.repeat(240_000) });
    expect(done).toMatchObject({ status: 'completed', context: { steps: { each: { status: 'failed' } } } });
    expect(done.context.steps.each.error.code).toBe('CONTEXT_TOO_LARGE');
    // Four results have their place, and the fifth has none.
    expect(await written('loop')).toBe(5);
  });

  it('what an item of a loop says in between does not count for the next', async () => {
    const inner = [{ action: five('{{trigger.big}}') }, { action: { type: 'transform', output: '{{index}}' } }];
    const done = await w.ran([{ type: 'loop', name: 'each', items: [0, 1, 2, 3], steps: inner }], { big });
    expect(done.context.steps.each.output.results).toEqual([0, 1, 2, 3]);
    const twice = [inner[0], inner[0], inner[1]];
    const failed = await w.ran([{ type: 'loop', name: 'each', items: [0], steps: twice }], { big });
    expect(failed).toMatchObject({ status: 'failed', error_code: 'RESULT_TOO_LARGE' });
  });

  it('branches have one bound together', async () => {
    const branch = (n: number) => [
      { action: { type: 'transform', output: `${n}{{trigger.big}}` } },
      { action: note('branch') },
    ];
    const steps = [{ type: 'parallel', name: 'all', branches: [1, 2, 3, 4].map(branch) }];
    const done = await w.ran(steps, { big });
    expect(done).toMatchObject({ status: 'failed', error_code: 'RESULT_TOO_LARGE' });
    expect(done.error_message).toContain('1000000');
    expect(await written('branch')).toBe(2);
  });

  it('what a loop has done is there when it goes on, each item by itself', async () => {
    const fails = { type: 'update_record', collection: notes, record_id: '{{trigger.id}}', data: { title: 'there' } };
    const steps = [note('first'), fails, { type: 'transform', output: '{{actions[0].result.id}}' }];
    const items = [1, 2, 3];
    const name = 'each';
    const failed = await w.ran([{ type: 'loop', name, items, steps: steps.map((action) => ({ action })) }], {
      id: '00000000-0000-7000-8000-000000000000',
    });
    expect(failed).toMatchObject({ status: 'failed', error_code: 'RESOURCE_NOT_FOUND' });
    const { id: there } = (await call('POST', `/records/${notes}`, { title: 'there' })).body;
    await t.app.db.query(
      `update snackbase.workflow_instances set context = replace(context::text, '00000000-0000-7000-8000-000000000000', $2)::json where id = $1`,
      [failed.id, there],
    );
    await call('POST', `/workflow-instances/${failed.id}/resume`);
    const done = await w.until(failed.id);
    expect(done.status, done.error_message).toBe('completed');
    expect(await written('first')).toBe(3);
    expect(new Set(done.context.steps.each.output.results).size).toBe(3);
  });

  it('a dry run tells no more than a context holds', async () => {
    const step = (name: string) => ({ type: 'action', name, action: { type: 'transform', output: '{{trigger.big}}' } });
    const { id } = await w.made({ steps: ['a', 'b', 'c', 'd'].map(step) });
    const told = await call('POST', `/workflows/${id}/trigger?dry_run=true`, { big });
    expect([told.status, told.body.status, told.body.steps.length]).toEqual([200, 'unfinished', 2]);
    expect(told.body.message).toContain('1000000');
  });

  it('all results of a hook or an endpoint have one bound together', async () => {
    const actions = [five('{{input.big}}'), note('hook'), five('{{input.big}}'), note('hook')];
    const hook = await call('POST', '/hooks', { name: 'h', trigger: { type: 'manual' }, actions });
    await call('POST', `/hooks/${hook.body.id}/trigger`, { big });
    await t.app.automation.hooks.settle();
    const [run] = (await call('GET', `/hooks/${hook.body.id}/executions`)).body.items;
    expect(run).toMatchObject({ status: 'partial', error_code: 'RESULT_TOO_LARGE' });
    expect(run.error_message).toContain('at most 4000000 characters together');
    expect(await written('hook')).toBe(1);

    const sent = '{{request.body.big}}';
    for (const atomic of [true, false]) {
      const path = `/results-${atomic}`;
      const title = `endpoint ${atomic}`;
      const actions = [five(sent), note(title), five(sent), note(title)];
      await call('POST', '/endpoints', { name: 'e', path, method: 'POST', atomic, actions });
      const answer = await call('POST', `/x${path}`, { big });
      expect([answer.status, answer.body.code]).toEqual([400, 'RESULT_TOO_LARGE']);
      expect(await written(title)).toBe(atomic ? 0 : 1);
    }
  });

  it('what has no room and may fail leaves nothing', async () => {
    const sent = '{{request.body.big}}';
    const large = { ...note('large'), data: { title: sent }, on_error: 'continue' };
    const last = { type: 'transform', output: '{{actions[8].status}} {{actions[9].status}}' };
    const actions = [
      ...Array(8)
        .fill(0)
        .map(() => ({ type: 'transform', output: sent })),
      large,
      large,
      last,
    ];
    await call('POST', '/endpoints', { name: 'e', path: '/no-room', method: 'POST', atomic: true, actions });
    const before = await all();
    const answer = await call('POST', '/x/no-room', { big });
    expect([answer.status, answer.body]).toEqual([200, 'success failed']);
    expect((await all()) - before).toBe(1);
  });

  it('headers of an answer are bounded', async () => {
    const headers = Object.fromEntries(Array.from({ length: 40 }, (_, i) => [`X-H-${i}`, '{{request.body.big}}']));
    const response_template = { body: 'x', headers };
    const actions = [{ type: 'transform', output: 1 }];
    await call('POST', '/endpoints', { name: 'e', path: '/headers', method: 'POST', actions, response_template });
    expect((await call('POST', '/x/headers', { big: 'fits' })).headers.get('x-h-39')).toBe('fits');
    const answer = await call('POST', '/x/headers', { big });
    expect([answer.status, answer.body.code]).toEqual([502, 'ENDPOINT_FAILED']);
  });

  describe('what takes its process down', () => {
    /** At the second of its steps, as a process leaves it that died over it after `lapses` others. */
    const left = async (lapses: number, steps: Json[]) => {
      const { id } = await w.made({ steps: [{ type: 'wait_delay', name: 'pause', duration: '1h' }, ...steps] });
      const instance = await w.start(id);
      await w.until(instance, 'waiting');
      await t.app.db.query(
        `update snackbase.workflow_instances set status = 'running', lapses = $2, current_step = $3, state = null,
           lease = gen_random_uuid(), claim = claim + 1, wake_at = now() - interval '1 s' where id = $1`,
        [instance, lapses, steps[0].name],
      );
      return instance;
    };
    const lapsesOf = async (id: string) =>
      (
        await t.app.db.query<{ lapses: number }>('select lapses from snackbase.workflow_instances where id = $1', [id])
      )[0]?.lapses;

    it('is given up after ten times, and counted anew when it is resumed', async () => {
      const wait = { type: 'wait_delay', name: 'again', duration: '1h' };
      const instance = await left(9, [wait]);
      const failed = await w.until(instance);
      expect(failed).toMatchObject({ status: 'failed', current_step: 'again', error_code: 'ATTEMPTS' });
      expect(failed.error_message).toContain('10 times');
      expect((await call('POST', `/workflow-instances/${instance}/resume`)).status).toBe(202);
      await w.until(instance, 'waiting');
      expect(await lapsesOf(instance)).toBe(0);
    });

    it('may go on as long as it gets further', async () => {
      const last = await left(8, [{ type: 'wait_delay', name: 'again', duration: '1h' }]);
      await w.until(last, 'waiting');
      expect(await lapsesOf(last)).toBe(0);
      const loop = { type: 'loop', name: 'each', items: [1, 2], step: { action: note('further') } };
      const kept = await left(8, [loop]);
      expect(await w.until(kept)).toMatchObject({ status: 'completed' });
      expect([await lapsesOf(kept), await written('further')]).toEqual([0, 2]);
      const branches = [1, 2, 3].map(() => [{ action: note('side') }, { action: note('side') }]);
      const side = await left(8, [{ type: 'parallel', name: 'all', branches }]);
      expect(await w.until(side)).toMatchObject({ status: 'completed' });
      expect([await lapsesOf(side), await written('side')]).toEqual([0, 6]);
    });
  });
});
