// Groups: users of one account under one name, for rules and for seeing personal data. The account's admins manage them.
import { reads, writes } from './access.ts';
import { noBody, noParams, room, z } from './kit.ts';
import { errors } from './problems.ts';
import { AccountId, Id, idParam, Message, pageOf, pageQuery, Timestamp } from './shapes.ts';

export const Group = z
  .object({
    id: Id,
    account_id: AccountId,
    account_code: AccountId.meta({ description: 'The same as account_id.' }),
    name: z.string(),
    description: z.string().nullable(),
    member_count: z.int(),
    created_at: Timestamp,
    updated_at: Timestamp,
  })
  .meta({ id: 'Group' });
export type Group = z.infer<typeof Group>;

const Member = z
  .object({ id: Id, email: z.string(), role: z.string(), is_active: z.boolean(), added_at: Timestamp })
  .meta({ id: 'GroupMember' });
export const GroupDetail = Group.extend({ users: z.array(Member) }).meta({ id: 'GroupDetail' });
export type GroupDetail = z.infer<typeof GroupDetail>;

const settings = {
  name: z.string().trim().min(1).max(100).meta({ description: 'Unique in the account, without regard to case.' }),
  description: z.string().max(500).nullable().optional(),
};
const shown = {
  id: '0198c0de-7a11-7000-8000-3b2f5c0ffee4',
  account_id: 'AB1234',
  account_code: 'AB1234',
  name: 'reviewers',
  description: 'Approve posts',
  member_count: 0,
  created_at: '2026-01-02T03:04:05.678Z',
  updated_at: '2026-01-02T03:04:05.678Z',
};
const params = { id: shown.id };
const user_id = '0198c0de-7a11-7000-8000-3b2f5c0ffee2';
const missing = errors('RESOURCE_NOT_FOUND');
const memberParams = idParam.extend({ user_id: z.string().min(1).meta({ description: 'Id of the user.' }) });
const memberBody = z.strictObject({ user_id: z.string().min(1).max(100) }).meta({ id: 'GroupMemberInput' });

/** The two routes of members under a path; the products we serve call it users, the surface members as well. */
const members = <const P extends string>(below: P) =>
  ({
    add: {
      method: 'POST',
      path: `/api/v1/groups/:id/${below}`,
      summary: `Add a user of the account to a group (${below})`,
      pathParams: idParam,
      body: memberBody,
      responses: { 201: Message, ...missing, ...errors('CONFLICT') },
      metadata: writes('account_admin', 'group.add_member'),
      example: { params, body: { user_id }, reply: { message: 'The user is a member.' } },
    },
    remove: {
      method: 'DELETE',
      path: `/api/v1/groups/:id/${below}/:user_id`,
      summary: `Take a user out of a group (${below})`,
      pathParams: memberParams,
      responses: { 204: noBody, ...missing },
      metadata: writes('account_admin', 'group.remove_member', { idempotent: 'natural' }),
      example: { params: { ...params, user_id } },
    },
  }) as const;
const asUsers = members('users');
const asMembers = members('members');

export const groups = room({
  list: {
    method: 'GET',
    path: '/api/v1/groups',
    summary: 'List groups',
    pathParams: noParams,
    query: z.strictObject({
      ...pageQuery,
      search: z.string().max(100).optional().meta({ description: 'Part of the name.' }),
      account_id: z.string().max(255).optional().meta({ description: 'Superadmins: only this account (id or slug).' }),
    }),
    responses: { 200: pageOf(Group), ...missing },
    metadata: reads('account_admin'),
    example: {
      query: { search: 'rev' },
      reply: { items: [shown], total: 1, skip: 0, limit: 25, page: 1, page_size: 25, total_pages: 1 },
    },
  },
  create: {
    method: 'POST',
    path: '/api/v1/groups',
    summary: 'Create a group',
    pathParams: noParams,
    body: z
      .strictObject({
        ...settings,
        account_id: z.string().max(255).optional().meta({ description: 'Superadmins: the account (id or slug).' }),
      })
      .meta({ id: 'GroupInput' }),
    responses: { 201: GroupDetail, ...missing, ...errors('INVALID_RESOURCE_DATA', 'ACCOUNT_REQUIRED', 'CONFLICT') },
    metadata: writes('account_admin', 'group.create'),
    example: { body: { name: 'reviewers', description: 'Approve posts' }, reply: { ...shown, users: [] } },
  },
  get: {
    method: 'GET',
    path: '/api/v1/groups/:id',
    summary: 'Get a group with its users',
    pathParams: idParam,
    responses: { 200: GroupDetail, ...missing },
    metadata: reads('account_admin'),
    example: { params, reply: { ...shown, users: [] } },
  },
  update: {
    method: 'PATCH',
    path: '/api/v1/groups/:id',
    summary: 'Change a group',
    pathParams: idParam,
    body: z.strictObject(settings).partial().meta({ id: 'GroupChange' }),
    responses: { 200: GroupDetail, ...missing, ...errors('INVALID_RESOURCE_DATA', 'CONFLICT') },
    metadata: writes('account_admin', 'group.update'),
    example: { params, body: { description: 'Review' }, reply: { ...shown, description: 'Review', users: [] } },
  },
  delete: {
    method: 'DELETE',
    path: '/api/v1/groups/:id',
    summary: 'Delete a group; its users stay',
    pathParams: idParam,
    responses: { 204: noBody, ...missing },
    metadata: writes('account_admin', 'group.delete', { idempotent: 'natural' }),
    example: { params },
  },
  addUser: asUsers.add,
  removeUser: asUsers.remove,
  addMember: asMembers.add,
  removeMember: asMembers.remove,
});
