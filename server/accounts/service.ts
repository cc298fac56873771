// Accounts: founding them (also for registration), naming, finding, renaming and removing them.
import type { Account, accounts as contract } from '../../contract/accounts.ts';
import type { Parsed, Reply } from '../../contract/kit.ts';
import { Failure, type ProblemEntry } from '../../contract/problems.ts';
import { page, pageWindow } from '../../contract/shapes.ts';
import { type Recorder, unsealed } from '../audit/service.ts';
import { type Ctx, requireCaller, SYSTEM_ACCOUNT } from '../context.ts';
import type { Database, Runner, Transaction } from '../db/database.ts';
import { accountKey, numbered, randomAccountId, slugFrom, slugProblems } from './names.ts';
import * as store from './store.ts';

export { type AccountKey, accountKey } from './names.ts';

type C = typeof contract;
type FoundedAccount = store.AccountRow;

export interface NewAccount {
  readonly name: string;
  /** Missing: derived from the name and made unique. */
  readonly slug?: string | undefined;
}

export interface Accounts {
  /** Every rule that the name or the slug breaks; `fields` are the names of both inputs. */
  problems(input: NewAccount, fields: { name: string; slug: string }): ProblemEntry[];
  /** Inserts an account whose input has no problems. Throws CONFLICT naming `slugField` when the given slug is taken. */
  found(tx: Transaction, input: NewAccount, slugField: string, ctx?: Ctx): Promise<FoundedAccount>;
  /** The id of the account that an id or a slug names, in either case; null when there is none. */
  resolve(idOrSlug: string, run?: Runner): Promise<string | null>;
  /**
   * The account that a management call is about: the caller's own; for superadmins the one that `given` or X-Account-ID names,
   * null when they name none. Throws FORBIDDEN for somebody else's account, RESOURCE_NOT_FOUND for one that is not there.
   */
  scope(ctx: Ctx, given?: string): Promise<string | null>;
  /** Registers work that belongs to founding an account; it runs inside the transaction, after the row is there. */
  onFound(work: (tx: Transaction, accountId: string) => Promise<void>): void;
  /** Registers work that belongs to removing an account; it runs inside the transaction, before the rows go. */
  onDelete(work: (tx: Transaction, accountId: string) => Promise<void>): void;
  list(query: Parsed<C['list']>['query']): Promise<Reply<C['list']>>;
  create(input: Parsed<C['create']>['body'], ctx?: Ctx): Promise<Account>;
  get(idOrSlug: string): Promise<Account>;
  rename(idOrSlug: string, name: string, ctx?: Ctx): Promise<Account>;
  /** Throws FORBIDDEN for the system account. */
  delete(idOrSlug: string, ctx?: Ctx): Promise<undefined>;
}

export interface AccountsOptions {
  readonly db: Database;
  readonly trail?: Recorder;
  readonly clock?: () => Date;
}

/** How many choices of a slug are looked up at once, and how often a lost race for a slug or an id is run again. */
const WINDOW = 64;
const ATTEMPTS = 200;

export function createAccounts({ db, trail = unsealed, clock = () => new Date() }: AccountsOptions): Accounts {
  const atFound: Array<(tx: Transaction, accountId: string) => Promise<void>> = [];
  const atDelete: Array<(tx: Transaction, accountId: string) => Promise<void>> = [];
  const now = () => clock().toISOString();

  async function freeSlug(run: Runner, name: string): Promise<string> {
    const base = slugFrom(name);
    for (let from = 0; ; from += WINDOW) {
      const choices = Array.from({ length: WINDOW }, (_, i) => numbered(base, from + i)).filter((s) => s !== null);
      const taken = await store.takenSlugs(run, choices);
      const free = choices.find((slug) => !taken.has(slug));
      if (free !== undefined) return free;
    }
  }

  async function find(idOrSlug: string, run: Runner = db): Promise<Account> {
    const key = accountKey(idOrSlug);
    const account = key && (await store.findAccount(run, key));
    if (!account) throw new Failure('RESOURCE_NOT_FOUND');
    return account;
  }

  /** In the account's own chain, which outlives it. */
  const told = (tx: Transaction, ctx: Ctx | undefined, id: string, change: { before?: object; after?: object }) =>
    trail.record(tx, ctx, { accountId: id, table: 'accounts', id, ...change });

  const self: Accounts = {
    problems({ name, slug }, fields) {
      const problems = slug === undefined ? [] : slugProblems(slug, fields.slug);
      if (!name.includes('\0')) return problems;
      return [
        { field: fields.name, code: 'invalid_characters', message: 'A name has no NUL characters.' },
        ...problems,
      ];
    },

    async found(tx, { name, slug }, slugField, ctx) {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const choice = slug ?? (await freeSlug(tx, name));
        const row = await store.insertAccount(tx, randomAccountId(), choice, name, now());
        if (row) {
          await told(tx, ctx, row.id, { after: row });
          for (const work of atFound) await work(tx, row.id);
          return row;
        }
        if (slug !== undefined && (await store.takenSlugs(tx, [slug])).size > 0) {
          const entry = { field: slugField, code: 'slug_taken', message: `The slug ${slug} is taken.` };
          throw new Failure('CONFLICT', { what: `An account with the slug ${slug}` }, [entry]);
        }
      }
      throw new Error(`No free account id or slug after ${ATTEMPTS} attempts.`);
    },

    async resolve(idOrSlug, run = db) {
      const key = accountKey(idOrSlug);
      return key && store.findAccountId(run, key);
    },

    async scope(ctx, given) {
      const caller = requireCaller(ctx);
      const name = given ?? (caller.superadmin ? ctx.accountHeader : null);
      if (name === null) return caller.superadmin ? null : caller.accountId;
      const id = await self.resolve(name);
      if (!caller.superadmin && id !== caller.accountId)
        throw new Failure('FORBIDDEN', { reason: 'this is not your account' });
      if (id === null) throw new Failure('RESOURCE_NOT_FOUND');
      return id;
    },

    onFound: (work) => void atFound.push(work),
    onDelete: (work) => void atDelete.push(work),

    async list(query) {
      const window = pageWindow(query);
      const orderBy = query.sort_by ?? 'created_at';
      const descending = query.sort_order !== 'asc';
      const search = query.search ?? null;
      if (search?.includes('\0'))
        throw new Failure('INVALID_QUERY_PARAMS', { name: 'search', reason: 'NUL is not allowed' });
      const { items, total } = await store.listAccounts(db, { search, orderBy, descending, ...window });
      return page(items, total, window);
    },

    async create(input, ctx) {
      const problems = self.problems(input, { name: 'name', slug: 'slug' });
      if (problems.length > 0) throw new Failure('INVALID_RESOURCE_DATA', {}, problems);
      return db.transaction(async (tx) => find((await self.found(tx, input, 'slug', ctx)).id, tx));
    },

    get: (idOrSlug) => find(idOrSlug),

    async rename(idOrSlug, name, ctx) {
      const problems = self.problems({ name }, { name: 'name', slug: 'slug' });
      if (problems.length > 0) throw new Failure('INVALID_RESOURCE_DATA', {}, problems);
      return db.transaction(async (tx) => {
        const { id, name: before } = await find(idOrSlug, tx);
        await store.renameAccount(tx, id, name, now());
        await told(tx, ctx, id, { before: { name: before }, after: { name } });
        return find(id, tx);
      });
    },

    async delete(idOrSlug, ctx) {
      const { id, slug, name } = await find(idOrSlug);
      if (id === SYSTEM_ACCOUNT) throw new Failure('FORBIDDEN', { reason: 'the system account cannot be deleted' });
      await db.transaction(async (tx) => {
        for (const work of atDelete) await work(tx, id);
        await told(tx, ctx, id, { before: { id, slug, name } });
        if (!(await store.deleteAccount(tx, id))) throw new Failure('RESOURCE_NOT_FOUND');
      });
      return undefined;
    },
  };
  return self;
}
