// Federation: one query over the entities of all apps whose records are of one kind.
import { reads } from './access.ts';
import { EntityQuery, shownContact } from './app-records.ts';
import { room, z } from './kit.ts';
import { errors } from './problems.ts';
import { ProjectedRecord } from './record-shapes.ts';

const FederatedRecord = ProjectedRecord.extend({
  _source: z.object({ app: z.string(), entity: z.string() }).meta({ description: 'Where the record is.' }),
}).meta({ id: 'FederatedRecord' });

export const federation = room({
  query: {
    method: 'POST',
    path: '/api/v1/federated/:identityKind/query',
    summary: 'Query the records of one kind in all apps',
    description:
      'All entities that declare the identity kind and that you may list. A field that an entity lacks is null there; numbers and dates are ordered as such across apps.',
    pathParams: z.object({
      identityKind: z.string().min(1).meta({ description: 'As manifests declare it.', example: 'contact' }),
    }),
    body: EntityQuery,
    responses: {
      200: z.object({ data: z.array(FederatedRecord), total: z.int() }).meta({ id: 'FederatedPage' }),
      ...errors(
        'INVALID_FIELDS',
        'INVALID_QUERY_PARAMS',
        'RESOURCE_FETCH_ERROR',
        'STATEMENT_TIMEOUT',
        'RESOURCE_NOT_FOUND',
      ),
    },
    metadata: reads('rules'),
    example: {
      params: { identityKind: 'contact' },
      body: { where: { email: { $ilike: '%@example.com' } }, orderBy: 'created_at', limit: 50 },
      reply: { data: [{ ...shownContact, _source: { app: 'crm', entity: 'contacts' } }], total: 1 },
    },
  },
});
