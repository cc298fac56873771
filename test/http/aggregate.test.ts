// Totals over records: functions, groups, date parts, conditions on results, order; under rules and masks.
import { beforeAll, describe, expect, it } from 'vitest';
import { available, startApp, type Tenant, type TestApp } from '../helpers/app.ts';

describe.runIf(available)('aggregates', () => {
  let t: TestApp;
  let acme: Tenant;
  let name: string;
  beforeAll(async () => {
    t = await startApp();
    acme = await t.tenant('Acme');
    const other = await t.tenant('Other');
    const schema = [
      { name: 'kind', type: 'text' },
      { name: 'n', type: 'number' },
      { name: 'at', type: 'datetime' },
      { name: 'day', type: 'date' },
      { name: 'flag', type: 'boolean' },
      { name: 'tags', type: 'text[]' },
      { name: 'doc', type: 'json' },
      { name: 'ssn', type: 'text', pii: true, mask_type: 'ssn' },
    ];
    name = (await t.collection({ schema, list_rule: 'n is null or n >= 0', create_rule: '' })).name;
    const records = [
      { kind: 'a', n: 1, at: '2026-01-31T23:30:00Z', day: '2026-01-31', flag: true, tags: ['x'], ssn: '123456789' },
      { kind: 'a', n: 2, at: '2026-02-01T00:30:00+02:00', day: '2026-02-01', flag: true, tags: ['x'] },
      { kind: 'b', n: 10, at: '2026-02-15T12:00:00Z', day: '2025-02-15', flag: false, tags: [] },
      { kind: 'b', n: null, at: null, day: null, flag: null },
      { kind: null, n: -5, at: '2026-03-01T00:00:00Z' },
      { kind: null, n: 0.5 },
    ];
    await t.call('POST', `/api/v1/records/${name}/batch`, { records }, { token: acme.token });
    await t.call('POST', `/api/v1/records/${name}`, { kind: 'a', n: 1000 }, { token: other.token });
  });
  const ask = (query: Record<string, string>, token = acme.token) =>
    t.call('GET', `/api/v1/records/${name}/aggregate?${new URLSearchParams(query)}`, undefined, { token });
  const results = async (query: Record<string, string>) => {
    const { body, text, status } = await ask(query);
    expect(status, text).toBe(200);
    return body.results;
  };

  it('without groups there is one result, under the list rule and of the own account', async () => {
    const { body } = await ask({ functions: 'count(),count(n),sum(n),avg(n),min(n),max(n)' });
    expect(body).toEqual({
      results: [{ count: 5, count_n: 4, sum_n: 13.5, avg_n: 3.375, min_n: 0.5, max_n: 10 }],
      total_groups: 1,
    });
    expect(await results({ functions: 'count(),sum(n),max(at)', kind: 'nothing' })).toEqual([
      { count: 0, sum_n: null, max_at: null },
    ]);
    expect(await results({ functions: 'count()', filter: 'n > 1', kind__ne: 'x' })).toEqual([{ count: 2 }]);
    expect(await results({ functions: 'min(day),max(at)' })).toEqual([
      { min_day: '2025-02-15', max_at: '2026-02-15T12:00:00Z' },
    ]);
  });

  it('groups by fields and by parts of dates in UTC; nulls are a group', async () => {
    expect(await results({ functions: 'count(),sum(n)', group_by: 'kind', sort: 'kind' })).toEqual([
      { kind: 'a', count: 2, sum_n: 3 },
      { kind: 'b', count: 2, sum_n: 10 },
      { kind: null, count: 1, sum_n: 0.5 },
    ]);
    expect(await results({ functions: 'count()', group_by: 'month(at)', filter: 'at is not null' })).toEqual([
      { month_at: '2026-01', count: 2 },
      { month_at: '2026-02', count: 1 },
    ]);
    expect(await results({ functions: 'count()', group_by: 'year(day),flag', filter: 'day is not null' })).toEqual([
      { year_day: '2025', flag: false, count: 1 },
      { year_day: '2026', flag: true, count: 2 },
    ]);
    expect(
      await results({ functions: 'count()', group_by: 'tags', filter: 'tags is not null', sort: '-count' }),
    ).toEqual([
      { tags: ['x'], count: 2 },
      { tags: [], count: 1 },
    ]);
  });

  it('having, sort and a window over the groups', async () => {
    expect(
      await results({
        functions: 'count(),avg(n)',
        group_by: 'kind',
        having: 'count() > 1 and avg_n >= 1.5',
        sort: '-avg(n)',
      }),
    ).toEqual([
      { kind: 'b', count: 2, avg_n: 10 },
      { kind: 'a', count: 2, avg_n: 1.5 },
    ]);
    const { body } = await ask({ functions: 'count()', group_by: 'kind', sort: 'kind', skip: '1', limit: '1' });
    expect(body).toEqual({ results: [{ kind: 'b', count: 2 }], total_groups: 3 });
    expect((await ask({ functions: 'count()', group_by: 'kind', skip: '9' })).body).toEqual({
      results: [],
      total_groups: 3,
    });
    expect(
      await results({ functions: 'count()', group_by: 'kind', having: "kind = 'count(x)' or kind = 'a'" }),
    ).toEqual([{ kind: 'a', count: 2 }]);
  });

  it.each<[string, Record<string, string>, string]>([
    ['no function', { functions: 'median(n)' }, 'INVALID_QUERY_PARAMS'],
    ['no functions at all', { functions: ',' }, 'INVALID_QUERY_PARAMS'],
    ['sum of a text', { functions: 'sum(kind)' }, 'INVALID_QUERY_PARAMS'],
    ['sum of nothing', { functions: 'sum()' }, 'INVALID_QUERY_PARAMS'],
    ['the least of json', { functions: 'min(doc)' }, 'INVALID_QUERY_PARAMS'],
    ['groups of json', { functions: 'count()', group_by: 'doc' }, 'INVALID_QUERY_PARAMS'],
    ['a part of a number', { functions: 'count()', group_by: 'month(n)' }, 'INVALID_QUERY_PARAMS'],
    ['one result twice', { functions: 'count(),count()' }, 'INVALID_QUERY_PARAMS'],
    ['an unknown field', { functions: 'count(nope)' }, 'INVALID_FIELDS'],
    ['an unknown group', { functions: 'count()', group_by: 'nope' }, 'INVALID_FIELDS'],
    ['SQL as a group', { functions: 'count()', group_by: '1; drop table x' }, 'INVALID_FIELDS'],
    ['a broken having', { functions: 'count()', having: 'count >' }, 'INVALID_QUERY_PARAMS'],
    ['a having of what is not asked', { functions: 'count()', having: 'sum_n > 1' }, 'INVALID_QUERY_PARAMS'],
    ['an order of what is not asked', { functions: 'count()', sort: 'n' }, 'INVALID_QUERY_PARAMS'],
    ['a limit out of range', { functions: 'count()', limit: '1001' }, 'INVALID_QUERY_PARAMS'],
  ])('%s is a clear 400', async (_, query, code) => {
    const reply = await ask(query);
    expect([reply.status, reply.body.code], reply.text).toEqual([400, code]);
  });

  it('masked and hidden fields are unknown, a collection that may not be listed is refused', async () => {
    const plain = await t.member(acme.account.id);
    expect((await ask({ functions: 'max(ssn)' }, plain.token)).body.code).toBe('INVALID_FIELDS');
    expect((await ask({ functions: 'count()', group_by: 'ssn' }, plain.token)).body.code).toBe('INVALID_FIELDS');
    expect((await ask({ functions: 'count(ssn)' })).body.results).toEqual([{ count_ssn: 1 }]);
    await t.call('PUT', `/api/v1/collections/${name}/rules`, { list_fields: ['kind'] }, { token: t.root });
    expect((await ask({ functions: 'sum(n)' }, plain.token)).body.code).toBe('INVALID_FIELDS');
    await t.call('PUT', `/api/v1/collections/${name}/rules`, { list_rule: null }, { token: t.root });
    expect((await ask({ functions: 'count()' }, plain.token)).body.code).toBe('FORBIDDEN');
  });
});
