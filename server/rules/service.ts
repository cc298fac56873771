// Rules as managers work with them: the rules of a collection, trying one out, and explaining what hides rows and fields from a user.
import type { Collection, CollectionChange } from '../../contract/collections.ts';
import type { Parsed, Reply } from '../../contract/kit.ts';
import { Failure } from '../../contract/problems.ts';
import type { rules as contract, Rules as RulesReply } from '../../contract/rules.ts';
import type { User } from '../../contract/users.ts';
import { explain } from '../access/explain.ts';
import type { Sources } from '../access/policy.ts';
import { type Caller, type Ctx, requireCaller, SYSTEM_ACCOUNT } from '../context.ts';
import type { Row } from '../expression/scope.ts';
import { OPERATIONS } from '../schema/collection-access.ts';
import type { CollectionDef } from '../schema/collection-def.ts';
import { outcome, scopeOf, verdict } from './try.ts';

export { compiled, outcome, scopeOf } from './try.ts';

type C = typeof contract;

export interface Rules {
  /** Throws RESOURCE_NOT_FOUND. */
  get(collection: string): Promise<RulesReply>;
  /** Changes what is given. Throws RESOURCE_NOT_FOUND, INVALID_RESOURCE_DATA with place and hint of every mistake. */
  update(collection: string, change: Parsed<C['update']>['body'], ctx: Ctx): Promise<RulesReply>;
  validate(input: Parsed<C['validate']>['body']): Promise<Reply<C['validate']>>;
  test(input: Parsed<C['test']>['body']): Promise<Reply<C['test']>>;
  /** Throws RESOURCE_NOT_FOUND for a collection that is not there and for a user who is not the caller's to manage. */
  explain(ctx: Ctx, input: Parsed<C['explain']>['body']): Promise<Reply<C['explain']>>;
}

export interface RulesOptions {
  readonly sources: Sources;
  readonly definitions: { find(name: string): CollectionDef | undefined | Promise<CollectionDef | undefined> };
  readonly collections: {
    get(idOrName: string): Promise<Collection>;
    update(idOrName: string, change: CollectionChange, ctx?: Ctx): Promise<Collection>;
  };
  /** Throws RESOURCE_NOT_FOUND. */
  readonly userOf: (id: string) => Promise<User>;
  /** A record of an account past all rules, null when there is none. */
  readonly peek: (def: CollectionDef, accountId: string, id: string) => Promise<Row | null>;
}

export function createRules({ sources, definitions, collections, userOf, peek }: RulesOptions): Rules {
  async function named(collection: string): Promise<CollectionDef> {
    const def = await definitions.find(collection);
    if (def === undefined) throw new Failure('RESOURCE_NOT_FOUND');
    return def;
  }
  const { macros } = sources;

  /** The user that the caller may ask about, as a caller. */
  async function subject(ctx: Ctx, userId: string | undefined): Promise<Caller> {
    const caller = requireCaller(ctx);
    if (userId === undefined || userId === caller.userId) return caller;
    const user = await userOf(userId);
    if (!caller.superadmin && user.account_id !== caller.accountId) throw new Failure('RESOURCE_NOT_FOUND');
    return callerOf(user);
  }

  return {
    get: async (collection) => shown(await collections.get(collection)),
    update: async (collection, change, ctx) => shown(await collections.update(collection, change, ctx)),

    async validate({ rule, operation = 'update', collection, collectionFields }) {
      const def = collection === undefined ? null : await named(collection);
      return verdict(rule, scopeOf(def, collectionFields, operation, macros));
    },

    async test({ rule, collection, context = {} }) {
      const def = collection === undefined ? null : await named(collection);
      return outcome(rule, scopeOf(def, undefined, 'any', macros), context);
    },

    async explain(ctx, { collection, user_id, operation, record_id: recordId }) {
      const caller = await subject(ctx, user_id);
      const def = await named(collection);
      const row = recordId === undefined ? undefined : await peek(def, caller.accountId, recordId);
      const asked = operation === undefined ? OPERATIONS : [operation];
      return {
        collection: def.qualifiedName,
        user_id: caller.userId,
        role: caller.role,
        operations: asked.map((one) =>
          explain({ caller, def, operation: one, ...(row !== undefined && { row }) }, sources),
        ),
      };
    },
  };
}

/** The user as his own requests would make him. */
const callerOf = ({ id, account_id, email, role, role_id, groups }: User): Caller => ({
  kind: 'user',
  userId: id,
  accountId: account_id,
  email,
  role,
  roleId: role_id,
  groups,
  superadmin: account_id === SYSTEM_ACCOUNT,
  sessionId: null,
  keyId: null,
  scopes: null,
  via: 'bearer',
});

const shown = (collection: Collection): RulesReply => ({
  id: collection.id,
  collection_id: collection.id,
  collection: collection.name,
  list_rule: collection.list_rule,
  view_rule: collection.view_rule,
  create_rule: collection.create_rule,
  update_rule: collection.update_rule,
  delete_rule: collection.delete_rule,
  list_fields: collection.list_fields,
  view_fields: collection.view_fields,
  create_fields: collection.create_fields,
  update_fields: collection.update_fields,
  created_at: collection.created_at,
  updated_at: collection.updated_at,
});
