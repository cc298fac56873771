// Roles: what a user is in his account. Permissions hang on them.
import { reads } from './access.ts';
import { noParams, room, z } from './kit.ts';

export const Role = z
  .object({ id: z.int(), name: z.string(), description: z.string().nullable(), is_builtin: z.boolean() })
  .meta({ id: 'Role' });

export const roles = room({
  list: {
    method: 'GET',
    path: '/api/v1/roles',
    summary: 'List roles',
    pathParams: noParams,
    responses: { 200: z.object({ items: z.array(Role), total: z.int() }) },
    metadata: reads('superadmin'),
    example: {
      reply: { items: [{ id: 1, name: 'admin', description: 'Manages the account', is_builtin: true }], total: 1 },
    },
  },
});
