// API keys and admin tokens: making one, whose secret is shown once; listing them without it; revoking, which acts on the next request.
import type { AdminToken, ApiKey, adminTokens as adminContract, apiKeys as contract } from '../../contract/api-keys.ts';
import type { Parsed, Reply } from '../../contract/kit.ts';
import { Failure, type ProblemEntry } from '../../contract/problems.ts';
import { page, pageWindow } from '../../contract/shapes.ts';
import type { Accounts } from '../accounts/service.ts';
import { type Recorder, unsealed } from '../audit/service.ts';
import { type AuthService, makeKey } from '../auth/service.ts';
import { type Ctx, type KeyScopes, requireCaller, SYSTEM_ACCOUNT } from '../context.ts';
import type { Database, Transaction } from '../db/database.ts';
import { isUuid, uuidV7 } from '../ids.ts';
import { shortName } from '../permissions/service.ts';
import { readScopes } from './scopes.ts';
import * as store from './store.ts';

/** How many keys of a kind an account can have that work. */
export const MOST_ACTIVE = 50;

type C = typeof contract;
type A = typeof adminContract;

/** `get` and `revoke` throw RESOURCE_NOT_FOUND for a key that is not there or not the caller's to manage. */
export interface ApiKeys {
  list(query: Parsed<C['list']>['query'], ctx: Ctx): Promise<Reply<C['list']>>;
  /** Throws INVALID_RESOURCE_DATA with every problem, LIMIT_REACHED. */
  create(input: Parsed<C['create']>['body'], ctx: Ctx): Promise<ApiKey>;
  get(id: string, ctx: Ctx): Promise<ApiKey>;
  revoke(id: string, ctx: Ctx): Promise<undefined>;
  listAdmin(query: Parsed<A['list']>['query']): Promise<Reply<A['list']>>;
  /** Throws as `create`. */
  createAdmin(input: Parsed<A['create']>['body'], ctx: Ctx): Promise<AdminToken>;
  getAdmin(id: string): Promise<AdminToken>;
  revokeAdmin(id: string, ctx: Ctx): Promise<undefined>;
}

export interface ApiKeysOptions {
  readonly db: Database;
  readonly accounts: Accounts;
  readonly auth: AuthService;
  readonly trail?: Recorder;
  readonly clock?: () => Date;
}

const ADMIN: store.KeyFilter = { kind: 'admin', accountId: SYSTEM_ACCOUNT };

export function createApiKeys({
  db,
  accounts,
  auth,
  trail = unsealed,
  clock = () => new Date(),
}: ApiKeysOptions): ApiKeys {
  const now = () => clock().toISOString();
  const told = (tx: Transaction, ctx: Ctx, row: store.KeyRow, change: { before?: object; after?: object }) =>
    trail.record(tx, ctx, { accountId: row.account_id, table: 'api_keys', id: row.id, ...change });
  const filter = async (ctx: Ctx): Promise<store.KeyFilter> => ({ kind: 'user', accountId: await accounts.scope(ctx) });

  function adminToken({ account_id: _, scopes: __, prefix, ...row }: store.KeyRow, key = `${prefix}…`): AdminToken {
    const over = row.expires_at !== null && Date.parse(row.expires_at) <= clock().getTime();
    return { ...row, key, is_active: row.revoked_at === null && !over };
  }
  function apiKey(row: store.KeyRow, key?: string): ApiKey {
    const scopes = Object.entries(row.scopes ?? {}).map(([full, operations]) => [shortName(full), operations]);
    const shown = { kind: 'user' as const, account_id: row.account_id, scopes: Object.fromEntries(scopes) };
    return { ...adminToken(row, key), ...shown };
  }

  async function find(id: string, keys: store.KeyFilter): Promise<store.KeyRow> {
    const row = isUuid(id) ? await store.findKey(db, id, keys) : null;
    if (row === null) throw new Failure('RESOURCE_NOT_FOUND');
    return row;
  }

  async function revoke(id: string, keys: store.KeyFilter, ctx: Ctx): Promise<undefined> {
    const row = await find(id, keys);
    await db.transaction(async (tx) => {
      const at = now();
      await store.revokeKey(tx, row.id, at);
      if (row.revoked_at === null) await told(tx, ctx, row, { before: {}, after: { revoked_at: at } });
      await auth.changed(tx, { key: row.id });
    });
    return undefined;
  }

  interface Wanted {
    readonly name: string;
    readonly expires_at?: string | null | undefined;
  }
  /** Makes a key of the caller; `read` answers its scopes and what is wrong with them. */
  async function make(
    kind: store.KeyKind,
    { name, expires_at: expiry = null }: Wanted,
    ctx: Ctx,
    read: (tx: Transaction) => Promise<{ scopes: KeyScopes | null; problems: ProblemEntry[] }>,
  ) {
    const { accountId, userId } = requireCaller(ctx);
    const id = uuidV7();
    const { text, hash, prefix } = makeKey(id, kind === 'admin');
    const row = await db.transaction(async (tx) => {
      const { scopes, problems } = await read(tx);
      const all = [...nameProblems(name), ...expiryProblems(expiry, clock()), ...problems];
      if (all.length > 0) throw new Failure('INVALID_RESOURCE_DATA', {}, all);
      const at = now();
      if ((await store.lockAndCount(tx, kind, accountId, at)) >= MOST_ACTIVE) {
        const what = kind === 'admin' ? 'active admin tokens' : 'active API keys in the account';
        throw new Failure('LIMIT_REACHED', { limit: MOST_ACTIVE, what, hint: 'revoke one first' });
      }
      const expiresAt = expiry === null ? null : new Date(expiry).toISOString();
      const made = await store.insertKey(tx, {
        id,
        accountId,
        userId,
        kind,
        name,
        hash,
        prefix,
        scopes,
        at,
        expiresAt,
      });
      await told(tx, ctx, made, { after: { id, kind, name, scopes, expires_at: expiresAt } });
      return made;
    });
    return { row, text };
  }

  return {
    async list(query, ctx) {
      const window = pageWindow(query);
      const { rows, total } = await store.listKeys(db, await filter(ctx), window);
      return page(
        rows.map((row) => apiKey(row)),
        total,
        window,
      );
    },
    async create(input, ctx) {
      const { row, text } = await make('user', input, ctx, (tx) => readScopes(tx, input.scopes as KeyScopes));
      return apiKey(row, text);
    },
    get: async (id, ctx) => apiKey(await find(id, await filter(ctx))),
    revoke: async (id, ctx) => revoke(id, await filter(ctx), ctx),

    async listAdmin({ offset, ...query }) {
      const window = pageWindow({ ...query, skip: query.skip ?? offset });
      const { rows, total } = await store.listKeys(db, ADMIN, window);
      return page(
        rows.map((row) => adminToken(row)),
        total,
        window,
      );
    },
    async createAdmin(input, ctx) {
      const { row, text } = await make('admin', input, ctx, async () => ({ scopes: null, problems: [] }));
      return adminToken(row, text);
    },
    getAdmin: async (id) => adminToken(await find(id, ADMIN)),
    revokeAdmin: (id, ctx) => revoke(id, ADMIN, ctx),
  };
}

const nameProblems = (name: string): ProblemEntry[] =>
  name.includes('\0') ? [{ field: 'name', code: 'invalid_characters', message: 'A name has no NUL characters.' }] : [];

function expiryProblems(expiry: string | null, at: Date): ProblemEntry[] {
  if (expiry === null || Date.parse(expiry) > at.getTime()) return [];
  return [{ field: 'expires_at', code: 'in_the_past', message: 'Name a moment to come.' }];
}
