// Workflows while the servers that share them are killed: every effect on records exactly once, and none is stuck.
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { runChaos } from '../../bench/workflow-chaos.ts';
import { hasPostgres } from '../helpers/postgres.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

it.runIf(hasPostgres())('two servers, 40 instances, 2 kill -9', { timeout: 300_000 }, async () => {
  const scale = { instances: 40, kills: 2, seed: Number(process.env.CHAOS_SEED ?? Date.now() % 1e6) };
  const { violations, complaints, counts } = await runChaos(root, scale);
  expect(violations, [`CHAOS_SEED=${scale.seed}`, ...violations, ...complaints.slice(-20)].join('\n')).toEqual([]);
  expect(counts['effects exactly once']).toBe(counts['effects wanted']);
  // It was chaos.
  expect(counts.kills).toBe(scale.kills);
  expect(counts.instances).toBe(scale.instances);
});
