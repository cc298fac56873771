// The routes of users.
import type { users as contract } from '../../contract/users.ts';
import type { Handlers } from '../context.ts';
import type { Users } from './service.ts';

export const usersRoutes = (users: Users): Handlers<typeof contract> => ({
  list: ({ query }) => users.list(query),
  create: ({ body, ctx }) => users.create(body, ctx),
  get: ({ params }) => users.get(params.id),
  update: ({ params, body, ctx }) => users.update(params.id, body, ctx),
  delete: ({ params, ctx }) => users.delete(params.id, ctx),
  setPassword: ({ params, body, ctx }) => users.setPassword(params.id, body.new_password, ctx),
  verify: ({ params, ctx }) => users.verify(params.id, ctx),
  resendVerification: ({ params }) => users.resendVerification(params.id),
});
