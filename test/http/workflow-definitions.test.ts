// Definitions of workflows: what is refused and where it is told, versions, limits, and who may.
import { beforeAll, describe, expect, it } from 'vitest';
import { available, type Json, startApp, type Tenant, type TestApp } from '../helpers/app.ts';
import { type WorkflowTools, workflowTools } from '../helpers/workflows.ts';

const note = (name: string, more: Json = {}) => ({
  type: 'action',
  name,
  action: { type: 'transform', output: name },
  ...more,
});
const wait = (name: string, more: Json = {}) => ({ type: 'wait_delay', name, duration: '1s', ...more });
const when = (more: Json) => ({ type: 'condition', name: 'cond', expression: 'trigger.a = 1', ...more });

describe.runIf(available)('definitions of workflows', () => {
  let t: TestApp;
  let a: Tenant;
  let b: Tenant;
  let w: WorkflowTools;
  let orders: string;
  const call = (method: string, path: string, body?: Json, token = a.token) =>
    t.call(method, `/api/v1${path}`, body, { token });

  beforeAll(async () => {
    t = await startApp();
    [a, b] = [await t.tenant('Alpha'), await t.tenant('Beta')];
    w = workflowTools(t, () => a.token);
    orders = (await t.collection({ schema: [{ name: 'total', type: 'number' }] })).name;
  });

  const record = (steps: () => Json[], trigger: () => Json = () => ({ type: 'manual' })) => ({ steps, trigger });
  const table: [string, { steps: () => Json[]; trigger: () => Json }, [string, string][]][] = [
    ['a next that is not there', record(() => [note('a', { next: 'b' })]), [['steps[0].next', 'unknown_step']]],
    [
      'branches that are not there',
      record(() => [when({ on_true: 'x', on_false: 'y' })]),
      [
        ['steps[0].on_true', 'unknown_step'],
        ['steps[0].on_false', 'unknown_step'],
      ],
    ],
    ['two of one name', record(() => [note('a'), note('a')]), [['steps[1].name', 'duplicate']]],
    ['a name that means something else', record(() => [note('continue')]), [['steps[0].name', 'reserved_name']]],
    [
      'a step that nothing leads to',
      record(() => [note('a', { next: 'end' }), note('b')]),
      [['steps[1]', 'unreachable']],
    ],
    ['a step behind the end', record(() => [{ type: 'end', name: 'e' }, note('b')]), [['steps[1]', 'unreachable']]],
    ['a circle without a wait', record(() => [note('a'), note('b', { next: 'a' })]), [['steps[0]', 'endless']]],
    ['a step that tries itself for ever', record(() => [note('a', { on_error: 'a' })]), [['steps[0]', 'endless']]],
    [
      'an order that leads from one branch into another',
      record(() => [when({ on_true: 'a', on_false: 'b' }), note('a'), note('a2'), note('b')]),
      [['steps[2].next', 'ambiguous_next']],
    ],
    [
      'a template of a step that is not there',
      record(() => [note('a', { action: { type: 'transform', output: '{{steps.x.output}}' } })]),
      [['steps[0].action.output', 'unknown_path']],
    ],
    [
      'a template of a step that comes later',
      record(() => [note('a', { action: { type: 'transform', output: '{{steps.b.output}}' } }), note('b')]),
      [['steps[0].action.output', 'unknown_path']],
    ],
    [
      'a field that the trigger has not',
      record(
        () => [note('a', { action: { type: 'transform', output: '{{trigger.totl}}' } })],
        () => ({ type: 'event', event: 'records.create', collection: orders }),
      ),
      [['steps[0].action.output', 'unknown_path']],
    ],
    [
      'a condition that does not parse',
      record(() => [when({ expression: 'trigger.a >' })]),
      [['steps[0].expression', 'syntax']],
    ],
    [
      'a trigger on a collection that is not there',
      record(
        () => [note('a')],
        () => ({ type: 'event', event: 'records.create', collection: 'nothing_here' }),
      ),
      [['trigger.collection', 'unknown_collection']],
    ],
    [
      'an event that is not there',
      record(
        () => [note('a')],
        () => ({ type: 'event', event: 'records.created_at' }),
      ),
      [['trigger.event', 'unknown_event']],
    ],
    [
      'an event before the fact',
      record(
        () => [note('a')],
        () => ({ type: 'event', event: 'on_record_before_create' }),
      ),
      [['trigger.event', 'unknown_event']],
    ],
    [
      'a bad cron',
      record(
        () => [note('a')],
        () => ({ type: 'schedule', cron: '61 * * * *' }),
      ),
      [['trigger.cron', 'invalid_cron']],
    ],
    [
      'a bad time zone',
      record(
        () => [note('a')],
        () => ({ type: 'schedule', cron: '* * * * *', timezone: 'Mars/Base' }),
      ),
      [['trigger.timezone', 'invalid_timezone']],
    ],
    [
      'durations and moments that are none',
      record(() => [wait('a', { duration: 'soon' }), { type: 'wait_until', name: 'b', at: 'tomorrow' }]),
      [
        ['steps[0].duration', 'invalid_duration'],
        ['steps[1].at', 'invalid_moment'],
      ],
    ],
    [
      'a field that a collection has not',
      record(() => [note('a', { action: { type: 'create_record', collection: orders, data: { totl: 1 } } })]),
      [['steps[0].action.data.totl', 'unknown_field']],
    ],
    [
      'parts that are not there or no actions',
      record(() => [{ type: 'parallel', name: 'p', branches: [['x'], ['c']] }, wait('c')]),
      [
        ['steps[0].branches[0][0]', 'unknown_step'],
        ['steps[0].branches[1][0]', 'not_an_action'],
      ],
    ],
    [
      'a loop over no list and without a step',
      record(() => [{ type: 'loop', name: 'l', items: 'a, b' }]),
      [
        ['steps[0].items', 'not_a_list'],
        ['steps[0].steps', 'required'],
      ],
    ],
    [
      'stopping what has happened',
      record(() => [note('a', { action: { type: 'abort', message: 'no' } })]),
      [['steps[0].action.type', 'abort_not_allowed']],
    ],
    ['a role that is not there', record(() => [note('a')]), []],
  ];
  it.each(table.slice(0, -1))('refuses %s', async (_, { steps, trigger }, wanted) => {
    const { status, body } = await w.create({ name: 'Bad', steps: steps(), trigger: trigger() });
    expect([status, body.code], JSON.stringify(body)).toEqual([422, 'INVALID_REQUEST']);
    expect(body.errors.map(({ field, code }: Json) => [field, code])).toEqual(wanted);
    for (const { message } of body.errors) expect(message.length).toBeGreaterThan(10);
  });

  it('refuses what has not the form at all with 422 and the place', async () => {
    const bad: [Json, string][] = [
      [{ steps: [{ type: 'teleport', name: 'a' }] }, 'steps.0.type'],
      [{ steps: [{ type: 'action', name: 'a', action_type: 'teleport', config: {} }] }, 'steps.0.action.type'],
      [{ steps: [note('a', { typo: 1 })] }, 'steps.0.typo'],
      [{ steps: [note('1a')] }, 'steps.0.name'],
      [{ steps: [note('a')], trigger: { type: 'moon' } }, 'trigger.type'],
      [{ steps: [note('a', { retry: { max_attempts: 0 } })] }, 'steps.0.retry.max_attempts'],
      [{ steps: [note('a')], name: '' }, 'name'],
      [{ steps: [note('a')], slug: 'Ä' }, 'slug'],
    ];
    for (const [definition, field] of bad) {
      const { status, body } = await w.create({ name: 'Bad', ...definition });
      expect([status, body.code]).toEqual([422, 'INVALID_REQUEST']);
      expect(body.errors.map((entry: Json) => entry.field)).toContain(field);
    }
    const role = await w.create({ steps: [note('a')], run_as: 'nobody_there' });
    expect([role.status, role.body.errors[0].field]).toEqual([422, 'run_as']);
  });

  it('tells all problems at once', async () => {
    const { body } = await w.create({
      steps: [when({ on_true: 'x', expression: '(' }), note('a', { next: 'y' }), wait('w', { duration: 'x' })],
    });
    expect(body.errors.length).toBeGreaterThanOrEqual(4);
  });

  it('takes what an editor of the published client sends: ids, positions, nulls and options under config', async () => {
    const made = await w.made({
      name: 'Edited',
      trigger: { type: 'schedule', config: { cron: '0 9 * * 1' } },
      steps: [
        {
          id: 'a',
          type: 'condition',
          name: 'ask',
          expression: '1 = 1',
          on_true: null,
          on_false: null,
          position_x: 10.5,
          position_y: 0,
        },
        { id: 'b', type: 'wait_delay', name: 'wait', config: { duration: '1s' }, next: null },
        note('last', { next: null }),
      ],
    });
    expect(made.trigger_config).toMatchObject({ cron: '0 9 * * 1' });
    expect(made.steps).toMatchObject([
      { id: 'a', position_x: 10.5, position_y: 0 },
      { id: 'b', duration: '1s' },
      { name: 'last' },
    ]);
    const called = { type: 'webhook', token: null, secret: null };
    expect((await w.made({ name: 'Called', trigger: called, steps: [note('a')] })).trigger_config.token).toMatch(/./);
  });

  it('one without steps yet, as an editor begins, can be made, filled later, and ends at once where it is started', async () => {
    const made = await w.made({ name: 'Begun', steps: undefined });
    expect(made.steps).toEqual([]);
    const first = await w.until(await w.start(made.id));
    expect([first.status, first.output, first.resume_job_id]).toEqual(['completed', null, null]);
    const path = `/api/v1/workflows/${made.id}`;
    const filled = await t.call('PUT', path, { steps: [note('a')] }, { token: a.token });
    expect([filled.status, filled.body.version]).toEqual([200, 2]);
    const second = await w.until(await w.start(made.id));
    expect(Object.keys(second.context.steps)).toEqual(['a']);
  });

  it('keeps what is not sent, counts versions of what it does, and answers what can be sent again', async () => {
    const made = await w.made({ name: 'Größe & Maß', description: 'first', steps: [note('a'), wait('b')] });
    expect(made).toMatchObject({
      slug: 'grosse-mass',
      version: 1,
      enabled: true,
      run_as: 'account',
      last_run_at: null,
    });
    expect(made.steps[0]).toEqual({ type: 'action', name: 'a', action_type: 'transform', config: { output: 'a' } });
    const named = await call('PUT', `/workflows/${made.id}`, { name: 'Other' });
    expect(named.body).toMatchObject({
      name: 'Other',
      slug: 'grosse-mass',
      description: 'first',
      version: 1,
      steps: made.steps,
    });
    const again = await call('PUT', `/workflows/${made.slug}`, { steps: made.steps, trigger: made.trigger });
    expect(again.body).toMatchObject({ version: 1 });
    const changed = await call('PATCH', `/workflows/${made.id}`, { steps: [note('c')], description: null });
    expect(changed.body).toMatchObject({ version: 2, description: null });
    expect((await call('GET', `/workflows/${made.slug}`)).body).toEqual(changed.body);
    expect((await w.create({ name: 'x', slug: 'grosse-mass', steps: [note('a')] })).body.code).toBe('CONFLICT');
    expect((await w.made({ name: 'Größe Maß', steps: [note('a')] })).slug).toBe('grosse-mass-2');
    expect((await call('DELETE', `/workflows/${made.id}`)).status).toBe(204);
    expect((await call('GET', `/workflows/${made.id}`)).status).toBe(404);
    const trail = await call('GET', `/audit-logs?table_name=workflows&record_id=${made.id}`);
    expect(new Set(trail.body.items.map(({ operation }: Json) => operation))).toEqual(
      new Set(['CREATE', 'UPDATE', 'DELETE']),
    );
  });

  it('instances go on with the version that they began with', async () => {
    const { id } = await w.made({ name: 'Pinned', steps: [wait('a'), { type: 'end', name: 'e', output: 'old' }] });
    const instance = await w.start(id);
    await w.until(instance, 'waiting');
    await call('PUT', `/workflows/${id}`, { steps: [{ type: 'end', name: 'other', output: 'new' }] });
    expect(await w.until(instance)).toMatchObject({ status: 'completed', version: 1, output: 'old' });
    expect(await w.until(await w.start(id))).toMatchObject({ version: 2, output: 'new' });
  });

  it('a webhook trigger keeps its token, shows it to its account alone, and gets another one on demand', async () => {
    const made = await w.made({
      name: 'Hooked',
      trigger: { type: 'webhook', secret: 'a secret of mine' },
      steps: [note('a')],
    });
    const { token } = made.trigger_config;
    expect(made.trigger_config).toEqual({
      token: expect.stringMatching(/^wfh_[\w-]{43}$/),
      url: `http://localhost:8000/api/v1/workflow-webhooks/${token}`,
      signed: true,
    });
    const again = await call('PUT', `/workflows/${made.id}`, { trigger: made.trigger });
    expect(again.body.trigger_config).toEqual(made.trigger_config);
    const rows = await t.app.db.query('select * from snackbase.workflows where id = $1', [made.id]);
    expect(JSON.stringify(rows)).not.toContain(token);
    expect(JSON.stringify(rows)).not.toContain('a secret of mine');
    expect(
      (await call('PUT', `/workflows/${made.id}`, { trigger: { type: 'webhook', secret: null } })).body.trigger_config
        .signed,
    ).toBe(false);
    const rotated = await call('POST', `/workflows/${made.id}/rotate-token`);
    expect(rotated.body.trigger_config.token).not.toBe(token);
    const other = await w.made({ name: 'Other', steps: [note('a')] });
    expect((await call('POST', `/workflows/${other.id}/rotate-token`)).body.code).toBe('WORKFLOW_STATE');
  });

  it("is the account's admin's: others of the account 403, other accounts 404, strangers 401", async () => {
    const made = await w.made({ name: 'Mine', steps: [note('a')] });
    const instance = await w.start(made.id);
    await w.until(instance);
    const member = await t.member(a.account.id);
    const routes = [
      ['GET', `/workflows/${made.id}`],
      ['PUT', `/workflows/${made.id}`, {}],
      ['PATCH', `/workflows/${made.id}/toggle`],
      ['POST', `/workflows/${made.id}/trigger`],
      ['GET', `/workflows/${made.id}/instances`],
      ['GET', `/workflow-instances/${instance}`],
      ['POST', `/workflow-instances/${instance}/cancel`],
      ['POST', `/workflow-instances/${instance}/resume`],
      ['DELETE', `/workflows/${made.id}`],
    ] as const;
    for (const [method, path, body] of routes) {
      expect([path, (await call(method, path, body, member.token)).status]).toEqual([path, 403]);
      expect([path, (await call(method, path, body, b.token)).status]).toEqual([path, 404]);
      expect([path, (await t.call(method, `/api/v1${path}`, body)).status]).toEqual([path, 401]);
    }
    expect((await call('POST', `/workflows/${made.slug}/trigger`, {}, b.token)).status).toBe(404);
    const unnamed = await call(
      'POST',
      '/workflows',
      { name: 'x', trigger: { type: 'manual' }, steps: [note('a')] },
      t.root,
    );
    expect([unnamed.status, unnamed.body.code]).toEqual([400, 'ACCOUNT_REQUIRED']);
    const listed = await call('GET', '/workflows?limit=1&trigger_type=manual');
    expect(listed.body).toMatchObject({ limit: 1, skip: 0, items: [{ account_id: a.account.id }] });
  });

  it('a 51st workflow is refused', async () => {
    const c = await t.tenant('Gamma');
    const tools = workflowTools(t, () => c.token);
    for (let i = 0; i < 50; i++) await tools.made({ name: 'One of many', steps: [note('a')] });
    expect((await tools.create({ name: 'Too many', steps: [note('a')] })).body).toMatchObject({
      code: 'LIMIT_REACHED',
    });
    const { total, items } = (await t.call('GET', '/api/v1/workflows?limit=200', undefined, { token: c.token })).body;
    expect([total, new Set(items.map(({ slug }: Json) => slug)).size]).toEqual([50, 50]);
    const second = await t.call('GET', '/api/v1/workflows?page=2&page_size=20', undefined, { token: c.token });
    expect(second.body.items.map(({ id }: Json) => id)).toEqual(items.slice(20, 40).map(({ id }: Json) => id));
    expect(
      (await t.call('GET', '/api/v1/workflows?limit=201', undefined, { token: c.token })).body.errors,
    ).toMatchObject([{ field: 'limit' }]);
  });
});
