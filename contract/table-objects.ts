// What a collection declares beside its fields: indexes, checks, and the identity that its records share with those of other apps.
import { z } from './kit.ts';

const objectName = z
  .string()
  .regex(
    /^[A-Za-z_][A-Za-z0-9_]{0,99}$/,
    'Use letters, digits and underscores, at most 100; begin with a letter or underscore.',
  )
  .meta({ description: 'A name of your own; one is made from the columns when it is left out.' });
const expression = z.string().min(1).max(4096);

/** `"title"`, `{"column": "title", "sort": "desc"}`, `{"expr": "lower(title)"}`. */
const IndexColumn = z.preprocess(
  (input) => (typeof input === 'string' ? { column: input } : input),
  z
    .strictObject({
      column: z.string().min(1).max(100).optional(),
      expr: expression.optional().meta({ description: 'An expression instead of a column, as `lower(email)`.' }),
      sort: z.enum(['asc', 'desc']).default('asc'),
      nulls: z.enum(['first', 'last']).optional().meta({ description: 'Where records without a value stand.' }),
    })
    .refine(
      ({ column, expr }) => (column === undefined) !== (expr === undefined),
      'Name a column or an expr, one of the two.',
    ),
);

const lower = (input: unknown) => (typeof input === 'string' ? input.toLowerCase() : input);

/** `using` is accepted for method. */
export const TableIndex = z
  .preprocess(
    (input) => {
      if (typeof input !== 'object' || input === null || !('using' in input) || 'method' in input) return input;
      const { using, ...rest } = input;
      return { ...rest, method: using };
    },
    z.strictObject({
      name: objectName.optional(),
      columns: z.array(IndexColumn).min(1).max(16),
      unique: z.boolean().default(false).meta({ description: 'No two live records of one account are equal in it.' }),
      method: z
        .preprocess(lower, z.enum(['btree', 'hash', 'gin', 'gist', 'spgist', 'brin']))
        .default('btree')
        .meta({
          description:
            'btree and brin lead with the account by themselves; hash and spgist (text) take one column; gin takes json, text[] and number[] fields; gist has no operators for the types of fields and is refused.',
        }),
      where: expression.optional().meta({
        description: 'Only records for which this holds, as `status = "open"`; no variables, no macros, no now().',
      }),
    }),
  )
  .meta({ id: 'TableIndex' });
export type TableIndex = z.output<typeof TableIndex>;

export const TableCheck = z
  .strictObject({
    name: objectName.optional(),
    expr: expression.meta({ description: 'What every record must satisfy, as `ends_at > starts_at`; unknown passes.' }),
  })
  .meta({ id: 'TableCheck' });
export type TableCheck = z.output<typeof TableCheck>;

/** The keys that a definition may have for them. */
export const tableObjects = {
  indexes: z
    .array(TableIndex)
    .max(64)
    .optional()
    .meta({ description: 'Replaces all declared indexes when it is sent.' }),
  checks: z.array(TableCheck).max(64).optional().meta({ description: 'Replaces all declared checks when it is sent.' }),
  identity_kind: z
    .string()
    .regex(/^[a-z][a-z0-9_]{0,62}$/, 'Use small letters, digits and underscores, at most 63; begin with a letter.')
    .nullable()
    .optional()
    .meta({
      description: 'What the records are, in a word that apps share: `contact`. Goes with identity_key.',
      example: 'contact',
    }),
  identity_key: z
    .string()
    .max(100)
    .nullable()
    .optional()
    .meta({ description: 'The field by whose value records of several apps are the same: `email`.', example: 'email' }),
} as const;
