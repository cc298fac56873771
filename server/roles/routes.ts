// The routes of roles.
import type { roles as contract } from '../../contract/roles.ts';
import type { Handlers } from '../context.ts';
import type { Roles } from './service.ts';

export const rolesRoutes = (roles: Roles): Handlers<typeof contract> => ({
  list: () => roles.list(),
});
