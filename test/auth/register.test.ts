// Registering accounts and verifying addresses, on both databases.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SPECIALS } from '../../server/auth/passwords.ts';
import { list as listMail } from '../../server/mail/service.ts';
import { closeAll, failure, kinds, login, mailedToken, open, PASSWORD, type Rooms, register } from './harness.ts';

afterAll(closeAll);

describe.each(kinds)('registration on %s', (kind) => {
  let rooms: Rooms;
  beforeAll(async () => {
    rooms = await open(kind);
  });

  it('S001-14…21: answers the account and its admin, and no tokens', async () => {
    const before = Date.now();
    const reply = await rooms.service.register({
      account_name: 'Acme Corporation',
      account_slug: 'acme',
      email: 'Ada@Example.com',
      password: PASSWORD,
    });
    expect(Object.keys(reply).sort()).toEqual(['account', 'message', 'user']);
    expect(reply.message).toMatch(/check your email/);
    expect(reply.account).toMatchObject({ slug: 'acme', name: 'Acme Corporation' });
    expect(reply.account.id).toMatch(/^(?!SY)[A-Z]{2}[0-9]{4}$/);
    expect(reply.user).toMatchObject({
      email: 'Ada@Example.com',
      role: 'admin',
      is_active: true,
      email_verified: false,
    });
    expect(reply.user.account_id).toBe(reply.account.id);
    expect(reply.user.last_login).toBeNull();
    expect(reply.user.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7/);
    expect(Date.parse(reply.account.created_at)).toBeGreaterThanOrEqual(before - 1);
    expect(reply.account.created_at).toMatch(/Z$/);
  });

  it('S001-22, S001-23: the mailed link verifies once, and only then a login is possible', async () => {
    const { account, token } = await register(rooms, 'verify@example.com');
    const message = (await listMail(rooms.dataDir))[0];
    expect(message?.links?.[0]).toBe(`https://api.example.com/api/v1/auth/verify-email?token=${token}`);
    expect(message?.text).toContain(`\n${token}\n`);
    const refused = await failure(login(rooms, account.slug, 'verify@example.com'), 'EMAIL_NOT_VERIFIED');
    expect(refused.message).toMatch(/verify/);
    await failure(login(rooms, account.slug, 'verify@example.com', 'WrongPass123!'), 'INVALID_CREDENTIALS');

    const verified = await rooms.service.verifyEmail(token);
    expect(verified.user.email_verified).toBe(true);
    await failure(rooms.service.verifyEmail(token), 'INVALID_TOKEN');
    expect((await login(rooms, account.slug, 'verify@example.com')).user.email_verified).toBe(true);
  });

  it('S001-23: of many uses of one token at once, one succeeds', async () => {
    const { token } = await register(rooms, 'verify-race@example.com');
    const uses = await Promise.allSettled(Array.from({ length: 10 }, () => rooms.service.verifyEmail(token)));
    expect(uses.filter((use) => use.status === 'fulfilled')).toHaveLength(1);
  });

  it('a verification token ends after 24 hours', async () => {
    const own = await open(kind);
    const { token } = await register(own, 'late@example.com');
    own.clock.advance(24 * 3_600_000 + 1);
    await failure(own.service.verifyEmail(token), 'INVALID_TOKEN');
  });

  it.each([
    ['S001-24', 'Short1!aaaa'],
    ['S001-25', 'lowercase123!'],
    ['S001-26', 'UPPERCASE123!'],
    ['S001-27', 'NoDigitsHere!'],
    ['S001-28', 'NoSpecial1234'],
  ])('%s, S001-116: refuses %s with one entry', async (_, password) => {
    const refused = await failure(
      rooms.service.register({ account_name: 'Weak', email: 'weak@example.com', password }),
      'INVALID_RESOURCE_DATA',
    );
    expect(refused.status).toBe(400);
    expect(refused.entries).toEqual([{ field: 'password', code: 'password_too_weak', message: expect.any(String) }]);
  });

  it('names every broken rule of password and slug at once', async () => {
    const input = { account_name: 'Weak', account_slug: '9_', email: 'weak@example.com', password: '' };
    const { entries } = await failure(rooms.service.register(input), 'INVALID_RESOURCE_DATA');
    expect(entries.map((entry) => `${entry.field}:${entry.code}`)).toEqual([
      'account_slug:slug_too_short',
      'account_slug:slug_invalid_start',
      'account_slug:slug_invalid_chars',
      ...Array(5).fill('password:password_too_weak'),
    ]);
  });

  it.each([
    ['ab', 'slug_too_short'],
    [`a${'b'.repeat(32)}`, 'slug_too_long'],
    ['1abc', 'slug_invalid_start'],
    ['ab_c', 'slug_invalid_chars'],
    ['ab1234', 'slug_reserved'],
    ['sy0000', 'slug_reserved'],
  ])('refuses the slug %s: %s', async (account_slug, code) => {
    const input = { account_name: 'Slug', account_slug, email: 'slug@example.com', password: PASSWORD };
    expect((await failure(rooms.service.register(input), 'INVALID_RESOURCE_DATA')).entries[0]?.code).toBe(code);
  });

  it.each(['system', 'acme'])('answers 409 naming account_slug for the taken slug %s', async (account_slug) => {
    const input = { account_name: 'Taken', account_slug, email: 'taken@example.com', password: PASSWORD };
    const taken = await failure(rooms.service.register(input), 'CONFLICT');
    expect(taken.entries[0]).toMatchObject({ field: 'account_slug', code: 'slug_taken' });
  });

  it.each([
    ['Łódź & Söhne GmbH', 'lodz-sohne-gmbh'],
    ['Straße', 'strasse'],
    ['3M', 'account-3m'],
    ['HP', 'hp-account'],
    ['東京', 'account'],
    ['AB1234', 'ab1234-1'],
    ['A very long name indeed, of a company that nobody knows', 'a-very-long-name-indeed-of-a-comp'],
  ])('S001-13: derives a slug from %s', async (account_name, slug) => {
    const { account } = await register(rooms, 'derived@example.com', { account_name });
    expect(account.slug).toBe(slug.slice(0, 32));
  });

  it('S001-13: refuses NUL in a name with 400', async () => {
    const input = { account_name: 'a\0b', email: 'nul@example.com', password: PASSWORD };
    expect((await failure(rooms.service.register(input), 'INVALID_RESOURCE_DATA')).entries[0]?.field).toBe(
      'account_name',
    );
  });

  it('S001-19: twenty registrations of one name at once all succeed, with their own ids and slugs', async () => {
    const all = await Promise.all(
      Array.from({ length: 20 }, (_, i) =>
        rooms.service.register({ account_name: 'Same Name', email: `same${i}@example.com`, password: PASSWORD }),
      ),
    );
    expect(new Set(all.map(({ account }) => account.id)).size).toBe(20);
    const expected = Array.from({ length: 20 }, (_, i) => (i === 0 ? 'same-name' : `same-name-${i}`));
    expect(all.map(({ account }) => account.slug).sort()).toEqual(expected.sort());
  });

  it('of ten registrations with one slug at once, one succeeds and nine are told', async () => {
    const all = await Promise.allSettled(
      Array.from({ length: 10 }, (_, i) =>
        rooms.service.register({
          account_name: 'One',
          account_slug: 'only-one',
          email: `one${i}@example.com`,
          password: PASSWORD,
        }),
      ),
    );
    const refused = all.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []));
    expect(refused).toEqual(Array(9).fill('CONFLICT'));
  });

  it('sends again with the same answer for everybody; the newest token is the only good one', async () => {
    const { account, token: earlier } = await register(rooms, 'again@example.com');
    const send = (input: { account?: string; email?: string }) =>
      rooms.service.sendVerification(input, { caller: null } as never);
    const known = await send({ account: account.slug, email: 'AGAIN@example.com' });
    const unknown = await send({ account: account.slug, email: 'nobody@example.com' });
    const nowhere = await send({ account: 'no-such-account', email: 'again@example.com' });
    expect([unknown, nowhere]).toEqual([known, known]);
    await rooms.service.idle();
    const newer = await mailedToken(rooms, 'again@example.com');
    expect(newer).not.toBe(earlier);
    await failure(rooms.service.verifyEmail(earlier), 'INVALID_TOKEN');
    await rooms.service.verifyEmail(newer);

    const messages = (await listMail(rooms.dataDir)).length;
    expect(await send({ account: account.slug, email: 'again@example.com' })).toEqual(known);
    await rooms.service.idle();
    expect(await listMail(rooms.dataDir)).toHaveLength(messages);
    await failure(send({ email: 'again@example.com' }), 'ACCOUNT_REQUIRED');
    await failure(send({ account: account.slug }), 'INVALID_REQUEST');
  });

  it('S001-23: a mail that cannot be sent is logged and does not fail the registration', async () => {
    const mail = { send: () => Promise.reject(new Error('no mail today')) };
    const own = await open(kind, { mail });
    const reply = await own.service.register({ account_name: 'No mail', email: 'a@example.com', password: PASSWORD });
    expect(reply.user.email_verified).toBe(false);
    expect(own.logged.filter(({ level }) => level === 'error')).toHaveLength(1);
  });
});

it('S001-28: each special character of the list alone suffices', async () => {
  const { passwordProblems } = await import('../../server/auth/passwords.ts');
  expect([...SPECIALS]).toHaveLength(32 - 1);
  for (const special of SPECIALS) expect(passwordProblems(`Abcdefghij12${special}`)).toEqual([]);
  for (const other of [' ', '`', 'ü', '€']) expect(passwordProblems(`Abcdefghij12${other}`)).toHaveLength(1);
});
