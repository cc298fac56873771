// The routes of roles; what they may do is the permissions room's.
import type { roles as contract } from '../../contract/roles.ts';
import type { Handlers } from '../context.ts';
import type { Permissions } from '../permissions/service.ts';
import type { Roles } from './service.ts';

export const rolesRoutes = (roles: Roles, permissions: Permissions): Handlers<typeof contract> => ({
  list: () => permissions.roles.list(),
  create: ({ body, ctx }) => permissions.roles.create(body, ctx),
  get: ({ params }) => permissions.roles.get(params.id),
  update: ({ params, body, ctx }) => permissions.roles.update(params.id, body, ctx),
  change: ({ params, body, ctx }) => permissions.roles.update(params.id, body, ctx),
  delete: ({ params, ctx }) => roles.delete(params.id, ctx),
  permissions: ({ params }) => permissions.ofRole(params.id),
  permissionsMatrix: ({ params }) => permissions.ofRole(params.id),
  updatePermissions: ({ params, body, ctx }) => permissions.update(params.id, body.updates, ctx),
});
