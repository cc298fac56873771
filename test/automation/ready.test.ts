// Definitions ready to run: within their bounds, read once, and never of an earlier revision than is known.
import { describe, expect, it } from 'vitest';
import { type Bounds, createReady } from '../../server/automation/ready.ts';
import type { Runner } from '../../server/db/database.ts';

interface Row {
  readonly id: string;
  readonly revision: number;
  readonly text: string;
}
const runner = () => ({}) as Runner;

function setup(bounds?: Bounds) {
  const stored = new Map<string, Row>();
  const read: string[] = [];
  const compiled: string[] = [];
  const version = { now: 0 };
  /** Called while a row is read. */
  const gate = { wait: Promise.resolve() };
  const ready = createReady<Row, { readonly said: string }>({
    bounds,
    version: () => version.now,
    async read(_, id) {
      read.push(id);
      const row = stored.get(id) ?? null;
      await gate.wait;
      return row;
    },
    compile(row) {
      compiled.push(`${row.id} ${row.revision}`);
      return { said: `${row.text} at ${version.now}` };
    },
  });
  const store = (id: string, revision = 1, text = id) => {
    stored.set(id, { id, revision, text });
    return { id, revision };
  };
  return { ready, store, stored, read, compiled, version, gate };
}

describe('definitions ready to run', () => {
  it('are read and compiled once, and without reading where the row is at hand', async () => {
    const { ready, store, read, compiled } = setup();
    const [run, a, b] = [runner(), store('a'), { id: 'b', revision: 1, text: 'b' }];
    expect(await ready.read(run, a)).toBe(await ready.read(run, a));
    expect(ready.of(b)).toBe(await ready.read(run, b));
    expect([read, compiled]).toEqual([['a'], ['a 1', 'b 1']]);
  });

  it('are read once by all that need them first at the same time, but each transaction reads for itself', async () => {
    const { ready, store, read, compiled, gate } = setup();
    let open = () => {};
    gate.wait = new Promise((resolve) => {
      open = resolve;
    });
    const [a, db, tx] = [store('a'), runner(), runner()];
    const all = [ready.read(db, a), ready.read(db, a), ready.read(tx, a)];
    expect(read).toEqual(['a', 'a']);
    open();
    expect(new Set(await Promise.all(all)).size).toBe(1);
    expect(compiled).toEqual(['a 1']);
  });

  it('are the ones that are stored, also where they have changed or gone since they were heard of', async () => {
    const { ready, store, stored, read } = setup();
    const run = runner();
    const heard = store('a');
    store('a', 2, 'later');
    expect(await ready.read(run, heard)).toEqual({ said: 'later at 0' });
    expect(await ready.read(run, { id: 'a', revision: 2 })).toEqual({ said: 'later at 0' });
    expect(read).toEqual(['a']);
    stored.clear();
    expect(await ready.read(run, heard)).toBeNull();
  });

  it('of a later revision are not taken from what was asked for an earlier one', async () => {
    const { ready, store, gate } = setup();
    let open = () => {};
    gate.wait = new Promise((resolve) => {
      open = resolve;
    });
    const run = runner();
    const early = ready.read(run, store('a'));
    const late = ready.read(run, store('a', 2, 'later'));
    open();
    expect((await Promise.all([early, late])).map((one) => one?.said)).toEqual(['a at 0', 'later at 0']);
  });

  it('are read again after they were put out, by number', async () => {
    const { ready, store, read } = setup({ number: 2, characters: 1_000_000 });
    const run = runner();
    const [a, b, c] = [store('a'), store('b'), store('c')];
    for (const one of [a, b, c, a]) expect((await ready.read(run, one))?.said).toBe(`${one.id} at 0`);
    expect([read, ready.size]).toEqual([['a', 'b', 'c', 'a'], 2]);
  });

  it('and by size: what is larger than all may be is not kept', async () => {
    const { ready, store, read } = setup({ number: 100, characters: 1000 });
    const run = runner();
    for (const id of ['a', 'b', 'c']) await ready.read(run, store(id, 1, id.repeat(400)));
    expect(ready.size).toBe(2);
    const huge = store('huge', 1, 'h'.repeat(2000));
    for (let i = 0; i < 2; i++) expect((await ready.read(run, huge))?.said).toHaveLength(2005);
    expect(read).toEqual(['a', 'b', 'c', 'huge', 'huge']);
    expect(ready.size).toBe(2);
  });

  it('are compiled anew when collections or macros have changed', async () => {
    const { ready, store, compiled, version } = setup();
    const run = runner();
    const a = store('a');
    await ready.read(run, a);
    ready.forget();
    expect((await ready.read(run, a))?.said).toBe('a at 0');
    version.now = 1;
    expect((await ready.read(run, a))?.said).toBe('a at 1');
    expect(compiled).toHaveLength(3);
  });

  it('fail where they cannot be read, and are read again', async () => {
    const { ready, store, gate } = setup();
    const run = runner();
    const a = store('a');
    gate.wait = Promise.reject(new Error('not now'));
    await expect(ready.read(run, a)).rejects.toThrow('not now');
    gate.wait = Promise.resolve();
    expect((await ready.read(run, a))?.said).toBe('a at 0');
  });
});
