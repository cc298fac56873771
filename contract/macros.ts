// Named macros: rule expressions that rules call as `@name()`. Superadmins only.
import { reads, writes } from './access.ts';
import { noBody, noParams, room, z } from './kit.ts';
import { errors, ProblemEntry } from './problems.ts';
import { RuleContext } from './rules.ts';
import { idParam, intParam, Timestamp } from './shapes.ts';

export const Macro = z
  .object({
    id: z.int(),
    name: z.string(),
    description: z.string().nullable(),
    expression: z.string().meta({ description: 'In canonical form.' }),
    sql_query: z.string().meta({ description: 'The same as expression, for clients that know it by this name.' }),
    parameters: z.array(z.string()).meta({ description: 'Always empty: a macro holds one expression.' }),
    created_at: Timestamp,
    updated_at: Timestamp,
  })
  .meta({ id: 'Macro' });
export type Macro = z.infer<typeof Macro>;

/** `sql_query` is another spelling of `expression`. */
const spelled = (input: unknown) => {
  if (typeof input !== 'object' || input === null || !('sql_query' in input) || 'expression' in input) return input;
  const { sql_query: expression, ...rest } = input;
  return { ...rest, expression };
};
const settings = {
  name: z.string().meta({ description: 'Letters, digits and underscore, at most 100; not that of a built-in macro.' }),
  description: z.string().max(500).nullable().optional(),
  expression: z.string().max(8192).meta({ description: 'A rule expression; it may call other macros.' }),
  parameters: z.array(z.string()).max(0).optional().meta({ description: 'Accepted when empty.' }),
};

const at = '2026-01-02T03:04:05.678Z';
const expression = "@owns_record() or @has_role('editor')";
const shown = {
  id: 1,
  name: 'may_edit',
  description: 'Authors and editors',
  expression,
  sql_query: expression,
  parameters: [],
  created_at: at,
  updated_at: at,
};
const params = { id: '1' };
const missing = errors('RESOURCE_NOT_FOUND');

export const macros = room({
  list: {
    method: 'GET',
    path: '/api/v1/macros',
    summary: 'List macros',
    pathParams: noParams,
    query: z.strictObject({
      skip: intParam({ min: 0 }).default(0),
      limit: intParam({ min: 1, max: 1000 }).default(100),
    }),
    responses: { 200: z.object({ items: z.array(Macro), total: z.int(), skip: z.int(), limit: z.int() }) },
    metadata: reads('superadmin'),
    example: { reply: { items: [shown], total: 1, skip: 0, limit: 100 } },
  },
  create: {
    method: 'POST',
    path: '/api/v1/macros',
    summary: 'Create a macro',
    description: 'Rules call it as `@name()`. Fields that it names are looked up in the collection of the rule.',
    pathParams: noParams,
    body: z.preprocess(spelled, z.strictObject(settings)).meta({ id: 'MacroInput' }),
    responses: { 201: Macro, ...errors('INVALID_RESOURCE_DATA', 'CONFLICT') },
    metadata: writes('superadmin', 'macro.create'),
    example: { body: { name: 'may_edit', description: 'Authors and editors', expression }, reply: shown },
  },
  get: {
    method: 'GET',
    path: '/api/v1/macros/:id',
    summary: 'Get a macro',
    pathParams: idParam,
    responses: { 200: Macro, ...missing },
    metadata: reads('superadmin'),
    example: { params, reply: shown },
  },
  update: {
    method: 'PUT',
    path: '/api/v1/macros/:id',
    summary: 'Change a macro',
    description: 'What is sent changes, for every rule that calls it. Refused when one of these could no longer run.',
    pathParams: idParam,
    body: z.preprocess(spelled, z.strictObject(settings).partial()).meta({ id: 'MacroChange' }),
    responses: { 200: Macro, ...missing, ...errors('INVALID_RESOURCE_DATA', 'CONFLICT') },
    metadata: writes('superadmin', 'macro.update', { idempotent: 'natural' }),
    example: { params, body: { description: 'Those who edit' }, reply: { ...shown, description: 'Those who edit' } },
  },
  delete: {
    method: 'DELETE',
    path: '/api/v1/macros/:id',
    summary: 'Delete a macro that no rule calls',
    pathParams: idParam,
    responses: { 204: noBody, ...missing, ...errors('MACRO_IN_USE') },
    metadata: writes('superadmin', 'macro.delete', { idempotent: 'natural' }),
    example: { params },
  },
  test: {
    method: 'POST',
    path: '/api/v1/macros/:id/test',
    summary: 'Evaluate a macro on a row that you give',
    pathParams: idParam,
    body: z
      .strictObject({ parameters: settings.parameters, context: RuleContext.optional() })
      .meta({ id: 'MacroToTest' }),
    responses: {
      200: z
        .object({
          result: z.boolean().nullable().meta({ description: 'null: unknown, because a value is missing.' }),
          errors: z.array(ProblemEntry),
          execution_time: z.number().meta({ description: 'Milliseconds.' }),
          rows_affected: z.literal(0),
        })
        .meta({ id: 'MacroResult' }),
      ...missing,
    },
    metadata: writes('superadmin', 'macro.test', { idempotent: 'natural' }),
    example: {
      params,
      body: { context: { auth: { id: 'u1' }, record: { created_by: 'u1' } } },
      reply: { result: true, errors: [], execution_time: 0.1, rows_affected: 0 },
    },
  },
});
