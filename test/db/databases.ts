// The two kinds of database for one table of tests: each file gets an empty one of each kind that this machine can offer.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import { type OpenDatabase, openDatabase } from '../../server/db/open.ts';
import { buildTemplate, findTemplate } from '../../server/db/template.ts';
import { createDatabase, dropDatabase, hasPostgres, startPostgres, type TestServer } from '../helpers/postgres.ts';

/** A directory that is removed when the tests of this file or block are over. */
export function scratchDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), 'snackbase-db-'));
  afterAll(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Makes the packed cluster once a checkout, so that a test does not wait for initdb. */
export async function ensureTemplate(): Promise<void> {
  if (findTemplate() === undefined) {
    await buildTemplate(new URL('../../dist/pglite-template.tar.gz', import.meta.url).pathname);
  }
}

/** Declares tests that need a real server; `url()` is an empty database of their own. */
export function onPostgres(name: string, tests: (url: () => string, server: () => TestServer) => void): void {
  describe.skipIf(!hasPostgres())(`${name} (postgres)`, () => {
    const own = `t${process.pid}_${Math.random().toString(36).slice(2)}`;
    let server: TestServer;
    let url: string;
    beforeAll(async () => {
      server = (await startPostgres()) as TestServer;
      url = await createDatabase(server.url, own);
    }, 60_000);
    afterAll(async () => {
      await dropDatabase(server.url, own);
      await server.stop();
    }, 60_000);
    tests(
      () => url,
      () => server,
    );
  });
}

/** Declares the same tests for an embedded database and for one on a PostgreSQL server. */
export function onBoth(name: string, tests: (database: () => OpenDatabase) => void): void {
  describe(`${name} (embedded)`, () => {
    const dataDir = scratchDirectory();
    let database: OpenDatabase;
    beforeAll(async () => {
      await ensureTemplate();
      database = await openDatabase({ dataDir, durable: false });
    }, 60_000);
    afterAll(() => database?.close());
    tests(() => database);
  });
  onPostgres(name, (url) => {
    let database: OpenDatabase;
    beforeAll(async () => {
      database = await openDatabase({ url: url(), dataDir: '', checkNesting: true });
    }, 60_000);
    afterAll(() => database?.close());
    tests(() => database);
  });
}

/** Waits until `condition` answers something true; generous, because nothing here is about speed. */
export async function eventually<T>(condition: () => Promise<T> | T, what: string): Promise<NonNullable<T>> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const value = await condition();
    if (value) return value as NonNullable<T>;
    if (Date.now() > deadline) throw new Error(`Waited in vain for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** The rejection of a promise that must reject. */
export async function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    (value) => {
      throw new Error(`Expected a rejection, got ${JSON.stringify(value)}`);
    },
    (error) => error,
  );
}
