// The story of examples/orders, told by its own programs.
import { execFile } from 'node:child_process';
import { createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { available, PASSWORD, startApp } from '../helpers/app.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const freePort = () =>
  new Promise<number>((resolve, reject) => {
    const probe = createServer().once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });

describe.runIf(available)('examples/orders', () => {
  it('rules, hook, trail, webhook, workflow and endpoint: nothing of it is code of a back end', async () => {
    const t = await startApp({ webhookAllowPrivate: true });
    const a = await t.tenant('Acme');
    const customer = await t.member(a.account.id);
    const env = {
      ...process.env,
      SNACKBASE_URL: t.url,
      ROOT_EMAIL: 'root@example.com',
      ROOT_PASSWORD: PASSWORD,
      ACCOUNT: a.account.slug,
      EMAIL: a.email,
      PASSWORD,
      CUSTOMER: customer.email,
      RECEIVER: `http://127.0.0.1:${await freePort()}/`,
    };
    const run = async (file: string, more: object = {}) => {
      const program = [`examples/orders/${file}`];
      return (
        await promisify(execFile)(process.execPath, program, { cwd: root, env: { ...env, ...more } })
      ).stdout.trim();
    };
    const WEBHOOK_SECRET = await run('setup.mjs');
    expect(WEBHOOK_SECRET).toMatch(/^whsec_/);
    expect((await run('shop.mjs', { WEBHOOK_SECRET })).split('\n')).toEqual([
      '3 products, the newest is "Cup"',
      'ordered 3, status "new"',
      '409: We sell at most 100 pieces: 1000 are too many.',
      'a customer confirms nothing himself',
      'webhook orders.created: 3 pieces, signed by our server',
      expect.stringMatching(/^\d+ entries in the trail, by the customer$/),
      'workflow completed: 3 pieces shipped, the order is confirmed',
      '1 order of 3 pieces',
    ]);
  });
});
