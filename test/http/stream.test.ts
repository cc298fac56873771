// The stream of a collection: what reaches whom, in which form, and how it goes on after a break.
import { createHmac } from 'node:crypto';
import { connect } from 'node:net';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { available, type Json, kind, startApp, type Tenant, type TestApp } from '../helpers/app.ts';
import { openStream, type StreamReader } from '../helpers/stream.ts';

const SCHEMA = [
  { name: 'title', type: 'text', required: true },
  { name: 'lane', type: 'text' },
  { name: 'rank', type: 'number' },
];
const SECRET = 'a secret of this test that is long enough';
const OPEN = { list_rule: '', view_rule: '', create_rule: '', update_rule: '', delete_rule: '' };

describe.runIf(available)('stream of a collection', () => {
  let t: TestApp;
  let a: Tenant;
  let b: Tenant;
  const readers: StreamReader[] = [];
  const read = async (path: string, token: string | null, headers: Record<string, string> = {}) => {
    const reader = await openStream(t.url + path, { ...(token && { Authorization: `Bearer ${token}` }), ...headers });
    readers.push(reader);
    return reader;
  };
  const base = (name: string) => `/api/v1/records/${name}`;
  const make = async (name: string, body: Json, token = a.token) =>
    (await t.call('POST', base(name), body, { token })).body.id as string;
  const change = (name: string, id: string, body: Json, token = a.token) =>
    t.call('PATCH', `${base(name)}/${id}`, body, { token });
  const remove = (name: string, id: string, query = '', token = a.token) =>
    t.call('DELETE', `${base(name)}/${id}${query}`, undefined, { token });

  beforeAll(async () => {
    t = await startApp({ secretKey: SECRET });
    a = await t.tenant('A');
    b = await t.tenant('B');
  });
  afterEach(() => {
    for (const reader of readers.splice(0)) reader.close();
  });

  it('S002-25 S003-04 S004-04 begins with retry and a comment, and tells a create, an update and a delete', async () => {
    const { name } = await t.collection({ schema: SCHEMA });
    const stream = await read(`${base(name)}/stream`, a.token);
    expect(stream.status).toBe(200);
    expect(stream.headers.get('content-type')).toMatch(/^text\/event-stream/);
    expect(stream.headers.get('cache-control')).toMatch(/no-cache/);
    expect(stream.headers.get('x-accel-buffering')).toBe('no');
    const id = await make(name, { title: 'one', rank: 1 });
    await change(name, id, { rank: 2, lane: 'x' });
    await change(name, id, { lane: null });
    await remove(name, id);
    const events = await stream.take(4);
    expect(stream.text.slice(0, 60)).toMatch(/^retry: 3000\n: connected\nid: \d+-\d+\n\n/);
    expect(events.map((e) => [e.event, e.data.type, e.data.record_id, e.data.collection])).toEqual(
      ['created', 'updated', 'updated', 'deleted'].map((type) => [`${name}.${type}`, type, id, name]),
    );
    expect(events.map((e) => [e.data.old?.rank ?? null, e.data.new?.rank ?? null])).toEqual([
      [null, 1],
      [1, 2],
      [2, 2],
      [2, null],
    ]);
    expect(events.map((e) => e.data.changes)).toEqual([
      { added: ['title', 'rank'], updated: [], removed: [] },
      { added: ['lane'], updated: ['rank'], removed: [] },
      { added: [], updated: [], removed: ['lane'] },
      { added: [], updated: [], removed: ['title', 'rank'] },
    ]);
    for (const { id: position, data } of events) {
      expect(data.id).toBe(position);
      expect(position).toMatch(/^\d+-\d+$/);
      expect(data.timestamp).toMatch(/Z$/);
    }
    expect(Object.keys(events[0]?.data)).toEqual([
      'id',
      'type',
      'collection',
      'record_id',
      'timestamp',
      'old',
      'new',
      'changes',
    ]);
  });

  it('what it shows of a record is what a reply shows', async () => {
    const schema = [
      ...SCHEMA,
      { name: 'when', type: 'datetime' },
      { name: 'day', type: 'date' },
      { name: 'on', type: 'boolean' },
      { name: 'tags', type: 'text[]' },
      { name: 'parts', type: 'number[]' },
      { name: 'more', type: 'json' },
      { name: 'mail', type: 'email' },
      { name: 'double', type: 'computed', expression: 'rank * 2' },
      { name: 'late', type: 'computed', expression: 'when > "2026-06-01T00:00:00Z"' },
    ];
    const { name } = await t.collection({ schema });
    const stream = await read(`${base(name)}/stream`, a.token);
    const body = {
      title: 'ä "quoted" \n line',
      rank: 1.5,
      when: '2026-07-01T10:00:00.120Z',
      day: '2026-01-02',
      on: true,
      tags: ['a', 'b "c"', ''],
      parts: [1, 2.5],
      more: { deep: [1, { x: null }], text: 'é' },
      mail: 'a@b.de',
    };
    const { body: made } = await t.call('POST', base(name), body, { token: a.token });
    const { body: changed } = await change(name, made.id, { on: false, more: null, rank: -3, when: null });
    const [created, updated] = (await stream.take(2)) as [Json, Json];
    expect(created.data.new).toEqual(made);
    expect(updated.data.old).toEqual(made);
    expect(updated.data.new).toEqual(changed);
    expect(Object.keys(created.data.new)).toEqual(Object.keys(made));
    expect(updated.data.changes.updated).toEqual(['rank', 'on', 'double']);
    expect(updated.data.changes.removed).toEqual(['when', 'more', 'late']);
  });

  describe('who sees what', () => {
    const owned = { ...OPEN, list_rule: 'lane = "open" || created_by = @request.auth.id', view_rule: null };
    const told = (reader: StreamReader) =>
      reader.events.map((e) => [e.data.type, e.data.old?.title ?? null, e.data.new?.title ?? null]);
    /** An event that everyone sees, so that what did not come before it does not come at all. */
    const settled = async (name: string, ...all: StreamReader[]) => {
      const id = await make(name, { title: 'last', lane: 'open' });
      for (const reader of all) await reader.until((e) => e.data.record_id === id);
    };

    it('a row that leaves his sight is gone without a word, one that enters it is new to him', async () => {
      const { name } = await t.collection({ schema: SCHEMA, ...owned });
      const [ann, bob] = [await t.member(a.account.id), await t.member(a.account.id)];
      const [sawAnn, sawBob] = [
        await read(`${base(name)}/stream`, ann.token),
        await read(`${base(name)}/stream`, bob.token),
      ];
      const id = await make(name, { title: 'private', lane: 'closed' }, ann.token);
      await change(name, id, { title: 'shared', lane: 'open' }, ann.token);
      await change(name, id, { title: 'secret again', lane: 'closed' }, ann.token);
      await remove(name, id, '', ann.token);
      await settled(name, sawAnn, sawBob);
      expect(told(sawAnn).slice(0, 4)).toEqual([
        ['created', null, 'private'],
        ['updated', 'private', 'shared'],
        ['updated', 'shared', 'secret again'],
        ['deleted', 'secret again', null],
      ]);
      expect(told(sawBob)).toEqual([
        ['updated', null, 'shared'],
        ['deleted', null, null],
        ['created', null, 'last'],
      ]);
      const [entered, left] = sawBob.events as [Json, Json];
      expect(entered.data.changes).toEqual({ added: ['title', 'lane'], updated: [], removed: [] });
      expect(left.data.changes).toEqual({ added: [], updated: [], removed: [] });
      expect(sawBob.text).not.toContain('private');
      expect(sawBob.text).not.toContain('secret');
    });

    it('view rules hide as list rules do; who may list and not view sees what the list shows', async () => {
      const views = await t.collection({ schema: SCHEMA, ...OPEN, view_rule: 'rank > 5' });
      const lists = await t.collection({ schema: SCHEMA, ...OPEN, view_rule: null });
      const user = await t.member(a.account.id);
      const [one, two] = [
        await read(`${base(views.name)}/stream`, user.token),
        await read(`${base(lists.name)}/stream`, user.token),
      ];
      for (const { name } of [views, lists])
        for (const rank of [1, 9]) await make(name, { title: `r${rank}`, rank, lane: 'open' });
      await settled(lists.name, two);
      expect(told(two).map(([, , title]) => title)).toEqual(['r1', 'r9', 'last']);
      await one.take(1);
      expect(told(one)).toEqual([['created', null, 'r9']]);
    });

    it('a filter is part of his sight, in text, JSON or parameters, and shares its errors with the list', async () => {
      const { name } = await t.collection({ schema: SCHEMA, ...OPEN });
      const queries = ['?filter=rank > 5', '?filter={"rank":{"$gt":5}}', '?rank__gt=5', '?rank__gt=5&lane=open'];
      const all = await Promise.all(queries.map((query) => read(`${base(name)}/stream${query}`, a.token)));
      const id = await make(name, { title: 'low', rank: 1, lane: 'open' });
      await change(name, id, { rank: 6, title: 'high' });
      await change(name, id, { rank: 7 });
      await change(name, id, { rank: 2, title: 'low again' });
      for (const reader of all) {
        await reader.take(3);
        expect(told(reader)).toEqual([
          ['updated', null, 'high'],
          ['updated', 'high', 'high'],
          ['deleted', null, null],
        ]);
      }
      for (const query of ['?filter=rank >', '?nope=1', '?fields=nope', '?filter=nope = 1', '?rank__between=1']) {
        const [list, stream] = await Promise.all(
          [base(name), `${base(name)}/stream`].map((path) =>
            t.call('GET', path + query, undefined, { token: a.token }),
          ),
        );
        expect([stream?.status, stream?.body.code, stream?.body.errors], query).toEqual([
          list?.status,
          list?.body.code,
          list?.body.errors,
        ]);
      }
    });

    it('events= chooses, fields= projects and keeps quiet about what it leaves out; unknown events are refused', async () => {
      const { name } = await t.collection({ schema: SCHEMA, ...OPEN });
      const some = await read(`${base(name)}/stream?events=created,deleted`, a.token);
      const titles = await read(`${base(name)}/stream?fields=title`, a.token);
      const id = await make(name, { title: 'one', rank: 1 });
      await change(name, id, { rank: 2 });
      await change(name, id, { title: 'two' });
      await remove(name, id);
      await Promise.all([some.take(2), titles.take(3)]);
      expect(told(some)).toEqual([
        ['created', null, 'one'],
        ['deleted', 'two', null],
      ]);
      expect(titles.events.map((e) => [e.data.type, e.data.old, e.data.new])).toEqual([
        ['created', null, { id, title: 'one' }],
        ['updated', { id, title: 'one' }, { id, title: 'two' }],
        ['deleted', { id, title: 'two' }, null],
      ]);
      for (const events of ['', 'made', 'created,made', 'created;deleted']) {
        const { status, body } = await t.call('GET', `${base(name)}/stream?events=${events}`, undefined, {
          token: a.token,
        });
        expect([status, body.code, body.errors[0].field]).toEqual([400, 'INVALID_QUERY_PARAMS', 'events']);
      }
    });

    it('S000-37 hidden fields are neither shown nor told of, personal data is masked', async () => {
      const schema = [...SCHEMA, { name: 'mail', type: 'email', pii: true, mask_type: 'email' }];
      const { name } = await t.collection({
        schema,
        list_fields: ['title', 'mail'],
        view_fields: ['title', 'mail', 'rank'],
        ...OPEN,
      });
      const user = await t.member(a.account.id);
      const [sees, root] = [
        await read(`${base(name)}/stream`, user.token),
        await read(`${base(name)}/stream`, t.root, { 'X-Account-ID': a.account.id }),
      ];
      const id = await make(name, { title: 'one', rank: 4242, lane: 'hidden-lane', mail: 'someone@example.com' });
      await change(name, id, { rank: 4243 });
      await change(name, id, { title: 'two', lane: 'other-lane' });
      await Promise.all([sees.take(2), root.take(3)]);
      expect(sees.events.map((e) => e.data.changes)).toEqual([
        { added: ['title', 'mail'], updated: [], removed: [] },
        { added: [], updated: ['title'], removed: [] },
      ]);
      expect(sees.events[0]?.data.new).toMatchObject({ title: 'one', mail: 's***@example.com' });
      for (const secret of ['4242', '4243', 'lane', 'someone@']) expect(sees.text).not.toContain(secret);
      expect(root.events[0]?.data.new).toMatchObject({ rank: 4242, mail: 'someone@example.com' });
      for (const query of ['fields=rank', 'filter=rank > 1', 'rank=1', 'fields=title,lane', 'filter=mail = "a"'])
        expect((await t.call('GET', `${base(name)}/stream?${query}`, undefined, { token: user.token })).body.code).toBe(
          'INVALID_FIELDS',
        );
    });

    it('S000-28 no account hears of another; superadmins hear of all, or of the one they name', async () => {
      const { name } = await t.collection({ schema: SCHEMA, ...OPEN });
      const paths = `${base(name)}/stream`;
      const [ofA, ofB, anonymous, all, one] = await Promise.all([
        read(paths, a.token, { 'X-Account-ID': b.account.id }),
        read(paths, b.token),
        read(paths, null, { 'X-Account-ID': b.account.slug }),
        read(paths, t.root),
        read(paths, t.root, { 'X-Account-ID': b.account.slug }),
      ]);
      await make(name, { title: 'from a' });
      await make(name, { title: 'from b' }, b.token);
      await Promise.all([ofB, anonymous, one].map((reader) => reader?.take(1)));
      await all?.take(2);
      await ofA?.take(1);
      for (const [reader, titles] of [
        [ofA, ['from a']],
        [ofB, ['from b']],
        [anonymous, ['from b']],
        [one, ['from b']],
        [all, ['from a', 'from b']],
      ] as const)
        expect(reader?.events.map((e) => e.data.new.title)).toEqual(titles);
    });

    it('refuses as the list does, and before anything is sent', async () => {
      const { name } = await t.collection({ schema: SCHEMA });
      const user = await t.member(a.account.id);
      const at = (path: string, token: string | null) => t.call('GET', path, undefined, { token });
      const codes = await Promise.all([
        at(`${base(name)}/stream`, null),
        at(`${base(name)}/stream`, user.token),
        at(`${base(name)}/stream?events=nope`, user.token),
        at(`${base('nope')}/stream`, a.token),
        at(`${base(name)}/stream`, 'wrong'),
      ]);
      expect(codes.map(({ status, body }) => [status, body.code])).toEqual([
        [401, 'UNAUTHORIZED'],
        [403, 'FORBIDDEN'],
        [403, 'FORBIDDEN'],
        [404, 'RESOURCE_NOT_FOUND'],
        [401, 'UNAUTHORIZED'],
      ]);
      const head = await fetch(`${t.url}${base(name)}/stream`, {
        method: 'HEAD',
        headers: { Authorization: `Bearer ${a.token}` },
      });
      expect([head.status, head.headers.get('content-type')?.split(';')[0]]).toEqual([200, 'text/event-stream']);
    });
  });

  describe('what is told', () => {
    it('soft deletes, restores, purges, batches, transactions, imports and what the database does by itself', async () => {
      const parents = await t.collection({ schema: SCHEMA, soft_delete: true });
      const children = await t.collection({
        schema: [...SCHEMA, { name: 'parent', type: 'reference', collection: parents.name, on_delete: 'cascade' }],
      });
      const loose = await t.collection({
        schema: [...SCHEMA, { name: 'parent', type: 'reference', collection: parents.name, on_delete: 'set_null' }],
      });
      const [p, c, l] = await Promise.all(
        [parents, children, loose].map(({ name }) => read(`${base(name)}/stream`, a.token)),
      );
      const types = (reader?: StreamReader) => reader?.events.map((e) => e.data.type);
      const parent = await make(parents.name, { title: 'parent' });
      await make(children.name, { title: 'child', parent });
      await make(loose.name, { title: 'loose', parent });
      await remove(parents.name, parent);
      await t.call('POST', `${base(parents.name)}/${parent}/restore`, undefined, { token: a.token });
      await remove(parents.name, parent);
      await remove(parents.name, parent, '?purge=true');
      const again = await make(parents.name, { title: 'again' });
      await remove(parents.name, again, '?purge=true');
      await p?.take(6);
      await c?.take(2);
      await l?.take(2);
      // A purge of what was deleted already tells nobody anything new.
      expect(types(p)).toEqual(['created', 'deleted', 'created', 'deleted', 'created', 'deleted']);
      expect(p?.events[1]?.data.old).toMatchObject({ title: 'parent', deleted_at: null });
      expect(p?.events[2]?.data.new).toMatchObject({ title: 'parent', deleted_at: null });
      expect(types(c)).toEqual(['created', 'deleted']);
      expect(c?.events[1]?.data.old).toMatchObject({ title: 'child', parent });
      expect(types(l)).toEqual(['created', 'updated']);
      expect(l?.events[1]?.data).toMatchObject({
        old: { parent },
        new: { parent: null },
        changes: { removed: ['parent'] },
      });

      const { name } = await t.collection({ schema: SCHEMA });
      const stream = await read(`${base(name)}/stream`, a.token);
      const as = { token: a.token };
      const { body: batch } = await t.call(
        'POST',
        `${base(name)}/batch`,
        { records: [{ title: '1' }, { title: '2' }] },
        as,
      );
      expect(batch.count ?? batch.created?.length).toBe(2);
      await t.call(
        'POST',
        '/api/v1/batch',
        { operations: [{ op: 'create', collection: name, data: { title: '3' } }] },
        as,
      );
      await t.call('POST', `${base(name)}/import?format=ndjson`, undefined, {
        ...as,
        raw: '{"title":"4"}\n{"title":"5"}\n',
        headers: { 'Content-Type': 'application/x-ndjson' },
      });
      const ids = (await stream.take(5)).map((e) => e.data.record_id);
      const records = ids.slice(0, 2).map((id) => ({ id, data: { rank: 5 } }));
      await t.call('PATCH', `${base(name)}/batch`, { records }, as);
      await t.call('DELETE', `${base(name)}/batch`, { ids }, as);
      const events = await stream.take(12);
      expect(events.map((e) => e.data.new?.title ?? e.data.type)).toEqual([
        ...['1', '2', '3', '4', '5', '1', '2'],
        ...Array(5).fill('deleted'),
      ]);
      // What fails leaves no event, and what changes nothing but its stamps tells that.
      await t.call('POST', `${base(name)}/batch`, { records: [{ title: 'x' }, { rank: 'wrong' }] }, as);
      const id = await make(name, { title: 'same' });
      await change(name, id, { title: 'same' });
      const [, same] = (await stream.take(14)).slice(12);
      expect(same?.data).toMatchObject({ type: 'updated', changes: { added: [], updated: [], removed: [] } });
    });
  });

  describe('going on', () => {
    it('resumes behind an id, by header or parameter, with what happened meanwhile and nothing twice', async () => {
      const { name } = await t.collection({ schema: SCHEMA, ...OPEN });
      const first = await read(`${base(name)}/stream`, a.token);
      for (let i = 0; i < 5; i++) await make(name, { title: `t${i}` });
      const seen = await first.take(5);
      first.close();
      for (let i = 5; i < 300; i += 59) {
        const records = Array.from({ length: 59 }, (_, k) => ({ title: `t${i + k}` }));
        await t.call('POST', `${base(name)}/batch`, { records }, { token: a.token });
      }
      const from = seen[1]?.id as string;
      const byHeader = await read(`${base(name)}/stream`, a.token, { 'Last-Event-ID': from });
      const byQuery = await read(`${base(name)}/stream?last_event_id=${from}`, a.token);
      const both = await read(`${base(name)}/stream?last_event_id=0-0`, a.token, { 'Last-Event-ID': from });
      await make(name, { title: 't300' });
      const wanted = Array.from({ length: 299 }, (_, i) => `t${i + 2}`);
      for (const reader of [byHeader, byQuery, both]) {
        const events = await reader.take(299);
        expect(events.map((e) => e.data.new.title)).toEqual(wanted);
        await make(name, { title: 'more' });
        await reader.take(300);
        expect(new Set(reader.events.map((e) => e.id)).size).toBe(reader.events.length);
      }
    });

    it('the id of the head is enough to lose nothing', async () => {
      const { name } = await t.collection({ schema: SCHEMA, ...OPEN });
      const idle = await read(`${base(name)}/stream`, a.token);
      await expect.poll(() => idle.lastId).not.toBeNull();
      idle.close();
      await make(name, { title: 'meanwhile' });
      const again = await read(`${base(name)}/stream`, a.token, { 'Last-Event-ID': idle.lastId as string });
      expect((await again.take(1))[0]?.data.new.title).toBe('meanwhile');
    });

    it('an id that is no id is refused; one of the future and one too old say reset and go on', async () => {
      const { name } = await t.collection({ schema: SCHEMA, ...OPEN });
      for (const id of ['abc', '1', '-1', '1-2-3', '9'.repeat(40)]) {
        const { status, body } = await t.call('GET', `${base(name)}/stream`, undefined, {
          token: a.token,
          headers: { 'Last-Event-ID': id },
        });
        expect([status, body.code]).toEqual([400, 'INVALID_HEADER']);
        const query = await t.call('GET', `${base(name)}/stream?last_event_id=${id}`, undefined, { token: a.token });
        expect([query.status, query.body.code, query.body.errors[0].field]).toEqual([
          400,
          'INVALID_QUERY_PARAMS',
          'last_event_id',
        ]);
      }
      const future = await read(`${base(name)}/stream`, a.token, { 'Last-Event-ID': '99999999-1' });
      const [reset] = await future.take(1);
      expect([reset?.event, reset?.data, reset?.id]).toEqual(['reset', {}, future.lastId]);
      await make(name, { title: 'after' });
      expect((await future.take(2))[1]?.data.new.title).toBe('after');
      const old = future.events[1]?.id as string;
      await make(name, { title: 'later' });
      await future.take(3);
      await t.app.db.query(
        'delete from snackbase.event_batches where number < (select max(number) from snackbase.event_batches)',
      );
      const late = await read(`${base(name)}/stream`, a.token, { 'Last-Event-ID': old });
      expect((await late.take(1))[0]?.event).toBe('reset');
      const known = await read(`${base(name)}/stream`, a.token, { 'Last-Event-ID': late.lastId as string });
      await make(name, { title: 'fresh' });
      expect((await known.take(1))[0]?.data.new.title).toBe('fresh');
    });

    it('tells nothing of a collection that had its name before, and of fields that went away that something is missing', async () => {
      const { name } = await t.collection({ schema: SCHEMA, ...OPEN });
      const first = await read(`${base(name)}/stream`, a.token);
      await expect.poll(() => first.lastId).not.toBeNull();
      const from = first.lastId as string;
      await make(name, { title: 'of the old one', rank: 1 });
      const at = `/api/v1/collections/${name}`;
      expect((await t.call('DELETE', at, undefined, { token: t.root })).status).toBe(204);
      const fields = [
        { name: 'title', type: 'text' },
        { name: 'old', type: 'text' },
      ];
      await t.collection({ name, schema: fields, ...OPEN });
      await make(name, { title: 'of the new one', old: 'a "quoted" text' });
      const schema = [
        { name: 'title', type: 'text' },
        { name: 'rank', type: 'number', default: 7 },
      ];
      expect((await t.call('PATCH', at, { schema }, { token: t.root })).status).toBe(200);
      const again = await read(`${base(name)}/stream`, a.token, { 'Last-Event-ID': from });
      await make(name, { title: 'last' });
      const [missing, last] = await again.take(2);
      // What was told in other fields than today's cannot be told: that something is missing can.
      expect([missing?.event, missing?.data]).toEqual(['reset', {}]);
      expect([last?.data.new.title, last?.data.new.rank]).toEqual(['last', 7]);
      expect(again.text).not.toContain('of the');
    });

    it('a change of the rules, or a new field, leaves the past as it was, times and all', async () => {
      const schema = [
        ...SCHEMA,
        { name: 'embargo', type: 'datetime' },
        { name: 'day', type: 'date' },
        { name: 'on', type: 'boolean' },
        { name: 'tags', type: 'text[]' },
        { name: 'more', type: 'json' },
      ];
      const rule = 'embargo is null or embargo < now()';
      const { name } = await t.collection({ schema, ...OPEN, list_rule: rule });
      const user = await t.member(a.account.id);
      const first = await read(`${base(name)}/stream`, user.token);
      await expect.poll(() => first.lastId).not.toBeNull();
      const from = first.lastId as string;
      const values = {
        rank: 1.5,
        embargo: '2020-01-02T03:04:05.120Z',
        day: '2026-01-02',
        on: true,
        tags: ['a'],
        more: { x: [1] },
      };
      const { body: open } = await t.call('POST', base(name), { title: 'open', ...values }, { token: a.token });
      await make(name, { title: 'embargoed', embargo: '2099-01-01T00:00:00Z' });
      const at = `/api/v1/collections/${name}`;
      expect((await t.call('PATCH', at, { delete_rule: 'false' }, { token: t.root })).status).toBe(200);
      const wider = [...schema, { name: 'late', type: 'text' }];
      expect((await t.call('PATCH', at, { schema: wider }, { token: t.root })).status).toBe(200);
      const again = await read(`${base(name)}/stream`, user.token, { 'Last-Event-ID': from });
      await make(name, { title: 'last' });
      const events = await again.take(2);
      expect(events.map((e) => e.data.new.title)).toEqual(['open', 'last']);
      expect(events[0]?.data.new).toEqual({ ...open, late: null });
    });

    it('while somebody edits rules all the time, nothing that a rule on times hides gets through', async () => {
      const schema = [...SCHEMA, { name: 'embargo', type: 'datetime' }];
      const { name } = await t.collection({ schema, ...OPEN, list_rule: 'embargo is null or embargo < now()' });
      const user = await t.member(a.account.id);
      const stream = await read(`${base(name)}/stream`, user.token);
      let busy = true;
      const writers = Array.from({ length: 3 }, async () => {
        while (busy) await make(name, { title: 'hidden', embargo: '2099-01-01T00:00:00Z' });
      });
      for (let i = 0; i < 12; i++) {
        const rules = { delete_rule: i % 2 === 0 ? 'false' : '' };
        expect((await t.call('PATCH', `/api/v1/collections/${name}`, rules, { token: t.root })).status).toBe(200);
        await make(name, { title: `shown ${i}` });
      }
      busy = false;
      await Promise.all(writers);
      await stream.take(12);
      expect(stream.events.map((e) => e.data.new?.title)).toEqual(Array.from({ length: 12 }, (_, i) => `shown ${i}`));
      expect(stream.text).not.toContain('hidden');
    });

    it('is judged by the rules of today, also what happened before', async () => {
      const { name } = await t.collection({ schema: SCHEMA, ...OPEN });
      const user = await t.member(a.account.id);
      const first = await read(`${base(name)}/stream`, user.token);
      await expect.poll(() => first.lastId).not.toBeNull();
      const from = first.lastId as string;
      await make(name, { title: 'low', rank: 1 });
      await make(name, { title: 'high', rank: 9 });
      await t.call('PATCH', `/api/v1/collections/${name}`, { list_rule: 'rank > 5' }, { token: t.root });
      const again = await read(`${base(name)}/stream`, user.token, { 'Last-Event-ID': from });
      expect((await again.take(1)).map((e) => e.data.new.title)).toEqual(['high']);
      await make(name, { title: 'higher', rank: 10 });
      expect((await again.take(2)).map((e) => e.data.new.title)).toEqual(['high', 'higher']);
    });
  });

  describe('the end', () => {
    const endOf = async (reader: StreamReader) => {
      await reader.until((e) => e.event === 'end');
      await reader.ended;
      return reader.events.at(-1)?.data;
    };

    it('S003-33 disabling, deleting and locking the collection', async () => {
      const open = await Promise.all([1, 2, 3].map(() => t.collection({ schema: SCHEMA, ...OPEN })));
      const readers = await Promise.all(open.map(({ name }) => read(`${base(name)}/stream`, a.token)));
      const [disabled, deleted, locked] = open.map(({ name }) => `/api/v1/collections/${name}`) as [
        string,
        string,
        string,
      ];
      await t.call('PATCH', disabled, { enabled: false }, { token: t.root });
      await t.call('DELETE', deleted, undefined, { token: t.root });
      await t.call('PATCH', locked, { list_rule: 'false' }, { token: t.root });
      const ends = await Promise.all(readers.map(endOf));
      expect(ends.map(({ code }) => code)).toEqual(['RESOURCE_DISABLED', 'RESOURCE_NOT_FOUND', 'FORBIDDEN']);
      expect(Object.keys(ends[0])).toEqual(['error', 'message', 'code', 'errors', 'request_id']);
    });

    it('a field that a stream asks for goes away', async () => {
      const { name } = await t.collection({ schema: SCHEMA, ...OPEN });
      const [all, some] = [
        await read(`${base(name)}/stream`, a.token),
        await read(`${base(name)}/stream?filter=rank > 1`, a.token),
      ];
      const schema = SCHEMA.filter((field) => field.name !== 'rank');
      const changed = await t.call('PATCH', `/api/v1/collections/${name}`, { schema }, { token: t.root });
      expect(changed.status).toBe(200);
      expect((await endOf(some)).code).toBe('INVALID_FIELDS');
      await make(name, { title: 'without' });
      expect((await all.take(1))[0]?.data.new).not.toHaveProperty('rank');
    });

    it('logout, a changed password, a user switched off, a role that loses its right, a key revoked or over', async () => {
      const { name } = await t.collection({ schema: SCHEMA, list_rule: null });
      const role = (await t.call('POST', '/api/v1/roles', { name: `watcher_${Date.now()}` }, { token: t.root })).body;
      const grant = (updates: Json[]) =>
        t.call('PUT', `/api/v1/roles/${role.id}/permissions/bulk`, { updates }, { token: t.root });
      await grant([{ collection: name, operation: 'read' }]);
      const people = await Promise.all([1, 2, 3].map(() => t.member(a.account.id, role.id)));
      const readers = await Promise.all(people.map(({ token }) => read(`${base(name)}/stream`, token)));
      const scopes = { [name]: { read: '*' } };
      const keyOf = async (more: Json) =>
        (await t.call('POST', '/api/v1/api-keys', { name: 'watch', scopes, ...more }, { token: a.token })).body;
      const revoked = await keyOf({});
      const brief = await keyOf({ expires_at: new Date(Date.now() + 1500).toISOString() });
      const keyed = await Promise.all([revoked, brief].map(({ key }) => read(`${base(name)}/stream`, key)));
      const [left, off, bare] = people as [Json, Json, Json];
      expect((await t.call('POST', '/api/v1/auth/logout', {}, { token: left.token })).status).toBeLessThan(300);
      expect(
        (await t.call('PATCH', `/api/v1/users/${off.user.id}`, { is_active: false }, { token: t.root })).status,
      ).toBe(200);
      expect((await endOf(readers[0] as StreamReader)).code).toBe('UNAUTHORIZED');
      expect((await endOf(readers[1] as StreamReader)).code).toBe('UNAUTHORIZED');
      const items = (await t.call('GET', `/api/v1/roles/${role.id}/permissions`, undefined, { token: t.root })).body
        .items;
      for (const { id } of items) await t.call('DELETE', `/api/v1/permissions/${id}`, undefined, { token: t.root });
      expect((await endOf(readers[2] as StreamReader)).code).toBe('FORBIDDEN');
      await t.call('DELETE', `/api/v1/api-keys/${revoked.id}`, undefined, { token: a.token });
      expect((await endOf(keyed[0] as StreamReader)).code).toBe('UNAUTHORIZED');
      expect((await endOf(keyed[1] as StreamReader)).code).toBe('TOKEN_EXPIRED');
      expect(bare.token).toBeTruthy();
    });

    it('a token that expires, to the second', async () => {
      const { name } = await t.collection({ schema: SCHEMA, ...OPEN });
      const [head, payload] = a.token.split('.') as [string, string];
      const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
      const exp = Math.floor(Date.now() / 1000) + 2;
      const signed = `${head}.${Buffer.from(JSON.stringify({ ...claims, exp })).toString('base64url')}`;
      const brief = `${signed}.${createHmac('sha256', SECRET).update(signed).digest('base64url')}`;
      const reader = await read(`${base(name)}/stream`, brief);
      expect(reader.status).toBe(200);
      for (let i = 0; Date.now() < exp * 1000 + 1500; i++) await make(name, { title: String(i) });
      expect(await endOf(reader)).toMatchObject({ code: 'TOKEN_EXPIRED', error: 'Authentication required' });
      const times = reader.events.flatMap((e) => (e.event === 'end' ? [] : [Date.parse(e.data.timestamp)]));
      expect(times.length).toBeGreaterThan(3);
      expect(Math.max(...times)).toBeLessThan(exp * 1000);
    });

    it('nothing that is written after a right was taken away arrives, however busy the stream is', async () => {
      const { name } = await t.collection({ schema: SCHEMA, list_rule: null });
      const role = (await t.call('POST', '/api/v1/roles', { name: `busy_${Date.now()}` }, { token: t.root })).body;
      const bulk = `/api/v1/roles/${role.id}/permissions/bulk`;
      const updates = [{ collection: name, operation: 'read' }];
      const user = await t.member(a.account.id, role.id);
      for (let round = 0; round < 12; round++) {
        expect((await t.call('PUT', bulk, { updates }, { token: t.root })).status).toBe(200);
        const reader = await read(`${base(name)}/stream`, user.token);
        let busy = true;
        const noise = Array.from({ length: 3 }, async () => {
          while (busy) await make(name, { title: 'before' });
        });
        await reader.take(3);
        const { items } = (await t.call('GET', bulk.replace('/bulk', ''), undefined, { token: t.root })).body;
        for (const { id } of items) await t.call('DELETE', `/api/v1/permissions/${id}`, undefined, { token: t.root });
        await make(name, { title: 'after' });
        expect((await endOf(reader)).code).toBe('FORBIDDEN');
        busy = false;
        await Promise.all(noise);
        expect(reader.text).not.toContain('after');
      }
    });

    it('a reader who does not read is cut off, and others do not wait for him', async () => {
      const { name } = await t.collection({ schema: SCHEMA, ...OPEN });
      const { hostname, port } = new URL(t.url);
      const socket = connect(Number(port), hostname);
      let gone = false;
      socket
        .on('error', () => {})
        .on('close', () => {
          gone = true;
        });
      socket.write(`GET ${base(name)}/stream HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${a.token}\r\n\r\n`);
      await new Promise((resolve) => socket.once('data', resolve));
      socket.pause();
      const other = await read(`${base(name)}/stream?fields=rank`, a.token);
      const title = 'x'.repeat(50_000);
      for (let i = 0; i < 50; i++) {
        const records = Array.from({ length: 10 }, (_, k) => ({ title, rank: i * 10 + k }));
        expect((await t.call('POST', `${base(name)}/batch`, { records }, { token: a.token })).status).toBe(201);
      }
      await other.take(500, 30_000);
      // A paused socket tells of its end when it is read.
      socket.resume();
      await expect.poll(() => gone, { timeout: 10_000 }).toBe(true);
    });
  });

  it.runIf(kind === 'postgres')('what one process writes reaches the readers of another', async () => {
    const { name } = await t.collection({ schema: SCHEMA, ...OPEN });
    const twin = await t.twin();
    const there = await openStream(`${twin.url}${base(name)}/stream`, { Authorization: `Bearer ${a.token}` });
    readers.push(there);
    const here = await read(`${base(name)}/stream`, a.token);
    await make(name, { title: 'here' });
    await fetch(`${twin.url}${base(name)}`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${a.token}`, 'Content-Type': 'application/json' },
      body: JSON.stringify({ title: 'there' }),
    });
    const [one, two] = [await here.take(2), await there.take(2)];
    expect(one.map((e) => e.data.new.title)).toEqual(['here', 'there']);
    expect(two).toEqual(one);
    // A reader goes on at the other process.
    const moved = await openStream(`${twin.url}${base(name)}/stream`, {
      Authorization: `Bearer ${a.token}`,
      'Last-Event-ID': one[0]?.id as string,
    });
    readers.push(moved);
    expect((await moved.take(1))[0]).toEqual(one[1]);
    await twin.stop();
    await there.ended;
  });
});
