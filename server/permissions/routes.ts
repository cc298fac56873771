// The routes of permissions.
import type { permissions as contract } from '../../contract/permissions.ts';
import type { Handlers } from '../context.ts';
import type { Permissions } from './service.ts';

export const permissionsRoutes = (permissions: Permissions): Handlers<typeof contract> => ({
  own: ({ ctx }) => permissions.own(ctx),
  available: () => permissions.available(),
  delete: ({ params, ctx }) => permissions.delete(params.id, ctx),
});
