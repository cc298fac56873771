// What a tool takes and answers, as JSON Schema: the fields of its collection as far as the caller may write or see them.
import type { Field } from '../../contract/fields.ts';
import { bodySchema, type DocumentedCollection } from '../../openapi/collection-components.ts';
import { SYSTEM_PROPERTIES, valueJsonSchema } from '../../openapi/collection-schema.ts';
import { MOST_ROWS, USUAL_ROWS } from './arguments.ts';
import type { Verb } from './verbs.ts';

type Schema = Readonly<Record<string, unknown>>;

const object = (properties: Readonly<Record<string, unknown>>, required: readonly string[] = []): Schema => ({
  type: 'object',
  properties,
  ...(required.length > 0 && { required }),
  additionalProperties: false,
});

const id = { type: 'string', format: 'uuid', description: 'Id of the record.' };
const names = (description: string) => ({
  anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }],
  description,
});
const fields = names('The fields to answer, as a list or with commas; id always stays. All without it.');
const where = {
  type: 'object',
  description:
    'Conditions by field, all of which must hold: {"stage":"lead"} or {"amount":{"$gt":10}}. Operators: $eq $ne $gt $gte $lt $lte $like $ilike $match $in $nin $contains $isNull; $and and $or take lists of conditions, $not one.',
  additionalProperties: true,
};

const account = {
  type: 'string',
  description: 'Id or slug of the account that the record is for: you belong to none.',
};

/** The body of a create; of one who may write to every account and has named none, with the account. */
function dataSchema(collection: DocumentedCollection, accountless: boolean): Schema {
  const schema = bodySchema(collection, false);
  if (!accountless) return schema;
  return {
    ...schema,
    properties: { ...(schema.properties as object), account_id: account },
    required: [...((schema.required as string[] | undefined) ?? []), 'account_id'],
  };
}

/** The arguments of a tool. */
export function inputSchema(verb: Verb, collection: DocumentedCollection, accountless: boolean): Schema {
  switch (verb) {
    case 'query':
      return object({
        where,
        orderBy: names(
          'The field to order by, or several; created_at without it. A sign (`-rank`) decides for one field.',
        ),
        order: { type: 'string', enum: ['asc', 'desc'], default: 'desc', description: 'Direction of orderBy.' },
        limit: { type: 'integer', minimum: 1, maximum: MOST_ROWS, default: USUAL_ROWS },
        offset: { type: 'integer', minimum: 0, default: 0, description: 'Records to skip.' },
        fields,
        linked: {
          anyOf: [{ type: 'boolean' }, { type: 'array', items: { type: 'string' } }],
          description: 'Adds what other apps know of the same thing: true for all apps, or their ids.',
        },
      });
    case 'get':
      return object({ id, fields }, ['id']);
    case 'create':
      return object({ data: dataSchema(collection, accountless) }, ['data']);
    case 'update':
      return object({ id, data: bodySchema(collection, true) }, ['id', 'data']);
    case 'delete':
      return object({ id }, ['id']);
    case 'bulk_create':
      return object(
        { records: { type: 'array', minItems: 1, maxItems: MOST_ROWS, items: dataSchema(collection, accountless) } },
        ['records'],
      );
  }
}

/**
 * A value as it is read: its type alone. Rows that were stored under an older definition need not satisfy the bounds of today's,
 * and a client refuses results that do not fit.
 */
function readable(field: Field): Schema {
  const { type, items } = valueJsonSchema(field) as { type?: string; items?: { type: string } };
  return {
    ...(type !== undefined && { type: [type === 'integer' ? 'number' : type, 'null'] }),
    ...(items !== undefined && { items: { type: items.type } }),
    ...(field.description !== undefined && { description: field.description }),
  };
}

function recordSchema({ open, softDelete }: DocumentedCollection, of: 'list' | 'view'): Schema {
  const system = Object.keys(SYSTEM_PROPERTIES).filter((name) => softDelete || name !== 'deleted_at');
  return {
    type: 'object',
    properties: {
      ...Object.fromEntries(system.map((name) => [name, { type: ['string', 'null'] }])),
      ...Object.fromEntries((open[of] ?? []).map((field) => [field.name, readable(field)])),
      id: { type: 'string' },
    },
    required: ['id'],
  };
}

/** The structured content of a tool's result. */
export function outputSchema(verb: Verb, collection: DocumentedCollection): Schema {
  const whole = (properties: Readonly<Record<string, unknown>>) => ({
    type: 'object',
    properties,
    required: Object.keys(properties),
  });
  switch (verb) {
    case 'query':
      return whole({ data: { type: 'array', items: recordSchema(collection, 'list') }, total: { type: 'integer' } });
    case 'delete':
      return whole({ id: { type: 'string' }, deleted: { type: 'boolean' } });
    case 'bulk_create':
      return whole({ created: { type: 'array', items: recordSchema(collection, 'view') }, count: { type: 'integer' } });
    default:
      return recordSchema(collection, 'view');
  }
}
