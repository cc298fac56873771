// The registry: what is known at once here, soon elsewhere, and never wrong for longer than a moment.
import { beforeAll, describe, expect, it } from 'vitest';
import type { CollectionChanged } from '../../server/collections/registry.ts';
import { kinds, open, type Rooms } from '../schema/harness.ts';

const text = [{ name: 'a', type: 'text' }];
const soon = async (condition: () => unknown, what: string) => {
  const deadline = Date.now() + 10_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
};

describe.each(kinds)('registry (%s)', (kind) => {
  let at: Rooms & { twice(): Promise<Rooms> };
  beforeAll(async () => {
    at = await open(kind);
  });

  it('knows a collection the moment its creation is answered, by both names', async () => {
    const made = await at.create({ name: 'posts', schema: [...text, { name: 'n', type: 'number', unique: true }] });
    const def = at.registry.get('posts');
    expect(def).toMatchObject({
      id: made.id,
      app: 'main',
      name: 'posts',
      qualifiedName: 'main.posts',
      table: '"app_main"."posts"',
      revision: 1,
      softDelete: false,
      enabled: true,
    });
    expect(at.registry.get('main.posts')).toBe(def);
    expect(def?.fields.map(({ name, quoted, type }) => [name, quoted, type])).toEqual([
      ['a', '"a"', 'text'],
      ['n', '"n"', 'double precision'],
    ]);
    await at.update('posts', { soft_delete: true });
    expect(at.registry.get('posts')).toMatchObject({ revision: 2, softDelete: true });
    await at.service.delete('posts');
    expect(at.registry.get('posts')).toBeUndefined();
    expect(await at.registry.find('posts')).toBeUndefined();
  });

  it('tells watchers of every change once, and not of a failed one', async () => {
    const seen: [string, CollectionChanged][] = [];
    const leave = at.registry.onChange((id, change) => seen.push([id, change]));
    const made = await at.create({ name: 'watched', schema: text });
    await at.update('watched', { enabled: false });
    await at.update('watched', { schema: [] }).catch(() => {});
    await at.service.delete('watched');
    const next = await at.create({ name: 'watched', schema: text });
    await new Promise((resolve) => setTimeout(resolve, 100));
    leave();
    await at.service.delete('watched');
    expect(
      seen.map(([id, { before, after }]) => [
        id === made.id ? 'first' : id === next.id ? 'second' : id,
        before?.revision,
        after?.revision,
      ]),
    ).toEqual([
      ['first', undefined, 1],
      ['first', 1, 2],
      ['first', 2, undefined],
      ['second', undefined, 1],
    ]);
  });

  it('finds nothing under names that cannot be', async () => {
    for (const name of [
      '',
      '.',
      'a.b.c',
      'a b',
      '__proto__',
      'constructor',
      'main.',
      '.posts',
      'x'.repeat(101),
      "a'b",
      'a\0',
    ]) {
      expect(at.registry.get(name)).toBeUndefined();
      expect(await at.registry.find(name)).toBeUndefined();
    }
  });

  it('finds what was made behind its back, and forgets that there was nothing after a second', async () => {
    expect(await at.registry.find('hidden')).toBeUndefined();
    await at.db.query(
      `insert into snackbase.collections (id, name, definition) values ('${crypto.randomUUID()}', 'hidden', '[]')`,
    );
    expect(await at.registry.find('hidden')).toBeUndefined();
    await new Promise((resolve) => setTimeout(resolve, 1100));
    expect(await at.registry.find('hidden')).toMatchObject({ name: 'hidden' });
    await at.db.query(`delete from snackbase.collections where name = 'hidden'`);
    expect(await at.registry.refresh('hidden')).toBeUndefined();
  });

  it('asks the database once for many who ask at once', async () => {
    const before = at.db.query;
    let asked = 0;
    at.db.query = ((...args: Parameters<typeof before>) => {
      asked++;
      return before.apply(at.db, args);
    }) as typeof before;
    const answers = await Promise.all(Array.from({ length: 100 }, () => at.registry.find('nobody')));
    at.db.query = before;
    expect(answers.every((answer) => answer === undefined)).toBe(true);
    expect(asked).toBeLessThanOrEqual(2);
  });

  it('loads what is there at the start', async () => {
    await at.create({ name: 'kept', schema: text });
    await at.registry.reload();
    expect(at.registry.get('kept')).toBeDefined();
    expect(at.registry.all().map((def) => def.name)).toContain('kept');
  });

  describe.runIf(kind === 'postgres')('across processes', () => {
    let other: Rooms;

    it('opens once more', async () => {
      other = await at.twice();
    });

    it('finds at once what another process made, changed and dropped', async () => {
      expect(await other.registry.find('shared')).toBeUndefined();
      const made = await at.create({ name: 'shared', schema: text });
      await soon(() => other.registry.get('shared')?.id === made.id, 'the creation');
      await at.update('shared', { schema: [...text, { name: 'b', type: 'text' }] });
      await soon(() => other.registry.get('shared')?.revision === 2, 'the change');
      await at.service.delete('shared');
      await soon(() => other.registry.get('shared') === undefined, 'the drop');
    });

    it('finds a new collection without waiting for the message', async () => {
      for (let i = 0; i < 20; i++) {
        await at.create({ name: `fresh_${i}`, schema: text });
        expect(await other.registry.find(`fresh_${i}`)).toBeDefined();
      }
    });

    it('reads all again when its listening connection was lost', async () => {
      const [{ pid } = { pid: 0 }] = await at.db.query<{ pid: number }>(
        `select pid from pg_stat_activity where datname = current_database() and query ilike '%listen "snackbase_schema"%' and pid <> pg_backend_pid() order by backend_start desc limit 1`,
      );
      expect(pid).toBeGreaterThan(0);
      await at.db.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and query ilike '%listen "snackbase_schema"%' and pid <> pg_backend_pid()`,
      );
      await at.create({ name: 'while_deaf', schema: text });
      await soon(() => other.registry.get('while_deaf') !== undefined, 'the reload');
    });

    it('ends with the truth after a storm of changes in both', async () => {
      const storm = async (rooms: Rooms) => {
        for (let i = 0; i < 15; i++) {
          await rooms.create({ name: 'stormy', schema: text }).catch(() => {});
          await rooms.update('stormy', { description: `${Math.random()}` }).catch(() => {});
          if (Math.random() < 0.5) await rooms.service.delete('stormy').catch(() => {});
        }
      };
      await Promise.all([storm(at), storm(other)]);
      await at.create({ name: 'stormy', schema: text }).catch(() => {});
      const truth = await at.service.get('stormy');
      await soon(
        () =>
          [at, other].every(
            ({ registry }) =>
              registry.get('stormy')?.id === truth.id && registry.get('stormy')?.revision === truth.revision,
          ),
        'the truth',
      );
    });
  });
});
