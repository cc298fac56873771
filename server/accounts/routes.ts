// The routes of accounts.
import type { accounts as contract } from '../../contract/accounts.ts';
import type { Handlers } from '../context.ts';
import type { Users } from '../users/service.ts';
import type { Accounts } from './service.ts';

export const accountRoutes = (accounts: Accounts, users: Users): Handlers<typeof contract> => ({
  list: ({ query }) => accounts.list(query),
  create: ({ body, ctx }) => accounts.create(body, ctx),
  get: ({ params }) => accounts.get(params.id),
  update: ({ params, body, ctx }) => accounts.rename(params.id, body.name, ctx),
  delete: ({ params, ctx }) => accounts.delete(params.id, ctx),
  users: ({ params, query }) => users.listOfAccount(params.id, query),
});
