// New values under objects that stay: what a dry run promises, the change keeps.
import { beforeAll, describe, expect, it } from 'vitest';
import { syncIn, withSchemaLock } from '../../server/schema/apply.ts';
import { define } from '../../server/schema/define.ts';
import { catalog, failure, fields, found, kinds, open, type Rooms, type Tables, tables } from './harness.ts';

type Definition = { schema: Record<string, unknown>[]; indexes?: unknown[]; checks?: unknown[] };
const x = (more: Record<string, unknown> = {}) => ({ name: 'x', type: 'number', ...more });
const y = (more: Record<string, unknown> = {}) => ({ name: 'y', type: 'number', ...more });
const five = { required: true, default: 5 };
const ONE = '0198c0de-7a11-7000-8000-3b2f5c0ffee1';

/** What is refused: before, rows, after, and the finding. */
const REFUSED: [string, Definition, Record<string, unknown>[], Definition, [string, string][]][] = [
  [
    'a unique field that becomes a number',
    { schema: [{ name: 'x', type: 'text', unique: true }] },
    [{ x: '1' }, { x: '1.0' }],
    { schema: [x({ unique: true })] },
    [['schema.0', 'unique_has_duplicates']],
  ],
  [
    'a unique field that is filled',
    { schema: [x({ unique: true })] },
    [{}, {}],
    { schema: [x({ unique: true, ...five })] },
    [['schema.0', 'unique_has_duplicates']],
  ],
  [
    'a unique field that is filled with a value which one record has',
    { schema: [x({ unique: true })] },
    [{ x: 5 }, {}],
    { schema: [x({ unique: true, ...five })] },
    [['schema.0', 'unique_has_duplicates']],
  ],
  [
    'a unique field that becomes a number and is filled',
    { schema: [{ name: 'x', type: 'text', unique: true }] },
    [{ x: '' }, {}],
    { schema: [x({ unique: true, ...five })] },
    [['schema.0', 'unique_has_duplicates']],
  ],
  [
    'a declared unique index over a filled field',
    { schema: [y(), x()], indexes: [{ columns: ['y'] }, { columns: ['y', 'x'], unique: true }] },
    [{ y: 1 }, { y: 1 }],
    { schema: [y(), x(five)], indexes: [{ columns: ['y'] }, { columns: ['y', 'x'], unique: true }] },
    [['indexes.1', 'unique_has_duplicates']],
  ],
  [
    'a unique expression over a filled field',
    { schema: [x()], indexes: [{ columns: [{ expr: 'abs(x)' }], unique: true }] },
    [{ x: -5 }, {}],
    { schema: [x(five)], indexes: [{ columns: [{ expr: 'abs(x)' }], unique: true }] },
    [['indexes.0', 'unique_has_duplicates']],
  ],
  [
    'a unique index whose condition the filled records meet',
    { schema: [y(), x()], indexes: [{ columns: ['y'], unique: true, where: 'x == 5' }] },
    [{ y: 1 }, { y: 1 }],
    { schema: [y(), x(five)], indexes: [{ columns: ['y'], unique: true, where: 'x == 5' }] },
    [['indexes.0', 'unique_has_duplicates']],
  ],
  [
    'a unique index over two fields that become numbers, asked once',
    {
      schema: [
        { name: 'x', type: 'text' },
        { name: 'y', type: 'text' },
      ],
      indexes: [{ columns: ['x', 'y'], unique: true }],
    },
    [
      { x: '1', y: '2' },
      { x: '1.0', y: '02' },
    ],
    { schema: [x(), y()], indexes: [{ columns: ['x', 'y'], unique: true }] },
    [['indexes.0', 'unique_has_duplicates']],
  ],
  [
    'a check of a filled field',
    { schema: [x()], checks: [{ expr: 'x > 5 || x is null' }] },
    [{}],
    { schema: [x(five)], checks: [{ expr: 'x > 5 || x is null' }] },
    [['checks.0', 'check_has_others']],
  ],
  [
    'a check of a field that becomes a number and is filled',
    { schema: [{ name: 'x', type: 'text' }], checks: [{ expr: 'x != "5"' }] },
    [{ x: '' }],
    { schema: [x(five)], checks: [{ expr: 'x != 5' }] },
    [['checks.0', 'check_has_others']],
  ],
  [
    'a check of two filled fields',
    { schema: [x(), y()], checks: [{ expr: 'x == y' }] },
    [{}],
    { schema: [x(five), y({ required: true, default: 6 })], checks: [{ expr: 'x == y' }] },
    [['checks.0', 'check_has_others']],
  ],
  [
    'a reference that is filled with an id that no record has',
    { schema: [{ name: 'x', type: 'reference', collection: 'NAME' }] },
    [{}],
    { schema: [{ name: 'x', type: 'reference', collection: 'NAME', required: true, default: ONE }] },
    [['schema.0', 'reference_has_orphans']],
  ],
];

/** What is possible, although half-way it would not be: before, rows, after, the changes and the rows then. */
const POSSIBLE: [string, Definition, Record<string, unknown>[], Definition, string[], Record<string, unknown>[]][] = [
  [
    'one empty record of a unique field',
    { schema: [x({ unique: true })] },
    [{ x: 4 }, {}],
    { schema: [x({ unique: true, ...five })] },
    ['set_default x', 'set_not_null x'],
    [{ x: 4 }, { x: 5 }],
  ],
  [
    'two filled fields that a check compares',
    { schema: [x(), y()], checks: [{ expr: 'x == y' }] },
    [{}],
    { schema: [x(five), y(five)], checks: [{ expr: 'x == y' }] },
    ['set_default x', 'set_default y', 'set_not_null x', 'set_not_null y', 'replace_check'],
    [{ x: 5, y: 5 }],
  ],
  [
    'two filled fields, one of which takes the records out of a unique index',
    { schema: [x(), y()], indexes: [{ columns: ['x'], unique: true, where: 'y is null' }] },
    [{ x: 5 }, {}],
    { schema: [x(five), y(five)], indexes: [{ columns: ['x'], unique: true, where: 'y is null' }] },
    ['set_default x', 'set_default y', 'set_not_null x', 'set_not_null y', 'replace_index x'],
    [
      { x: 5, y: 5 },
      { x: 5, y: 5 },
    ],
  ],
  [
    'a unique index that is another one afterwards',
    { schema: [x(), y()], indexes: [{ name: 'once', columns: ['x'], unique: true }] },
    [{ y: 1 }, { y: 2 }],
    { schema: [x(five), y()], indexes: [{ name: 'once', columns: ['x', 'y'], unique: true }] },
    ['set_default x', 'set_not_null x', 'replace_index'],
    [
      { x: 5, y: 1 },
      { x: 5, y: 2 },
    ],
  ],
];

describe.each(kinds)('values under what stays (%s)', (kind) => {
  let at: Rooms;
  let t: Tables;
  let serial = 0;
  beforeAll(async () => {
    at = await open(kind);
    t = tables(at.db);
  });

  const made = async (before: Definition, rows: Record<string, unknown>[]) => {
    const name = `effects_${++serial}`;
    const named = <T>(one: T): T => JSON.parse(JSON.stringify(one).replaceAll('NAME', name));
    await t.reach(name, named(before));
    for (const row of rows) await t.put(name, row);
    return { name, named };
  };

  it.each(REFUSED)('asks beforehand: %s', async (_case, before, rows, after, finding) => {
    const { name, named } = await made(before, rows);
    const was = [await catalog(at.db), await t.rows(name)];
    for (const dryRun of [true, false])
      expect(found(await failure(t.reach(name, named(after), { dryRun }), 'SCHEMA_SYNC_FAILED'))).toEqual(finding);
    expect([await catalog(at.db), await t.rows(name)]).toEqual(was);
  });

  it.each(POSSIBLE)('keeps its promise: %s', async (_case, before, rows, after, changes, values) => {
    const { name } = await made(before, rows);
    expect(await t.reached(name, after, { dryRun: true })).toEqual(changes);
    expect(await t.reached(name, after)).toEqual(changes);
    expect(await t.rows(name)).toMatchObject(values);
    expect(await t.reach(name, after)).toEqual([]);
  });

  it('says what to raise where the database is out of locks', async () => {
    // Of one database alone: the tests of others use the same server.
    await at.db.query(`create function public.crowded() returns event_trigger language plpgsql as
      $$ begin raise exception 'out of shared memory' using errcode = '53200'; end $$`);
    await at.db.query(`create event trigger crowded on ddl_command_start when tag in ('CREATE TABLE')
      execute function public.crowded()`);
    try {
      const problem = await failure(t.apply('crowded', [x()]), 'SCHEMA_SYNC_FAILED');
      expect(problem.message).toContain('create_table crowded: one transaction of this database cannot lock so many');
      expect(found(problem)).toEqual([['schema', 'schema_sync_failed']]);
    } finally {
      await at.db.query('drop event trigger crowded');
    }
  });

  it.runIf(kind === 'embedded')('says so as well where it only looks at too many tables', async () => {
    const many = (name: string, required: boolean) => ({
      tables: Array.from({ length: 40 }, (_, i) =>
        define({ app: 'main', name: `${name}_${i}`, fields: fields({ name: 'f', type: 'text', required }) }),
      ),
      absent: [],
    });
    const crowded = (name: string, required: boolean) =>
      withSchemaLock(at.db, async (tx) => {
        // Locks of the session, which the way back to the savepoint does not release; some are left.
        await tx.query(`do $$ declare taken int := 0; begin
            begin loop perform pg_advisory_lock(7, taken); taken := taken + 1; end loop;
            exception when out_of_memory then null; end;
            for one in taken - 100 .. taken - 1 loop perform pg_advisory_unlock(7, one); end loop;
          end $$`);
        await tx.query('savepoint crowded');
        try {
          return await syncIn(tx, many(name, required));
        } finally {
          await tx.query('rollback to savepoint crowded');
          await tx.query('select pg_advisory_unlock_all()');
        }
      });
    await withSchemaLock(at.db, (tx) => syncIn(tx, many('there', false)));
    for (const work of [() => crowded('new', false), () => crowded('there', true)]) {
      const problem = await failure(work(), 'SCHEMA_SYNC_FAILED');
      expect(problem.entries).toMatchObject([{ field: 'schema', code: 'schema_sync_failed' }]);
      expect(problem.message).toContain('raise max_locks_per_transaction');
    }
  });
});
