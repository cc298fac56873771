// A PostgreSQL that goes away: probes tell it, requests are answered 503 as JSON, nothing crashes.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createApp } from '../../server/app.ts';
import { loadConfig } from '../../server/config.ts';
import { createDatabase, startPostgres, type TestServer } from '../helpers/postgres.ts';

describe.runIf(process.env.TEST_DATABASE_URL !== undefined)('database down', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'snackbase-down-'));
  afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

  it('S001-113 answers 503 with Retry-After while the database is away, and stays alive', async () => {
    const shared = process.env.TEST_DATABASE_URL;
    delete process.env.TEST_DATABASE_URL;
    const own = (await startPostgres()) as TestServer | null;
    process.env.TEST_DATABASE_URL = shared;
    // Only a server that this test may stop will do; a machine that has none but a given URL cannot run it.
    if (own === null) return;
    const password = 'SecurePass123!';
    const config = loadConfig(
      {},
      {
        port: 0,
        dataDir,
        databaseUrl: await createDatabase(own.url, 'down'),
        rateLimit: 'off',
        log: 'silent',
        superadminEmail: 'root@x.io',
        superadminPassword: password,
      },
    );
    const app = await createApp(config);
    const { url } = await app.listen();
    const call = async (path: string, token?: string) => {
      const response = await fetch(url + path, {
        headers: token === undefined ? {} : { Authorization: `Bearer ${token}` },
      });
      return { status: response.status, retry: response.headers.get('retry-after'), text: await response.text() };
    };
    const login = await fetch(`${url}/api/v1/auth/login`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ account: 'system', email: 'root@x.io', password }),
    });
    const { token } = (await login.json()) as { token: string };
    expect((await call('/ready')).status).toBe(200);
    await own.stop();
    for (const path of ['/ready', '/api/v1/collections', '/api/v1/users', '/api/v1/accounts']) {
      const reply = await call(path, token);
      expect([reply.status, JSON.parse(reply.text).code, reply.retry], path).toEqual([503, 'SERVICE_UNAVAILABLE', '1']);
      expect(reply.text).not.toMatch(/ECONN|127\.0\.0\.1|postgres/i);
    }
    for (const path of ['/health', '/live', '/openapi.json']) expect((await call(path)).status).toBe(200);
    await app.close();
  });
});
