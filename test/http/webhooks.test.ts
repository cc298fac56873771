// Outbound webhooks end to end: what is sent, when and to whom, how it is signed, tried again, kept and sent once more.
import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyWebhook } from '../../sdk/src/webhooks.ts';
import { pruneDeliveries } from '../../server/automation/webhooks/store/deliveries.ts';
import { available, type Json, kind, startApp, type Tenant, type TestApp, unique } from '../helpers/app.ts';

interface Got {
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: string;
  readonly json: Json;
  readonly at: number;
}

const until = async <T>(
  what: string,
  find: () => T | null | undefined | false | Promise<T | null | undefined | false>,
) => {
  for (const begun = Date.now(); Date.now() - begun < 15_000; ) {
    const found = await find();
    if (found !== null && found !== undefined && found !== false) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`never: ${what}`);
};

describe.runIf(available)('webhooks', () => {
  let t: TestApp;
  let a: Tenant;
  let base: string;
  let posts: string;
  const got: Got[] = [];
  /** By path; without one the answer is 200. */
  const answers = new Map<string, (request: Got, response: ServerResponse, n: number) => void>();
  const receiver = createServer((request: IncomingMessage, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const path = request.url as string;
      const one = {
        path,
        headers: request.headers as Record<string, string>,
        body,
        json: JSON.parse(body),
        at: Date.now(),
      };
      const n = got.filter((g) => g.path === path).length;
      got.push(one);
      const answer = answers.get(path);
      if (answer === undefined) response.end('ok');
      else answer(one, response, n);
    });
  });

  const at = (path: string) => got.filter((one) => one.path === path);
  const arrived = (path: string, count: number) =>
    until(`${count} at ${path}, there are ${at(path).length}`, () => at(path).length >= count && at(path));
  const call = (method: string, path: string, body?: unknown, token: string | null = a.token) =>
    t.call(method, `/api/v1/webhooks${path}`, body, { token });
  const must = async (method: string, path: string, body?: unknown): Promise<Json> => {
    const reply = await call(method, path, body);
    if (reply.status >= 300) throw new Error(`${method} ${path}: ${reply.status} ${reply.text}`);
    return reply.body;
  };
  const record = async (method: string, path: string, body?: unknown, token = a.token): Promise<Json> => {
    const reply = await t.call(method, `/api/v1/records/${path}`, body, { token });
    if (reply.status >= 300) throw new Error(`${method} ${path}: ${reply.status} ${reply.text}`);
    return reply.body;
  };
  /** A webhook to a path of its own. */
  const hook = async (more: Json = {}): Promise<Json> => {
    const path = `/${unique('hook-')}`;
    const made = await must('POST', '', {
      url: base + path,
      ...(more.events?.some((e: string) => e.includes('.') || e === '*') ? {} : { collection: posts }),
      events: ['create', 'update', 'delete'],
      ...more,
    });
    return { ...made, path };
  };
  const deliveries = async (id: string, query = ''): Promise<Json> => must('GET', `/${id}/deliveries${query}`);
  const settled = (id: string, count = 1) =>
    until('all deliveries over', async () => {
      const { items } = await deliveries(id, '?limit=100');
      return (
        items.length >= count && items.every((d: Json) => d.status === 'delivered' || d.status === 'dead') && items
      );
    });
  const quiet = () => new Promise((resolve) => setTimeout(resolve, 400));

  beforeAll(async () => {
    receiver.listen(0, '127.0.0.1');
    await new Promise((resolve) => receiver.once('listening', resolve));
    base = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
    t = await startApp({ webhookAllowPrivate: true, webhookSchedule: [0, 0, 1, 1] });
    a = await t.tenant('Hooks');
    posts = (
      await t.collection({
        schema: [
          { name: 'title', type: 'text', required: true },
          { name: 'published', type: 'boolean', default: false },
          { name: 'rank', type: 'number' },
          { name: 'mail', type: 'email', pii: true, mask_type: 'email' },
        ],
        soft_delete: true,
      })
    ).name;
  });
  afterAll(() => {
    receiver.closeAllConnections();
    receiver.close();
  });

  describe('messages', () => {
    it('S000-10 S000-23 a created, changed and deleted record is sent, in this order, with what it was and is', async () => {
      const w = await hook();
      const made = await record('POST', posts, { title: 'one', mail: 'ada@example.com' });
      await record('PATCH', `${posts}/${made.id}`, { title: 'two' });
      await record('DELETE', `${posts}/${made.id}`);
      const [create, update, remove] = (await arrived(w.path, 3)) as [Got, Got, Got];
      expect(create.json).toMatchObject({
        event: 'records.create',
        type: `${posts}.created`,
        collection: posts,
        previous: null,
        record: { id: made.id, title: 'one', published: false },
        webhook_id: w.id,
        account_id: a.account.id,
        changes: { updated: [], removed: [] },
      });
      expect(Date.parse(create.json.timestamp)).toBe(Date.parse(made.created_at));
      expect(create.json.changes.added).toContain('title');
      expect(update.json).toMatchObject({
        event: 'records.update',
        record: { title: 'two' },
        previous: { title: 'one' },
        changes: { added: [], updated: ['title'], removed: [] },
      });
      expect(remove.json).toMatchObject({ event: 'records.delete', record: {}, previous: { title: 'two' } });
      expect(got.some(({ body }) => body.includes('ada@example.com'))).toBe(false);
      expect(create.json.record.mail).not.toBeNull();
    });

    it('are signed so that the reference library, the client and a hand-made check accept them', async () => {
      const w = await hook({ headers: { Authorization: 'Bearer x', 'X-Own': 'yes' } });
      const own = await hook({ secret: 'just some words' });
      await record('POST', posts, { title: 'signed ü 🙂' });
      const [one] = (await arrived(w.path, 1)) as [Got];
      const [other] = (await arrived(own.path, 1)) as [Got];
      expect(w.secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
      expect(new Webhook(w.secret).verify(one.body, one.headers)).toEqual(one.json);
      expect(new Webhook(Buffer.from('just some words').toString('base64')).verify(other.body, other.headers)).toEqual(
        other.json,
      );
      expect(await verifyWebhook(one.body, one.headers, w.secret)).toEqual(one.json);
      expect(await verifyWebhook(other.body, other.headers, own.secret)).toEqual(other.json);
      await expect(verifyWebhook(one.body, one.headers, own.secret)).rejects.toMatchObject({ code: 'NO_MATCH' });
      const hex = createHmac('sha256', w.secret).update(one.body).digest('hex');
      expect(one.headers).toMatchObject({
        'content-type': 'application/json',
        'webhook-id': one.json.id,
        'x-snackbase-event': 'records.create',
        'x-snackbase-webhook-id': w.id,
        'x-snackbase-timestamp': one.headers['webhook-timestamp'],
        'x-snackbase-signature': `sha256=${hex}`,
        authorization: 'Bearer x',
        'x-own': 'yes',
      });
      expect(one.headers['user-agent']).toMatch(/^SnackBase\/\d/);
      expect((await deliveries(w.id)).items[0].id).toBe(one.headers['x-snackbase-delivery']);
    });

    it('are sent for the events, the collection and the rows that were asked for, with those fields', async () => {
      const other = (await t.collection({ schema: [{ name: 'title', type: 'text' }] })).name;
      const creates = await hook({ events: ['created'], fields: ['rank'] });
      const filtered = await hook({ filter: 'published = true && rank > 3' });
      const pattern = await hook({ events: [`${other}.*`] });
      const all = await hook({ events: ['*'], filter: `created_by = "${a.user.id}"` });
      const made = await record('POST', posts, { title: 'x', rank: 5 });
      await record('PATCH', `${posts}/${made.id}`, { published: true });
      await record('PATCH', `${posts}/${made.id}`, { rank: 1 });
      await record('PATCH', `${posts}/${made.id}`, { rank: 9 });
      await record('DELETE', `${posts}/${made.id}`);
      const back = await record('POST', `${posts}/${made.id}/restore`);
      expect(back.id).toBe(made.id);
      await record('POST', other, { title: 'y' });
      await arrived(all.path, 7);
      await arrived(filtered.path, 3);
      await arrived(pattern.path, 1);
      await quiet();
      expect(at(creates.path).map(({ json }) => json.record)).toEqual([{ id: made.id, rank: 5 }]);
      expect(at(creates.path)[0]?.json.changes).toEqual({ added: ['rank'], updated: [], removed: [] });
      expect(at(filtered.path).map(({ json }) => [json.event, json.record.rank, json.previous?.rank])).toEqual([
        ['records.update', 5, 5],
        ['records.update', 9, 1],
        ['records.delete', undefined, 9],
      ]);
      expect(at(pattern.path).map(({ json }) => json.type)).toEqual([`${other}.created`]);
      expect(at(all.path).map(({ json }) => json.event)).toEqual(
        expect.arrayContaining(['records.restore', 'records.create']),
      );
      for (const one of [creates, filtered, pattern, all]) await must('DELETE', `/${one.id}`);
    });

    it('show what the account sees: every row whatever a rule says of people, no hidden field, nothing of a locked collection', async () => {
      const schema = [
        { name: 'title', type: 'text' },
        { name: 'secret', type: 'text' },
      ];
      const hidden = (
        await t.collection({ schema, list_fields: ['title'], view_fields: ['title'], list_rule: 'title != "private"' })
      ).name;
      const w = await hook({ collection: hidden, events: ['create', 'update'] });
      await record('POST', hidden, { title: 'private', secret: 's3cret' });
      const open = await record('POST', hidden, { title: 'open', secret: 's3cret' });
      await record('PATCH', `${hidden}/${open.id}`, { secret: 'other' });
      await record('PATCH', `${hidden}/${open.id}`, { title: 'last' });
      await arrived(w.path, 3);
      await quiet();
      expect(at(w.path).map(({ json }) => [json.record.title, 'secret' in json.record])).toEqual([
        ['private', false],
        ['open', false],
        ['last', false],
      ]);
      const locked = (await t.collection({ schema, list_rule: 'false' })).name;
      expect((await call('POST', '', { url: base, collection: locked, events: ['create'] })).body.errors).toMatchObject(
        [{ field: 'collection', code: 'forbidden' }],
      );
      expect(
        (await call('POST', '', { url: base, collection: hidden, events: ['create'], filter: 'secret = 1' })).body,
      ).toMatchObject({ code: 'INVALID_REQUEST', errors: [{ field: 'filter', code: 'unknown_field' }] });
    });

    it('S000-40 a disabled webhook does not fire, one that is deleted is gone with its log, an earlier event is not told', async () => {
      await record('POST', posts, { title: 'before' });
      const w = await hook();
      await must('PATCH', `/${w.id}`, { enabled: false });
      await record('POST', posts, { title: 'unheard' });
      await quiet();
      expect((await must('PUT', `/${w.id}`, { enabled: true })).enabled).toBe(true);
      await record('POST', posts, { title: 'heard' });
      await arrived(w.path, 1);
      await quiet();
      expect(at(w.path).map(({ json }) => json.record.title)).toEqual(['heard']);
      expect((await call('DELETE', `/${w.id}`)).status).toBe(204);
      await record('POST', posts, { title: 'after' });
      await quiet();
      expect(at(w.path)).toHaveLength(1);
      expect((await call('GET', `/${w.id}/deliveries`)).status).toBe(404);
    });

    it('one that is changed again and again loses nothing of what was written before, and what it asks for anew begins then', async () => {
      const w = await hook({ events: ['create'] });
      for (let i = 0; i < 10; i++) {
        await record('POST', posts, { title: `n${i}`, published: true });
        await must('PATCH', `/${w.id}`, { url: `${base}${w.path}?${i}`, filter: `rank = ${i} || published = true` });
      }
      const made = await record('POST', posts, { title: 'last', published: true });
      await record('PATCH', `${posts}/${made.id}`, { title: 'changed too early' });
      await must('PATCH', `/${w.id}`, { events: ['create', 'update'] });
      await record('PATCH', `${posts}/${made.id}`, { title: 'changed' });
      const items = await settled(w.id, 12);
      const told = items.map(({ payload }: Json) => payload.record.title).sort();
      expect(told).toEqual(['changed', 'last', ...Array.from({ length: 10 }, (_, i) => `n${i}`)].sort());
    });

    it('what was rolled back is told to nobody', async () => {
      const w = await hook();
      const operations = [
        { op: 'create', collection: posts, data: { title: 'never' } },
        { op: 'create', collection: posts, data: { nothing: 1 } },
      ];
      expect((await t.call('POST', '/api/v1/batch', { operations }, { token: a.token })).status).toBe(400);
      await record('POST', posts, { title: 'real' });
      await arrived(w.path, 1);
      await quiet();
      expect(at(w.path).map(({ json }) => json.record.title)).toEqual(['real']);
    });

    it('each of a batch is sent, and one account hears nothing of another', async () => {
      const b = await t.tenant('Others');
      const w = await hook();
      await t.call('POST', `/api/v1/records/${posts}`, { title: 'theirs' }, { token: b.token });
      const records = Array.from({ length: 30 }, (_, i) => ({ title: `n${i}` }));
      await record('POST', `${posts}/batch`, { records });
      await arrived(w.path, 30);
      await quiet();
      expect(
        at(w.path)
          .map(({ json }) => json.record.title)
          .sort(),
      ).toEqual(records.map(({ title }) => title).sort());
      for (const [method, path] of [
        ['GET', ''],
        ['PATCH', ''],
        ['DELETE', ''],
        ['POST', '/test'],
        ['GET', '/deliveries'],
        ['POST', '/redeliver'],
        ['POST', '/rotate-secret'],
      ] as const)
        expect(
          (await call(method, `/${w.id}${path}`, method === 'GET' || path === '/test' ? undefined : {}, b.token))
            .status,
        ).toBe(404);
    });
  });

  describe('deliveries', () => {
    it('are tried again until they are taken, and every attempt is in the log', async () => {
      const w = await hook();
      answers.set(w.path, (_, response, n) => {
        response.statusCode = n < 2 ? 500 : 201;
        response.end(`try ${n} \0`);
      });
      await record('POST', posts, { title: 'again' });
      const [item] = await settled(w.id);
      expect(item).toMatchObject({
        status: 'delivered',
        event: 'records.create',
        collection: posts,
        attempt_number: 3,
        response_status: 201,
        response_body: 'try 2 ',
        next_retry_at: null,
        error: null,
      });
      const whole = await must('GET', `/${w.id}/deliveries/${item.id}`);
      expect(whole.attempts.map((one: Json) => [one.status, one.error === null])).toEqual([
        [500, false],
        [500, false],
        [201, true],
      ]);
      expect(whole.payload).toEqual(at(w.path)[0]?.json);
      expect(new Set(at(w.path).map(({ headers }) => headers['webhook-id'])).size).toBe(1);
      expect(new Set(at(w.path).map(({ body }) => body)).size).toBe(1);
      expect((await must('GET', `/${w.id}`)).failures).toBe(0);
    });

    it('keep the order of each record, whatever fails, while other records go on', async () => {
      const w = await hook({ events: ['create', 'update'] });
      answers.set(w.path, ({ json }, response) => {
        const failed = at(w.path).filter((o) => o.json.id === json.id).length;
        response.statusCode = json.record.title.startsWith('slow') && failed <= 2 ? 503 : 200;
        response.end();
      });
      const slow = await record('POST', posts, { title: 'slow 0' });
      const fast = await record('POST', posts, { title: 'fast 0' });
      await record('PATCH', `${posts}/${slow.id}`, { title: 'slow 1' });
      await record('PATCH', `${posts}/${fast.id}`, { title: 'fast 1' });
      await settled(w.id, 4);
      const titles = at(w.path).map(({ json }) => json.record.title as string);
      expect(titles.filter((title) => title.startsWith('slow'))).toEqual([
        ...Array(3).fill('slow 0'),
        ...Array(3).fill('slow 1'),
      ]);
      expect(titles.indexOf('fast 1')).toBeLessThan(titles.indexOf('slow 1'));
    });

    it('die after the last attempt and can be sent again, one or all of a span, under the same id', async () => {
      const w = await hook({ events: ['create'] });
      let broken = true;
      answers.set(w.path, (_, response) => {
        response.statusCode = broken ? 500 : 200;
        response.end();
      });
      await record('POST', posts, { title: 'd1' });
      await record('POST', posts, { title: 'd2' });
      const dead = await settled(w.id, 2);
      expect(dead.map((d: Json) => [d.status, d.attempt_number, d.delivered_at])).toEqual([
        ['dead', 4, null],
        ['dead', 4, null],
      ]);
      broken = false;
      got.length = 0;
      const again = await must('POST', `/${w.id}/deliveries/${dead[0].id}/redeliver`);
      expect(again).toMatchObject({ redelivery_of: dead[0].id, message_id: dead[0].message_id, status: 'pending' });
      await arrived(w.path, 1);
      await settled(w.id);
      expect(await must('POST', `/${w.id}/redeliver`, {})).toEqual({ count: 1 });
      await arrived(w.path, 2);
      await settled(w.id);
      expect(await must('POST', `/${w.id}/redeliver`)).toEqual({ count: 0 });
      expect(
        at(w.path)
          .map(({ json }) => json.id)
          .sort(),
      ).toEqual(dead.map((d: Json) => d.message_id).sort());
      for (const never of ['0000-01-01T00:00:00Z', '2026-01-01T00:00:00+23:00', '2026-01-01T00:00:00-15:00']) {
        const { status, body } = await call('POST', `/${w.id}/redeliver`, { from: never });
        expect([never, status, body.details?.[0]?.field]).toEqual([never, 422, 'from']);
      }
      for (const from of ['9999-12-31T23:59:59-14:00', '9999-12-31T23:59:59.999999999Z'])
        expect(await must('POST', `/${w.id}/redeliver`, { from })).toEqual({ count: 0 });
      const from = new Date(Date.now() + 60_000).toISOString();
      expect(await must('POST', `/${w.id}/redeliver`, { from, status: 'delivered' })).toEqual({ count: 0 });
      expect(await must('POST', `/${w.id}/redeliver`, { to: from, status: 'delivered' })).toEqual({ count: 2 });
      await arrived(w.path, 4);
      await settled(w.id);
      for (const [query, total] of [
        ['?status=dead', 2],
        ['?status=delivered&event=create', 4],
        ['?event=records.create', 6],
        ['?event=update', 0],
        [`?record_id=${dead[0].record_id}`, 3],
        ['?record_id=none', 0],
        ['?limit=1&offset=5', 6],
      ] as const)
        expect((await deliveries(w.id, query)).total, query).toBe(total);
      expect((await deliveries(w.id, '?limit=1&offset=5')).items).toHaveLength(1);
    });

    it('a span that ends before it begins is refused', async () => {
      const w = await hook();
      const span = { from: '2026-02-01T00:00:00Z', to: '2026-01-01T00:00:00Z' };
      const { status, body } = await call('POST', `/${w.id}/redeliver`, span);
      expect([status, body.errors[0].field]).toEqual([422, 'to']);
      expect((await call('POST', `/${w.id}/redeliver`, { from: span.to, to: span.from })).status).toBe(200);
    });

    it('one that is on its way is not sent a second time, and a disabled webhook sends nothing again', async () => {
      const w = await hook({ events: ['create'] });
      answers.set(w.path, (_, response) => {
        response.writeHead(503, { 'Retry-After': '60' });
        response.end();
      });
      await record('POST', posts, { title: 'held' });
      const [item] = await until('a retrying one', async () => {
        const { items } = await deliveries(w.id);
        return items[0]?.status === 'retrying' && items;
      });
      expect(Date.parse(item.next_retry_at) - Date.now()).toBeGreaterThan(55_000);
      expect((await call('POST', `/${w.id}/deliveries/${item.id}/redeliver`)).body.code).toBe('DELIVERY_UNFINISHED');
      await must('PATCH', `/${w.id}`, { enabled: false });
      expect((await call('POST', `/${w.id}/redeliver`)).body.code).toBe('WEBHOOK_DISABLED');
      expect((await must('GET', `/${w.id}`)).disabled_reason).toBeNull();
    });

    it('410 disables the webhook and gives up what waits; a redirect is not followed', async () => {
      const w = await hook();
      answers.set(w.path, (_, response) => {
        response.statusCode = 410;
        // The next one is waiting by then.
        setTimeout(() => response.end(), 500);
      });
      const made = await record('POST', posts, { title: 'gone' });
      await record('PATCH', `${posts}/${made.id}`, { title: 'gone 2' });
      const items = await settled(w.id, 2);
      expect(items.every((d: Json) => d.status === 'dead')).toBe(true);
      expect(await must('GET', `/${w.id}`)).toMatchObject({
        enabled: false,
        disabled_reason: expect.stringContaining('410'),
      });
      const audited = await t.call('GET', `/api/v1/audit-logs?record_id=${w.id}`, undefined, { token: a.token });
      expect(audited.text).toContain('410');
      expect(audited.text).not.toContain(w.secret);
      const target = `/${unique('target-')}`;
      const turned = await hook();
      answers.set(turned.path, (_, response) => {
        response.writeHead(307, { Location: base + target });
        response.end();
      });
      await record('POST', posts, { title: 'turned' });
      const [item] = await until('an attempt', async () => {
        const { items: found } = await deliveries(turned.id);
        return found[0]?.attempt_number > 0 && found;
      });
      expect(item.error).toContain('redirect');
      expect(at(target)).toEqual([]);
      await must('DELETE', `/${turned.id}`);
    });

    it('five days without a success disable it; what is old is forgotten', async () => {
      const w = await hook({ events: ['create'] });
      answers.set(w.path, (_, response) => {
        response.statusCode = 500;
        response.end();
      });
      const set = (days: number, failures: number) =>
        t.app.db.query(
          `update snackbase.webhooks set failures = $2, failing_since = now() - make_interval(days => $3) where id = $1`,
          [w.id, failures, days],
        );
      await set(6, 3);
      await record('POST', posts, { title: 'not yet' });
      expect((await settled(w.id))[0].attempt_number).toBe(4);
      expect((await must('GET', `/${w.id}`)).enabled).toBe(true);
      await set(6, 20);
      await record('POST', posts, { title: 'hopeless' });
      const [last] = await settled(w.id, 2);
      expect([last.status, last.attempt_number]).toEqual(['dead', 1]);
      expect(await must('GET', `/${w.id}`)).toMatchObject({
        enabled: false,
        disabled_reason: expect.stringContaining('5 days'),
      });
      // Its dead letters are there for when it works again.
      answers.delete(w.path);
      expect(await must('PATCH', `/${w.id}`, { enabled: true })).toMatchObject({ failures: 0, disabled_reason: null });
      expect(await must('POST', `/${w.id}/redeliver`)).toEqual({ count: 2 });
      await until('both', async () => (await deliveries(w.id, '?status=delivered')).total === 2);

      const age = (status: string, days: number) =>
        t.app.db.query(
          'update snackbase.webhook_deliveries set finished_at = now() - make_interval(days => $3) where webhook_id = $1 and status = $2',
          [w.id, status, days],
        );
      await age('delivered', 6);
      await age('dead', 29);
      const prune = () => pruneDeliveries(t.app.db, { deliveredDays: 7, deadDays: 30 }, 1000);
      expect(await prune()).toBe(0);
      await age('delivered', 8);
      expect(await prune()).toBe(2);
      await age('dead', 31);
      expect(await prune()).toBe(2);
    });

    it('a filter whose field is gone disables the webhook and says why', async () => {
      const schema = [
        { name: 'title', type: 'text' },
        { name: 'extra', type: 'text' },
      ];
      const made = await t.collection({ schema });
      const w = await hook({ collection: made.name, filter: 'extra = "x"' });
      await t.call(
        'PUT',
        `/api/v1/collections/${made.id}`,
        { name: made.name, schema: [schema[0]] },
        { token: t.root },
      );
      await record('POST', made.name, { title: 'x' });
      await until('disabled', async () => !(await must('GET', `/${w.id}`)).enabled);
      expect((await must('GET', `/${w.id}`)).disabled_reason).toContain('extra');
    });
  });

  describe('management', () => {
    it('creates, lists, shows, changes and deletes; the secret is shown once', async () => {
      const headers = { Authorization: 'Bearer abc', 'X-Team': 'blue' };
      const w = await hook({ description: 'd', headers, filter: ' published = true ', fields: ['title', 'title'] });
      expect(w).toMatchObject({
        collection: posts,
        collections: [posts],
        events: ['create', 'update', 'delete'],
        fields: ['title'],
        filter: 'published = true',
        headers: { Authorization: '***', 'X-Team': 'blue' },
        enabled: true,
        created_by: a.user.id,
      });
      const { secret, path: _, ...shown } = w;
      expect(await must('GET', `/${w.id}`)).toEqual(shown);
      const list = await must('GET', '?limit=100');
      expect(list.items.find((one: Json) => one.id === w.id)).toEqual(shown);
      expect(JSON.stringify(list)).not.toContain(secret);
      const sent = { headers: { ...shown.headers, 'X-More': '1' }, filter: '', fields: null };
      expect(await must('PUT', `/${w.id}`, sent)).toMatchObject({
        url: shown.url,
        filter: null,
        fields: null,
        headers: { Authorization: '***', 'X-Team': 'blue', 'X-More': '1' },
      });
      await record('POST', posts, { title: 'kept' });
      expect(((await arrived(w.path, 1)) as Got[])[0]?.headers).toMatchObject({
        authorization: 'Bearer abc',
        'x-more': '1',
      });
      const stored = await t.app.db.query<Json>('select headers, secret, url from snackbase.webhooks where id = $1', [
        w.id,
      ]);
      expect(stored[0].secret.toString().includes(secret) || stored[0].headers.toString().includes('abc')).toBe(false);
      expect((await call('DELETE', `/${w.id}`)).status).toBe(204);
      expect((await call('GET', `/${w.id}`)).status).toBe(404);
      expect((await call('GET', '/none')).status).toBe(404);
    });

    it('two secrets sign while one is exchanged', async () => {
      const w = await hook({ events: ['create'] });
      const rotated = await must('POST', `/${w.id}/rotate-secret`, { expires_in_hours: 1 });
      expect(rotated.secret).not.toBe(w.secret);
      expect(Date.parse(rotated.former_secret_until) - Date.now()).toBeGreaterThan(3_500_000);
      await record('POST', posts, { title: 'both' });
      const [one] = (await arrived(w.path, 1)) as [Got];
      for (const secret of [w.secret, rotated.secret])
        expect(new Webhook(secret).verify(one.body, one.headers)).toEqual(one.json);
      const last = await must('POST', `/${w.id}/rotate-secret`, { expires_in_hours: 0 });
      expect(last.former_secret_until).toBeNull();
      await record('POST', posts, { title: 'one' });
      const other = ((await arrived(w.path, 2)) as Got[])[1] as Got;
      expect(new Webhook(last.secret).verify(other.body, other.headers)).toEqual(other.json);
      for (const secret of [w.secret, rotated.secret])
        expect(() => new Webhook(secret).verify(other.body, other.headers)).toThrow();
    });

    it('a test is sent at once and signed', async () => {
      const w = await hook();
      expect(await must('POST', `/${w.id}/test`)).toMatchObject({
        success: true,
        status_code: 200,
        response_body: 'ok',
        error: null,
      });
      const [one] = at(w.path) as [Got];
      expect(new Webhook(w.secret).verify(one.body, one.headers)).toMatchObject({
        event: 'test',
        record: { id: 'test-record' },
      });
      expect((await deliveries(w.id)).total).toBe(0);
      await must('PATCH', `/${w.id}`, { url: 'http://127.0.0.1:1/', enabled: false });
      expect(await must('POST', `/${w.id}/test`)).toMatchObject({
        success: false,
        status_code: null,
        error: expect.stringContaining('connect'),
      });
    });

    it('tells everything that is wrong at once', async () => {
      const bad = await call('POST', '', {
        url: 'http://169.254.169.254/latest/meta-data',
        collection: 'nothing_here',
        events: ['create', 'explode', 'nowhere.created'],
        secret: 'whsec_short!',
        headers: { Host: 'x', 'X-SnackBase-Event': 'y', 'Bad Name': '1', 'X-Ok': 'a\nb' },
      });
      expect(bad.status).toBe(422);
      expect(bad.body.errors.map((e: Json) => [e.field, e.code])).toEqual([
        ['url', 'forbidden_address'],
        ['headers.Host', 'reserved'],
        ['headers.X-SnackBase-Event', 'reserved'],
        ['headers.Bad Name', 'invalid_name'],
        ['headers.X-Ok', 'invalid_value'],
        ['secret', 'invalid'],
        ['collection', 'unknown_collection'],
        ['events.1', 'unknown_event'],
        ['events.2', 'unknown_collection'],
      ]);
      const one = async (body: Json) => {
        const reply = await call('POST', '', { url: base, collection: posts, events: ['create'], ...body });
        return [reply.status, reply.body.errors?.[0]?.field, reply.body.errors?.[0]?.code];
      };
      expect(await one({ url: 'ftp://example.com' })).toEqual([422, 'url', 'scheme']);
      expect(await one({ url: 'https://u:p@example.com' })).toEqual([422, 'url', 'invalid_url']);
      expect(await one({ filter: 'title = ' })).toEqual([422, 'filter', expect.any(String)]);
      expect(await one({ filter: '@request.auth.id = "x"' })).toEqual([422, 'filter', expect.any(String)]);
      expect(await one({ filter: 'mail = "a"' })).toEqual([422, 'filter', 'unknown_field']);
      expect(await one({ fields: ['nope'] })).toEqual([422, 'fields', 'unknown_field']);
      expect(await one({ collection: null, events: ['create'] })).toEqual([422, 'collection', 'required']);
      expect(await one({ collection: null, events: ['*'], filter: 'title = "x"' })).toEqual([
        422,
        'filter',
        expect.any(String),
      ]);
      expect(await one({ events: [] })).toEqual([422, 'events', expect.any(String)]);
      expect(await one({ unknown: 1 })).toEqual([422, expect.any(String), expect.any(String)]);
      expect(await one({ secret: 'short' })).toEqual([422, 'secret', expect.any(String)]);
      expect(
        (await one({ collection: null, events: ['main.*.deleted', `${posts}.updated`, 'restore', '*.created'] }))[1],
      ).toBe('collection');
      const wide = await must('POST', '', {
        url: base,
        events: ['main.*.deleted', `${posts}.update`, '*.created'],
        filter: 'created_by != null',
      });
      expect(wide).toMatchObject({
        collection: null,
        collections: [],
        events: ['main.*.deleted', `${posts}.updated`, '*.created'],
      });
      await must('DELETE', `/${wide.id}`);
    });

    it('members, keys and strangers do not manage them; a superadmin names the account', async () => {
      const member = await t.member(a.account.id);
      expect((await call('GET', '', undefined, member.token)).status).toBe(403);
      expect((await call('GET', '', undefined, null)).status).toBe(401);
      const body = { url: base, collection: posts, events: ['create'] };
      expect((await call('POST', '', body, t.root)).body.code).toBe('ACCOUNT_REQUIRED');
      const named = await t.call('POST', '/api/v1/webhooks', body, {
        token: t.root,
        headers: { 'X-Account-ID': a.account.slug },
      });
      expect([named.status, named.body.account_id]).toEqual([201, a.account.id]);
      expect((await call('GET', `/${named.body.id}`, undefined, t.root)).status).toBe(200);
      await must('DELETE', `/${named.body.id}`);
    });

    it('an account has at most 50, and takes them along when it goes', async () => {
      const b = await t.tenant('Many');
      const body = { url: base, collection: posts, events: ['create'] };
      for (let i = 0; i < 50; i++) expect((await call('POST', '', body, b.token)).status).toBe(201);
      expect((await call('POST', '', body, b.token)).body.code).toBe('LIMIT_REACHED');
      expect(
        (await t.call('DELETE', `/api/v1/accounts/${b.account.id}`, undefined, { token: t.root })).status,
      ).toBeLessThan(300);
      const [{ n }] = (await t.app.db.query<{ n: number }>(
        'select count(*) as n from snackbase.webhooks where account_id = $1',
        [b.account.id],
      )) as [{ n: number }];
      expect(n).toBe(0);
    });
  });

  describe.runIf(kind === 'postgres')('two processes', () => {
    it('send each message once, and a collection that only the other one knows yet is told too', async () => {
      const twin = await t.twin();
      const w = await hook({ events: ['*'] });
      const post = (url: string, path: string, body: Json, token: string) =>
        fetch(`${url}/api/v1/${path}`, {
          method: 'POST',
          headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` },
          body: JSON.stringify(body),
        });
      const name = unique('fresh_');
      await post(twin.url, 'collections', { name, schema: [{ name: 'title', type: 'text' }] }, t.root);
      await Promise.all(
        Array.from({ length: 40 }, (_, i) =>
          post(i % 2 === 0 ? t.url : twin.url, `records/${name}`, { title: `${i}` }, a.token),
        ),
      );
      await arrived(w.path, 40);
      await quiet();
      expect(at(w.path)).toHaveLength(40);
      expect(new Set(at(w.path).map(({ json }) => json.id)).size).toBe(40);
      await twin.stop();
    });
  });
});
