// Changes of a user act on his next request: in this process, in another one, and in the middle of a load.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPrincipals } from '../../server/auth/principals.ts';
import { insertSession } from '../../server/auth/sessions/store.ts';
import { fingerprint } from '../../server/auth/tokens.ts';
import type { Database, Transaction } from '../../server/db/database.ts';
import { uuidV7 } from '../../server/ids.ts';
import { bearer, closeAll, ctx, failure, kinds, login, member, open, PASSWORD } from './harness.ts';

afterAll(closeAll);

describe.each(kinds)('principals on %s', (kind) => {
  let rooms: Awaited<ReturnType<typeof open>>;
  let serial = 0;
  beforeAll(async () => {
    rooms = await open(kind);
    await rooms.users.create({ email: 'root@example.com', password: PASSWORD, account_id: 'system' });
  });
  const loggedIn = async () => {
    const one = await member(rooms, `p${++serial}@example.com`, { account_slug: `principal-${serial}` });
    const { token, refresh_token } = await one.login();
    await bearer(rooms.auth, token);
    return { ...one, token, refresh_token };
  };

  it('a deactivated user is refused at once, also his refresh and his login; activated again he must log in', async () => {
    const { user, account, token, refresh_token } = await loggedIn();
    await rooms.users.update(user.id, { is_active: false }, ctx());
    await failure(bearer(rooms.auth, token), 'UNAUTHORIZED');
    await failure(rooms.service.refresh(refresh_token), 'INVALID_REFRESH_TOKEN');
    await failure(login(rooms, account.slug, user.email), 'INVALID_CREDENTIALS');
    await rooms.users.update(user.id, { is_active: true }, ctx());
    await failure(bearer(rooms.auth, token), 'UNAUTHORIZED');
    await login(rooms, account.slug, user.email);
  });

  it('a changed role and address are seen at once', async () => {
    const { user, token } = await loggedIn();
    expect(await bearer(rooms.auth, token)).toMatchObject({ role: 'admin', roleId: 1, superadmin: false });
    await rooms.users.update(user.id, { role_id: 2, email: 'changed@example.com' }, ctx());
    expect(await bearer(rooms.auth, token)).toMatchObject({ role: 'user', roleId: 2, email: 'changed@example.com' });
  });

  it('a new password ends all sessions', async () => {
    const { user, account, token, refresh_token } = await loggedIn();
    await rooms.users.setPassword(user.id, 'AnotherPass456?');
    await failure(bearer(rooms.auth, token), 'UNAUTHORIZED');
    await failure(rooms.service.refresh(refresh_token), 'INVALID_REFRESH_TOKEN');
    await failure(login(rooms, account.slug, user.email), 'INVALID_CREDENTIALS');
    await login(rooms, account.slug, user.email, 'AnotherPass456?');
  });

  it('users of a deleted account are refused at once', async () => {
    const { account, token, refresh_token } = await loggedIn();
    await rooms.accounts.delete(account.id);
    await failure(bearer(rooms.auth, token), 'UNAUTHORIZED');
    await failure(rooms.service.refresh(refresh_token), 'INVALID_REFRESH_TOKEN');
  });

  it('a rolled back change changes nothing', async () => {
    const { user, token } = await loggedIn();
    const other = await loggedIn();
    await rooms.users.create({ email: 'x@example.com', password: PASSWORD, account_id: other.account.id });
    await rooms.users.create({ email: 'x@example.com', password: PASSWORD, account_id: user.account_id });
    await failure(rooms.users.update(user.id, { is_active: false, email: 'X@example.com' }, ctx()), 'CONFLICT');
    await bearer(rooms.auth, token);
  });

  it('under load nobody succeeds who asks after the deactivation was answered', async () => {
    const { user, token } = await loggedIn();
    let deactivated = false;
    let stop = false;
    let late = 0;
    let accepted = 0;
    const ask = async () => {
      while (!stop) {
        const askedLate = deactivated;
        const caller = await bearer(rooms.auth, token).catch(() => null);
        if (caller && askedLate) late += 1;
        if (caller) accepted += 1;
        // Others make the loads overlap with the change.
        await rooms.auth.principals.find(uuidV7(), 'bearer');
      }
    };
    const asking = Array.from({ length: 20 }, ask);
    await new Promise((resolve) => setTimeout(resolve, 50));
    await rooms.users.delete(user.id, ctx());
    deactivated = true;
    await new Promise((resolve) => setTimeout(resolve, 150));
    stop = true;
    await Promise.all(asking);
    expect(accepted).toBeGreaterThan(0);
    expect(late).toBe(0);
  });

  it('logins that run while the user is deactivated leave no live session', async () => {
    const { user, account } = await loggedIn();
    const attempts = Array.from({ length: 10 }, () => login(rooms, account.slug, user.email));
    await new Promise((resolve) => setTimeout(resolve, 60));
    await rooms.users.delete(user.id, ctx());
    const done = await Promise.allSettled(attempts);
    for (const one of done) {
      if (one.status === 'fulfilled') await failure(bearer(rooms.auth, one.value.token), 'UNAUTHORIZED');
    }
  });

  it('no session is opened for a password or a state that changed since it was checked', async () => {
    const { user } = await loggedIn();
    const hash = async () =>
      (
        await rooms.db.query<{ hash: string }>('select password_hash as hash from snackbase.users where id = $1', [
          user.id,
        ])
      )[0]?.hash ?? '';
    const opens = (passwordHash: string | null) =>
      insertSession(rooms.db, {
        id: uuidV7(),
        userId: user.id,
        passwordHash,
        refreshHash: fingerprint(uuidV7()),
        at: new Date().toISOString(),
        expiresAt: new Date(Date.now() + 1000).toISOString(),
        userAgent: '',
        ip: '',
      });
    const checked = await hash();
    expect(await opens(checked)).toBe(true);
    await rooms.users.setPassword(user.id, 'AnotherPass456?');
    expect(await opens(checked)).toBe(false);
    const changed = await hash();
    expect(await opens(changed)).toBe(true);
    await rooms.users.delete(user.id, ctx());
    expect(await opens(changed)).toBe(false);
    expect(await opens(null)).toBe(false);
  });

  it.runIf(kind === 'postgres')(
    'another process sees deactivation, role change and logout by notification',
    async () => {
      const other = await rooms.twice();
      const until = async (seen: () => Promise<boolean>) => {
        const began = performance.now();
        while (!(await seen())) {
          if (performance.now() - began > 2_000)
            throw new Error('not seen within 2 s, although the notification needs ms');
          await new Promise((resolve) => setTimeout(resolve, 2));
        }
      };
      const refused = (token: string) => () =>
        bearer(other.auth, token).then(
          () => false,
          () => true,
        );
      const one = await loggedIn();
      await bearer(other.auth, one.token);
      await rooms.users.update(one.user.id, { role_id: 2 }, ctx());
      await until(async () => (await bearer(other.auth, one.token)).role === 'user');
      await rooms.users.update(one.user.id, { is_active: false }, ctx());
      await until(refused(one.token));

      const two = await loggedIn();
      await bearer(other.auth, two.token);
      await rooms.service.logout(undefined, ctx(await bearer(rooms.auth, two.token)));
      await until(refused(two.token));
    },
  );

  it.runIf(kind === 'postgres')('a lost listening connection forgets everything that is remembered', async () => {
    const other = await rooms.twice();
    const { user, token } = await loggedIn();
    await bearer(other.auth, token);
    // Changed behind the room's back: only what is read again shows it.
    await rooms.db.query('update snackbase.users set role_id = 2 where id = $1', [user.id]);
    expect((await bearer(other.auth, token)).role).toBe('admin');
    await rooms.db.query(`select pg_terminate_backend(pid) from pg_stat_activity
      where query ilike 'listen%' and datname = current_database() and pid <> pg_backend_pid()`);
    const began = performance.now();
    while ((await bearer(other.auth, token)).role !== 'user') {
      if (performance.now() - began > 2_000) throw new Error('not forgotten');
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  });
});

describe('what is remembered', () => {
  const session = uuidV7();
  const far = String(Date.now() + 3_600_000);
  /** A database of one session whose reads wait until they are let go. */
  function slowDatabase() {
    const state = { role: 'admin', reads: 0, letGo: [] as Array<() => void>, waiting: false };
    const db = {
      async run() {
        state.reads += 1;
        const row = [uuidV7(), 'AB1234', 'a@example.com', state.role, '1', far];
        if (state.waiting) await new Promise<void>((resolve) => state.letGo.push(resolve));
        return { rows: [row], rowCount: 1 };
      },
      listen: async () => async () => {},
      notify: async () => {},
    } as unknown as Database;
    const tx = { afterCommit: (fn: () => void) => fn() } as Transaction;
    return { state, db, tx };
  }

  it('a load that began before a change is not kept, and nobody joins it afterwards', async () => {
    const { state, db, tx } = slowDatabase();
    const principals = await createPrincipals({ db, clock: () => new Date() });
    state.waiting = true;
    const early = principals.find(session, 'bearer');
    state.role = 'user';
    await principals.invalidate({ session }, tx);
    const later = principals.find(session, 'bearer');
    // The early one answers last, when the later one is remembered already.
    state.letGo[1]?.();
    expect((await later)?.role).toBe('user');
    state.letGo[0]?.();
    expect((await early)?.role).toBe('admin');
    expect(state.reads).toBe(2);
    state.waiting = false;
    expect((await principals.find(session, 'bearer'))?.role).toBe('user');
    expect(state.reads).toBe(2);
  });

  it('many who ask at once share one read, and a remembered caller costs none', async () => {
    const { state, db } = slowDatabase();
    const principals = await createPrincipals({ db, clock: () => new Date() });
    await Promise.all(Array.from({ length: 50 }, () => principals.find(session, 'bearer')));
    expect(state.reads).toBe(1);
    const first = principals.find(session, 'cookie');
    expect(first).not.toBeInstanceOf(Promise);
    expect(principals.find(session, 'cookie')).toBe(first);
  });

  it('everything is read again after a short time, should a notification be lost', async () => {
    const { state, db } = slowDatabase();
    const principals = await createPrincipals({ db, clock: () => new Date(), ttlMs: 20 });
    await principals.find(session, 'bearer');
    state.role = 'user';
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect((await principals.find(session, 'bearer'))?.role).toBe('user');
  });
});
