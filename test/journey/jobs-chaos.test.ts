// Jobs while the processes that share them are killed: none lost, none run twice at the same time, none of a transaction that was rolled back.
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { runChaos, violations } from '../../bench/jobs-chaos.ts';
import { hasPostgres } from '../helpers/postgres.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

it.runIf(hasPostgres())('two processes, 400 jobs, 2 kill -9', { timeout: 300_000 }, async () => {
  const seed = Number(process.env.CHAOS_SEED ?? Date.now() % 1e6);
  const figures = await runChaos(root, { jobs: 400, kills: 2, processes: 2, seed });
  expect(violations(figures), JSON.stringify(figures)).toBe(0);
  // It was chaos.
  expect(figures.kills).toBe(2);
  expect(figures.tries).toBeGreaterThan(400);
});
