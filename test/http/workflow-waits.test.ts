// Workflows that wait for an event: however soon it comes after what they did, each event once, and none of their own.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { available, type Json, startApp, type Tenant, type TestApp } from '../helpers/app.ts';
import { type WorkflowTools, workflowTools } from '../helpers/workflows.ts';

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe.runIf(available)('workflows that wait for events', () => {
  let t: TestApp;
  let a: Tenant;
  let b: Tenant;
  let w: WorkflowTools;
  let payments: string;
  let url: string;
  const releases: (() => void)[] = [];

  const path = (id = '') => `/api/v1/records/${payments}${id && `/${id}`}`;
  const pay = async (title: string, amount = 0, { token } = a): Promise<string> =>
    (await t.call('POST', path(), { title, amount }, { token })).body.id;
  const change = (id: string, amount: number, { token } = a) => t.call('PATCH', path(id), { amount }, { token });

  /** The provider: what it does before it answers. */
  const doings: Record<string, (asked: Json) => Promise<unknown>> = {
    '/pays': ({ id, amounts }) =>
      amounts.reduce((before: Promise<unknown>, amount: number) => before.then(() => change(id, amount)), pause(0)),
    '/pays-soon': async ({ id, amounts, ms }) => void pause(ms).then(() => doings['/pays']?.({ id, amounts })),
    '/pays-another': ({ id }) => change(id, 7, b),
    '/pays-many': ({ title, count }) => {
      const records = Array.from({ length: count }, (_, i) => ({ title, amount: i + 1 }));
      return t.call('POST', `${path()}/batch`, { records }, { token: a.token });
    },
    '/nothing': async () => {},
    '/holds': () => new Promise<void>((resolve) => releases.push(resolve)),
  };
  const provider = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += String(chunk);
    });
    request.on('end', async () => {
      await doings[request.url ?? '']?.(JSON.parse(body));
      response.end('{}');
    });
  });

  const call = (name: string, to: string, body: Json = '{{trigger}}') => ({
    type: 'action',
    name,
    action: { type: 'send_webhook', url: `${url}${to}`, body },
  });
  const change_of = (name: string, more: Json = {}) => ({
    type: 'wait_event',
    name,
    event: 'records.update',
    collection: payments,
    condition: 'event.record.id = trigger.id',
    ...more,
  });
  const end = (...names: string[]) => ({
    type: 'end',
    name: 'end',
    output: names.map((name) => `{{steps.${name}.output.record.amount}}`),
  });
  const late = { timeout: 0.4, on_timeout: 'late' };
  const tooLate = { type: 'end', name: 'late', output: 'late' };
  const ran = async (steps: Json[], input: Json = {}) => w.ran(steps, { id: await pay('one'), ...input });

  beforeAll(async () => {
    t = await startApp({ webhookAllowPrivate: true });
    [a, b] = [await t.tenant('Alpha'), await t.tenant('Beta')];
    w = workflowTools(t, () => a.token);
    const schema = [
      { name: 'title', type: 'text' },
      { name: 'amount', type: 'number' },
    ];
    payments = (await t.collection({ schema })).name;
    await new Promise<void>((resolve) => {
      provider.listen(0, '127.0.0.1', resolve);
    });
    url = `http://127.0.0.1:${(provider.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    for (const release of releases) release();
    provider.closeAllConnections();
    provider.close();
  });

  it('an event that the step before caused before it had ended wakes it', async () => {
    const done = await ran([call('ask', '/pays'), change_of('paid'), end('paid')], { amounts: [5] });
    expect(done).toMatchObject({ status: 'completed', output: [5] });
  });

  it('so does one when steps that decide and a pause stand between', async () => {
    const steps = [
      call('ask', '/pays'),
      { type: 'condition', name: 'really', expression: 'trigger.id is not null', on_true: 'which' },
      { type: 'switch', name: 'which', cases: [{ when: 'trigger.id is not null', next: 'rest' }] },
      { type: 'wait_delay', name: 'rest', duration: 0.1 },
      change_of('paid'),
      end('paid'),
    ];
    expect(await ran(steps, { amounts: [6] })).toMatchObject({ status: 'completed', output: [6] });
  });

  it('events in quick succession are for waits in a row, in their order', async () => {
    const steps = [
      call('ask', '/pays'),
      change_of('one'),
      change_of('two'),
      change_of('three'),
      end('one', 'two', 'three'),
    ];
    expect(await ran(steps, { amounts: [1, 2, 3] })).toMatchObject({ status: 'completed', output: [1, 2, 3] });
  });

  it('what comes between an event and what is done about it is for the next wait', async () => {
    const steps = [
      call('ask', '/pays'),
      change_of('one'),
      call('noted', '/nothing'),
      change_of('two'),
      end('one', 'two'),
    ];
    expect(await ran(steps, { amounts: [1, 2] })).toMatchObject({ status: 'completed', output: [1, 2] });
  });

  it('one event is not for two waits, and what a wait passes over is there for those behind it', async () => {
    const once = [call('ask', '/pays'), change_of('one'), change_of('two', late), end('two'), tooLate];
    expect(await ran(once, { amounts: [1] })).toMatchObject({ output: 'late' });
    const over = (name: string, amount: number, more: Json = {}) =>
      change_of(name, { condition: `event.record.id = trigger.id and event.record.amount > ${amount}`, ...more });
    const steps = [
      call('ask', '/pays'),
      over('much', 10, { timeout: 0.2, on_timeout: 'any' }),
      change_of('any'),
      end('any'),
    ];
    expect(await ran(steps, { amounts: [1, 2] })).toMatchObject({ status: 'completed', output: [1] });
    const behind = [call('ask', '/pays'), over('two', 1), change_of('any', late), end('any'), tooLate];
    expect(await ran(behind, { amounts: [1, 2] })).toMatchObject({ output: 'late' });
  });

  it('what it does itself does not count, nor what the database does because of that', async () => {
    const tags = await t.collection({
      schema: [{ name: 'of', type: 'reference', collection: payments, on_delete: 'cascade' }],
    });
    const id = await pay('goes');
    const tag = (await t.call('POST', `/api/v1/records/${tags.name}`, { of: id }, { token: a.token })).body;
    expect(tag.of).toBe(id);
    const write = (name: string, action: Json) => ({
      type: 'action',
      name,
      action: { collection: payments, ...action },
    });
    const waits = (event: string, collection: string) => ({
      type: 'wait_event',
      name: event,
      event,
      collection,
      ...late,
    });
    const steps = [
      write('made', { type: 'create_record', data: { title: 'own', amount: 1 } }),
      waits('records.create', payments),
      tooLate,
    ].map((one) => (one.name === 'records.create' ? { ...one, name: 'other' } : one));
    expect((await w.ran(steps)).output).toBe('late');
    const deletes = [
      write('gone', { type: 'delete_record', record_id: id }),
      { ...waits('records.delete', tags.name), name: 'other' },
      tooLate,
    ];
    expect((await w.ran(deletes)).output).toBe('late');
    expect((await t.call('GET', `/api/v1/records/${tags.name}/${tag.id}`, undefined, { token: a.token })).status).toBe(
      404,
    );
    const { id: workflow } = await w.made({
      name: 'Waits for others',
      steps: [steps[0], { ...steps[1], timeout: 60 }, end('other'), tooLate],
    });
    const instance = await w.start(workflow);
    await w.until(instance, 'waiting');
    await pay('of others', 9);
    expect(await w.until(instance)).toMatchObject({ status: 'completed', output: [9] });
  });

  it('what came before another step that acts counts; before one behind a pause, and elsewhere, it does not', async () => {
    const steps = (...before: Json[]) => [...before, change_of('paid', late), end('paid'), tooLate];
    const rest = { type: 'wait_delay', name: 'rest', duration: 0.1 };
    const asks = [call('ask', '/pays'), call('again', '/nothing')];
    expect(await ran(steps(...asks), { amounts: [4] })).toMatchObject({ output: [4] });
    for (const pause of [[rest], [rest, { type: 'condition', name: 'on', expression: 'trigger.id is not null' }]])
      expect(await ran(steps(asks[0] as Json, ...pause, asks[1] as Json), { amounts: [1] })).toMatchObject({
        output: 'late',
      });
    const any = { condition: undefined, collection: undefined };
    const other = [call('ask', '/pays-another'), { ...change_of('paid', late), ...any }, end('paid'), tooLate];
    expect(await w.ran(other, { id: await pay('theirs', 0, b) })).toMatchObject({ output: 'late' });
  });

  it('the time of a wait counts from its beginning, and without any it has what came before', async () => {
    const steps = [call('ask', '/pays'), change_of('paid', { timeout: 0 }), end('paid')];
    expect(await ran(steps, { amounts: [3] })).toMatchObject({ output: [3] });
    expect(await ran(steps, { amounts: [] })).toMatchObject({ status: 'failed', error_code: 'WAIT_TIMEOUT' });
    const done = await ran([call('ask', '/nothing'), change_of('paid', { timeout: 1 })]);
    expect(done).toMatchObject({ status: 'failed', error_code: 'WAIT_TIMEOUT', current_step: 'paid' });
    const took = Date.parse(done.completed_at) - Date.parse(done.step_logs[1].started_at);
    // The two moments are of clocks that tell milliseconds.
    expect(took).toBeGreaterThanOrEqual(990);
  });

  it('where a wait is the first step, events count since the instance was made', async () => {
    const { id: holding } = await w.made({ name: 'Holds', steps: [call('hold', '/holds')] });
    const { id } = await w.made({ name: 'Waits first', steps: [change_of('paid'), end('paid')] });
    // As many as an account may run at a time.
    const held = await Promise.all(Array.from({ length: 8 }, () => w.start(holding)));
    while (releases.length < 8) await pause(10);
    const payment = await pay('early');
    await change(payment, 1);
    const instance = await w.start(id, { id: payment });
    await change(payment, 2);
    await pause(300);
    expect(await w.until(instance, 'pending')).toMatchObject({ status: 'pending' });
    for (const release of releases.splice(0)) release();
    expect(await w.until(instance)).toMatchObject({ status: 'completed', output: [2] });
    await Promise.all(held.map((one) => w.until(one)));
  });

  it('of many events that came before the one that fits is found', async () => {
    const waits = {
      ...change_of('paid', { condition: 'event.record.title = trigger.title and event.record.amount = trigger.count' }),
      event: 'records.create',
    };
    const done = await w.ran([call('ask', '/pays-many'), waits, end('paid')], { title: 'many', count: 450 });
    expect(done).toMatchObject({ status: 'completed', output: [450] });
  });

  it('no event is lost or counts twice, whenever it comes while the wait begins', async () => {
    const { id: workflow } = await w.made({
      name: 'Races',
      steps: [call('ask', '/pays-soon'), change_of('one'), change_of('two'), end('one', 'two')],
    });
    const rounds = Array.from({ length: 24 }, async (_, i) => {
      const id = await pay(`race ${i}`);
      return w.until(await w.start(workflow, { id, amounts: [1, 2], ms: i % 20 }));
    });
    for (const done of await Promise.all(rounds)) expect(done).toMatchObject({ status: 'completed', output: [1, 2] });
  });

  it('a process that dies before it has looked back leaves that to the next', async () => {
    const { id: workflow } = await w.made({ name: 'Dies', steps: [change_of('paid'), end('paid')] });
    const id = await pay('dies');
    const instance = await w.start(workflow, { id });
    await w.until(instance, 'waiting');
    // As if it had died with the lease.
    await t.app.db.query(
      `update snackbase.workflow_instances set status = 'running', lease = gen_random_uuid(), wake_at = now() + interval '1 hour',
         wait_after = null where id = $1`,
      [instance],
    );
    await change(id, 4);
    await pause(300);
    const over =
      'update snackbase.workflow_instances set wake_at = now() where id = $1 and wait_event is not null returning id';
    expect(await t.app.db.query(over, [instance])).toHaveLength(1);
    expect(await w.until(instance)).toMatchObject({ status: 'completed', output: [4] });
  });

  it('who takes up an instance that waits does not lose what has come', async () => {
    const { id: workflow } = await w.made({
      name: 'Resumed',
      steps: [call('ask', '/nothing'), change_of('paid'), end('paid')],
    });
    const id = await pay('resumed');
    const instance = await w.start(workflow, { id });
    await w.until(instance, 'waiting');
    const resume = () => t.call('POST', `/api/v1/workflow-instances/${instance}/resume`, undefined, { token: a.token });
    await resume();
    await w.until(instance, 'waiting');
    const [changed] = await Promise.all([change(id, 8), resume(), resume()]);
    expect(changed.status).toBe(200);
    expect(await w.until(instance)).toMatchObject({ status: 'completed', output: [8] });
  });
});
