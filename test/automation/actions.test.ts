// Running actions: others have their turn in between, and what was not kept takes no room.
import { describe, expect, it } from 'vitest';
import type { CompiledAction } from '../../server/automation/actions/compile.ts';
import { Room } from '../../server/automation/actions/kept.ts';
import { createRunner, type Perform } from '../../server/automation/actions/run.ts';
import { automationCtx } from '../../server/automation/principal.ts';
import type { Database, Transaction } from '../../server/db/database.ts';

const automation = { kind: 'hook', id: 'h', name: 'A hook', run: 'r', depth: 1 } as const;
const ctx = automationCtx({ accountId: 'AB1234', role: { id: 1, name: 'admin' }, automation });
const action = (output: unknown): CompiledAction => ({
  type: 'transform',
  name: null,
  action: { type: 'transform', output },
  condition: { holds: () => true },
  onError: 'stop',
  options: () => ({ output }),
});
const signal = new AbortController().signal;
const perform: Perform = async (_, { output }) => output;
const db = { transaction: <T>(work: (tx: Transaction) => Promise<T>) => work({} as Transaction) } as Database;

describe('running actions', () => {
  it('each is followed by whatever else waits for the process', async () => {
    const seen: string[] = [];
    const others = () => seen.push('other');
    const noting: Perform = async (_, { output }) => {
      seen.push(String(output));
      setImmediate(others);
    };
    const actions = ['first', 'second', 'third'].map(action);
    await createRunner({ db, perform: noting }).runAll(actions, { ctx, values: {}, tx: null, signal });
    expect(seen).toEqual(['first', 'other', 'second', 'other', 'third', 'other']);
  });

  it('their results share one room, and one that could not be stored gives it back', async () => {
    const { runStored } = createRunner({ db, perform });
    const room = new Room(10);
    const run = (output: string, store: () => Promise<void>) =>
      runStored(action(output), { ctx, values: {}, signal, room }, store);
    const fails = async () => {
      throw new Error('The lease is lost.');
    };
    for (let i = 0; i < 3; i++) await expect(run('123456', fails)).rejects.toThrow('lease');
    expect((await run('123456', async () => {})).status).toBe('success');
    expect(await run('123456', async () => {})).toMatchObject({
      status: 'failed',
      error: { code: 'RESULT_TOO_LARGE' },
    });
  });
});
