// Live events while servers are killed and connections break: nothing is lost, out of order, or shown to whom a rule hides it.
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { runChaos } from '../../bench/stream-chaos.ts';
import { hasPostgres } from '../helpers/postgres.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

it.runIf(hasPostgres())('two servers, 20 readers, 60 broken connections, 4 kill -9', { timeout: 240_000 }, async () => {
  const scale = {
    readers: 20,
    events: 3000,
    drops: 60,
    kills: 4,
    seed: Number(process.env.CHAOS_SEED ?? Date.now() % 1e6),
  };
  const { violations, evidence, complaints, counts } = await runChaos(root, scale);
  const told = [`CHAOS_SEED=${scale.seed}`, ...violations, ...evidence, ...complaints.slice(-20)].join('\n');
  expect(violations, told).toEqual([]);
  // It was chaos.
  expect(counts.kills).toBe(scale.kills);
  expect(counts.drops).toBeGreaterThanOrEqual(scale.drops);
  expect(counts['connections taken up']).toBeGreaterThanOrEqual(scale.drops);
  expect(counts['events received']).toBeGreaterThan(scale.events);
  expect(counts['events received']).toBe(counts['events expected']);
});
