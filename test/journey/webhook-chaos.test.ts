// Webhooks while the receiver fails and servers are killed: each message is delivered or given up, in its record's order, and signed.
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { runChaos } from '../../bench/webhook-chaos.ts';
import { hasPostgres } from '../helpers/postgres.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

it.runIf(hasPostgres())(
  'two servers, 400 deliveries, 2 kill -9, a receiver of which half fails',
  {
    timeout: 240_000,
  },
  async () => {
    const scale = { deliveries: 400, kills: 2, seed: Number(process.env.CHAOS_SEED ?? Date.now() % 1e6) };
    const { violations, complaints, counts } = await runChaos(root, scale);
    expect(violations, [`CHAOS_SEED=${scale.seed}`, ...violations, ...complaints.slice(-20)].join('\n')).toEqual([]);
    // It was chaos.
    expect(counts.kills).toBe(scale.kills);
    expect(counts.attempts).toBeGreaterThan((counts.deliveries as number) * 1.3);
  },
);
