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

const scalars = [z.string().max(4000), z.number(), z.boolean(), z.null()] as const;
const constraint = {
  field: z.string().max(100),
  operator: z.string().max(20).meta({
    description: 'eq neq gt gte lt lte like ilike match in nin contains is_null is_not_null, or as in rules: `=`.',
    example: 'eq',
  }),
  value: z
    .union([...scalars, z.array(z.union(scalars)).max(500)])
    .optional()
    .meta({ description: 'What to compare with; a list for in, nin and contains. `$user.id` is the claim id.' }),
  claim: z.string().max(100).optional().meta({
    description: 'Instead of value: a property of the caller (id, email, role, account_id).',
    example: 'id',
  }),
};
/** A condition on one field, as it is sent; the server says with its place what is wrong with it. */
export const ConstraintInput = z.strictObject(constraint).meta({ id: 'PermissionConstraintInput' });
export type ConstraintInput = z.output<typeof ConstraintInput>;

/** The same as it is kept: the operator by its name, and either value or claim. */
export const Constraint = z.object(constraint).meta({ id: 'PermissionConstraint' });
export type Constraint = z.output<typeof Constraint>;

const MOST_CONSTRAINTS = 20;
const constraints = (description: string) =>
  z.array(ConstraintInput).max(MOST_CONSTRAINTS).optional().meta({ description });
/** What permissions take besides rule and fields. */
export const constraintShape = {
  filters: constraints(
    'Conditions that rows must satisfy besides the rule; not for create. Of several permissions that apply (of the collection, of `app.*`, of `*`) a row has to satisfy one.',
  ),
  checks: constraints(
    'Conditions on what create and update write, on one collection. With eq the field is set to the value or claim when it is not sent, and another value is refused with 403; it needs not be among the fields. Other operators judge the value that is written. They hold whichever permission lets the caller in.',
  ),
};

/** As replies show them: left out where there are none. */
export const shownConstraints = {
  filters: z.array(Constraint).optional(),
  checks: z.array(Constraint).optional(),
};

/** One entry of a bulk update. */
export const PermissionUpdate = z
  .strictObject({
    collection: CollectionPattern,
    operation: Operation,
    rule: RuleText.optional(),
    fields: z.union([...lists, z.null()]).optional(),
    ...constraintShape,
  })
  .meta({
    id: 'PermissionUpdate',
    description: '`rule` is true, `fields` is "*" and the lists are empty when left out.',
  });
export type PermissionUpdate = z.output<typeof PermissionUpdate>;

export const Permission = z
  .object({
    id: z.int(),
    role_id: z.int(),
    collection: z.string(),
    operation: Operation,
    rule: z.string(),
    fields: Fields,
    ...shownConstraints,
    created_at: Timestamp,
    updated_at: Timestamp,
  })
  .meta({ id: 'Permission' });
export type Permission = z.infer<typeof Permission>;

const Granted = z.object({ rule: z.string(), fields: Fields, ...shownConstraints }).nullable();
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

export const PermissionName = z.string().max(320).meta({
  description:
    '`app:{app}:{collection}.{operation}`, `app:{app}:{collection}.*`, `app:{app}:*` for every collection of an app, or `*`.',
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
