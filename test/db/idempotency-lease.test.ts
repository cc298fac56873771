// The key of a request belongs to it for as long as it runs, and to the next attempt soon after its process has died.
import { afterEach, beforeAll, expect, it } from 'vitest';
import { migrateDatabase } from '../../server/db/migrate.ts';
import { createIdempotency, type Idempotency } from '../../server/idempotency/service.ts';
import { onBoth } from './databases.ts';

onBoth('leases of idempotency keys', (database) => {
  const asked = (key: string) => ({ scope: 'a', key, fingerprint: 'f', rights: 'r' });
  const reply = { status: 200, headers: {}, body: Buffer.from('{}') } as never;
  const open: Idempotency[] = [];
  const process = (renewMs: number): Idempotency => {
    const made = createIdempotency({ db: database(), encryptionKey: 'k'.repeat(32), renewMs });
    open.push(made);
    return made;
  };
  const lapse = (key: string) =>
    database().query(
      "update snackbase.idempotency_keys set locked_until = now() - interval '1 second' where key = $1",
      [key],
    );
  const left = async (key: string) => {
    const sql = `select extract(epoch from locked_until - now())::float8 as seconds from snackbase.idempotency_keys where key = $1`;
    return (await database().query<{ seconds: number }>(sql, [key]))[0]?.seconds ?? Number.NaN;
  };
  beforeAll(() => migrateDatabase(database()));
  afterEach(() => Promise.all(open.splice(0).map((one) => one.close())));

  it('one that runs longer than its lease keeps it', async () => {
    const [first, second] = [process(20), process(60_000)];
    let end = () => {};
    const running = first.once(asked('long'), () => new Promise((resolve) => (end = () => resolve(reply))));
    await expect.poll(() => left('long')).toBeGreaterThan(0);
    await lapse('long');
    await expect.poll(() => left('long')).toBeGreaterThan(20);
    await expect(second.once(asked('long'), async () => reply)).rejects.toMatchObject({
      code: 'IDEMPOTENCY_IN_FLIGHT',
    });
    end();
    await running;
  });

  it('one of a process that died is free half a minute after its last sign', async () => {
    const [first, second] = [process(60_000), process(60_000)];
    void first.once(asked('dead'), () => new Promise(() => {}));
    await expect.poll(() => left('dead')).toBeGreaterThan(0);
    expect(await left('dead')).toBeLessThanOrEqual(30);
    await lapse('dead');
    expect(await second.once(asked('dead'), async () => reply)).toBeNull();
  });
});
