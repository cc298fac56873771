// Many statements at once on few connections: everyone gets the right answer, a failure stays its owner's, stale plans heal.
import { beforeAll, describe, expect, it } from 'vitest';
import { DatabaseFault, isForeignKeyViolation, isUniqueViolation } from '../../server/db/errors.ts';
import { PlanCache, plan } from '../../server/db/plans.ts';
import { failure, onBoth } from './databases.ts';

onBoth('statements', (database) => {
  beforeAll(async () => {
    await database().query(
      `create table parent (id int primary key, name text);
       create table child (id int primary key, parent_id int references parent, age int check (age >= 0), tag text not null);
       insert into parent select i, 'parent ' || i from generate_series(0, 199) i`,
    );
  });

  it('answers 200 concurrent calls each with its own row', async () => {
    const one = plan('select id, name from parent where id = $1');
    const two = plan("select $1::int * 2, 'x'");
    const results = await Promise.all(
      Array.from({ length: 200 }, (_, id) => database().run(id % 3 === 0 ? two : one, [id])),
    );
    results.forEach(({ rows }, id) => {
      expect(rows).toEqual(id % 3 === 0 ? [[String(id * 2), 'x']] : [[String(id), `parent ${id}`]]);
    });
  });

  it('keeps a failing statement from harming its neighbours', async () => {
    const divide = plan('select 100 / $1::int');
    const broken = plan('select from where');
    const calls = Array.from({ length: 60 }, (_, index) => {
      if (index % 10 === 3) return database().run(broken, []);
      return database().run(divide, [index % 10]);
    });
    const settled = await Promise.allSettled(calls);
    settled.forEach((outcome, index) => {
      const rest = index % 10;
      if (rest === 3) expect(outcome).toMatchObject({ status: 'rejected', reason: { code: '42601' } });
      else if (rest === 0) expect(outcome).toMatchObject({ status: 'rejected', reason: { code: '22012' } });
      else expect(outcome).toMatchObject({ value: { rows: [[String(Math.trunc(100 / rest))]] } });
    });
  });

  it('classifies what the database refuses, with the facts', async () => {
    await database().query("insert into child values (1, 1, 5, 'x')");
    const unique = await failure(database().query("insert into child values (1, 1, 5, 'x')"));
    expect(isUniqueViolation(unique)).toBe(true);
    expect(unique).toMatchObject({ code: '23505', constraint: 'child_pkey', table: 'child', schema: 'public' });
    const foreign = await failure(database().run(plan("insert into child values (2, $1, 5, 'x')"), [9999]));
    expect(isForeignKeyViolation(foreign)).toBe(true);
    expect(foreign).toMatchObject({ constraint: 'child_parent_id_fkey' });
    const nothing = await failure(database().query('insert into child values (3, 1, 5, null)'));
    expect(nothing).toMatchObject({ code: '23502', column: 'tag' });
    expect(await failure(database().query("insert into child values (3, 1, -1, 'x')"))).toMatchObject({
      code: '23514',
    });
    expect(await failure(database().query('select * from nowhere'))).toMatchObject({ code: '42P01', position: 15 });
  });

  it('refuses values that no statement can carry, and goes on', async () => {
    const echo = plan('select $1::text');
    const circular: Record<string, unknown> = {};
    circular.self = circular;
    for (const value of ['a\0b', '\ud800', 'x'.repeat(10), circular, { toJSON: () => 1n }]) {
      const outcome = await database()
        .run(echo, [value])
        .catch((error) => error);
      if (outcome instanceof Error) expect(outcome).toBeInstanceOf(DatabaseFault);
      expect((await database().run(echo, ['ok'])).rows).toEqual([['ok']]);
    }
    expect(await failure(database().run(echo, ['a\0b']))).toMatchObject({ code: '22021' });
    expect(await failure(database().query('select $1::text', ['a\0b']))).toMatchObject({ code: '22021' });
  });

  it('survives statements that end in the middle of the protocol', async () => {
    for (const text of ['', ';', '-- nothing', 'copy parent to stdout', 'copy parent from stdin']) {
      // COPY FROM ends the embedded engine, which then starts again.
      await database()
        .query(text)
        .catch((error) => expect(error.name).toMatch(/^Database(Fault|Unavailable)$/));
      expect(await database().query('select 1 as one')).toEqual([{ one: 1 }]);
    }
  });

  it('heals plans that a schema change made stale', async () => {
    await database().query('create table shifting (id int, body text)');
    await database().query("insert into shifting values (1, 'a')");
    const all = plan('select * from shifting where id = $1');
    const many = () => Promise.all(Array.from({ length: 40 }, () => database().run(all, [1])));
    for (const { rows } of await many()) expect(rows).toEqual([['1', 'a']]);
    await database().query("alter table shifting add column extra text default 'new'");
    for (const { rows } of await many()) expect(rows).toEqual([['1', 'a', 'new']]);
    await database().query('alter table shifting drop column body, alter column id type text');
    for (const { rows } of await many()) expect(rows).toEqual([['1', 'new']]);
    await database().query('deallocate all');
    for (const { rows } of await many()) expect(rows).toEqual([['1', 'new']]);
  });

  it('does not harm a transaction while it heals', async () => {
    await database().query('create table moving (id int); insert into moving values (1)');
    const all = plan('select * from moving');
    await Promise.all(Array.from({ length: 10 }, () => database().run(all, [])));
    await database().query('alter table moving add column more int');
    const reads = Array.from({ length: 10 }, () => database().run(all, []));
    const write = database().transaction(async (tx) => {
      await tx.query('insert into moving values (2, 2)');
      return tx.query<{ n: number }>('select count(*) as n from moving');
    });
    expect(await write).toEqual([{ n: 2 }]);
    for (const { rows } of await Promise.all(reads)) expect(rows[0]).toEqual(['1', null]);
  });

  it('keeps the number of prepared statements bounded', async () => {
    for (let round = 0; round < 3; round += 1) {
      const calls = Array.from({ length: 700 }, (_, n) => database().run(plan(`select ${n} + $1::int`), [round]));
      (await Promise.all(calls)).forEach(({ rows }, n) => {
        expect(rows).toEqual([[String(n + round)]]);
      });
    }
    const [[prepared] = []] = (await database().run(plan('select count(*) from pg_prepared_statements'), [])).rows;
    expect(Number(prepared)).toBeLessThanOrEqual(501);
  });

  it('carries large values both ways', async () => {
    const large = 'ü'.repeat(3_000_000);
    const { rows } = await database().run(plan('select $1::text, length($1::text)'), [large]);
    expect(rows[0]?.[1]).toBe('3000000');
    expect(rows[0]?.[0] === large).toBe(true);
    const series = await database().run(
      plan("select i, repeat('x', 100) from generate_series(1, $1::int) i"),
      [50_000],
    );
    expect(series.rowCount).toBe(50_000);
    expect(series.rows[49_999]?.[0]).toBe('50000');
  });
});

describe('plans', () => {
  it('names equal texts equally, different ones differently, within 63 bytes', () => {
    expect(plan('select 1')).toEqual(plan('select 1'));
    expect(plan('select 1').name).not.toBe(plan('select 2').name);
    expect(plan('x'.repeat(10_000)).name.length).toBeLessThanOrEqual(63);
  });

  it('keeps compiled values up to its size and forgets by key', () => {
    const cache = new PlanCache<{ n: number }>(3);
    let compiled = 0;
    const get = (key: string) => cache.get(key, () => ({ n: ++compiled }));
    expect(get('a:1')).toBe(get('a:1'));
    get('a:2');
    get('b:1');
    expect(compiled).toBe(3);
    cache.dropPrefix('a:');
    expect(cache.size).toBe(1);
    get('a:1');
    expect(compiled).toBe(4);
    cache.dropWhere((_key, { n }) => n === 4);
    expect(cache.size).toBe(1);
    for (const key of ['c', 'd', 'e', 'f']) get(key);
    expect(cache.size).toBe(3);
    expect(() =>
      cache.get('bad', () => {
        throw new Error('no');
      }),
    ).toThrow('no');
    expect(cache.size).toBe(3);
  });
});
