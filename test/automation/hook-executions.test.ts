// Putting executions of hooks in: in their order, and in pieces however many and large they are.
import { expect, it } from 'vitest';
import { insertExecutions, type NewExecution } from '../../server/automation/hooks/store/executions.ts';
import type { Runner } from '../../server/db/database.ts';

const execution = (id: number, length: number): NewExecution => ({
  ...{ id: String(id), accountId: 'AB1234', hookId: 'h', triggerType: 'event', event: 'records.create' },
  ...{ queue: null, depth: 1, context: { record: 'x'.repeat(length) } },
});

/** The ids in each statement, and the characters of the largest. */
async function inserted(rows: Parameters<typeof insertExecutions>[1]) {
  const ids: string[][] = [];
  let most = 0;
  const query = async (_: string, [json]: readonly unknown[] = []) => {
    most = Math.max(most, (json as string).length);
    const part = JSON.parse(json as string) as { id: string; n: number }[];
    ids.push(part.sort((a, b) => a.n - b.n).map(({ id }) => id));
    return [];
  };
  const count = await insertExecutions({ query } as unknown as Runner, rows);
  return { ids, most, count };
}

it('a few are one statement, none is none', async () => {
  const few = await inserted([execution(1, 10), execution(2, 10)]);
  expect(few).toMatchObject({ ids: [['1', '2']], count: 2 });
  expect(await inserted([])).toEqual({ ids: [], most: 0, count: 0 });
});

it('large ones go in pieces while they are made, and none is left out', async () => {
  async function* made() {
    for (let id = 0; id < 40; id++) {
      yield execution(id, 1_000_000);
    }
  }
  const { ids, most, count } = await inserted(made());
  expect(ids.flat()).toEqual(Array.from({ length: 40 }, (_, id) => String(id)));
  expect([ids.length, count]).toEqual([10, 40]);
  expect(most).toBeLessThan(5_500_000);
});
