// Five hundred ways to falsify history with the rights of the database's owner; verify finds each, or the database refuses it.
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Runner, Transaction } from '../../server/db/database.ts';
import { DatabaseFault } from '../../server/db/errors.ts';
import { onBoth } from '../db/databases.ts';
import { ACCOUNTS, openTrail, type TrailBench } from './harness.ts';

/** A small generator with a seed, so that a failure can be repeated. */
function dice(seed: number) {
  let state = seed;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  return { pick: <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T, next };
}
type Dice = ReturnType<typeof dice>;

interface Victim {
  readonly account_id: string;
  readonly number: number;
  readonly position: number;
}
interface Scene {
  readonly run: Runner;
  readonly d: Dice;
  readonly all: readonly Victim[];
  readonly v: Victim;
}
type Tamper = (scene: Scene) => Promise<unknown>;

const CHANGES = 'snackbase.audit_changes';
const SEALS = 'snackbase.audit_seals';
const set =
  (table: string, what: string) =>
  ({ run, v }: Scene) =>
    run.query(`update ${table} set ${what} where position = ${v.position}`);
const head =
  (what: string) =>
  ({ run, v }: Scene) =>
    run.query(`update snackbase.audit_heads set ${what} where account_id = '${v.account_id}'`);

/** Replaces one place of one entry: 0 the column, 1 the old value, 2 the new one. */
const entry =
  (place: number) =>
  ({ run, v }: Scene) =>
    run.query(
      `update ${CHANGES} set entries = jsonb_set(entries::jsonb, '{0,${place}}', '"forged"')::json where position = ${v.position}`,
    );

const TAMPERS: Readonly<Record<string, Tamper>> = {
  'column name': entry(0),
  'old value': entry(1),
  'new value': entry(2),
  'an entry less': set(CHANGES, `entries = (entries::jsonb - 0)::json`),
  'an entry more': set(CHANGES, `entries = (entries::jsonb || '[["x",null,"y"]]')::json`),
  'a mask less or more': set(
    CHANGES,
    `entries = jsonb_set(entries::jsonb, '{0}', case when jsonb_array_length(entries::jsonb -> 0) = 4 then (entries::jsonb -> 0) - 3 else (entries::jsonb -> 0) || '"email"' end)::json`,
  ),
  operation: set(CHANGES, `operation = case operation when 'CREATE' then 'UPDATE' else 'CREATE' end`),
  time: set(CHANGES, `occurred_at = occurred_at + interval '1 microsecond'`),
  'time in both': async (s) => {
    await set(CHANGES, `occurred_at = occurred_at - interval '1 day'`)(s);
    return set(SEALS, `occurred_at = occurred_at - interval '1 day'`)(s);
  },
  table: set(CHANGES, `table_name = 'main.other'`),
  'table in both': async (s) => {
    await set(CHANGES, `table_name = 'main.other'`)(s);
    return set(SEALS, `table_name = 'main.other'`)(s);
  },
  record: set(CHANGES, `record_id = 'other'`),
  account: set(CHANGES, `account_id = case account_id when 'AA0001' then 'AA0002' else 'AA0001' end`),
  actor: set(CHANGES, `context = (context::jsonb || '{"user_id":"forged"}')::json`),
  'actor gone': set(CHANGES, `context = '{}'`),
  'a reason added': set(CHANGES, `context = (context::jsonb || '{"es_reason":"approved"}')::json`),
  position: async (s) => {
    await s.run.query(`alter table ${CHANGES} alter column position drop identity`);
    return set(CHANGES, 'position = position + 1000000')(s);
  },
  checksum: set(SEALS, `checksums = set_byte(checksums, 5, (get_byte(checksums, 5) + 1) % 256)`),
  'checksums shortened': set(SEALS, `checksums = substring(checksums from 33)`),
  'checksums lengthened': set(SEALS, `checksums = checksums || checksums`),
  number: set(SEALS, 'number = number + 1000000'),
  'first seq': set(SEALS, 'first_seq = first_seq + 1'),
  'sealed position': set(SEALS, 'position = position + 1000000'),
  'sealed record': set(SEALS, `record_id = 'other'`),
  'sealed account': set(SEALS, `account_id = 'ZZ9999'`),
  'change deleted': ({ run, v }) => run.query(`delete from ${CHANGES} where position = ${v.position}`),
  'seal deleted': ({ run, v }) => run.query(`delete from ${SEALS} where position = ${v.position}`),
  'both deleted': async ({ run, v }) => {
    await run.query(`delete from ${SEALS} where position = ${v.position}`);
    return run.query(`delete from ${CHANGES} where position = ${v.position}`);
  },
  'deleted and closed up': async ({ run, v }) => {
    await run.query(`delete from ${SEALS} where position = ${v.position}`);
    await run.query(
      `update ${SEALS} set number = -number where account_id = '${v.account_id}' and number > ${v.number}`.replace(
        '-number',
        'number + 5000000',
      ),
    );
    return run.query(
      `update ${SEALS} set number = number - 5000001 where account_id = '${v.account_id}' and number > 5000000`,
    );
  },
  'tail cut': async ({ run, v }) => {
    await run.query(`delete from ${CHANGES} where account_id = '${v.account_id}' and position >= ${v.position}`);
    return run.query(`delete from ${SEALS} where account_id = '${v.account_id}' and number >= ${v.number}`);
  },
  'tail cut, head set back': async ({ run, v }) => {
    await run.query(`delete from ${SEALS} where account_id = '${v.account_id}' and number >= ${v.number}`);
    await run.query(
      `update snackbase.audit_heads h set seq = s.seq, checksum = s.checksum from (
         select first_seq + octet_length(checksums) / 32 - 1 as seq, substring(checksums from octet_length(checksums) - 31) as checksum
         from ${SEALS} where account_id = '${v.account_id}' order by number desc limit 1) s where h.account_id = '${v.account_id}'`,
    );
    return run.query(
      `delete from snackbase.audit_heads where account_id = '${v.account_id}' and not exists (select from ${SEALS} where account_id = '${v.account_id}')`,
    );
  },
  'whole chain gone': async ({ run, v }) => {
    await run.query(`delete from ${CHANGES} where account_id = '${v.account_id}'`);
    await run.query(`delete from ${SEALS} where account_id = '${v.account_id}'`);
    return run.query(`delete from snackbase.audit_heads where account_id = '${v.account_id}'`);
  },
  'everything gone': async ({ run }) => {
    await run.query(`truncate ${CHANGES}, ${SEALS}, snackbase.audit_heads`);
    return run.query('update snackbase.audit_sealer set entries = 0');
  },
  'two changes swapped': async ({ run, v, d, all }) => {
    const other = d.pick(all.filter((o) => o.account_id === v.account_id && o.position !== v.position));
    return run.query(
      `update ${CHANGES} c set entries = o.entries, record_id = o.record_id, operation = o.operation
       from ${CHANGES} o where c.position in (${v.position}, ${other.position}) and o.position in (${v.position}, ${other.position})
         and o.position <> c.position and (o.entries::text, o.record_id) <> (c.entries::text, c.record_id)`,
    );
  },
  'two seals point at each other': async ({ run, v, d, all }) => {
    const other = d.pick(all.filter((o) => o.account_id === v.account_id && o.position !== v.position));
    await run.query(`update ${SEALS} set position = -1 where position = ${v.position}`);
    await run.query(`update ${SEALS} set position = ${v.position} where position = ${other.position}`);
    return run.query(`update ${SEALS} set position = ${other.position} where position = -1`);
  },
  'reordered with its checksums': async ({ run, v, d, all }) => {
    const other = d.pick(all.filter((o) => o.account_id === v.account_id && o.position !== v.position));
    await run.query(`update ${SEALS} set number = 9000000 where position = ${v.position}`);
    await run.query(`update ${SEALS} set number = ${v.number} where position = ${other.position}`);
    return run.query(`update ${SEALS} set number = ${other.number} where position = ${v.position}`);
  },
  'forged change, sealed by hand at the end': async ({ run, v }) => {
    const [row] = await run.query<{ position: number }>(
      `insert into ${CHANGES} (account_id, operation, table_name, record_id, context, entries)
       values ('${v.account_id}', 'UPDATE', 'main.x', 'forged', '{}', '[["a",null,"b"]]') returning position`,
    );
    const sum = createHash('sha256').update('guess').digest('hex');
    await run.query(
      `insert into ${SEALS} (account_id, number, position, first_seq, occurred_at, table_name, record_id, checksums)
       select s.account_id, s.number + 1, c.position, s.first_seq + octet_length(s.checksums) / 32, c.occurred_at, c.table_name, c.record_id, decode('${sum}', 'hex')
       from ${SEALS} s, ${CHANGES} c where c.position = ${row?.position} and s.account_id = '${v.account_id}' order by s.number desc limit 1`,
    );
    return head(`seq = seq + 1, checksum = decode('${sum}', 'hex')`)({ run, v } as Scene);
  },
  'forged change that was never sealed': ({ run, v }) =>
    run.query(
      `insert into ${CHANGES} (xid, account_id, operation, table_name, record_id, context, entries)
       values ('3', '${v.account_id}', 'UPDATE', 'main.x', 'forged', '{}', '[["a",null,"b"]]')`,
    ),
  'head seq': head('seq = seq + 1'),
  'head checksum': head(`checksum = set_byte(checksum, 0, (get_byte(checksum, 0) + 1) % 256)`),
  'head signature': head(`signature = set_byte(signature, 0, (get_byte(signature, 0) + 1) % 256)`),
  'head deleted': ({ run, v }) => run.query(`delete from snackbase.audit_heads where account_id = '${v.account_id}'`),
  'head of another account': ({ run, v }) =>
    run.query(
      `update snackbase.audit_heads h set seq = o.seq, checksum = o.checksum, signature = o.signature from snackbase.audit_heads o
       where h.account_id = '${v.account_id}' and o.account_id = (select min(account_id) from snackbase.audit_heads where account_id <> '${v.account_id}')`,
    ),
  'total entries': ({ run }) => run.query('update snackbase.audit_sealer set entries = entries + 1'),
  'total signature': ({ run }) => run.query('update snackbase.audit_sealer set signature = null'),
};

class Undo extends Error {}

onBoth('tampering', (database) => {
  let t: TrailBench;
  let all: Victim[];
  beforeAll(async () => {
    t = await openTrail(database());
    for (const account of ACCOUNTS.slice(0, 2)) {
      for (let i = 0; i < 12; i++) {
        const id = await t.create(account, { title: `t${i}`, n: i, mail: `m${i}@example.com` });
        await t.patch(account, id, { title: `changed ${i}`, n: i + 1 });
        if (i % 3 === 0) await t.remove(account, id);
      }
    }
    await t.trail.settle();
    // The sealer must not meet a tampered table between begin and rollback.
    await t.trail.close();
    all = await t.db.query<Victim>(
      `select account_id, number, position from ${SEALS} where account_id <> 'SY0000' order by position`,
    );
    expect((await t.verify()).valid).toBe(true);
  });
  afterAll(() => t?.close());

  it('500 random tampers are all found, and untouched history is good', { timeout: 240_000 }, async () => {
    const d = dice(20260102);
    const names = Object.keys(TAMPERS);
    const missed: string[] = [];
    const refused = new Map<string, number>();
    let found = 0;
    for (let i = 0; i < 500; i++) {
      const name = i < names.length ? (names[i] as string) : d.pick(names);
      const v = d.pick(all);
      const attempt = async (tx: Transaction) => {
        for (const table of ['audit_changes', 'audit_seals', 'audit_heads', 'audit_sealer'])
          await tx.query(`alter table snackbase.${table} disable trigger all`);
        await (TAMPERS[name] as Tamper)({ run: tx, d, all, v });
        const verdict = await t.verify(null, tx);
        if (verdict.valid || verdict.first_bad === null) missed.push(`${name} at ${v.position}`);
        else found += 1;
        throw new Undo();
      };
      await t.db.transaction(attempt).catch((error) => {
        if (error instanceof Undo) return;
        // A unique or check constraint stood in the way: that is a find as well. Anything else is a mistake of this test.
        if (!(error instanceof DatabaseFault && /^23/.test(error.code))) throw error;
        refused.set(name, (refused.get(name) ?? 0) + 1);
      });
    }
    expect(missed).toEqual([]);
    expect(found).toBeGreaterThan(440);
    expect((await t.verify()).valid).toBe(true);
  });

  it('the first bad entry is named', async () => {
    const victim = all.find((v) => v.account_id === 'AA0002' && v.number === 5) as Victim;
    const undo = t.db.transaction(async (tx) => {
      await tx.query(`alter table ${CHANGES} disable trigger all`);
      await entry(2)({ run: tx, d: dice(1), all, v: victim });
      const [sealed] = await tx.query<{ first_seq: number }>(
        `select first_seq from ${SEALS} where position = ${victim.position}`,
      );
      expect(await t.verify('AA0002', tx)).toEqual({
        valid: false,
        checked: (sealed?.first_seq ?? 0) - 1,
        accounts: 0,
        first_bad: { account_id: 'AA0002', seq: sealed?.first_seq, id: victim.position * 1000 + 1, reason: 'content' },
      });
      expect((await t.verify('AA0001', tx)).valid).toBe(true);
      throw new Undo();
    });
    await expect(undo).rejects.toBeInstanceOf(Undo);
  });

  it('another key finds every signature false', async () => {
    const { createSigner } = await import('../../server/audit/signature.ts');
    const { verifyTrail } = await import('../../server/audit/verify.ts');
    expect(await verifyTrail(t.db, createSigner('another key'), 'AA0001')).toMatchObject({
      valid: false,
      first_bad: { account_id: 'AA0001', reason: 'signature' },
    });
  });
});
