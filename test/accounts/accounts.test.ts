// Managing accounts, on both databases.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Account } from '../../contract/accounts.ts';
import { z } from '../../contract/kit.ts';
import { closeAll, failure, kinds, member, open, PASSWORD, type Rooms } from '../auth/harness.ts';

afterAll(closeAll);
const Strict = z.strictObject(Account.shape);

describe.each(kinds)('accounts on %s', (kind) => {
  let rooms: Rooms;
  let acme: Awaited<ReturnType<typeof member>>;
  beforeAll(async () => {
    rooms = await open(kind);
    acme = await member(rooms, 'ada@acme.test', { account_name: 'Acme Corporation', account_slug: 'acme' });
    for (const name of ['Über 100%', 'under_score', 'Plain']) {
      // Accounts of one millisecond have no order among themselves: their ids are random.
      rooms.clock.advance(1000);
      await rooms.accounts.create({ name });
    }
  });

  it('S000-07: lists accounts with the number of their users, the newest first', async () => {
    const all = await rooms.accounts.list({});
    for (const item of all.items) Strict.parse(item);
    expect(all.items.map((a) => a.slug)).toEqual(['plain', 'under-score', 'uber-100', 'acme', 'system']);
    expect(all.items.find((a) => a.slug === 'acme')?.user_count).toBe(1);
    expect(all).toMatchObject({ total: 5, skip: 0, limit: 25, page: 1, total_pages: 1 });
    expect((await rooms.accounts.list({ page: 2, page_size: 2 })).items.map((a) => a.slug)).toEqual([
      'uber-100',
      'acme',
    ]);
  });

  it('searches name, slug and id without wildcards, and sorts', async () => {
    const slugs = async (query: Parameters<Rooms['accounts']['list']>[0]) =>
      (await rooms.accounts.list(query)).items.map((a) => a.slug);
    expect(await slugs({ search: 'CORPORATION' })).toEqual(['acme']);
    expect(await slugs({ search: 'cme' })).toEqual(['acme']);
    expect(await slugs({ search: acme.account.id.toLowerCase() })).toEqual(['acme']);
    expect(await slugs({ search: '%' })).toEqual(['uber-100']);
    expect(await slugs({ search: '_' })).toEqual(['under-score']);
    expect(await slugs({ sort_by: 'slug', sort_order: 'asc' })).toEqual([
      'acme',
      'plain',
      'system',
      'uber-100',
      'under-score',
    ]);
    expect(await slugs({ sort_by: 'id', sort_order: 'desc', search: 'system' })).toEqual(['system']);
    await failure(rooms.accounts.list({ search: '\0' }), 'INVALID_QUERY_PARAMS');
  });

  it('creates by the slug rules, naming the field slug', async () => {
    expect(Strict.parse(await rooms.accounts.create({ name: 'Own slug', slug: 'own-slug' }))).toMatchObject({
      slug: 'own-slug',
      user_count: 0,
    });
    expect((await rooms.accounts.create({ name: 'Own slug' })).slug).toBe('own-slug-1');
    const taken = await failure(rooms.accounts.create({ name: 'x', slug: 'acme' }), 'CONFLICT');
    expect(taken.entries[0]?.field).toBe('slug');
    const bad = await failure(rooms.accounts.create({ name: 'a\0b', slug: 'A' }), 'INVALID_RESOURCE_DATA');
    expect(bad.entries.map((e) => e.code)).toEqual([
      'invalid_characters',
      'slug_too_short',
      'slug_invalid_start',
      'slug_invalid_chars',
    ]);
  });

  it('gets and renames by id or slug in any case; 404 for what names nothing', async () => {
    for (const name of ['acme', 'ACME', acme.account.id, acme.account.id.toLowerCase()]) {
      expect((await rooms.accounts.get(name)).id).toBe(acme.account.id);
    }
    expect(await rooms.accounts.rename('acme', 'Acme Ltd')).toMatchObject({ name: 'Acme Ltd', slug: 'acme' });
    await failure(rooms.accounts.rename('acme', 'a\0b'), 'INVALID_RESOURCE_DATA');
    for (const nothing of ['nope', 'ZZ9999', '', 'a\0b', `${acme.account.id} `, "' or 1=1", 'ü'.repeat(300)]) {
      await failure(rooms.accounts.get(nothing), 'RESOURCE_NOT_FOUND');
      await failure(rooms.accounts.rename(nothing, 'x'), 'RESOURCE_NOT_FOUND');
      await failure(rooms.accounts.delete(nothing), 'RESOURCE_NOT_FOUND');
      await failure(rooms.users.listOfAccount(nothing, {}), 'RESOURCE_NOT_FOUND');
      expect(await rooms.accounts.resolve(nothing)).toBeNull();
    }
  });

  it('lists the users of an account', async () => {
    await rooms.users.create({ email: 'second@acme.test', password: PASSWORD, account_id: 'acme' });
    const two = await rooms.users.listOfAccount('acme', { page: 1, page_size: 1 });
    expect(two).toMatchObject({ total: 2, limit: 1, total_pages: 2 });
    expect(two.items.map((u) => u.email)).toEqual(['second@acme.test']);
  });

  it('deletes an account with its users and sessions, never the system account', async () => {
    const gone = await member(rooms, 'gone@example.com', { account_slug: 'gone' });
    await gone.login();
    const worked: string[] = [];
    rooms.accounts.onDelete(async (_tx, id) => void worked.push(id));
    expect(await rooms.accounts.delete('gone')).toBeUndefined();
    expect(worked).toEqual([gone.account.id]);
    await failure(rooms.accounts.get('gone'), 'RESOURCE_NOT_FOUND');
    await failure(rooms.users.get(gone.user.id), 'RESOURCE_NOT_FOUND');
    expect(await rooms.db.query('select 1 from snackbase.sessions')).toEqual([]);
    for (const name of ['system', 'SY0000']) await failure(rooms.accounts.delete(name), 'FORBIDDEN');
  });
});
