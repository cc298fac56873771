// A trail on a database of either kind, with a collection to write to past HTTP.
import { randomUUID } from 'node:crypto';
import { CollectionInput } from '../../contract/collections.ts';
import { makeScope } from '../../server/access/scope.ts';
import { createTrail, verifyTrail } from '../../server/audit/service.ts';
import { createRegistry } from '../../server/collections/registry.ts';
import type { Runner } from '../../server/db/database.ts';
import { migrateDatabase } from '../../server/db/migrate.ts';
import type { OpenDatabase } from '../../server/db/open.ts';
import { uuidV7 } from '../../server/ids.ts';
import { prepareBody } from '../../server/records/body.ts';
import { createStatements } from '../../server/records/store/statements.ts';
import { createWrites } from '../../server/records/store/write.ts';
import type { CollectionDef } from '../../server/schema/collection-def.ts';
import { collectionsOf } from '../helpers/rooms.ts';

export const KEY = 'a key of the tests that is long enough';
export const ACCOUNTS = ['AA0001', 'AA0002', 'AA0003', 'AA0004'] as const;

const SCHEMA = [
  { name: 'title', type: 'text' },
  { name: 'n', type: 'number', default: 0 },
  { name: 'mail', type: 'email', pii: true, mask_type: 'email' },
];

/** A migrated database with accounts, a collection, a trail and ways to write. */
export async function openTrail(db: OpenDatabase) {
  await migrateDatabase(db);
  for (const id of ACCOUNTS)
    await db.query('insert into snackbase.accounts (id, slug, name) values ($1, $2, $2) on conflict do nothing', [
      id,
      id.toLowerCase(),
    ]);
  const trail = createTrail({ db, encryptionKey: KEY });
  const registry = await createRegistry({ db });
  const name = `c${randomUUID().slice(0, 8)}`;
  await collectionsOf(db, registry, trail).create(CollectionInput.parse({ name, schema: SCHEMA }));
  const def = registry.get(name) as CollectionDef;
  const writes = createWrites(db, createStatements(db, 'off'), trail);
  const scope = (accountId: string) =>
    makeScope({
      accountId,
      rows: [],
      fields: null,
      unmasked: true,
      environment: { auth: null },
      slots: [],
      checks: [],
      key: '1',
    });
  const author = (by: string) => ({
    by,
    context: JSON.stringify({ actor_kind: 'user', user_id: by, request_id: 'r1' }),
    actor: JSON.stringify({ kind: 'user', user_id: by, request_id: 'r1' }),
  });
  return {
    db,
    trail,
    def,
    async create(accountId: string, body: object, by = 'someone', on: Runner = db): Promise<string> {
      const id = uuidV7();
      const row = prepareBody(def, body as never, 'create', { fields: null, unmasked: true });
      await writes.insert(def, scope(accountId), { ...row, ...author(by), id, accountId }, on);
      return id;
    },
    async patch(accountId: string, id: string, body: object, by = 'someone', on: Runner = db): Promise<boolean> {
      const row = prepareBody(def, body as never, 'patch', { fields: null, unmasked: true });
      return (await writes.update(def, scope(accountId), id, { ...row, ...author(by) }, on)) !== null;
    },
    remove: (accountId: string, id: string, on: Runner = db) =>
      writes.remove(def, scope(accountId), id, author('someone'), on),
    verify: (accountId: string | null = null, run: Runner = db) => verifyTrail(run, trail.signer, accountId),
    /** The entries of one column of a record, in the order of the chain. */
    column: (recordId: string, column: string) =>
      db.query<{ old: string | null; now: string | null }>(
        `select e ->> 1 as old, e ->> 2 as now from snackbase.audit_seals s join snackbase.audit_changes c using (position)
         cross join lateral json_array_elements(c.entries) e
         where s.record_id = $1 and e ->> 0 = $2 order by s.number`,
        [recordId, column],
      ),
    async close() {
      await trail.close();
      await registry.close();
    },
  };
}
export type TrailBench = Awaited<ReturnType<typeof openTrail>>;
