// Workflows: what the steps do and in which order, from the first request to the result in the instance.
import { beforeAll, describe, expect, it } from 'vitest';
import { available, type Json, startApp, type Tenant, type TestApp } from '../helpers/app.ts';
import { type WorkflowTools, workflowTools } from '../helpers/workflows.ts';

const note = (name: string, more: Json = {}) => ({
  type: 'action',
  name,
  action_type: 'transform',
  config: { output: name },
  ...more,
});

describe.runIf(available)('workflows', () => {
  let t: TestApp;
  let a: Tenant;
  let w: WorkflowTools;
  let orders: string;
  let log: string;
  const order = (instance: Json): string[] => instance.step_logs.map((one: Json) => one.step_name);
  const write = (name: string, data: Json, more: Json = {}) => ({
    type: 'action',
    name,
    action_type: 'create_record',
    config: { collection: log, data },
    ...more,
  });
  const rows = async (title = ''): Promise<Json[]> => {
    const filter = encodeURIComponent(`title ~ "${title}"`);
    const path = `/api/v1/records/${log}?limit=100&sort=created_at&filter=${filter}`;
    const { body, text } = await t.call('GET', path, undefined, { token: a.token });
    if (body.items === undefined) throw new Error(text);
    return body.items;
  };

  beforeAll(async () => {
    t = await startApp();
    a = await t.tenant('Alpha');
    w = workflowTools(t, () => a.token);
    const fields = [
      { name: 'title', type: 'text' },
      { name: 'amount', type: 'number' },
      { name: 'state', type: 'text' },
    ];
    orders = (await t.collection({ schema: fields })).name;
    log = (await t.collection({ schema: fields })).name;
  });

  it('S000-24 wf-order-processing is started by its slug; the context of the instance has order_id', async () => {
    const made = await w.made({ name: 'wf-order-processing', steps: [note('one')] });
    expect(made).toMatchObject({ slug: 'wf-order-processing', trigger_type: 'manual', trigger_config: {}, version: 1 });
    const started = await t.call(
      'POST',
      '/api/v1/workflows/wf-order-processing/trigger',
      { order_id: 'o-1' },
      { token: a.token },
    );
    expect(started.status).toBe(202);
    expect(started.body).toEqual({ message: expect.any(String), instance_id: expect.any(String) });
    const done = await w.until(started.body.instance_id);
    expect(done).toMatchObject({ status: 'completed', context: { trigger: { order_id: 'o-1', _source: 'manual' } } });
    const unknown = await t.call('POST', '/api/v1/workflows/wf-nothing/trigger', {}, { token: a.token });
    expect([unknown.status, unknown.body.code]).toEqual([404, 'RESOURCE_NOT_FOUND']);
  });

  it('S000-11 a workflow of two steps runs both in their order', async () => {
    const done = await w.ran([
      write('first', { title: 'first' }),
      write('second', { title: '{{steps.first.output.title}}, second' }),
    ]);
    expect(done.status).toBe('completed');
    expect(order(done)).toEqual(['first', 'second']);
    expect((await rows()).map(({ title }) => title)).toEqual(['first', 'first, second']);
    expect(done.step_logs[0]).toMatchObject({
      status: 'success',
      step_type: 'action',
      attempt: 1,
      error_message: null,
    });
  });

  it('S000-42 steps, a branch, and the result visible in the instance', async () => {
    const steps = [
      { type: 'condition', name: 'large', expression: 'trigger.amount > 100', on_true: 'ask', on_false: 'accept' },
      note('ask', { next: 'done' }),
      note('accept'),
      { type: 'end', name: 'done', output: { by: '{{trigger.amount}}', asked: '{{steps.ask.output}}' } },
    ];
    const { id } = await w.made({ name: 'Branches', steps });
    const [small, large] = [await w.start(id, { amount: 5 }), await w.start(id, { amount: 500 })];
    expect(await w.until(small)).toMatchObject({ status: 'completed', output: { by: 5, asked: null } });
    const asked = await w.until(large);
    expect(order(asked)).toEqual(['large', 'ask', 'done']);
    expect(asked).toMatchObject({
      output: { by: 500, asked: 'ask' },
      context: { steps: { large: { output: { result: true, branch: 'ask' } } } },
    });
  });

  describe('what follows what', () => {
    const when = (expression: string, more: Json) => ({ type: 'condition', name: 'cond', expression, ...more });
    const table: [string, Json[], string[]][] = [
      ['both branches, true', [when('true', { on_true: 'A', on_false: 'B' }), note('A'), note('B')], ['cond', 'A']],
      ['both branches, false', [when('false', { on_true: 'A', on_false: 'B' }), note('A'), note('B')], ['cond', 'B']],
      [
        'branches meet behind them',
        [when('true', { on_true: 'A', on_false: 'B' }), note('A'), note('B'), note('C')],
        ['cond', 'A', 'C'],
      ],
      [
        'the other meets there too',
        [when('false', { on_true: 'A', on_false: 'B' }), note('A'), note('B'), note('C')],
        ['cond', 'B', 'C'],
      ],
      ['one branch, true: an if', [when('true', { on_true: 'A' }), note('A'), note('B')], ['cond', 'A', 'B']],
      ['one branch, false: it is left out', [when('false', { on_true: 'A' }), note('A'), note('B')], ['cond', 'B']],
      ['one branch further down: a goto', [when('true', { on_true: 'B' }), note('A'), note('B')], ['cond', 'B']],
      ['and without it the order', [when('false', { on_true: 'B' }), note('A'), note('B')], ['cond', 'A', 'B']],
      ['no branch: it is only noted', [when('false', {}), note('A')], ['cond', 'A']],
      ['a branch that ends', [when('true', { on_true: 'end' }), note('A')], ['cond']],
      ['next jumps', [note('A', { next: 'C' }), note('B', { next: 'end' }), note('C', { next: 'B' })], ['A', 'C', 'B']],
      ['next end ends', [note('A', { next: 'end' }), note('B')].slice(0, 1), ['A']],
      [
        'behind a jump the order of its target',
        [when('true', { on_true: 'B', on_false: 'A' }), note('A'), note('B'), note('C')],
        ['cond', 'B', 'C'],
      ],
      [
        'switch takes the first case',
        [
          {
            type: 'switch',
            name: 'cond',
            cases: [
              { when: 'false', next: 'A' },
              { when: 'true', next: 'B' },
            ],
            default: 'C',
          },
          note('A'),
          note('B'),
          note('C'),
          note('D'),
        ],
        ['cond', 'B', 'D'],
      ],
      [
        'switch without a case that holds goes on behind its branches',
        [
          {
            type: 'switch',
            name: 'cond',
            cases: [
              { when: 'false', next: 'A' },
              { when: 'false', next: 'B' },
            ],
          },
          note('A'),
          note('B'),
          note('C'),
        ],
        ['cond', 'C'],
      ],
      [
        'what deals with a failure is passed over by the order',
        [note('A', { on_error: 'mend' }), note('B'), note('mend'), note('C')],
        ['A', 'B', 'C'],
      ],
    ];
    it.each(table)('%s', async (_, steps, wanted) => {
      const done = await w.ran(steps);
      expect(done.status).toBe('completed');
      expect(order(done)).toEqual(wanted);
      await t.call('DELETE', `/api/v1/workflows/${done.workflow_id}`, undefined, { token: a.token });
    });
  });

  it('loops over items with item and index, and waits between two steps', async () => {
    const steps = [
      { type: 'wait_delay', name: 'moment', duration: 0.1 },
      {
        type: 'loop',
        name: 'each',
        items: '{{trigger.items}}',
        step: {
          action_type: 'create_record',
          config: { collection: log, data: { title: 'loop {{item.name}}', amount: '{{index}}' } },
        },
      },
      note('sum', {
        config: { output: { count: '{{steps.each.output.count}}', last: '{{steps.each.output.results[1].title}}' } },
      }),
    ];
    const done = await w.ran(steps, { items: [{ name: 'x' }, { name: 'y' }] });
    expect(done).toMatchObject({
      status: 'completed',
      context: { steps: { sum: { output: { count: 2, last: 'loop y' } } } },
    });
    expect(order(done)).toEqual(['moment', 'each', 'sum']);
    expect((await rows('loop')).map(({ amount }) => amount)).toEqual([0, 1]);
    const none = await w.ran(steps, { items: 'no list' });
    expect(none).toMatchObject({ status: 'failed', current_step: 'each', error_code: 'NOT_A_LIST' });
  });

  it('runs branches side by side; one that fails fails the step after the others ended', async () => {
    const branch = (title: string) => ({ action_type: 'create_record', config: { collection: log, data: { title } } });
    const bad = {
      action_type: 'update_record',
      config: { collection: log, record_id: 'nothing', data: { title: 'x' } },
    };
    const good = await w.ran([
      { type: 'parallel', name: 'both', branches: [[branch('left 1'), branch('left 2')], ['right']] },
      write('right', { title: 'right' }),
      note('behind'),
    ]);
    expect(order(good)).toEqual(['both', 'behind']);
    expect((await rows('left')).length).toBe(2);
    const failed = await w.ran([
      { type: 'parallel', name: 'both', branches: [[bad], [branch('others 1'), branch('others 2')]] },
    ]);
    expect(failed).toMatchObject({
      status: 'failed',
      error_code: 'RESOURCE_NOT_FOUND',
      error_message: expect.stringContaining('Branch 0'),
    });
    expect((await rows('others')).length).toBe(2);
  });

  it('steps are called as people call them', async () => {
    const done = await w.ran(
      [
        { type: 'action', name: 'Prüfe „Lager“', action: { type: 'transform', output: { left: '{{trigger.n}}' } } },
        {
          type: 'condition',
          name: 'is it enough?',
          expression: 'steps.Pr_fe__Lager_.output.left > 3',
          on_true: 'Yes, send',
        },
        { type: 'end', name: 'Yes, send', output: '{{steps["Prüfe „Lager“"].output.left}} are left' },
      ],
      { n: 7 },
    );
    expect(done).toMatchObject({ status: 'completed', output: '7 are left' });
    for (const name of ['a.b', 'a"b', ' a', '1a', 'a]', 'a\nb', '']) {
      const refused = await w.create({ steps: [note(name)] });
      expect([refused.status, refused.body.errors[0].field], name).toEqual([422, 'steps.0.name']);
    }
  });

  it('starts sub-workflows and takes their result', async () => {
    await w.made({
      name: 'Child',
      slug: 'child',
      steps: [{ type: 'end', name: 'end', output: { doubled: '{{trigger.n}}' } }],
    });
    await w.made({
      name: 'Bad child',
      slug: 'bad-child',
      steps: [{ type: 'fail', name: 'no', message: 'not {{trigger.n}}' }],
    });
    const done = await w.ran(
      [
        { type: 'workflow', name: 'sub', workflow: 'child', input: { n: '{{trigger.n}}' } },
        { type: 'workflow', name: 'aside', workflow: 'child', input: {}, wait: false },
        { type: 'end', name: 'end', output: '{{steps.sub.output.output.doubled}}' },
      ],
      { n: 7 },
    );
    expect(done).toMatchObject({ status: 'completed', output: 7 });
    const failed = await w.ran([{ type: 'sub_workflow', name: 'sub', workflow: 'bad-child', input: { n: 3 } }]);
    expect(failed).toMatchObject({
      status: 'failed',
      error_code: 'SUB_WORKFLOW_FAILED',
      error_message: expect.stringContaining('not 3'),
    });
    const { id } = await w.made({ name: 'Passing', steps: [{ type: 'end', name: 'end' }] });
    const later = await w.made({ steps: [{ type: 'workflow', name: 'sub', workflow: 'passing' }] });
    await t.call('DELETE', `/api/v1/workflows/${id}`, undefined, { token: a.token });
    const gone = await w.until(await w.start(later.id));
    expect(gone).toMatchObject({ status: 'failed', error_code: 'RESOURCE_NOT_FOUND' });
  });

  it('a workflow that starts itself comes to an end', async () => {
    const { id } = await w.made({
      name: 'Self',
      slug: 'self',
      steps: [{ type: 'workflow', name: 'sub', workflow: 'self' }],
    });
    const done = await w.until(await w.start(id));
    expect(done).toMatchObject({ status: 'failed', error_code: 'SUB_WORKFLOW_FAILED' });
    const all = await w.instances(id);
    expect(all).toHaveLength(5);
    expect(all[0]).toMatchObject({ depth: 5, error_code: 'DEPTH_LIMIT' });
  });

  it('tries again, goes on, or goes elsewhere where a step fails', async () => {
    const bad = {
      action_type: 'update_record',
      config: { collection: log, record_id: '{{trigger.id}}', data: { state: 'found' } },
    };
    const retried = await w.ran(
      [{ type: 'action', name: 'try', ...bad, retry: { max_attempts: 3, delay_seconds: 0.05, backoff: 1 } }],
      { id: 'no' },
    );
    expect(retried).toMatchObject({ status: 'failed', current_step: 'try', error_code: 'RESOURCE_NOT_FOUND' });
    expect(retried.step_logs.map(({ status, attempt }: Json) => [status, attempt])).toEqual([
      ['failed', 1],
      ['failed', 2],
      ['failed', 3],
    ]);
    const over = await w.ran(
      [
        { type: 'action', name: 'try', ...bad, on_error: 'continue' },
        { type: 'end', name: 'end', output: '{{steps.try.error.code}}' },
      ],
      { id: 'no' },
    );
    expect(over).toMatchObject({ status: 'completed', output: 'RESOURCE_NOT_FOUND' });
    const mended = await w.ran(
      [{ type: 'action', name: 'try', ...bad, on_error: 'mend' }, note('skipped', { next: 'end' }), note('mend')],
      { id: 'no' },
    );
    expect(order(mended)).toEqual(['try', 'mend']);
    const skipped = await w.ran(
      [{ type: 'action', name: 'never', action: { type: 'transform', output: 1, condition: 'trigger.id = 2' } }],
      { id: 1 },
    );
    expect(skipped.step_logs[0]).toMatchObject({ status: 'skipped' });
  });

  it('waits for a moment, for a condition and no longer than it may', async () => {
    const soon = new Date(Date.now() + 300).toISOString();
    expect(await w.ran([{ type: 'wait_until', name: 'until', at: '{{trigger.at}}' }], { at: soon })).toMatchObject({
      status: 'completed',
    });
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(soon));
    expect(await w.ran([{ type: 'wait_until', name: 'until', at: '{{trigger.at}}' }], { at: 'soon' })).toMatchObject({
      status: 'failed',
      error_code: 'INVALID_MOMENT',
    });
    const { id } = await w.made({
      name: 'Watches',
      steps: [
        {
          type: 'wait_condition',
          name: 'there',
          query: { type: 'query_records', collection: log, filter: "state = '{{trigger.state}}'" },
          expression: 'query.total > 0',
          poll_interval: 1,
          timeout: '20s',
        },
      ],
    });
    const instance = await w.start(id, { state: 'awaited' });
    await w.until(instance, 'waiting');
    await t.call('POST', `/api/v1/records/${log}`, { title: 'it', state: 'awaited' }, { token: a.token });
    expect(await w.until(instance)).toMatchObject({
      status: 'completed',
      context: { steps: { there: { output: { result: true } } } },
    });
    const late = await w.ran([
      {
        type: 'wait_condition',
        name: 'never',
        expression: 'trigger.x = 1',
        poll_interval: 1,
        timeout: 0.2,
        on_timeout: 'late',
      },
      note('normal', { next: 'end' }),
      note('late'),
    ]);
    expect(order(late)).toEqual(['never', 'late']);
  });

  it('waits for an event of a record that fits, and not for one that came before', async () => {
    const { id } = await w.made({
      name: 'Awaits',
      steps: [
        write('own', { title: '{{trigger.key}}', state: 'paid' }),
        {
          type: 'wait_event',
          name: 'paid',
          event: 'records.create',
          collection: log,
          condition: "event.record.title = trigger.key and event.record.state = 'paid'",
        },
        { type: 'end', name: 'end', output: '{{steps.paid.output.record.amount}}' },
      ],
    });
    const instance = await w.start(id, { key: 'k-1' });
    const waiting = await w.until(instance, 'waiting');
    expect(waiting).toMatchObject({ current_step: 'paid', wake_at: null });
    const send = (data: Json) => t.call('POST', `/api/v1/records/${log}`, data, { token: a.token });
    await send({ title: 'k-2', state: 'paid', amount: 1 });
    await send({ title: 'k-1', state: 'open', amount: 2 });
    await send({ title: 'k-1', state: 'paid', amount: 3 });
    await send({ title: 'k-1', state: 'paid', amount: 4 });
    expect(await w.until(instance)).toMatchObject({ status: 'completed', output: 3 });
    const late = await w.ran([{ type: 'wait_event', name: 'e', event: 'records.delete', timeout: 0.2 }]);
    expect(late).toMatchObject({ status: 'failed', error_code: 'WAIT_TIMEOUT' });
  });

  it('is started by events of records that fit, with what the record was and is', async () => {
    const { id } = await w.made({
      name: 'On change',
      trigger: {
        type: 'event',
        event: 'on_record_after_update',
        collection: orders,
        condition: "old.state != state and state = 'paid'",
      },
      steps: [
        {
          type: 'end',
          name: 'end',
          output: ['{{trigger.old.state}}', '{{trigger.state}}', '{{trigger.record.amount}}', '{{trigger._event}}'],
        },
      ],
    });
    const path = `/api/v1/records/${orders}`;
    const { body } = await t.call('POST', path, { title: 'o', amount: 12, state: 'open' }, { token: a.token });
    await t.call('PATCH', `${path}/${body.id}`, { amount: 13 }, { token: a.token });
    await t.call('PATCH', `${path}/${body.id}`, { state: 'paid' }, { token: a.token });
    await t.call('PATCH', `${path}/${body.id}`, { amount: 14 }, { token: a.token });
    let all: Json[] = [];
    for (let i = 0; i < 200 && all.length === 0; i++) {
      all = await w.instances(id);
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    const done = await w.until(all[0].id);
    expect(done).toMatchObject({
      status: 'completed',
      source: 'event',
      output: ['open', 'paid', 13, 'records.update'],
    });
    await t.call('PATCH', `/api/v1/workflows/${id}/toggle`, undefined, { token: a.token });
    await t.call('PATCH', `${path}/${body.id}`, { state: 'open' }, { token: a.token });
    await t.call('PATCH', `${path}/${body.id}`, { state: 'paid' }, { token: a.token });
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await w.instances(id)).toHaveLength(1);
  });
});
