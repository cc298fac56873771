// What can be asked of a list of records: as parameters, and as a body.
import { z } from './kit.ts';
import { ProjectedRecord } from './record-shapes.ts';
import { boolParam, intParam } from './shapes.ts';

export const Expand = z.string().max(4000).meta({
  description:
    'Comma list of references to show as records in place, nested to 4 (`author,author.company`); and of those that refer here: `comments_via_post(limit=5;sort=-created_at)`.',
  example: 'author',
});

const Linked = z.string().max(4000).meta({
  description:
    '`true` adds `_linked`: the records of all other apps that are the same person or thing (identity_kind and identity_key); a comma list of app ids, those of these.',
});

const Search = z.string().max(1000).meta({
  description:
    'Words that the searchable fields hold: all of them, `"a phrase"`, `this or that`, `-not`, `begin*`. Without a sort the best come first.',
});

/** Query of a list. Any further parameter is a filter: `{field}=value`. */
export const ListQuery = z
  .object({
    skip: intParam({ min: 0 }).default(0).meta({ description: 'Records to skip.' }),
    limit: intParam({ min: 1, max: 100 }).default(30).meta({ description: 'Records per page.' }),
    sort: z.string().max(1000).optional().meta({
      description: 'Comma list of fields; `-` before a name descends, `+` or nothing ascends. Default -created_at.',
      example: '-created_at,title',
    }),
    fields: z
      .string()
      .max(8000)
      .optional()
      .meta({ description: 'Comma list of the fields to answer; id always stays.', example: 'id,title' }),
    filter: z.string().max(16_384).optional().meta({
      description: 'A condition as text (`rank > 3 && title ~ "a"`), or the JSON of a where.',
      example: 'published = true',
    }),
    search: Search.optional(),
    expand: Expand.optional(),
    cursor: z.string().max(8000).optional().meta({
      description: 'next_cursor of the page before; empty for the first. The sort must be the same.',
    }),
    cursor_before: z.string().max(8000).optional().meta({
      description: 'prev_cursor of a page: answers the page in front of it.',
    }),
    count: z.enum(['exact', 'estimated', 'false']).optional().meta({
      description: 'How total is found: exact (the default), estimated from statistics, or false for not at all.',
    }),
    include_count: boolParam.optional().meta({ description: 'Same as count: true is exact, false is false.' }),
    linked: Linked.optional(),
    deleted: z.enum(['without', 'with', 'only']).optional().meta({
      description:
        'Records that are softly deleted: without (the default), with, only. The others need the right to delete.',
    }),
  })
  .catchall(z.string());
export type ListQuery = z.output<typeof ListQuery>;

const names = z.union([z.string().max(8000), z.array(z.string().max(200)).max(200)]);
/** Body of a query. What is out of range is refused with 400 by the name of its key. */
export const RecordQueryBody = z
  .strictObject({
    where: z
      .record(z.string(), z.unknown())
      .optional()
      .meta({ description: 'Conditions by field, or $and, $or, $not.', example: { published: true } }),
    filter: z.string().max(16_384).optional().meta({ description: 'The same as text; both must hold.' }),
    search: Search.optional(),
    orderBy: names.optional().meta({ description: 'A field or several, as sort.' }),
    order: z.enum(['asc', 'desc']).optional().meta({ description: 'Direction of orderBy fields without a sign.' }),
    sort: names.optional().meta({ description: 'As in the list: `-` before a name descends.' }),
    fields: names.optional(),
    expand: names.optional(),
    skip: z.int().optional(),
    offset: z.int().optional().meta({ description: 'Same as skip.' }),
    limit: z.int().optional().meta({ description: '1 to 100, default 30.' }),
    cursor: z.string().max(8000).optional(),
    cursor_before: z.string().max(8000).optional(),
    count: z.union([z.boolean(), z.enum(['exact', 'estimated'])]).optional(),
    linked: z.union([z.boolean(), z.array(z.string().max(100)).max(100)]).optional(),
    deleted: z.enum(['without', 'with', 'only']).optional(),
  })
  .meta({ id: 'RecordQuery' });
export type RecordQueryBody = z.output<typeof RecordQueryBody>;

export const RecordPage = z
  .object({
    items: z.array(ProjectedRecord),
    total: z
      .int()
      .nullable()
      .meta({ description: 'All records that match, whatever skip and limit are; null with count=false.' }),
    skip: z.int(),
    limit: z.int(),
    next_cursor: z.string().nullable().meta({ description: 'For the next page; null at the end.' }),
    prev_cursor: z.string().nullable().meta({ description: 'For cursor_before; null at the beginning.' }),
    has_more: z.boolean(),
  })
  .meta({ id: 'RecordPage' });
