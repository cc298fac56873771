// Permissions: what a role may do on a collection, and what the caller himself may do.
import { reads, writes } from './access.ts';
import { noBody, noParams, room, z } from './kit.ts';
import { errors } from './problems.ts';
import { idParam, Timestamp } from './shapes.ts';

const OPERATIONS = ['list', 'view', 'read', 'create', 'update', 'delete'] as const;
export const Operation = z.enum(OPERATIONS).meta({ description: '`read` means list and view.' });

const CollectionPattern = z
  .string()
  .max(201)
  .meta({ description: 'A collection (`posts`, `crm.contacts`), every one of an app (`main.*`), or `*`.' });
const lists = [z.literal('*'), z.array(z.string().max(100)).max(500)] as const;
const Fields = z
  .union(lists)
  .meta({ description: '`"*"` for all fields, or a list of names. System fields can always be read.' });
const RuleText = z
  .string()
  .max(8192)
  .meta({ description: 'Which rows: `true` for all, or an expression.', example: '@owns_record()' });

/** One entry of a bulk update. */
export const PermissionUpdate = z
  .strictObject({
    collection: CollectionPattern,
    operation: Operation,
    rule: RuleText.optional(),
    fields: z.union([...lists, z.null()]).optional(),
  })
  .meta({ id: 'PermissionUpdate', description: '`rule` is true and `fields` is "*" when left out.' });
export type PermissionUpdate = z.output<typeof PermissionUpdate>;

export const Permission = z
  .object({
    id: z.int(),
    role_id: z.int(),
    collection: z.string(),
    operation: Operation,
    rule: z.string(),
    fields: Fields,
    created_at: Timestamp,
    updated_at: Timestamp,
  })
  .meta({ id: 'Permission' });
export type Permission = z.infer<typeof Permission>;

const Granted = z.object({ rule: z.string(), fields: Fields }).nullable();
export const PermissionMatrix = z
  .record(
    z.string(),
    z.object({
      create: Granted,
      read: Granted,
      update: Granted,
      delete: Granted,
      list: Granted.optional(),
      view: Granted.optional(),
    }),
  )
  .meta({ id: 'PermissionMatrix', description: 'By collection and operation; null where nothing is granted.' });
export type PermissionMatrix = z.infer<typeof PermissionMatrix>;

const PermissionName = z.string().meta({
  description: 'app:{app}:{collection}.{operation}',
  example: 'app:main:posts.read',
});

export const permissions = room({
  own: {
    method: 'GET',
    path: '/api/v1/permissions',
    summary: 'List your own permissions',
    description: 'What your role grants and, for an API key, its scopes leave open. Rules may still hide single rows.',
    pathParams: noParams,
    responses: {
      200: z
        .object({
          role: z.string(),
          roles: z.array(z.string()),
          is_superadmin: z.boolean(),
          permissions: z.array(PermissionName),
        })
        .meta({ id: 'OwnPermissions' }),
    },
    metadata: reads('user'),
    example: {
      reply: {
        role: 'user',
        roles: ['user'],
        is_superadmin: false,
        permissions: ['app:main:posts.create', 'app:main:posts.read'],
      },
    },
  },
  available: {
    method: 'GET',
    path: '/api/v1/permissions/available',
    summary: 'List every permission that can be granted',
    pathParams: noParams,
    responses: {
      200: z
        .object({
          items: z.array(z.object({ name: PermissionName, collection: z.string(), operation: Operation })),
          total: z.int(),
        })
        .meta({ id: 'AvailablePermissions' }),
    },
    metadata: reads('superadmin'),
    example: {
      reply: { items: [{ name: 'app:main:posts.read', collection: 'posts', operation: 'read' }], total: 1 },
    },
  },
  delete: {
    method: 'DELETE',
    path: '/api/v1/permissions/:id',
    summary: 'Take a permission away from its role',
    pathParams: idParam,
    responses: { 204: noBody, ...errors('RESOURCE_NOT_FOUND') },
    metadata: writes('superadmin', 'permission.delete', { idempotent: 'natural' }),
    example: { params: { id: '7' } },
  },
});
