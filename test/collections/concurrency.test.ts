// Changes that meet: two managers, managers and writers, and a table that somebody holds.
import { beforeAll, describe, expect, it } from 'vitest';
import { withSchemaLock } from '../../server/schema/apply.ts';
import { failure, kinds, open, type Rooms } from '../schema/harness.ts';

const text = [{ name: 'a', type: 'text' }];
const outcome = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: { code?: string }) => error.code ?? 'unknown',
  );

describe.each(kinds)('concurrency (%s)', (kind) => {
  let at: Rooms & { twice(): Promise<Rooms> };
  let other: Rooms;
  beforeAll(async () => {
    at = await open(kind);
    other = kind === 'postgres' ? await at.twice() : at;
  });

  it('lets one of many equal creations win (S001-111)', async () => {
    for (const name of ['race1', 'race2', 'race3']) {
      const results = await Promise.all(
        [at, other, at, other].map((rooms, i) =>
          outcome(rooms.create({ name: i % 2 ? name : name.toUpperCase(), schema: text })),
        ),
      );
      expect(results.sort()).toEqual(['CONFLICT', 'CONFLICT', 'CONFLICT', 'done']);
    }
  });

  it('takes creations of different names at once', async () => {
    const results = await Promise.all(
      Array.from({ length: 12 }, (_, i) => outcome((i % 2 ? at : other).create({ name: `many_${i}`, schema: text }))),
    );
    expect(new Set(results)).toEqual(new Set(['done']));
  });

  it('keeps both of two changes of one collection', async () => {
    await at.create({ name: 'edited', schema: text });
    await Promise.all([
      at.update('edited', { description: 'x' }),
      other.update('edited', { enabled: false }),
      at.update('edited', { soft_delete: true }),
    ]);
    expect(await at.service.get('edited')).toMatchObject({
      description: 'x',
      enabled: false,
      soft_delete: true,
      revision: 4,
    });
  });

  it('changes tables while four writers write to them, and no write is lost', async () => {
    await at.create({ name: 'busy', schema: text });
    let going = true;
    const written: string[] = [];
    const failed: unknown[] = [];
    const writer = async (rooms: Rooms) => {
      while (going) {
        try {
          written.push(
            await rooms.db.transaction(async (tx) => {
              const id = crypto.randomUUID();
              await tx.query(`insert into app_main.busy (account_id, id, a) values ('AA0001', $1, 'x')`, [id]);
              await tx.query('update app_main.busy set a = $2 where id = $1', [id, 'y']);
              return id;
            }),
          );
        } catch (error) {
          failed.push(error);
        }
      }
    };
    const writers = [at, at, other, other].map(writer);
    let schema: unknown[] = text;
    for (let i = 0; i < 10; i++) {
      await at.create({
        name: `beside_${i}`,
        schema: [{ name: 'r', type: 'reference', collection: 'busy', on_delete: i % 2 ? 'set_null' : 'cascade' }],
      });
      schema = [
        ...schema,
        { name: `f${i}`, type: 'number', default: i, required: true, ...(i === 5 && { enum: [5] }) },
      ];
      await at.update('busy', { schema });
    }
    for (let i = 0; i < 10; i++) await at.service.delete(`beside_${i}`);
    going = false;
    await Promise.all(writers);
    expect(failed).toEqual([]);
    expect(written.length).toBeGreaterThan(20);
    const [row] = await at.db.query<{ n: number }>('select count(*) as n from app_main.busy where f0 = 0 and f9 = 9');
    expect(row?.n).toBe(written.length);
  });

  it('gives up on a table that stays held, and lets writers by meanwhile', async ({ skip }) => {
    if (kind === 'embedded') skip('one session: nobody else can hold a table');
    await at.create({ name: 'held', schema: text });
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let begun = () => {};
    const reading = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const holder = other.db.transaction(async (tx) => {
      await tx.query('select count(*) from app_main.held');
      begun();
      await held;
    });
    await reading;
    const change = outcome(at.update('held', { schema: [...text, { name: 'b', type: 'text' }] }));
    const slowest = await (async () => {
      let worst = 0;
      for (let i = 0; i < 20; i++) {
        const began = performance.now();
        await other.insert('held', { a: 'x' });
        worst = Math.max(worst, performance.now() - began);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      return worst;
    })();
    expect(await change).toBe('WRITE_CONFLICT');
    expect(slowest).toBeLessThan(2000);
    release();
    await holder;
    expect(await at.update('held', { schema: [...text, { name: 'b', type: 'text' }] })).toMatchObject({ revision: 2 });
  });

  it('succeeds when the table is let go in time', async ({ skip }) => {
    if (kind === 'embedded') skip('one session: nobody else can hold a table');
    await at.create({ name: 'let_go', schema: text });
    let begun = () => {};
    const reading = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const holder = other.db.transaction(async (tx) => {
      await tx.query('select count(*) from app_main.let_go');
      begun();
      await new Promise((resolve) => setTimeout(resolve, 1200));
    });
    await reading;
    expect(await at.update('let_go', { schema: [...text, { name: 'b', type: 'text' }] })).toMatchObject({
      revision: 2,
    });
    await holder;
  });

  it('hands on what the work itself threw', async () => {
    await expect(withSchemaLock(at.db, () => Promise.reject(new Error('mine')))).rejects.toThrow('mine');
    await failure(at.service.get('nothing'), 'RESOURCE_NOT_FOUND');
  });
});
