// The routes of accounts.
import type { accounts as contract } from '../../contract/accounts.ts';
import type { Handlers } from '../context.ts';
import type { Users } from '../users/service.ts';
import type { Accounts } from './service.ts';

export const accountRoutes = (accounts: Accounts, users: Users): Handlers<typeof contract> => ({
  list: ({ query }) => accounts.list(query),
  create: ({ body }) => accounts.create(body),
  get: ({ params }) => accounts.get(params.id),
  update: ({ params, body }) => accounts.rename(params.id, body.name),
  delete: ({ params }) => accounts.delete(params.id),
  users: ({ params, query }) => users.listOfAccount(params.id, query),
});
