// What one request and one person may ask for: replies of a bounded size, a bounded number of streams.
import { beforeAll, describe, expect, it } from 'vitest';
import { MOST_LISTENERS, MOST_RESULT } from '../../contract/mcp.ts';
import { available, type Json, startApp, type Tenant, type TestApp } from '../helpers/app.ts';
import { type Agent, agent, until } from './agent.ts';

const SCHEMA = [
  { name: 'title', type: 'text' },
  { name: 'body', type: 'text' },
];

describe.runIf(available)('mcp limits', () => {
  let t: TestApp;
  let acme: Tenant;
  let admin: Agent;
  beforeAll(async () => {
    t = await startApp();
    acme = await t.tenant('Acme');
  });

  const tool = (name: string, args: Json, id: number) => ({
    jsonrpc: '2.0',
    id,
    method: 'tools/call',
    params: { name, arguments: args },
  });
  const send = async (messages: readonly Json[]) => {
    const reply = await t.call('POST', '/mcp', messages, { token: acme.token });
    expect(reply.status, reply.text.slice(0, 200)).toBe(200);
    return reply;
  };
  /** A collection with so many records of 10 000 characters. */
  async function filled(count: number): Promise<string> {
    const { name } = await t.collection({ schema: SCHEMA });
    admin = await agent(t.url, acme.token);
    await admin.tools();
    const records = Array.from({ length: count }, (_, i) => ({ title: `t${i}`, body: 'x'.repeat(10_000) }));
    for (let i = 0; i < count; i += 50) await admin.call(`${name}_bulk_create`, { records: records.slice(i, i + 50) });
    return name;
  }
  const total = async (name: string): Promise<number> => (await admin.call(`${name}_query`, { limit: 1 })).value.total;
  const refused = ({ error }: Json) => [error?.code, error?.data?.code];

  it('the messages that follow after too many characters are refused and not done', async () => {
    const posts = await filled(180);
    const batch = Array.from({ length: 49 }, (_, id) => tool(`${posts}_query`, { limit: 1000 }, id));
    const { body, text } = await send([...batch, tool(`${posts}_create`, { data: { title: 'late' } }, 49)]);
    expect(body).toHaveLength(50);
    expect(text.length).toBeLessThan(14_000_000);
    const [first] = body;
    expect(first.result.structuredContent).toEqual(JSON.parse(first.result.content[0].text));
    expect(first.result.structuredContent.data).toHaveLength(180);
    const done = body.filter((one: Json) => one.result !== undefined).length;
    expect(done).toBe(3);
    for (const one of body.slice(done)) expect(refused(one)).toEqual([-32000, 'LIMIT_REACHED']);
    expect(body[49].error.message).toContain('send this message again in another request');
    expect(await total(posts)).toBe(180);
  });

  it('a query that finds too much is told so, and ends the work of its request', async () => {
    const posts = await filled(250);
    const { body } = await send([
      tool(`${posts}_query`, { limit: 1000 }, 1),
      tool(`${posts}_create`, { data: { title: 'late' } }, 2),
    ]);
    expect(body[0].result.isError).toBe(true);
    expect(JSON.parse(body[0].result.content[0].text)).toMatchObject({
      code: 'INVALID_QUERY_PARAMS',
      errors: [{ field: 'limit', code: 'page_too_large' }],
    });
    expect(refused(body[1])).toEqual([-32000, 'LIMIT_REACHED']);
    expect(await total(posts)).toBe(250);
    const narrow = await admin.call(`${posts}_query`, { limit: 1000, fields: 'title' });
    expect(narrow.value.data).toHaveLength(250);
    expect((await admin.call(`${posts}_query`, { limit: 150 })).value.data).toHaveLength(150);
  });

  it('a record that is too large is written, and read by its fields', async () => {
    const posts = await filled(0);
    const body = 'y'.repeat(MOST_RESULT + 1);
    const made = await admin.call(`${posts}_create`, { data: { title: 'big', body } });
    expect(Object.keys(made.value)).toEqual(['id']);
    const { id } = made.value;
    const whole = await admin.call(`${posts}_get`, { id });
    expect(whole).toMatchObject({ failed: true, value: { errors: [{ field: 'fields', code: 'record_too_large' }] } });
    expect((await admin.call(`${posts}_get`, { id, fields: ['title'] })).value).toEqual({ id, title: 'big' });
    expect(await admin.call(`${posts}_update`, { id, data: { title: 'Big' } })).toEqual({
      failed: false,
      value: { id },
    });
    expect((await admin.call(`${posts}_get`, { id, fields: ['title'] })).value.title).toBe('Big');
    const half = 'z'.repeat(MOST_RESULT / 2);
    const many = await admin.call(`${posts}_bulk_create`, { records: [{ body: half }, { body: half }] });
    expect(many.failed).toBe(false);
    expect(many.value).toEqual({ created: [{ id: expect.any(String) }, { id: expect.any(String) }], count: 2 });
    expect((await admin.call(`${posts}_query`, { fields: 'title' })).value.total).toBe(3);
  });

  it('a person has a limited number of streams, and one more when one is closed', async () => {
    const member = await t.member(acme.account.id);
    const open = async (token = member.token) => {
      const stop = new AbortController();
      const headers = { Authorization: `Bearer ${token}` };
      const reply = await fetch(`${t.url}/mcp`, { headers, signal: stop.signal });
      return { status: reply.status, reply, stop: () => stop.abort() };
    };
    const streams = await Promise.all(Array.from({ length: MOST_LISTENERS }, () => open()));
    expect(streams.map(({ status }) => status)).toEqual(streams.map(() => 200));
    const { status, reply } = await open();
    expect([status, ((await reply.json()) as Json).code]).toEqual([409, 'LIMIT_REACHED']);
    const other = await open(acme.token);
    expect(other.status).toBe(200);
    streams[0]?.stop();
    await until(async () => {
      const again = await open();
      if (again.status === 200) streams.push(again);
      else await again.reply.text();
      return again.status === 200;
    }, 'a stream in the place of the closed one');
    for (const { stop } of [...streams, other]) stop();
  });
});
