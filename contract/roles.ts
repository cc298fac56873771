// Roles: what a user is in his account. Permissions hang on them. Superadmins only.
import { reads, writes } from './access.ts';
import { noBody, noParams, room, z } from './kit.ts';
import { Permission, PermissionMatrix, PermissionName, PermissionUpdate } from './permissions.ts';
import { errors } from './problems.ts';
import { idParam, Timestamp } from './shapes.ts';

export const Role = z
  .object({
    id: z.int(),
    name: z.string(),
    description: z.string().nullable(),
    is_builtin: z.boolean(),
    enabled: z.boolean().meta({ description: 'A disabled role grants nothing.' }),
    permissions: z.array(PermissionName).meta({ description: 'What it may do, by name; rules may leave out rows.' }),
    created_at: Timestamp,
    updated_at: Timestamp,
  })
  .meta({ id: 'Role' });
export type Role = z.infer<typeof Role>;

const settings = {
  name: z.string().meta({
    description: 'Letters, digits and underscore, at most 100; starts with a letter or underscore.',
    example: 'editor',
  }),
  description: z.string().max(500).nullable().optional(),
  enabled: z.boolean().optional(),
  permissions: z
    .array(PermissionName)
    .max(1000)
    .optional()
    .meta({
      description:
        'Names of everything that the role may do. What is named and granted already keeps its rule, fields, filters and checks, what is new is granted without limits, the rest is taken away.',
      example: ['app:main:posts.read', 'app:main:posts.create'],
    }),
};
const roleParam = idParam.meta({ description: 'The id or the name of a role.' });
const RoleChange = z.strictObject(settings).partial().meta({ id: 'RoleChange' });
const RolePermissions = z
  .object({ permissions: PermissionMatrix, items: z.array(Permission) })
  .meta({ id: 'RolePermissions' });

const at = '2026-01-02T03:04:05.678Z';
const editor = {
  id: 4,
  name: 'editor',
  description: 'Can edit but not delete content',
  is_builtin: false,
  enabled: true,
  permissions: ['app:main:posts.read'],
  created_at: at,
  updated_at: at,
};
const params = { id: '4' };
const missing = errors('RESOURCE_NOT_FOUND');
const refused = errors('INVALID_RESOURCE_DATA', 'CONFLICT', 'BUILTIN_ROLE');
const granted = {
  permissions: {
    posts: {
      create: { rule: 'true', fields: ['title', 'content'] },
      read: null,
      update: null,
      delete: null,
    },
  },
  items: [
    {
      id: 7,
      role_id: 4,
      collection: 'posts',
      operation: 'create' as const,
      rule: 'true',
      fields: ['title', 'content'],
      created_at: at,
      updated_at: at,
    },
  ],
};

export const roles = room({
  list: {
    method: 'GET',
    path: '/api/v1/roles',
    summary: 'List roles',
    pathParams: noParams,
    responses: { 200: z.object({ items: z.array(Role), total: z.int() }) },
    metadata: reads('superadmin'),
    example: { reply: { items: [editor], total: 1 } },
  },
  create: {
    method: 'POST',
    path: '/api/v1/roles',
    summary: 'Create a role',
    description: 'A new role may do nothing but what `permissions` names, until more is granted to it.',
    pathParams: noParams,
    body: z.strictObject(settings).meta({ id: 'RoleInput' }),
    responses: { 201: Role, ...errors('INVALID_RESOURCE_DATA', 'CONFLICT') },
    metadata: writes('superadmin', 'role.create'),
    example: {
      body: { name: 'editor', description: editor.description, permissions: editor.permissions },
      reply: editor,
    },
  },
  get: {
    method: 'GET',
    path: '/api/v1/roles/:id',
    summary: 'Get a role',
    pathParams: roleParam,
    responses: { 200: Role, ...missing },
    metadata: reads('superadmin'),
    example: { params, reply: editor },
  },
  update: {
    method: 'PUT',
    path: '/api/v1/roles/:id',
    summary: 'Change a role',
    description: 'What is sent changes. It acts on the next request of every user of the role.',
    pathParams: roleParam,
    body: RoleChange,
    responses: { 200: Role, ...missing, ...refused },
    metadata: writes('superadmin', 'role.update', { idempotent: 'natural' }),
    example: { params, body: { description: 'Edits content' }, reply: { ...editor, description: 'Edits content' } },
  },
  change: {
    method: 'PATCH',
    path: '/api/v1/roles/:id',
    summary: 'Change a role (the same as PUT)',
    description: 'What is sent changes. It acts on the next request of every user of the role.',
    pathParams: roleParam,
    body: RoleChange,
    responses: { 200: Role, ...missing, ...refused },
    metadata: writes('superadmin', 'role.update', { idempotent: 'natural' }),
    example: { params, body: { permissions: editor.permissions }, reply: editor },
  },
  delete: {
    method: 'DELETE',
    path: '/api/v1/roles/:id',
    summary: 'Delete a role with its permissions',
    description: 'Refused for built-in roles and while users have the role.',
    pathParams: roleParam,
    responses: { 204: noBody, ...missing, ...errors('BUILTIN_ROLE', 'RELATION_RESTRICTED') },
    metadata: writes('superadmin', 'role.delete', { idempotent: 'natural' }),
    example: { params },
  },
  permissions: {
    method: 'GET',
    path: '/api/v1/roles/:id/permissions',
    summary: 'Get what a role may do',
    pathParams: roleParam,
    responses: { 200: RolePermissions, ...missing },
    metadata: reads('superadmin'),
    example: { params, reply: granted },
  },
  permissionsMatrix: {
    method: 'GET',
    path: '/api/v1/roles/:id/permissions/matrix',
    summary: 'Get what a role may do (the same under another path)',
    pathParams: roleParam,
    responses: { 200: RolePermissions, ...missing },
    metadata: reads('superadmin'),
    example: { params, reply: granted },
  },
  updatePermissions: {
    method: 'PUT',
    path: '/api/v1/roles/:id/permissions/bulk',
    summary: 'Grant permissions to a role',
    description:
      'Each entry sets what the role may do for one operation on one collection; others stay. All entries are applied, or none.',
    pathParams: roleParam,
    body: z.strictObject({ updates: z.array(PermissionUpdate).max(1000) }).meta({ id: 'PermissionUpdates' }),
    responses: {
      200: z
        .object({ success_count: z.int(), failure_count: z.int(), errors: z.array(z.string()) })
        .meta({ id: 'PermissionsUpdated' }),
      ...missing,
      ...errors('INVALID_RESOURCE_DATA'),
    },
    metadata: writes('superadmin', 'role.update_permissions', { idempotent: 'natural' }),
    example: {
      params,
      body: {
        updates: [
          { collection: 'posts', operation: 'create', rule: 'true', fields: ['title', 'content'] },
          {
            collection: 'posts',
            operation: 'update',
            rule: '@owns_record() or @has_role("admin")',
            fields: ['title', 'content'],
          },
        ],
      },
      reply: { success_count: 2, failure_count: 0, errors: [] },
    },
  },
});
