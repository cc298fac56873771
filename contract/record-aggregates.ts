// Totals over records: functions, groups, conditions on the results.
import { reads } from './access.ts';
import { type Room, z } from './kit.ts';
import { errors } from './problems.ts';
import { found, inCollection } from './record-shapes.ts';
import { intParam } from './shapes.ts';

/** Query of an aggregate. Any further parameter is a filter: `{field}=value`. */
export const AggregateQuery = z
  .object({
    functions: z.string().min(1).max(4000).meta({
      description:
        'Comma list of count(), count(f), sum(f), avg(f), min(f), max(f). A result is called count, count_f, sum_f …',
      example: 'count(),avg(rank)',
    }),
    group_by: z.string().max(4000).optional().meta({
      description: 'Comma list of fields, or of year(f), month(f), week(f), day(f), hour(f) of a moment (in UTC).',
      example: 'published,month(created_at)',
    }),
    filter: z.string().max(16_384).optional().meta({ description: 'As in the list.' }),
    having: z.string().max(4096).optional().meta({
      description: 'A condition on results and groups.',
      example: 'count > 2 and avg_rank >= 1',
    }),
    sort: z.string().max(4000).optional().meta({ description: 'Comma list of results or groups, `-` descends.' }),
    skip: intParam({ min: 0 }).default(0),
    limit: intParam({ min: 1, max: 1000 }).default(100),
  })
  .catchall(z.string());
export type AggregateQuery = z.output<typeof AggregateQuery>;

export const aggregates = {
  aggregate: {
    method: 'GET',
    path: '/api/v1/records/:collection/aggregate',
    summary: 'Totals over records',
    description:
      'Over the records that the list would show. Without group_by there is one result; fields that you may not see, or see masked, are unknown.',
    pathParams: inCollection,
    query: AggregateQuery,
    responses: {
      200: z
        .object({
          results: z.array(z.record(z.string(), z.unknown())),
          total_groups: z.int().meta({ description: 'All groups, whatever skip and limit are.' }),
        })
        .meta({ id: 'Aggregates' }),
      ...errors('INVALID_FIELDS', 'INVALID_QUERY_PARAMS', 'RESOURCE_FETCH_ERROR'),
      ...found,
    },
    metadata: reads('rules'),
    example: {
      params: { collection: 'posts' },
      query: { functions: 'count()', group_by: 'published', having: 'count > 0', sort: '-count' },
      reply: { results: [{ published: true, count: 3 }], total_groups: 1 },
    },
  },
} as const satisfies Room;
