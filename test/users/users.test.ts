// Managing users, on both databases.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from '../../contract/kit.ts';
import { pageOf } from '../../contract/shapes.ts';
import { users as contract, User } from '../../contract/users.ts';
import { list as listMail } from '../../server/mail/service.ts';
import {
  bearer,
  closeAll,
  ctx,
  failure,
  kinds,
  login,
  mailedToken,
  member,
  open,
  PASSWORD,
  type Rooms,
} from '../auth/harness.ts';

afterAll(closeAll);
const StrictPage = z.strictObject(pageOf(z.strictObject(User.shape)).shape);

describe.each(kinds)('users on %s', (kind) => {
  let rooms: Rooms;
  let acme: Awaited<ReturnType<typeof member>>;
  let beta: Awaited<ReturnType<typeof member>>;
  beforeAll(async () => {
    rooms = await open(kind);
    acme = await member(rooms, 'ada@acme.test', { account_slug: 'acme' });
    beta = await member(rooms, 'bob@beta.test', { account_slug: 'beta' });
    for (let i = 0; i < 28; i++) {
      const user = { email: `U${String(i).padStart(2, '0')}_x%y@beta.test`, password: PASSWORD, account_id: 'beta' };
      await rooms.users.create({ ...user, is_active: i % 4 !== 0 });
    }
  }, 60_000);

  it('S001-84: creates a user who can log in to that account with that role; the role as number or text', async () => {
    for (const role_id of [2, '2']) {
      const body = contract.create.body.parse({
        email: `made${role_id}${typeof role_id}@acme.test`,
        password: PASSWORD,
        account_id: 'AB1234',
        role_id,
      });
      const user = await rooms.users.create({ ...body, account_id: acme.account.id });
      expect(z.strictObject(User.shape).parse(user)).toMatchObject({
        role: 'user',
        role_id: 2,
        account_name: 'Acme Corporation',
        email_verified: true,
      });
      expect((await login(rooms, 'acme', body.email)).user).toMatchObject({ id: user.id, role: 'user' });
    }
    const admin = await rooms.users.create({
      email: 'boss@acme.test',
      password: PASSWORD,
      account_id: 'acme',
      role_id: 1,
    });
    expect(admin.role).toBe('admin');
  });

  it('S001-84: refuses weak passwords, taken addresses, unknown accounts and roles', async () => {
    const user = { email: 'new@acme.test', password: PASSWORD, account_id: 'acme' };
    const weak = await failure(rooms.users.create({ ...user, password: 'weak' }), 'INVALID_RESOURCE_DATA');
    expect(new Set(weak.entries.map((e) => `${e.field}:${e.code}`))).toEqual(new Set(['password:password_too_weak']));
    const taken = await failure(rooms.users.create({ ...user, email: 'ADA@acme.test' }), 'CONFLICT');
    expect(taken.entries[0]?.field).toBe('email');
    expect(
      (await failure(rooms.users.create({ ...user, account_id: 'ZZ9999' }), 'RESOURCE_NOT_FOUND')).entries[0]?.field,
    ).toBe('account_id');
    expect((await failure(rooms.users.create({ ...user, role_id: 999 }), 'RESOURCE_NOT_FOUND')).entries[0]?.field).toBe(
      'role_id',
    );
    const race = await Promise.allSettled(Array.from({ length: 5 }, () => rooms.users.create(user)));
    expect(race.filter((one) => one.status === 'fulfilled')).toHaveLength(1);
  });

  it('S001-85, S001-86: pages of 25 unless asked otherwise, totals also past the end', async () => {
    const first = StrictPage.parse(await rooms.users.list({}));
    expect(first).toMatchObject({ skip: 0, limit: 25 });
    expect(first.items).toHaveLength(25);
    expect(await rooms.users.list({ skip: 1000 })).toMatchObject({ items: [], total: first.total, skip: 1000 });
    expect(await rooms.users.list({ page: 2, page_size: 10 })).toMatchObject({ skip: 10, page: 2, page_size: 10 });
    expect(contract.list.query.safeParse({ limit: '101' }).success).toBe(false);
    const ids = new Set<string>();
    for (let skip = 0; skip < first.total; skip += 7)
      for (const u of (await rooms.users.list({ skip, limit: 7 })).items) ids.add(u.id);
    expect(ids.size).toBe(first.total);
  });

  it('S001-87, S001-88, S001-89: filters by account (id or slug), role and state, also together', async () => {
    for (const account_id of ['beta', beta.account.id, beta.account.id.toLowerCase()]) {
      const all = await rooms.users.list({ account_id });
      expect(all.total).toBe(29);
      expect(new Set(all.items.map((u) => u.account_id))).toEqual(new Set([beta.account.id]));
    }
    expect((await rooms.users.list({ account_id: 'beta', role_id: 1 })).items.map((u) => u.email)).toEqual([
      'bob@beta.test',
    ]);
    expect((await rooms.users.list({ account_id: 'beta', is_active: false })).total).toBe(7);
    expect((await rooms.users.list({ account_id: 'beta', is_active: true, role_id: 2 })).total).toBe(21);
    expect((await rooms.users.list({ account_id: 'nowhere' })).total).toBe(0);
  });

  it('S001-90: searches any part of the address in any case; wildcards mean themselves', async () => {
    expect((await rooms.users.list({ search: 'u0' })).total).toBe(10);
    expect((await rooms.users.list({ search: 'BETA.test' })).total).toBe(29);
    expect((await rooms.users.list({ search: 'x%y', account_id: 'beta' })).total).toBe(28);
    expect((await rooms.users.list({ search: 'u%0' })).total).toBe(0);
    expect((await rooms.users.list({ search: 'u_0' })).total).toBe(0);
    expect((await rooms.users.list({ search: "'; drop table x; --\\" })).total).toBe(0);
    await failure(rooms.users.list({ search: 'a\0' }), 'INVALID_QUERY_PARAMS');
  });

  it('sorts by age or address, the newest first by default', async () => {
    const emails = async (query: Parameters<Rooms['users']['list']>[0]) =>
      (await rooms.users.list({ account_id: 'beta', limit: 100, ...query })).items.map((u) => u.email.toLowerCase());
    const ascending = await emails({ sort: 'email' });
    expect(ascending).toEqual([...ascending].sort());
    expect(await emails({ sort_by: 'email', sort_order: 'desc' })).toEqual([...ascending].reverse());
    expect((await emails({}))[0]).toBe('u27_x%y@beta.test');
    expect((await emails({ sort: 'created_at' }))[0]).toBe('bob@beta.test');
  });

  it('gets and changes a user; 404 for ids that name nobody', async () => {
    const { id } = await rooms.users.create({ email: 'change@acme.test', password: PASSWORD, account_id: 'acme' });
    expect((await rooms.users.get(id)).email).toBe('change@acme.test');
    expect(await rooms.users.update(id, { email: 'Changed@acme.test', role_id: 1 }, ctx())).toMatchObject({
      email: 'Changed@acme.test',
      role: 'admin',
    });
    expect(await rooms.users.update(id, {}, ctx())).toMatchObject({ email: 'Changed@acme.test' });
    expect(await rooms.users.update(id, { email: 'changed@acme.test' }, ctx())).toMatchObject({
      email: 'changed@acme.test',
    });
    await failure(rooms.users.update(id, { email: 'ADA@acme.test' }, ctx()), 'CONFLICT');
    await failure(rooms.users.update(id, { role_id: 999 }, ctx()), 'RESOURCE_NOT_FOUND');
    for (const nobody of ['nope', '', 'a\0b', '0198c0de-7a11-7000-8000-3b2f5c0ffee1', "' or 1=1", `${id} `]) {
      for (const work of [
        () => rooms.users.get(nobody),
        () => rooms.users.update(nobody, { is_active: false }, ctx()),
        () => rooms.users.delete(nobody, ctx()),
        () => rooms.users.setPassword(nobody, PASSWORD),
        () => rooms.users.verify(nobody),
        () => rooms.users.resendVerification(nobody),
      ]) {
        await failure(work(), 'RESOURCE_NOT_FOUND');
      }
    }
  });

  it('deleting deactivates, and may be repeated', async () => {
    const { id } = await rooms.users.create({ email: 'gone@acme.test', password: PASSWORD, account_id: 'acme' });
    const { token } = await login(rooms, 'acme', 'gone@acme.test');
    await bearer(rooms.auth, token);
    expect(await rooms.users.delete(id, ctx())).toBeUndefined();
    await rooms.users.delete(id, ctx());
    await failure(bearer(rooms.auth, token), 'UNAUTHORIZED');
    expect((await rooms.users.get(id)).is_active).toBe(false);
  });

  it('nobody deactivates himself or changes his own role', async () => {
    await rooms.service.createSuperadmin({ email: 'root@example.com', password: PASSWORD });
    const { token, user } = await login(rooms, 'system', 'root@example.com');
    const self = ctx(await bearer(rooms.auth, token));
    await failure(rooms.users.delete(user.id, self), 'FORBIDDEN');
    await failure(rooms.users.delete(user.id.toUpperCase(), self), 'FORBIDDEN');
    await failure(rooms.users.update(user.id, { is_active: false }, self), 'FORBIDDEN');
    await failure(rooms.users.update(user.id, { role_id: 2 }, self), 'FORBIDDEN');
    expect(
      await rooms.users.update(user.id, { role_id: 1, is_active: true, email: 'Root@example.com' }, self),
    ).toMatchObject({ is_active: true });
    await bearer(rooms.auth, token);
  });

  it('sets a password by the same rules', async () => {
    const { id } = await rooms.users.create({ email: 'pass@acme.test', password: PASSWORD, account_id: 'acme' });
    const weak = await failure(rooms.users.setPassword(id, 'weak'), 'INVALID_RESOURCE_DATA');
    expect(weak.entries[0]).toMatchObject({ field: 'new_password', code: 'password_too_weak' });
    await rooms.users.setPassword(id, 'AnotherPass456?');
    await login(rooms, 'acme', 'pass@acme.test', 'AnotherPass456?');
  });

  it('verifies by hand, and sends the message again', async () => {
    const body = { email: 'unverified@acme.test', password: PASSWORD, account_id: 'acme', email_verified: false };
    const { id } = await rooms.users.create(body);
    await failure(login(rooms, 'acme', body.email), 'EMAIL_NOT_VERIFIED');
    const before = (await listMail(rooms.dataDir)).filter(({ to }) => to === body.email).length;
    expect(before).toBe(1);
    const first = await mailedToken(rooms, body.email);
    await rooms.users.resendVerification(id);
    expect(await mailedToken(rooms, body.email)).not.toBe(first);
    expect((await rooms.users.verify(id)).user).toMatchObject({ email_verified: true });
    await login(rooms, 'acme', body.email);
    await failure(rooms.users.resendVerification(id), 'EMAIL_ALREADY_VERIFIED');
    const { email_verified_at } = await rooms.users.get(id);
    expect((await rooms.users.verify(id)).user.email_verified_at).toBe(email_verified_at);
  });

  it('a token for an address that was changed since verifies nothing', async () => {
    const body = { email: 'before@acme.test', password: PASSWORD, account_id: 'acme', email_verified: false };
    const { id } = await rooms.users.create(body);
    const token = await mailedToken(rooms, body.email);
    await rooms.users.update(id, { email: 'after@acme.test' }, ctx());
    await failure(rooms.service.verifyEmail(token), 'INVALID_TOKEN');
    expect((await rooms.users.get(id)).email_verified).toBe(false);
  });

  it('lists the built-in roles; the next role gets id 3', async () => {
    const items = await rooms.roles.list();
    expect(items.map((r) => [r.id, r.name, r.is_builtin])).toEqual([
      [0, 'public', true],
      [1, 'admin', true],
      [2, 'user', true],
    ]);
    const made = await rooms.db.query(`insert into snackbase.roles (name) values ('editor') returning id`);
    expect(made).toEqual([{ id: 3 }]);
    await expect(rooms.db.query(`insert into snackbase.roles (name) values ('EDITOR')`)).rejects.toMatchObject({
      code: '23505',
    });
  });
});
