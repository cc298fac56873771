// Hooks by API: what sets them off, what they do and in which transaction, and what is refused.
import { beforeAll, describe, expect, it } from 'vitest';
import { available, type Json, startApp, type Tenant, type TestApp } from '../helpers/app.ts';

const SCHEMA = [
  { name: 'title', type: 'text' },
  { name: 'amount', type: 'number' },
  { name: 'status', type: 'text', default: 'new' },
  { name: 'mail', type: 'email', pii: true, mask_type: 'email' },
];

describe.runIf(available)('hooks by API', () => {
  let t: TestApp;
  let a: Tenant;
  beforeAll(async () => {
    t = await startApp();
    a = await t.tenant();
  });
  const call = (method: string, path: string, body?: unknown, token = a.token) =>
    t.call(method, `/api/v1${path}`, body, { token });
  const fresh = async (schema: Json = SCHEMA, more: Json = {}) =>
    (await t.collection({ schema, ...more })).name as string;
  async function hook(definition: Json, token = a.token): Promise<Json> {
    const made = await call('POST', '/hooks', { name: 'A hook', ...definition }, token);
    expect(made.status, made.text).toBe(201);
    return made.body;
  }
  const settle = () => t.app.automation.hooks.settle();
  const executions = async (id: string, token = a.token): Promise<Json[]> => {
    await settle();
    const found = await call('GET', `/hooks/${id}/executions`, undefined, token);
    expect(found.status, found.text).toBe(200);
    return found.body.items;
  };
  const rows = async (name: string): Promise<Json[]> =>
    (await call('GET', `/records/${name}?sort=created_at`)).body.items;
  const write = async (name: string, body: Json) => {
    const made = await call('POST', `/records/${name}`, body);
    expect(made.status, made.text).toBe(201);
    return made.body;
  };

  it('S000-39 S000-41 S000-44 a hook with a condition fires for 150, not for 50, and its executions are logged', async () => {
    const orders = await fresh();
    const log = await fresh();
    const made = await hook({
      trigger: { type: 'event', event: 'records.create', collection: orders },
      condition: 'amount > 100',
      actions: [
        {
          type: 'create_record',
          name: 'note',
          collection: log,
          data: { title: 'Large: {{record.title}}', amount: '{{record.amount}}' },
        },
        { type: 'transform', output: { made: '{{actions.note.result.id}}', by: '{{auth.email}}' } },
      ],
    });
    await write(orders, { title: 'small', amount: 50 });
    const large = await write(orders, { title: 'large', amount: 150, mail: 'jane@example.com' });
    const [execution, ...more] = await executions(made.id);
    expect(more).toEqual([]);
    const [note, ...others] = await rows(log);
    expect(others).toEqual([]);
    expect(note).toMatchObject({ title: 'Large: large', amount: 150, created_by: made.id });
    expect(execution).toMatchObject({
      hook_id: made.id,
      trigger_type: 'event',
      event: 'records.create',
      status: 'success',
      actions_executed: 2,
      error_message: null,
      attempt: 1,
      execution_context: { collection: orders, record_id: large.id, record: { mail: 'j***@example.com' } },
    });
    expect(execution.actions[1].result).toEqual({ made: note.id, by: a.email });
    const one = await call('GET', `/hooks/${made.id}/executions/${execution.id}`);
    expect(one.body).toEqual(execution);
    expect((await call('GET', `/hooks/${made.id}`)).body.last_run_at).not.toBeNull();
  });

  it('before a record is created: set_fields, other records in the same transaction, abort', async () => {
    const orders = await fresh();
    const log = await fresh();
    const before = { type: 'event', event: 'on_record_before_create', collection: orders };
    const first = await hook({
      name: 'fills',
      trigger: before,
      priority: 10,
      actions: [
        { type: 'set_fields', fields: { status: 'checked {{record.amount}}' } },
        { type: 'create_record', collection: log, data: { title: '{{record.status}}' } },
      ],
    });
    const second = await hook({
      name: 'refuses',
      trigger: before,
      condition: "amount > 100 and status = 'checked 150'",
      actions: [{ type: 'abort', message: 'No more than 100, not {{record.amount}}', status: 409 }],
    });
    const fine = await write(orders, { title: 'x', amount: 5 });
    expect(fine.status).toBe('checked 5');
    const refused = await call('POST', `/records/${orders}`, { title: 'y', amount: 150 });
    expect(refused.status).toBe(409);
    expect(refused.body).toMatchObject({ code: 'HOOK_ABORTED', message: 'No more than 100, not 150' });
    expect((await rows(orders)).length).toBe(1);
    expect((await rows(log)).map(({ title }) => title)).toEqual(['checked 5']);
    expect((await executions(first.id)).map(({ status }) => status)).toEqual(['success']);
    expect((await executions(second.id))[0]).toMatchObject({ status: 'aborted', error_code: 'HOOK_ABORTED' });
  });

  it('S000-51 hooks before an event run by priority, equal ones in the order of their creation', async () => {
    const orders = await fresh();
    const trigger = { type: 'event', event: 'records.before_create', collection: orders };
    const adds = (letter: string, priority?: number) =>
      hook({ trigger, priority, actions: [{ type: 'set_fields', fields: { title: `{{record.title}}${letter}` } }] });
    await adds('c', -5);
    await adds('b');
    await adds('B');
    await adds('a', 100);
    expect((await write(orders, { title: '' })).title).toBe('abBc');
  });

  it('before hooks change, watch and refuse updates and deletes, in batches too', async () => {
    const orders = await fresh();
    const log = await fresh();
    await hook({
      trigger: { type: 'event', event: 'records.before_update', collection: orders },
      condition: 'old.status != record.status',
      actions: [
        { type: 'set_fields', fields: { title: '{{old.status}} to {{record.status}}' } },
        { type: 'abort', condition: "record.status = 'bad'", message: 'Not that' },
      ],
    });
    await hook({
      trigger: { type: 'event', event: 'records.before_delete', collection: orders },
      actions: [
        { type: 'create_record', collection: log, data: { title: 'gone: {{record.title}}' } },
        { type: 'abort', condition: 'amount > 10', message: 'Too large to go' },
      ],
    });
    const one = await write(orders, { amount: 5 });
    const two = await write(orders, { amount: 50 });
    const patched = await call('PATCH', `/records/${orders}/${one.id}`, { status: 'paid' });
    expect(patched.body).toMatchObject({ status: 'paid', title: 'new to paid' });
    expect((await call('PATCH', `/records/${orders}/${one.id}`, { amount: 6 })).body.title).toBe('new to paid');
    const batch = await call('PATCH', `/records/${orders}/batch`, {
      records: [
        { id: one.id, data: { status: 'sent' } },
        { id: two.id, data: { status: 'bad' } },
      ],
    });
    expect(batch.status, batch.text).toBe(400);
    expect(batch.body.code).toBe('HOOK_ABORTED');
    expect((await rows(orders)).map(({ status }) => status)).toEqual(['paid', 'new']);
    expect((await call('DELETE', `/records/${orders}/${two.id}`)).body.message).toBe('Too large to go');
    expect((await call('DELETE', `/records/${orders}/${one.id}`)).status).toBe(204);
    expect((await rows(log)).map(({ title }) => title)).toEqual(['gone: new to paid']);
  });

  it('an action that fails before a write undoes it; the caller learns the code, the log the rest', async () => {
    const orders = await fresh();
    const log = await fresh([{ name: 'title', type: 'text', required: true, max_length: 3 }]);
    const made = await hook({
      name: 'copies',
      trigger: { type: 'event', event: 'records.before_create', collection: orders },
      actions: [{ type: 'create_record', collection: log, data: { title: '{{record.title}}' } }],
    });
    const refused = await call('POST', `/records/${orders}`, { title: 'too long' });
    expect(refused.status).toBe(409);
    expect(refused.body).toMatchObject({
      code: 'HOOK_ABORTED',
      message: 'The hook "copies" failed at action 1 (create_record): INVALID_RESOURCE_DATA.',
    });
    expect(await rows(orders)).toEqual([]);
    const [execution] = await executions(made.id);
    expect(execution).toMatchObject({ status: 'failed', error_code: 'INVALID_RESOURCE_DATA' });
    expect(execution.error_message).toContain('title');
  });

  it('after updates and deletes: both sides, what changed, and executions in the order of the record', async () => {
    const orders = await fresh();
    const log = await fresh();
    const made = await hook({
      trigger: { type: 'event', event: 'on_record_after_update', collection: orders },
      condition: "old.amount != record.amount and 'amount' in changes.updated",
      actions: [
        {
          type: 'create_record',
          collection: log,
          data: { title: '{{old.amount}}>{{amount}}'.replace('amount}}', 'amount}}') },
        },
      ],
    }).catch(() => null);
    expect(made).toBeNull();
    const updated = await hook({
      trigger: { type: 'event', event: 'on_record_after_update', collection: orders },
      condition: 'old.amount != record.amount',
      actions: [
        {
          type: 'create_record',
          collection: log,
          data: { title: '{{old.amount}}>{{record.amount}} {{changes.updated[0]}}' },
        },
      ],
    });
    const deleted = await hook({
      trigger: { type: 'event', event: 'records.delete' },
      condition: `collection = '${orders}'`,
      actions: [{ type: 'create_record', collection: log, data: { title: 'gone {{record.amount}} {{old.amount}}' } }],
    });
    const one = await write(orders, { amount: 0 });
    for (let amount = 1; amount <= 6; amount++) await call('PATCH', `/records/${orders}/${one.id}`, { amount });
    await call('PATCH', `/records/${orders}/${one.id}`, { title: 'not of interest' });
    await call('DELETE', `/records/${orders}/${one.id}`);
    expect(await executions(updated.id)).toHaveLength(6);
    expect(await executions(deleted.id)).toHaveLength(1);
    const titles = (await rows(log)).map(({ title }) => title);
    expect(titles.filter((title) => title.includes('>'))).toEqual(
      [0, 1, 2, 3, 4, 5].map((n) => `${n}>${n + 1} amount`),
    );
    expect(titles).toContain('gone 6 6');
  });

  it('nothing from before it was there, and nothing while it was disabled', async () => {
    const orders = await fresh();
    await write(orders, { title: 'early' });
    const made = await hook({
      trigger: { type: 'event', event: 'records.create', collection: orders },
      actions: [{ type: 'transform', output: '{{record.title}}' }],
    });
    await write(orders, { title: 'one' });
    await settle();
    expect((await call('PATCH', `/hooks/${made.id}/toggle`)).body.enabled).toBe(false);
    await write(orders, { title: 'off' });
    expect((await call('PATCH', `/hooks/${made.id}/toggle`)).body.enabled).toBe(true);
    await write(orders, { title: 'two' });
    expect((await executions(made.id)).map(({ actions }) => actions[0].result)).toEqual(['two', 'one']);
  });

  it('it acts as the role that it names, and is not told what that role may not see', async () => {
    const orders = await fresh(SCHEMA, { list_rule: "status = 'open'", view_rule: "status = 'open'" });
    const locked = await fresh();
    const seen = await hook({
      trigger: { type: 'event', event: 'records.create', collection: orders },
      run_as: 'user',
      actions: [
        { type: 'transform', output: '{{record.status}}' },
        { type: 'create_record', collection: locked, data: { title: 'x' } },
      ],
    });
    await write(orders, { status: 'open' });
    await write(orders, { status: 'closed' });
    const all = await executions(seen.id);
    expect(all).toHaveLength(1);
    expect(all[0]).toMatchObject({ status: 'partial', error_code: 'FORBIDDEN', actions: [{ result: 'open' }, {}] });
    const blind = await hook({
      trigger: { type: 'event', event: 'records.create', collection: locked },
      run_as: 'user',
      actions: [{ type: 'transform', output: 1 }],
    });
    await write(locked, { title: 'x' });
    expect((await executions(blind.id))[0]).toMatchObject({ status: 'skipped', error_code: 'FORBIDDEN' });
  });

  it('a hook that sets itself off comes to an end, and says so', async () => {
    const orders = await fresh();
    const made = await hook({
      trigger: { type: 'event', event: 'records.update', collection: orders },
      actions: [
        { type: 'transform', name: 'next', output: '{{record.amount}}' },
        { type: 'update_record', collection: orders, record_id: '{{record.id}}', data: { title: '{{run.id}}' } },
      ],
    });
    const one = await write(orders, { amount: 0 });
    await call('PATCH', `/records/${orders}/${one.id}`, { amount: 1 });
    for (let i = 0; i < 8; i++) await settle();
    const all = await executions(made.id);
    expect(all.map(({ status }) => status)).toEqual(['failed', ...Array(5).fill('success')]);
    expect(all[0]).toMatchObject({ error_code: 'DEPTH_LIMIT', actions: [] });
    expect(all[0].error_message).toContain(made.id);
    const before = await hook({
      trigger: { type: 'event', event: 'records.before_create', collection: orders },
      actions: [{ type: 'create_record', collection: orders, data: { title: 'again' } }],
    });
    const refused = await call('POST', `/records/${orders}`, { title: 'x' });
    expect(refused.status).toBe(409);
    expect(refused.body.code).toBe('HOOK_ABORTED');
    expect(await rows(orders)).toHaveLength(1);
    await call('DELETE', `/hooks/${before.id}`);
  });

  it('what a process that lost its lease did not store is done again, and records once', async () => {
    const log = await fresh();
    const made = await hook({
      trigger: { type: 'manual' },
      actions: [
        { type: 'create_record', collection: log, data: { title: 'first' } },
        { type: 'send_webhook', url: 'https://example.com/' },
        { type: 'create_record', collection: log, data: { title: 'second {{actions[1].result.status}}' } },
      ],
    });
    let calls = 0;
    const { late } = t.app.automation;
    const usual = late.call;
    late.call = async () => {
      calls += 1;
      if (calls === 1)
        await t.app.db.query(
          "update snackbase.hook_executions set lease = gen_random_uuid(), lease_until = now() - interval '1 second' where hook_id = $1",
          [made.id],
        );
      return { status: 200, headers: {}, body: 'fine' };
    };
    const sent = await call('POST', `/hooks/${made.id}/trigger`);
    expect(sent.status, sent.text).toBe(202);
    const [execution] = await executions(made.id);
    late.call = usual;
    expect(execution).toMatchObject({ id: sent.body.execution_id, status: 'success', attempt: 2, actions_executed: 3 });
    expect(calls).toBe(2);
    expect((await rows(log)).map(({ title }) => title)).toEqual(['first', 'second 200']);
  });

  it('the time limit really stops it, and no account runs more than four at once', async () => {
    const slow = await hook({
      trigger: { type: 'manual' },
      timeout_seconds: 1,
      actions: [
        { type: 'send_webhook', url: 'https://example.com/' },
        { type: 'transform', output: 1 },
      ],
    });
    const { late } = t.app.automation;
    const usual = late.call;
    let running = 0;
    let most = 0;
    late.call = (_request, signal) =>
      new Promise((_resolve, reject) => {
        running += 1;
        most = Math.max(most, running);
        signal.addEventListener('abort', () => {
          running -= 1;
          reject(signal.reason);
        });
      });
    for (let i = 0; i < 6; i++) await call('POST', `/hooks/${slow.id}/trigger`);
    const all = await executions(slow.id);
    late.call = usual;
    expect(most).toBe(4);
    expect(all).toHaveLength(6);
    for (const one of all) {
      expect(one).toMatchObject({
        status: 'failed',
        error_code: 'ACTION_TIMEOUT',
        actions: [{ type: 'send_webhook' }],
      });
      expect(one.duration_ms).toBeLessThan(3000);
    }
  });
});
