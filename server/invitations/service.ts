// Invitations: made by an account's admins, shown to and accepted by whoever holds the token.
import { createHash, randomBytes } from 'node:crypto';
import type { invitations as contract, Invitation } from '../../contract/invitations.ts';
import type { Parsed, Reply } from '../../contract/kit.ts';
import { Failure } from '../../contract/problems.ts';
import { page, pageWindow } from '../../contract/shapes.ts';
import type { Accounts } from '../accounts/service.ts';
import { type Recorder, unsealed } from '../audit/service.ts';
import type { AuthService } from '../auth/service.ts';
import { Answer, type Ctx, requireCaller } from '../context.ts';
import type { Database, Transaction } from '../db/database.ts';
import { isUuid, uuidV7 } from '../ids.ts';
import type { Mail } from '../mail/service.ts';
import { BUILTIN_ROLES, type Roles } from '../roles/service.ts';
import * as store from './store.ts';

type C = typeof contract;

export interface InvitationsOptions {
  readonly db: Database;
  readonly accounts: Accounts;
  readonly roles: Roles;
  readonly auth: AuthService;
  readonly mail: Mail;
  readonly publicUrl: string;
  readonly trail?: Recorder;
  readonly log?: { error(facts: object, message: string): void };
  readonly clock?: () => Date;
}

const LIFETIME_MS = 48 * 3_600_000;
const hashOf = (token: string): string => createHash('sha256').update(token).digest('hex');

export type Invitations = ReturnType<typeof createInvitations>;

export function createInvitations({
  db,
  accounts,
  roles,
  auth,
  mail,
  publicUrl,
  trail = unsealed,
  log,
  clock = () => new Date(),
}: InvitationsOptions) {
  const at = (offset = 0) => new Date(clock().getTime() + offset).toISOString();

  /** The account that a caller manages: his own; a superadmin names one, or null where that means all. */
  async function accountOf(ctx: Ctx, named: string | undefined): Promise<string | null> {
    const caller = requireCaller(ctx);
    const wanted = named ?? (caller.superadmin ? (ctx.accountHeader ?? undefined) : undefined);
    if (wanted === undefined) return caller.superadmin ? null : caller.accountId;
    const id = await accounts.resolve(wanted);
    if (!caller.superadmin && id !== caller.accountId)
      throw new Failure('FORBIDDEN', { reason: 'it is not your account' });
    if (id === null)
      throw new Failure('RESOURCE_NOT_FOUND', {}, [
        { field: 'account_id', code: 'not_found', message: `There is no account ${wanted}.` },
      ]);
    return id;
  }

  async function find(ctx: Ctx, id: string) {
    const row = isUuid(id) ? await store.byId(db, id, await accountOf(ctx, undefined), at()) : undefined;
    if (row === undefined) throw new Failure('RESOURCE_NOT_FOUND');
    return row;
  }

  const told = (tx: Transaction, ctx: Ctx, { id, account_id: accountId }: store.InvitationRow, column: string) =>
    trail.record(tx, ctx, { accountId, table: 'invitations', id, before: {}, after: { [column]: at() } });

  async function deliver(row: store.InvitationRow, token: string): Promise<void> {
    const link = `${publicUrl}/api/v1/invitations/${token}`;
    const text = [
      `You are invited to join ${row.account_name}${row.invited_by_email === null ? '' : ` by ${row.invited_by_email}`}.`,
      `What the invitation says:\n${link}`,
      `Accept it with this token and a password of your own:\n${token}`,
      'It is valid for 48 hours and works once.',
    ].join('\n\n');
    try {
      await mail.send({
        to: row.email,
        subject: `Invitation to ${row.account_name}`,
        text,
        template: 'invitation',
        links: [link],
      });
    } catch (error) {
      log?.error({ err: error, invitation: row.id }, 'The invitation could not be sent.');
    }
  }

  return {
    async list(query: Parsed<C['list']>['query'], ctx: Ctx): Promise<Reply<C['list']>> {
      const window = pageWindow(query);
      const accountId = await accountOf(ctx, query.account_id);
      const { rows, total } = await store.list(db, { accountId, status: query.status_filter ?? null, ...window }, at());
      const items = rows.map(shown);
      return { ...page(items, total, window), invitations: items };
    },

    /** Throws ACCOUNT_REQUIRED for a superadmin who names none, CONFLICT for an address that is there or invited already. */
    async create(input: Parsed<C['create']>['body'], ctx: Ctx): Promise<Reply<C['create']>> {
      const accountId = await accountOf(ctx, input.account_id);
      if (accountId === null) throw new Failure('ACCOUNT_REQUIRED', { how: 'send account_id or X-Account-ID' });
      const roleId = input.role_id ?? BUILTIN_ROLES.user;
      const [id, token] = [uuidV7(), randomBytes(32).toString('hex')];
      const { email } = input;
      const invitedBy = requireCaller(ctx).userId;
      await db.transaction(async (tx) => {
        if (!(await roles.assignable(tx, roleId))) {
          throw new Failure('RESOURCE_NOT_FOUND', {}, [
            { field: 'role_id', code: 'not_found', message: `There is no role ${roleId}.` },
          ]);
        }
        if (await store.hasUser(tx, accountId, email)) throw taken('A user with this e-mail address in the account');
        const row = {
          id,
          accountId,
          email,
          roleId,
          tokenHash: hashOf(token),
          invitedBy,
          at: at(),
          expiresAt: at(LIFETIME_MS),
        };
        if (!(await store.insert(tx, row))) throw taken('An open invitation for this address');
        const after = { id, email, role_id: roleId, expires_at: row.expiresAt };
        await trail.record(tx, ctx, { accountId, table: 'invitations', id, after });
      });
      const row = (await store.byId(db, id, accountId, at())) as store.InvitationRow;
      await deliver(row, token);
      return { ...shown(row), token };
    },

    async show(token: string): Promise<Reply<C['show']>> {
      const row = await store.byToken(db, hashOf(token), at());
      if (row === undefined) throw new Failure('RESOURCE_NOT_FOUND');
      const { email, account_name, invited_by_email, expires_at, status } = row;
      return { email, account_name, invited_by_name: invited_by_email, expires_at, is_valid: status === 'pending' };
    },

    /** Throws RESOURCE_NOT_FOUND for an unknown token, INVALID_TOKEN for one that is used, cancelled or expired. */
    async accept(token: string, password: string, ctx: Ctx): Promise<Reply<C['accept']>> {
      const passwordHash = await auth.hashPassword(password);
      const { account_id: account, email } = await db.transaction(async (tx) => {
        const row = await store.byToken(tx, hashOf(token), at(), true);
        if (row === undefined) throw new Failure('RESOURCE_NOT_FOUND');
        if (row.status !== 'pending') throw new Failure('INVALID_TOKEN');
        const { account_id: accountId, role_id: roleId } = row;
        const userId = await auth.addUser(
          tx,
          { accountId, email: row.email, passwordHash, roleId, isActive: true, verified: true },
          ctx,
        );
        await auth.joined(tx, { userId, accountId, email: row.email }, ctx);
        await store.markAccepted(tx, row.id, at());
        await told(tx, ctx, row, 'accepted_at');
        return row;
      });
      const session = await auth.login({ account, email, password }, ctx);
      return session instanceof Answer ? session.body : session;
    },

    async resend(id: string, ctx: Ctx): Promise<Reply<C['resend']>> {
      const row = await find(ctx, id);
      const token = randomBytes(32).toString('hex');
      if (!(await store.renew(db, row.id, hashOf(token), at(LIFETIME_MS)))) throw new Failure('RESOURCE_NOT_FOUND');
      await deliver(row, token);
      return { message: 'The message is on its way.', token };
    },

    async cancel(id: string, ctx: Ctx): Promise<undefined> {
      const row = await find(ctx, id);
      await db.transaction(async (tx) => {
        if (!(await store.cancel(tx, row.id, at()))) throw new Failure('RESOURCE_NOT_FOUND');
        await told(tx, ctx, row, 'cancelled_at');
      });
      return undefined;
    },
  };
}

function shown({ account_name: _name, invited_by_email: _email, ...invitation }: store.InvitationRow): Invitation {
  return invitation;
}

const taken = (what: string) =>
  new Failure('CONFLICT', { what }, [{ field: 'email', code: 'email_taken', message: `${what} exists already.` }]);
