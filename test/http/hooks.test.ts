// Hooks by API: what sets them off, what they do and in which transaction, and what is refused.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { available, type Json, kind, PASSWORD, startApp, type Tenant, type TestApp } from '../helpers/app.ts';

const SCHEMA = [
  { name: 'title', type: 'text' },
  { name: 'amount', type: 'number' },
  { name: 'status', type: 'text', default: 'new' },
  { name: 'mail', type: 'email', pii: true, mask_type: 'email' },
];

describe.runIf(available)('hooks by API', () => {
  let t: TestApp;
  let a: Tenant;
  const noted: Json[] = [];
  /** Somebody else's server, and what it does. */
  let answer: (request: IncomingMessage, response: ServerResponse) => unknown = (_, response) => response.end();
  const receiver = createServer((request, response) => answer(request, response));
  let there = '';
  afterAll(() => {
    receiver.closeAllConnections();
    receiver.close();
  });
  beforeAll(async () => {
    receiver.listen(0, '127.0.0.1');
    await new Promise((resolve) => receiver.once('listening', resolve));
    there = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
    t = await startApp({ webhookAllowPrivate: true });
    a = await t.tenant();
    t.app.jobs.define('noted', {
      open: true,
      run: async (payload, { accountId, depth }) => void noted.push({ payload, accountId, depth }),
    });
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
    const updated = await hook({
      trigger: { type: 'event', event: 'on_record_after_update', collection: orders },
      condition: "old.amount != record.amount and changes.updated contains 'amount'",
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

  it('a role that is disabled: nothing runs as it, what is told says so, and no definition may name it', async () => {
    const root = (method: string, path: string, body?: Json) =>
      t.call(method, `/api/v1${path}`, body, { token: t.root });
    const role = (await root('POST', '/roles', { name: 'clerk_of_orders' })).body;
    const orders = await fresh();
    const output = [{ type: 'transform', output: 1 }];
    const trigger = (event: string, collection = orders) => ({ type: 'event', event, collection });
    const as = { run_as: role.name, actions: output };
    const after = await hook({ ...as, trigger: trigger('records.create') });
    const early = await fresh();
    await hook({ ...as, trigger: trigger('records.before_create', early) });
    const byHand = await hook({ ...as, trigger: { type: 'manual' } });
    expect((await root('PUT', `/roles/${role.id}`, { enabled: false })).body.enabled).toBe(false);

    const gone = `The role ${role.name} that the hook runs as is gone or disabled.`;
    await write(orders, { title: 'x' });
    expect((await executions(after.id))[0]).toMatchObject({ error_code: 'FORBIDDEN', error_message: gone });
    await call('POST', `/hooks/${byHand.id}/trigger`, {});
    expect((await executions(byHand.id))[0]).toMatchObject({ error_code: 'FORBIDDEN', error_message: gone });
    const refused = await call('POST', `/records/${early}`, { title: 'x' });
    expect([refused.status, refused.body.message]).toEqual([409, expect.stringContaining('is gone or disabled')]);

    const kinds: [string, Json][] = [
      ['/hooks', { name: 'x', trigger: { type: 'manual' }, actions: output }],
      ['/endpoints', { name: 'x', path: '/role-test', actions: output }],
      ['/workflows', { name: 'x', trigger: { type: 'manual' }, steps: [{ type: 'end', name: 'e' }] }],
    ];
    for (const [path, definition] of kinds) {
      const named = async (runAs: string) => {
        const { text, body } = await call('POST', path, { ...definition, run_as: runAs });
        const found = body.errors?.find((one: Json) => one.field === 'run_as');
        expect(found, `${path} ${text}`).toBeDefined();
        return found as Json;
      };
      expect(await named(role.name)).toMatchObject({
        code: 'role_disabled',
        message: `The role ${role.name} is disabled: enable it, or name another one to run as.`,
      });
      // Hints offer only what can be taken.
      expect(await named('clerk_of_order')).toMatchObject({ code: 'unknown_role' });
      expect(JSON.stringify(await named('clerk_of_order'))).not.toContain(role.name);
      expect((await named('usr')).message).toContain('Did you mean user?');
    }
    expect((await call('PATCH', `/hooks/${after.id}`, { name: 'y' })).status).toBe(422);
    expect((await call('PATCH', `/hooks/${after.id}`, { run_as: 'user' })).status).toBe(200);
    expect((await root('PUT', `/roles/${role.id}`, { enabled: true })).status).toBe(200);
    expect((await call('PATCH', `/hooks/${byHand.id}`, { name: 'y' })).status).toBe(200);
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
        { type: 'send_webhook', url: there },
        { type: 'create_record', collection: log, data: { title: 'second {{actions[1].result.status}}' } },
      ],
    });
    let calls = 0;
    answer = async (_, response) => {
      calls += 1;
      if (calls === 1)
        await t.app.db.query(
          "update snackbase.hook_executions set lease = gen_random_uuid(), lease_until = now() + interval '700 milliseconds' where hook_id = $1",
          [made.id],
        );
      response.end('fine');
    };
    const sent = await call('POST', `/hooks/${made.id}/trigger`);
    expect(sent.status, sent.text).toBe(202);
    const first = async () => (await executions(made.id))[0];
    await expect.poll(async () => (await first()).status, { timeout: 10_000 }).toBe('success');
    const execution = await first();
    expect(execution).toMatchObject({ id: sent.body.execution_id, status: 'success', attempt: 2, actions_executed: 3 });
    expect(calls).toBe(2);
    expect((await rows(log)).map(({ title }) => title)).toEqual(['first', 'second 200']);
  });

  it('what leaves the server before a write is put off until the write is there', async () => {
    const orders = await fresh();
    await hook({
      trigger: { type: 'event', event: 'records.before_create', collection: orders },
      actions: [
        { type: 'send_webhook', url: `${there}x`, body: { title: '{{record.title}}' } },
        { type: 'enqueue_job', handler: 'noted', payload: { title: '{{record.title}}' } },
        { type: 'abort', condition: "title = 'bad'", message: 'No' },
      ],
    });
    const sent: Json[] = [];
    answer = async (request, response) => {
      let body = '';
      for await (const piece of request) body += piece;
      sent.push({ path: request.url, body, there: (await rows(orders)).length });
      response.writeHead(204).end();
    };
    noted.length = 0;
    expect((await call('POST', `/records/${orders}`, { title: 'bad' })).status).toBe(400);
    await write(orders, { title: 'good' });
    for (let i = 0; i < 100 && (sent.length === 0 || noted.length === 0); i++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      await t.app.jobs.settle();
    }
    expect(sent).toEqual([{ path: '/x', body: '{"title":"good"}', there: 1 }]);
    expect(noted).toEqual([{ payload: { title: 'good' }, accountId: a.account.id, depth: 1 }]);
  });

  it('the time limit really stops it, and no account runs more than four at once', async () => {
    const slow = await hook({
      trigger: { type: 'manual' },
      timeout_seconds: 1,
      actions: [
        { type: 'send_webhook', url: there },
        { type: 'transform', output: 1 },
      ],
    });
    let running = 0;
    let most = 0;
    answer = (request) => {
      running += 1;
      most = Math.max(most, running);
      request.socket.once('close', () => {
        running -= 1;
      });
    };
    for (let i = 0; i < 6; i++) await call('POST', `/hooks/${slow.id}/trigger`);
    const all = await executions(slow.id);
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

  it('before writes they have ten seconds in one transaction together, and in each group of an import', async () => {
    const orders = await fresh();
    const log = await fresh();
    const slow = await hook({
      trigger: { type: 'event', event: 'records.before_create', collection: orders },
      actions: [{ type: 'create_record', collection: log, data: { title: '{{record.title}}' } }],
    });
    // The clock goes on by three seconds while it runs.
    const { now } = performance;
    let ahead = 0;
    const end = t.app.hooks.on('on_record_before_create', { collection: log }, () => {
      ahead += 3000;
    });
    performance.now = () => now.call(performance) + ahead;
    try {
      const records = ['1', '2', '3', '4', '5'].map((title) => ({ title }));
      const batch = await call('POST', `/records/${orders}/batch`, { records });
      expect(batch.status, batch.text).toBe(409);
      expect(batch.body.message).toContain('took longer than 10 seconds together');
      expect(await rows(orders)).toEqual([]);
      expect(await executions(slow.id)).toMatchObject([
        { status: 'failed', error_code: 'ACTION_TIMEOUT', actions: [] },
      ]);
      const few = await call('POST', `/records/${orders}/batch`, { records: records.slice(0, 3) });
      expect(few.status, few.text).toBe(201);
      for (const { title } of records) await write(orders, { title });
      // Groups that do not get through are halved.
      const lines = records.map((record) => JSON.stringify(record)).join('\n');
      const imported = await t.call('POST', `/api/v1/records/${orders}/import?atomic=true`, undefined, {
        token: a.token,
        raw: lines,
        headers: { 'Content-Type': 'application/x-ndjson' },
      });
      expect(imported.body, imported.text).toMatchObject({ created: 5, rejected: 0 });
    } finally {
      performance.now = now;
      end();
    }
  });

  it('by the clock: once each, with the next moment in its time zone; what was missed is made up for once', async () => {
    const log = await fresh();
    const made = await hook({
      name: 'daily',
      trigger: { type: 'schedule', cron: '0 9 * * *', timezone: 'Europe/Berlin' },
      actions: [{ type: 'create_record', collection: log, data: { title: '{{scheduled_at}}' } }],
    });
    expect(made).toMatchObject({ cron: '0 9 * * *', cron_description: 'Daily at 09:00', last_run_at: null });
    expect(Date.parse(made.next_run_at)).toBeGreaterThan(Date.now());
    const hour = new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/Berlin', timeStyle: 'short' });
    expect(hour.format(new Date(made.next_run_at))).toBe('09:00');
    const missed = '2020-01-01T08:00:00.000Z';
    await t.app.db.query('update snackbase.hooks set next_run_at = $2 where id = $1', [made.id, missed]);
    // Making another one wakes the clock.
    await hook({ trigger: { type: 'schedule', cron: '0 0 1 1 *' }, actions: [{ type: 'transform', output: 1 }] });
    let all: Json[] = [];
    for (let i = 0; i < 100 && all.length === 0; i++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      all = await executions(made.id);
    }
    await new Promise((resolve) => setTimeout(resolve, 300));
    all = await executions(made.id);
    expect(all).toHaveLength(1);
    expect(all[0]).toMatchObject({ trigger_type: 'schedule', status: 'success' });
    expect((await rows(log)).map(({ title }) => Date.parse(title))).toEqual([Date.parse(missed)]);
    const now = (await call('GET', `/hooks/${made.id}`)).body;
    expect(now.next_run_at).toBe(made.next_run_at);
    expect(now.last_run_at).not.toBeNull();
    const off = (await call('PATCH', `/hooks/${made.id}/toggle`)).body;
    expect(off).toMatchObject({ enabled: false, next_run_at: null });
  });

  it.runIf(kind === 'postgres')('two processes: a schedule fires once, an event is run once', async () => {
    const twin = await t.twin();
    const log = await fresh();
    const orders = await fresh();
    const clock = await hook({
      trigger: { type: 'schedule', cron: '0 0 1 1 *' },
      actions: [{ type: 'create_record', collection: log, data: { title: 'tick' } }],
    });
    const made = await hook({
      trigger: { type: 'event', event: 'records.create', collection: orders },
      actions: [{ type: 'create_record', collection: log, data: { title: '{{record.title}}' } }],
    });
    const before = await fetch(`${twin.url}/api/v1/records/${orders}`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${a.token}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ title: 'by the other' }),
    });
    expect(before.status).toBe(201);
    await Promise.all(Array.from({ length: 30 }, (_, i) => write(orders, { title: `e${i}` })));
    for (let n = 0; n < 3; n++) {
      await t.app.db.query("update snackbase.hooks set next_run_at = now() - interval '1 minute' where id = $1", [
        clock.id,
      ]);
      await hook({ trigger: { type: 'schedule', cron: '0 0 1 1 *' }, actions: [{ type: 'transform', output: 1 }] });
      await new Promise((resolve) => setTimeout(resolve, 6000));
    }
    expect(await executions(clock.id)).toHaveLength(3);
    expect(await executions(made.id)).toHaveLength(31);
    const titles = (await call('GET', `/records/${log}?limit=100`)).body.items.map(({ title }: Json) => title);
    expect(titles.filter((title: string) => title === 'tick')).toHaveLength(3);
    expect(new Set(titles).size).toBe(32);
    expect(titles).toHaveLength(34);
    await twin.stop();
  });

  it('somebody logs in', async () => {
    const made = await hook({
      trigger: { type: 'event', event: 'auth.login' },
      condition: `record.email = '${a.email}'`,
      actions: [{ type: 'transform', output: '{{auth.email}} {{record.id}} {{auth.role}}' }],
    });
    const login = await t.call('POST', '/api/v1/auth/login', {
      account: a.account.id,
      email: a.email,
      password: PASSWORD,
    });
    expect(login.status).toBe(200);
    const [execution, ...more] = await executions(made.id);
    expect(more).toEqual([]);
    expect(execution.actions[0].result).toBe(`${a.email} ${a.user.id} admin`);
    expect(JSON.stringify(execution.execution_context)).not.toContain('@');
  });

  it('somebody registers by an invitation: once, and only with the person', async () => {
    const made = await hook({
      trigger: { type: 'event', event: 'auth.register' },
      actions: [{ type: 'transform', output: '{{record.email}} {{auth.id}} {{auth.role}} {{record.account_id}}' }],
    });
    const email = 'invited@example.com';
    const { token } = (await call('POST', '/invitations', { email })).body;
    const accept = () => t.call('POST', `/api/v1/invitations/${token}/accept`, { password: PASSWORD });
    const people = async () =>
      (await t.app.db.query('select id from snackbase.users where email = $1', [email])).length;
    const kept = async () =>
      (await t.app.db.query('select id from snackbase.hook_executions where hook_id = $1', [made.id])).length;
    // What follows in the same transaction fails: neither the person nor the execution is there.
    await t.app.db.query(
      'alter table snackbase.invitations add constraint fails check (accepted_at is null) not valid',
    );
    expect((await accept()).status).toBeGreaterThanOrEqual(400);
    expect([await people(), await kept()]).toEqual([0, 0]);
    await t.app.db.query('alter table snackbase.invitations drop constraint fails');
    const replies = await Promise.all([accept(), accept(), accept()]);
    const accepted = replies.filter(({ status }) => status === 200);
    expect([accepted.length, await people(), await kept()]).toEqual([1, 1, 1]);
    const { user } = accepted[0]?.body ?? {};
    const [execution, ...more] = await executions(made.id);
    expect(more).toEqual([]);
    expect(execution).toMatchObject({ status: 'success', trigger_type: 'event', event: 'auth.register' });
    expect(execution.actions[0].result).toBe(`${email} ${user.id} user ${a.account.id}`);
    expect(JSON.stringify(execution.execution_context)).not.toContain('@');
    expect((await call('DELETE', `/hooks/${made.id}`)).status).toBe(204);
  });

  it('by hand: with input, also while disabled; a dry run leaves nothing', async () => {
    const log = await fresh();
    const made = await hook({
      trigger: { type: 'manual' },
      enabled: false,
      condition: 'input.amount > 1',
      actions: [
        {
          type: 'create_record',
          name: 'made',
          collection: log,
          data: { title: '{{input.title}}', amount: '{{input.amount}}' },
        },
        {
          type: 'send_webhook',
          url: 'https://example.com/{{input.title}}',
          body: { id: '{{actions.made.result.id}}' },
        },
        { type: 'enqueue_job', handler: 'noted', payload: { title: '{{input.title}}' } },
        { type: 'abort', condition: 'input.amount > 100', message: 'x' },
      ].slice(0, 3),
    });
    for (const dry of [
      await call('POST', `/hooks/${made.id}/trigger?dry_run=true`, { title: 'a', amount: 5 }),
      await call('POST', `/hooks/${made.id}/trigger`, { title: 'a', amount: 5, dry_run: true }),
    ]) {
      expect(dry.status, dry.text).toBe(200);
      expect(dry.body).toMatchObject({ dry_run: true, status: 'success' });
      const [record, sent, job] = dry.body.actions;
      expect(record).toMatchObject({ status: 'success', result: { title: 'a', amount: 5, created_by: made.id } });
      expect(sent).toMatchObject({
        status: 'skipped',
        result: { dry_run: true, url: 'https://example.com/a', body: { id: record.result.id } },
      });
      expect(job).toMatchObject({ status: 'skipped', result: { handler: 'noted', payload: { title: 'a' } } });
    }
    const not = await call('POST', `/hooks/${made.id}/trigger?dry_run=1`, { amount: 0 });
    expect(not.body).toMatchObject({ dry_run: true, status: 'skipped' });
    expect(await rows(log)).toEqual([]);
    expect(await executions(made.id)).toEqual([]);
    const plain = await hook({
      trigger: { type: 'manual' },
      enabled: false,
      actions: [{ type: 'transform', output: '{{input}}' }],
    });
    await call('POST', `/hooks/${plain.id}/trigger`, { a: [1, { b: 'ä "{{x}}"' }] });
    await call('POST', `/hooks/${plain.id}/trigger`);
    const all = await executions(plain.id);
    expect(all.map(({ trigger_type, status, actions }) => [trigger_type, status, actions[0].result])).toEqual([
      ['manual', 'success', {}],
      ['manual', 'success', { a: [1, { b: 'ä "{{x}}"' }] }],
    ]);
    const onEvent = await hook({
      trigger: { type: 'event', event: 'records.before_update', collection: log },
      condition: 'old.amount != amount',
      actions: [
        { type: 'set_fields', fields: { title: 'set' } },
        { type: 'transform', output: '{{record.title}}' },
      ],
    });
    const tried = await call('POST', `/hooks/${onEvent.id}/trigger?dry_run=true`, {
      record: { amount: 1 },
      old: { amount: 2 },
    });
    expect(tried.body).toMatchObject({ status: 'success', actions: [{}, { result: 'set' }] });
    expect((await call('POST', `/hooks/${onEvent.id}/trigger`, { record: 5 })).status).toBe(422);
    expect((await call('POST', `/hooks/${onEvent.id}/trigger`, { dry_run: 'yes' })).status).toBe(422);
    expect((await call('POST', `/hooks/${onEvent.id}/trigger?dry_run=maybe`)).status).toBe(400);
  });

  it('by hand, sent again under its key: once, though the answer was lost; the trail tells who', async () => {
    const made = await hook({ trigger: { type: 'manual' }, actions: [{ type: 'transform', output: 1 }] });
    const headers = { 'Idempotency-Key': `again-${made.id}` };
    const trigger = () => t.call('POST', `/api/v1/hooks/${made.id}/trigger`, { n: 1 }, { token: a.token, headers });
    const first = await trigger();
    expect(first.status, first.text).toBe(202);
    // As if the process had gone between the commit and the keeping of its answer.
    await t.app.db.query(
      'update snackbase.idempotency_keys set status = null, reply = null, locked_until = now() where key = $1',
      [headers['Idempotency-Key']],
    );
    expect((await trigger()).body).toEqual(first.body);
    expect((await trigger()).body).toEqual(first.body);
    expect(await executions(made.id)).toMatchObject([{ id: first.body.execution_id, status: 'success' }]);
    const told = await call('GET', `/audit-logs?table_name=hook_executions&record_id=${first.body.execution_id}`);
    expect(told.body.items.length, told.text).toBeGreaterThan(0);
    for (const entry of told.body.items) expect(entry.user_id).toBe(a.user.id);
  });

  it('definitions change in part; lists are filtered; the trail tells who changed what, without headers', async () => {
    const b = await t.tenant();
    const orders = await fresh();
    const definition = {
      name: 'One',
      trigger: { type: 'event', event: 'records.create', collection: orders },
      condition: 'amount > 1',
      actions: [
        { type: 'send_webhook', url: 'https://example.com', headers: { Authorization: 'Bearer very-private' } },
      ],
    };
    const made = await hook(definition, b.token);
    expect(made).toMatchObject({
      ...definition,
      account_id: b.account.id,
      description: null,
      enabled: true,
      priority: 0,
      run_as: 'account',
      timeout_seconds: 60,
      cron: null,
      cron_description: null,
      next_run_at: null,
      created_by: b.user.id,
    });
    const of = (method: string, path: string, body?: unknown) => call(method, path, body, b.token);
    expect((await of('PATCH', `/hooks/${made.id}`, { condition: '' })).body.condition).toBeNull();
    const put = await of('PUT', `/hooks/${made.id}`, {
      name: 'Two',
      trigger: { type: 'schedule', cron: '*/5 * * * *' },
    });
    expect(put.body).toMatchObject({ name: 'Two', cron_description: 'Every 5 minutes', actions: definition.actions });
    expect(put.body.next_run_at).not.toBeNull();
    const manual = await hook(
      { trigger: { type: 'manual' }, enabled: false, actions: [{ type: 'transform', output: 1 }] },
      b.token,
    );
    const names = async (query: string) => {
      const { body } = await of('GET', `/hooks${query}`);
      expect(body.total).toBe(body.items.length);
      return body.items.map(({ id }: Json) => id);
    };
    expect(await names('')).toEqual([made.id, manual.id]);
    expect(await names('?trigger_type=schedule')).toEqual([made.id]);
    expect(await names('?enabled=false')).toEqual([manual.id]);
    expect((await of('GET', '/hooks?limit=1&offset=1')).body).toMatchObject({ total: 2, items: [{ id: manual.id }] });
    expect((await of('DELETE', `/hooks/${manual.id}`)).status).toBe(204);
    expect((await of('GET', `/hooks/${manual.id}`)).status).toBe(404);
    const trail = await of('GET', '/audit-logs?table_name=hooks&limit=100');
    expect(trail.body.items.length).toBeGreaterThan(5);
    expect(trail.text).not.toContain('very-private');
    expect(trail.text).toContain('***');
  });

  it('at most 50 an account', async () => {
    const b = await t.tenant();
    const one = { name: 'x', trigger: { type: 'manual' }, actions: [{ type: 'transform', output: 1 }] };
    for (let i = 0; i < 50; i++) await hook(one, b.token);
    expect((await call('POST', '/hooks', one, b.token)).body).toMatchObject({ code: 'LIMIT_REACHED' });
    expect((await call('GET', '/hooks', undefined, b.token)).body.items).toHaveLength(50);
    await t.call('DELETE', `/api/v1/accounts/${b.account.id}`, undefined, { token: t.root });
  });

  it('only admins manage hooks, only of their own account', async () => {
    const b = await t.tenant();
    const member = await t.member(a.account.id);
    const made = await hook({ trigger: { type: 'manual' }, actions: [{ type: 'transform', output: 1 }] });
    const sent = await call('POST', `/hooks/${made.id}/trigger`);
    for (const [method, path, body] of [
      ['GET', `/hooks/${made.id}`],
      ['PATCH', `/hooks/${made.id}`, { name: 'x' }],
      ['PUT', `/hooks/${made.id}`, { name: 'x' }],
      ['PATCH', `/hooks/${made.id}/toggle`],
      ['POST', `/hooks/${made.id}/trigger`],
      ['GET', `/hooks/${made.id}/executions`],
      ['GET', `/hooks/${made.id}/executions/${sent.body.execution_id}`],
      ['DELETE', `/hooks/${made.id}`],
    ] as const) {
      expect((await call(method, path, body, b.token)).status, `${method} ${path}`).toBe(404);
      expect((await call(method, path, body, member.token)).status, `${method} ${path}`).toBe(403);
      expect((await t.call(method, `/api/v1${path}`, body)).status, `${method} ${path}`).toBe(401);
    }
    for (const path of [
      '/hooks/nonsense',
      `/hooks/${made.id}/executions/nonsense`,
      `/hooks/${made.id}/executions/${made.id}`,
    ])
      expect((await call('GET', path)).status).toBe(404);
    const input = { name: 'x', trigger: { type: 'manual' }, actions: [{ type: 'transform', output: 1 }] };
    expect((await call('POST', '/hooks', input, t.root)).body.code).toBe('ACCOUNT_REQUIRED');
    const headers = { 'X-Account-ID': b.account.id };
    const named = await t.call('POST', '/api/v1/hooks', input, { token: t.root, headers });
    expect(named.body.account_id).toBe(b.account.id);
    expect((await call('GET', '/hooks/events', undefined, member.token)).body.total).toBeGreaterThan(40);
  });

  it('hooks that set each other off in one write have their time together: 409 when it is over, and nothing stays', async () => {
    const chain = [await fresh(), await fresh(), await fresh(), await fresh()] as const;
    for (const [i, collection] of chain.slice(0, 3).entries())
      await hook({
        trigger: { type: 'event', event: 'on_record_before_create', collection },
        timeout_seconds: 300,
        actions: Array(50).fill({ type: 'create_record', collection: chain[i + 1], data: { title: 'x' } }),
      });
    const { status, body } = await call('POST', `/records/${chain[0]}`, { title: 'x' });
    expect([status, body.code], body.message).toEqual([409, 'HOOK_ABORTED']);
    expect(body.message).not.toContain('extension');
    for (const collection of chain) expect(await rows(collection)).toEqual([]);
  }, 40_000);

  it('one without actions yet can be made, filled later, and does nothing until then', async () => {
    const made = await hook({ trigger: { type: 'manual' } });
    expect(made.actions).toEqual([]);
    const trigger = () => call('POST', `/hooks/${made.id}/trigger`, {});
    expect((await trigger()).status).toBe(202);
    expect(await executions(made.id)).toMatchObject([{ status: 'success', actions_executed: 0 }]);
    await call('PATCH', `/hooks/${made.id}`, { actions: [{ type: 'transform', output: 1 }] });
    await trigger();
    expect((await executions(made.id))[0]).toMatchObject({ status: 'success', actions_executed: 1 });
    expect((await call('GET', '/hooks?limit=200&trigger_type=manual')).status).toBe(200);
    expect((await call('GET', '/hooks?limit=201')).body.errors).toMatchObject([{ field: 'limit' }]);
  });

  it('what is refused, each with its field', async () => {
    const orders = await fresh();
    const good = {
      name: 'x',
      trigger: { type: 'event', event: 'records.create', collection: orders },
      actions: [{ type: 'transform', output: 1 }] as Json[],
    };
    const cases: [string, Json, string, string?][] = [
      ['no name', { ...good, name: ' ' }, 'name'],
      ['too many actions', { ...good, actions: Array(51).fill(good.actions[0]) }, 'actions'],
      ['unknown key', { ...good, colour: 1 }, 'colour'],
      ['unknown trigger', { ...good, trigger: { type: 'sometimes' } }, 'trigger.type'],
      [
        'unknown event',
        { ...good, trigger: { type: 'event', event: 'records.crate' } },
        'trigger.event',
        'records.create',
      ],
      ['event of extensions', { ...good, trigger: { type: 'event', event: 'on_serve' } }, 'trigger.event'],
      [
        'unknown collection',
        { ...good, trigger: { ...good.trigger, collection: `${orders}x` } },
        'trigger.collection',
        orders,
      ],
      [
        'collection of a login',
        { ...good, trigger: { type: 'event', event: 'auth.login', collection: orders } },
        'trigger.collection',
      ],
      ['bad cron', { ...good, trigger: { type: 'schedule', cron: '0 25 * * *' } }, 'trigger.cron', '23'],
      ['short cron', { ...good, trigger: { type: 'schedule', cron: '@daily' } }, 'trigger.cron', '0 0 * * *'],
      [
        'bad zone',
        { ...good, trigger: { type: 'schedule', cron: '* * * * *', timezone: 'Europe/Berln' } },
        'trigger.timezone',
        'Berlin',
      ],
      ['unknown role', { ...good, run_as: 'admn' }, 'run_as', 'admin'],
      ['anonymous role', { ...good, run_as: 'public' }, 'run_as'],
      ['long limit', { ...good, timeout_seconds: 301 }, 'timeout_seconds'],
      ['condition that does not parse', { ...good, condition: 'amount >' }, 'condition'],
      ['condition with an unknown field', { ...good, condition: 'amont > 1' }, 'condition', 'amount'],
      ['condition of other types', { ...good, condition: "amount > 'x'" }, 'condition'],
      ['unknown action', { ...good, actions: [{ type: 'explode' }] }, 'actions.0.type'],
      ['unknown option', { ...good, actions: [{ type: 'transform', output: 1, more: 2 }] }, 'actions.0.more'],
      [
        'unknown collection of an action',
        { ...good, actions: [{ type: 'create_record', collection: 'nowhere_at_all', data: {} }] },
        'actions[0].collection',
      ],
      [
        'unknown field of an action',
        { ...good, actions: [{ type: 'create_record', collection: orders, data: { titel: 1 } }] },
        'actions[0].data.titel',
      ],
      [
        'unknown path',
        { ...good, actions: [{ type: 'transform', output: { a: ['{{record.titel}}'] } }] },
        'actions[0].output.a[0]',
        'record.title',
      ],
      [
        'result of a later action',
        { ...good, actions: [{ type: 'transform', output: '{{actions[0].result}}' }] },
        'actions[0].output',
      ],
      ['bad template', { ...good, actions: [{ type: 'transform', output: '{{record.title' }] }, 'actions[0].output'],
      ['abort after', { ...good, actions: [{ type: 'abort', message: 'x' }] }, 'actions[0].type'],
      ['set_fields after', { ...good, actions: [{ type: 'set_fields', fields: { title: 1 } }] }, 'actions[0].type'],
      [
        'set_fields before a delete',
        {
          ...good,
          trigger: { ...good.trigger, event: 'records.before_delete' },
          actions: [{ type: 'set_fields', fields: {} }],
        },
        'actions[0].type',
      ],
      [
        'set_fields of unknown ones',
        {
          ...good,
          trigger: { ...good.trigger, event: 'records.before_create' },
          actions: [{ type: 'set_fields', fields: { titel: 1 } }],
        },
        'actions[0].fields.titel',
      ],
      [
        'unknown handler',
        { ...good, actions: [{ type: 'enqueue_job', handler: 'nobody' }] },
        'actions[0].handler',
        'noted',
      ],
      ['address without http', { ...good, actions: [{ type: 'send_webhook', url: 'ftp://x' }] }, 'actions[0].url'],
      ['51 actions', { ...good, actions: Array(51).fill(good.actions[0]) }, 'actions'],
    ];
    for (const [what, body, field, told] of cases) {
      const refused = await call('POST', '/hooks', body);
      expect(refused.status, `${what}: ${refused.text}`).toBe(422);
      expect(refused.body.code, what).toBe('INVALID_REQUEST');
      const entry = refused.body.errors.find((one: Json) => one.field === field);
      expect(entry, `${what}: ${refused.text}`).toBeDefined();
      if (told !== undefined) expect(entry.message, what).toContain(told);
    }
    const all = await call('POST', '/hooks', {
      ...good,
      run_as: 'nobody_here',
      condition: 'amount >',
      actions: [
        { type: 'transform', output: '{{nothing}}' },
        { type: 'abort', message: 'x' },
      ],
    });
    expect(all.body.errors.map(({ field }: Json) => field).sort()).toEqual([
      'actions[0].output',
      'actions[1].type',
      'condition',
      'run_as',
    ]);
    expect(all.body.errors.find(({ field }: Json) => field === 'condition').position).toEqual(expect.any(Number));
  });

  it('a collection that goes: the hook says that it no longer fits, and can be switched off', async () => {
    const orders = await fresh();
    const log = await fresh();
    const made = await hook({
      trigger: { type: 'event', event: 'records.create', collection: orders },
      actions: [{ type: 'create_record', collection: log, data: { title: 'x' } }],
    });
    const { id } = (await t.call('GET', '/api/v1/collections?limit=100', undefined, { token: t.root })).body.items.find(
      ({ name }: Json) => name === log,
    );
    expect((await t.call('DELETE', `/api/v1/collections/${id}`, undefined, { token: t.root })).status).toBe(204);
    await write(orders, { title: 'y' });
    expect((await executions(made.id))[0]).toMatchObject({ status: 'failed', error_code: 'INVALID_REQUEST' });
    expect((await call('PATCH', `/hooks/${made.id}`, { name: 'y' })).status).toBe(422);
    expect((await call('PATCH', `/hooks/${made.id}`, { enabled: false })).body.enabled).toBe(false);
  });
});
