// What the routes of records share: path parameters, the record itself, its errors and the example that runs through them.
import { z } from './kit.ts';
import { errors } from './problems.ts';
import { Id, Timestamp } from './shapes.ts';

export const inCollection = z.object({
  collection: z.string().min(1).meta({ description: 'Name of the collection.', example: 'posts' }),
});
export const oneRecord = z.object({
  collection: z.string().min(1).meta({ description: 'Name of the collection.', example: 'posts' }),
  id: z.string().min(1).meta({ description: 'Id of the record.' }),
});

/** A record: the system fields and the collection's own. */
export const StoredRecord = z
  .looseObject({
    id: Id,
    account_id: z.string(),
    created_at: Timestamp,
    updated_at: Timestamp,
    created_by: z.string().nullable(),
    updated_by: z.string().nullable(),
  })
  .meta({ id: 'Record', description: 'System fields and the fields of the collection.' });

/** A record with a projection applied: `id` is always there. */
export const ProjectedRecord = z.looseObject({ id: Id }).meta({ id: 'ProjectedRecord' });

/** A body of any JSON object: the collection's definition decides what is right. */
export const RecordBody = z
  .record(z.string(), z.unknown())
  .meta({ id: 'RecordBody', description: 'The fields of the collection.' });

export const post = { title: 'Getting started', content: 'A first post.', published: true };
export const shown = {
  id: '0198c0de-7a11-7000-8000-3b2f5c0ffee1',
  account_id: 'AB1234',
  created_at: '2026-01-02T03:04:05.678Z',
  updated_at: '2026-01-02T03:04:05.678Z',
  created_by: '0198c0de-7a11-7000-8000-3b2f5c0ffee2',
  updated_by: '0198c0de-7a11-7000-8000-3b2f5c0ffee2',
  ...post,
};
export const page = {
  items: [shown],
  total: 1,
  skip: 0,
  limit: 10,
  next_cursor: null,
  prev_cursor: null,
  has_more: false,
};
export const params = { collection: 'posts', id: shown.id };
export const found = errors('RESOURCE_NOT_FOUND', 'RESOURCE_DISABLED', 'STATEMENT_TIMEOUT');
export const stored = errors(
  'INVALID_RESOURCE_DATA',
  'INVALID_FIELDS',
  'RELATION_REFERENCE_ERROR',
  'RESOURCE_CONFLICT',
  'ADMIN_TOKEN_NOT_ALLOWED',
  'PRECONDITION_FAILED',
);
