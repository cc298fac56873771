// The rooms of identity on a fresh database of either kind, with a clock that tests move and an outbox that they read.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { auth as authContract } from '../../contract/auth.ts';
import type { Code, Failure } from '../../contract/problems.ts';
import { createAccounts } from '../../server/accounts/service.ts';
import { type Auth, createAuth } from '../../server/auth/room.ts';
import { Answer, type Caller, type Ctx } from '../../server/context.ts';
import { migrateDatabase } from '../../server/db/migrate.ts';
import { type OpenDatabase, openDatabase } from '../../server/db/open.ts';
import { createMail, list as listMail, type Mail } from '../../server/mail/service.ts';
import { createRoles } from '../../server/roles/service.ts';
import { createUsers } from '../../server/users/service.ts';
import { createDatabase, dropDatabase, startPostgres } from '../helpers/postgres.ts';
import { untold } from '../helpers/rooms.ts';

export type Kind = 'embedded' | 'postgres';
export const SECRET = 'a-secret-for-tests-that-is-long-enough';
export const PASSWORD = 'SecurePass123!';

const server = await startPostgres();
if (server === null) console.warn('SKIPPED: no PostgreSQL on this machine, only the embedded database is tested.');
afterAll(() => server?.stop());

/** The databases that this machine has. */
export const kinds: readonly Kind[] = server === null ? ['embedded'] : ['embedded', 'postgres'];

/** The moving clock: the real time and what tests added. */
export class Clock {
  offset = 0;
  readonly read = () => new Date(Date.now() + this.offset);
  advance(ms: number): void {
    this.offset += ms;
  }
}

export async function buildRooms(
  db: OpenDatabase,
  dataDir: string,
  options: { mail?: Mail; production?: boolean } = {},
) {
  const clock = new Clock();
  const logged: Array<{ level: string; facts: Record<string, unknown>; message: string }> = [];
  const at = (level: string) => (facts: object, message: string) =>
    void logged.push({ level, facts: facts as never, message });
  const log = { info: at('info'), warn: at('warn'), error: at('error') };
  const mail = options.mail ?? createMail({ dataDir, log });
  const config = { secretKey: SECRET, publicUrl: 'https://api.example.com', production: options.production ?? false };
  const accounts = createAccounts({ db, clock: clock.read });
  const auth = await createAuth({ db, config, mail, accounts, log, clock: clock.read });
  const roles = createRoles({ db, grants: untold, changed: auth.service.changed });
  const users = createUsers({ db, auth: auth.service, accounts, roles, clock: clock.read });
  return { db, dataDir, clock, logged, accounts, roles, auth, service: auth.service, users };
}
export type Rooms = Awaited<ReturnType<typeof buildRooms>>;

let serial = 0;
const closers: Array<() => Promise<void>> = [];
/** Ends everything that `open` opened, newest first; for `afterAll`. */
export async function closeAll(): Promise<void> {
  for (const close of closers.splice(0).reverse()) await close();
}

/** Opens a fresh database and the rooms on it; `twice` is the same database opened once more, as by another process. */
export async function open(kind: Kind, options: { mail?: Mail; production?: boolean } = {}) {
  const dataDir = mkdtempSync(join(tmpdir(), 'snackbase-auth-'));
  closers.push(async () => rmSync(dataDir, { recursive: true, force: true }));
  let url: string | undefined;
  if (kind === 'postgres') {
    if (server === null) throw new Error('no PostgreSQL');
    const name = `auth_${process.pid}_${++serial}`;
    url = await createDatabase(server.url, name);
    closers.push(() => dropDatabase(server.url, name));
  }
  const connect = async () => {
    const db = await openDatabase({ ...(url !== undefined && { url }), dataDir, checkNesting: true });
    closers.push(() => db.close());
    await migrateDatabase(db);
    const rooms = await buildRooms(db, dataDir, options);
    closers.push(() => rooms.auth.close());
    return rooms;
  };
  return { ...(await connect()), twice: connect };
}

export const ctx = (caller: Caller | null = null, more: Partial<Ctx> = {}): Ctx => ({
  caller,
  accountHeader: null,
  requestId: 'cid_test',
  ip: '127.0.0.1',
  userAgent: 'vitest',
  sessionCookie: null,
  ...more,
});

/** The caller that a bearer token makes. */
export async function bearer(auth: Auth, token: string): Promise<Caller> {
  const caller = await auth.authenticate({ authorization: `Bearer ${token}`, cookie: null, apiKey: null });
  if (caller === null) throw new Error('a bearer token made an anonymous caller');
  return caller;
}

/** The Failure that something rejects with; anything else fails the test. */
export async function failure(work: Promise<unknown>, code: Code): Promise<Failure> {
  const outcome = await work.then(
    (value) => ({ value, error: undefined }),
    (error: Failure) => ({ value: undefined, error }),
  );
  if (outcome.error === undefined) throw new Error(`expected ${code}, got a reply: ${JSON.stringify(outcome.value)}`);
  if (outcome.error.code !== code) throw outcome.error;
  return outcome.error;
}

/** Registers, and answers the reply with the token of the message that was sent. */
export async function register(
  rooms: Rooms,
  email: string,
  more: { account_name?: string; account_slug?: string } = {},
) {
  const reply = await rooms.service.register({ account_name: 'Acme Corporation', email, password: PASSWORD, ...more });
  authContract.register.responses[201].parse(reply);
  return { ...reply, token: await mailedToken(rooms, email) };
}

/** The token of the newest message to that address. */
export async function mailedToken(rooms: Rooms, email: string): Promise<string> {
  const message = (await listMail(rooms.dataDir)).find(({ to }) => to === email);
  return new URL(message?.links?.[0] ?? '').searchParams.get('token') ?? '';
}

/** Registers and verifies; answers the account, the user and a way to log in. */
export async function member(rooms: Rooms, email: string, more: { account_name?: string; account_slug?: string } = {}) {
  const { account, user, token } = await register(rooms, email, more);
  await rooms.service.verifyEmail(token);
  return { account, user, login: () => login(rooms, account.slug, email) };
}

export async function login(rooms: Rooms, account: string, email: string, password = PASSWORD) {
  const reply = await rooms.service.login({ account, email, password }, ctx());
  return authContract.login.responses[200].parse(reply instanceof Answer ? reply.body : reply);
}
