// Explaining to managers: what hides rows and fields of a collection from a user.
import type { Parsed, Reply } from '../../contract/kit.ts';
import { Failure } from '../../contract/problems.ts';
import type { rules as contract } from '../../contract/rules.ts';
import type { User } from '../../contract/users.ts';
import { explain } from '../access/explain.ts';
import type { Sources } from '../access/policy.ts';
import { type Caller, SYSTEM_ACCOUNT } from '../context.ts';
import type { Row } from '../expression/scope.ts';
import { OPERATIONS } from '../schema/collection-access.ts';
import type { CollectionDef } from '../schema/collection-def.ts';

type C = typeof contract;

export interface ExplainerOptions {
  readonly sources: Sources;
  readonly definitions: { find(name: string): CollectionDef | undefined | Promise<CollectionDef | undefined> };
  /** Throws RESOURCE_NOT_FOUND. */
  readonly userOf: (id: string) => Promise<User>;
  /** A record of an account past all rules, null when there is none. */
  readonly peek: (def: CollectionDef, accountId: string, id: string) => Promise<Row | null>;
}

/** `manager` asks; null is the operator at the command line, who may ask about everybody. Throws RESOURCE_NOT_FOUND. */
export type Explainer = (
  manager: Caller | null,
  question: Parsed<C['explain']>['body'],
) => Promise<Reply<C['explain']>>;

export const createExplainer =
  ({ sources, definitions, userOf, peek }: ExplainerOptions): Explainer =>
  async (manager, { collection, user_id: userId, operation, record_id: recordId }) => {
    const caller = await subject(manager, userId, userOf);
    const def = await definitions.find(collection);
    if (def === undefined) throw new Failure('RESOURCE_NOT_FOUND');
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
  };

/** The user that the manager may ask about, as a caller. */
async function subject(
  manager: Caller | null,
  userId: string | undefined,
  userOf: ExplainerOptions['userOf'],
): Promise<Caller> {
  if (manager !== null && (userId === undefined || userId === manager.userId)) return manager;
  const user = await userOf(userId ?? '');
  if (manager !== null && !manager.superadmin && user.account_id !== manager.accountId)
    throw new Failure('RESOURCE_NOT_FOUND');
  return callerOf(user);
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
