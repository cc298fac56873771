// The routes of roles; what they may do is the permissions room's.
import type { roles as contract } from '../../contract/roles.ts';
import type { Handlers } from '../context.ts';
import type { Permissions } from '../permissions/service.ts';
import type { Roles } from './service.ts';

export const rolesRoutes = (roles: Roles, permissions: Permissions): Handlers<typeof contract> => ({
  list: () => roles.list(),
  create: ({ body }) => roles.create(body),
  get: ({ params }) => roles.get(params.id),
  update: ({ params, body }) => roles.update(params.id, body),
  delete: ({ params }) => roles.delete(params.id),
  permissions: ({ params }) => permissions.ofRole(params.id),
  permissionsMatrix: ({ params }) => permissions.ofRole(params.id),
  updatePermissions: ({ params, body }) => permissions.update(params.id, body.updates),
});
