// The verbs of tools, as the contract's metadata names them: what each may do to records, and the operation that decides about it.
import { contract } from '../../contract/index.ts';
import type { Route } from '../../contract/kit.ts';
import type { Operation } from '../access/decide.ts';

export type Verb = Exclude<Route['metadata']['mcp'], false>;

const OPERATIONS: Readonly<Record<Verb, Operation>> = {
  query: 'list',
  get: 'view',
  create: 'create',
  update: 'update',
  delete: 'delete',
  bulk_create: 'create',
};

const routes: readonly Route[] = Object.values(contract.records);

/** Every verb, in the order in which the tools of a collection are listed. */
export const VERBS: readonly Verb[] = (Object.keys(OPERATIONS) as Verb[]).filter((verb) =>
  routes.some(({ metadata }) => metadata.mcp === verb),
);

/** The operation that a caller must be allowed for the verb. */
export const operationOf = (verb: Verb): Operation => OPERATIONS[verb];

/** What a client may tell its user about a tool before it is called. */
export const hintsOf = (verb: Verb) => {
  const readOnlyHint = routes.some(({ metadata }) => metadata.mcp === verb && metadata.idempotent === 'safe');
  const changes = verb === 'update' || verb === 'delete';
  return { readOnlyHint, destructiveHint: changes, idempotentHint: readOnlyHint || changes, openWorldHint: false };
};
