// The routes of groups.
import type { groups as contract } from '../../contract/groups.ts';
import type { Handlers } from '../context.ts';
import type { Groups } from './service.ts';

export const groupsRoutes = (groups: Groups): Handlers<typeof contract> => ({
  list: ({ query, ctx }) => groups.list(query, ctx),
  create: ({ body, ctx }) => groups.create(body, ctx),
  get: ({ params, ctx }) => groups.get(params.id, ctx),
  update: ({ params, body, ctx }) => groups.update(params.id, body, ctx),
  delete: ({ params, ctx }) => groups.delete(params.id, ctx),
  addUser: ({ params, body, ctx }) => groups.addUser(params.id, body.user_id, ctx),
  removeUser: ({ params, ctx }) => groups.removeUser(params.id, params.user_id, ctx),
  addMember: ({ params, body, ctx }) => groups.addUser(params.id, body.user_id, ctx),
  removeMember: ({ params, ctx }) => groups.removeUser(params.id, params.user_id, ctx),
});
