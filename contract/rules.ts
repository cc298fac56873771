// Rules and field lists of a collection, and the doors that check and explain them.
import { reads, writes } from './access.ts';
import { noParams, room, z } from './kit.ts';
import { Constraint } from './permissions.ts';
import { errors, ProblemEntry } from './problems.ts';
import { Timestamp } from './shapes.ts';

/** A rule: null is not set, "" is public, anything else an expression. At most 4 KB. */
const RuleText = z
  .string()
  .max(4096)
  .nullable()
  .meta({ description: 'null: not set, only admins; "": public; else an expression such as @owns_record().' });

/** `"*"` for all fields, or a list. Text holding either as JSON is accepted, because a published client sends that. */
export const FieldList = z
  .preprocess(
    (v) => {
      if (typeof v !== 'string' || v === '*') return v;
      try {
        return JSON.parse(v) as unknown;
      } catch {
        return v;
      }
    },
    z.union([z.literal('*'), z.array(z.string()).max(200)]),
  )
  .meta({ description: '"*" for all fields, or a list of names.' });

export const ruleShape = {
  list_rule: RuleText,
  view_rule: RuleText,
  create_rule: RuleText,
  update_rule: RuleText,
  delete_rule: RuleText,
};
export const fieldListShape = {
  list_fields: FieldList,
  view_fields: FieldList,
  create_fields: FieldList,
  update_fields: FieldList,
};

/** What may change of a collection's rules: what is sent. */
export const RulesChange = z
  .strictObject({ ...ruleShape, ...fieldListShape })
  .partial()
  .meta({ id: 'RulesChange' });
export type RulesChange = z.output<typeof RulesChange>;

export const Rules = z
  .object({
    id: z.string(),
    collection_id: z.string(),
    collection: z.string(),
    ...ruleShape,
    ...fieldListShape,
    created_at: Timestamp,
    updated_at: Timestamp,
  })
  .meta({ id: 'Rules' });
export type Rules = z.infer<typeof Rules>;

export const OperationName = z.enum(['list', 'view', 'create', 'update', 'delete']);

const Explanation = z
  .object({
    operation: OperationName,
    allowed: z.boolean().meta({ description: 'Whether the caller gets as far as the rows at all.' }),
    reason: z.string(),
    collection_rule: z.string().nullable(),
    permissions: z
      .array(z.object({ rule: z.string(), fields: z.array(z.string()).nullable(), checks: z.array(Constraint) }))
      .meta({
        description: 'What the permissions of the role grant, filters and rule in one; one of these must hold.',
      }),
    macros: z
      .array(z.object({ call: z.string(), means: z.string() }))
      .meta({ description: 'Every macro that the rules call, with what it stands for.' }),
    predicate: z.string().nullable().meta({
      description: 'The whole expression that rows must satisfy, in canonical form; null: every row of the account.',
    }),
    sql: z.string().nullable().meta({ description: 'The same as SQL, values left out.' }),
    fields: z.array(z.string()).nullable().meta({
      description: 'Fields that the operation reads or writes; null: all. System fields can always be read.',
    }),
    masked_fields: z.array(z.string()).meta({ description: 'Personal data that the user sees masked.' }),
    record: z
      .object({
        passes: z.boolean(),
        parts: z.array(
          z.object({
            rule: z.string(),
            source: z.enum(['account', 'collection_rule', 'permission']),
            result: z.boolean().nullable().meta({ description: 'null: unknown, because a value is missing.' }),
          }),
        ),
      })
      .nullable()
      .meta({ description: 'With record_id: whether that row passes, and what each rule says about it.' }),
  })
  .meta({ id: 'Explanation' });
export type Explanation = z.infer<typeof Explanation>;

/** Who asks, about which row, with which body. */
export const RuleContext = z
  .object({
    auth: z
      .looseObject({})
      .nullable()
      .optional()
      .meta({ description: 'id, email, role, account_id, groups of the caller.' }),
    record: z.record(z.string(), z.unknown()).optional(),
    data: z.record(z.string(), z.unknown()).optional(),
  })
  .meta({ id: 'RuleContext' });
export type RuleContext = z.output<typeof RuleContext>;

const rulesOfPosts = {
  list_rule: '@owns_record()',
  view_rule: '@owns_record()',
  create_rule: null,
  update_rule: null,
  delete_rule: null,
  list_fields: '*' as const,
  view_fields: '*' as const,
  create_fields: ['title', 'content'],
  update_fields: ['title'],
};
const nameParam = z.object({ id: z.string().min(1).meta({ description: 'The name or the id of a collection.' }) });
const shown = {
  id: '0198c0de-7a11-7000-8000-3b2f5c0ffee1',
  collection_id: '0198c0de-7a11-7000-8000-3b2f5c0ffee1',
  collection: 'posts',
  ...rulesOfPosts,
  created_at: '2026-01-02T03:04:05.678Z',
  updated_at: '2026-01-02T03:04:05.678Z',
};

export const rules = room({
  get: {
    method: 'GET',
    path: '/api/v1/collections/:id/rules',
    summary: "Get a collection's rules",
    pathParams: nameParam,
    responses: { 200: Rules, ...errors('RESOURCE_NOT_FOUND') },
    metadata: reads('superadmin'),
    example: { params: { id: 'posts' }, reply: shown },
  },
  update: {
    method: 'PUT',
    path: '/api/v1/collections/:id/rules',
    summary: "Change a collection's rules",
    description: 'What is sent changes; null takes a rule away. It acts on the next request.',
    pathParams: nameParam,
    body: RulesChange,
    responses: { 200: Rules, ...errors('RESOURCE_NOT_FOUND', 'INVALID_RESOURCE_DATA', 'WRITE_CONFLICT') },
    metadata: writes('superadmin', 'collection.rules', { idempotent: 'natural' }),
    example: { params: { id: 'posts' }, body: { list_rule: '@owns_record()' }, reply: shown },
  },
  validate: {
    method: 'POST',
    path: '/api/v1/rules/validate',
    summary: 'Check whether a rule could be stored',
    pathParams: noParams,
    body: z
      .object({
        rule: z.string().max(8192),
        operation: OperationName.optional(),
        collection: z.string().optional().meta({ description: 'Check against the fields of this collection.' }),
        collectionFields: z
          .array(z.string())
          .max(500)
          .optional()
          .meta({ description: 'Without a collection: the names of its fields.' }),
      })
      .meta({ id: 'RuleToValidate' }),
    responses: {
      200: z
        .object({ valid: z.boolean(), canonical: z.string().nullable(), errors: z.array(ProblemEntry) })
        .meta({ id: 'RuleVerdict' }),
      ...errors('RESOURCE_NOT_FOUND'),
    },
    metadata: writes('account_admin', 'rule.validate', { idempotent: 'natural' }),
    example: {
      body: { rule: 'title = "x"', collection: 'posts' },
      reply: { valid: true, canonical: 'title = "x"', errors: [] },
    },
  },
  test: {
    method: 'POST',
    path: '/api/v1/rules/test',
    summary: 'Evaluate a rule on a row that you give',
    pathParams: noParams,
    body: z
      .object({
        rule: z.string().max(8192),
        collection: z.string().optional(),
        context: RuleContext.optional(),
      })
      .meta({ id: 'RuleToTest' }),
    responses: {
      200: z
        .object({ result: z.boolean().nullable(), allowed: z.boolean(), errors: z.array(ProblemEntry) })
        .meta({ id: 'RuleResult' }),
      ...errors('RESOURCE_NOT_FOUND'),
    },
    metadata: writes('account_admin', 'rule.test', { idempotent: 'natural' }),
    example: {
      body: { rule: '@owns_record()', context: { auth: { id: 'u1' }, record: { created_by: 'u1' } } },
      reply: { result: true, allowed: true, errors: [] },
    },
  },
  explain: {
    method: 'POST',
    path: '/api/v1/rules/explain',
    summary: 'Explain what hides rows and fields from a user',
    description:
      'For all five operations, or one: which rule, which permission, which predicate and which field list apply to the user.',
    pathParams: noParams,
    body: z
      .object({
        collection: z.string().min(1),
        user_id: z
          .string()
          .optional()
          .meta({ description: 'Default: yourself. Account admins: users of their account.' }),
        operation: OperationName.optional(),
        record_id: z.string().optional(),
      })
      .meta({ id: 'ToExplain' }),
    responses: {
      200: z
        .object({
          collection: z.string(),
          user_id: z.string().nullable(),
          role: z.string(),
          operations: z.array(Explanation),
        })
        .meta({ id: 'Explanations' }),
      ...errors('RESOURCE_NOT_FOUND'),
    },
    metadata: writes('account_admin', 'rule.explain', { idempotent: 'natural' }),
    example: {
      body: { collection: 'posts', operation: 'list' },
      reply: {
        collection: 'main.posts',
        user_id: '0198c0de-7a11-7000-8000-3b2f5c0ffee2',
        role: 'admin',
        operations: [
          {
            operation: 'list',
            allowed: true,
            reason: 'the collection rule applies',
            collection_rule: '@owns_record()',
            permissions: [],
            macros: [{ call: '@owns_record()', means: 'created_by = @request.auth.id' }],
            predicate: '@owns_record()',
            sql: '(("created_by" = $1::text))',
            fields: null,
            masked_fields: [],
            record: null,
          },
        ],
      },
    },
  },
});
