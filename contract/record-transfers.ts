// Whole collections in and out: export as it is read, import as it arrives.
import { reads, writes } from './access.ts';
import { type Room, text, upload, z } from './kit.ts';
import { errors, ProblemEntry } from './problems.ts';
import { found, inCollection } from './record-shapes.ts';
import { boolParam, intParam } from './shapes.ts';

const Format = z.enum(['ndjson', 'csv']);

/** Query of an export. Any further parameter is a filter: `{field}=value`. */
export const ExportQuery = z
  .object({
    format: Format.default('ndjson').meta({ description: 'One JSON object a line, or CSV with a header.' }),
    fields: z.string().max(8000).optional().meta({ description: 'Comma list of the fields, all without it.' }),
    filter: z.string().max(16_384).optional().meta({ description: 'As in the list.' }),
    search: z.string().max(1000).optional().meta({ description: 'As in the list.' }),
    sort: z.string().max(1000).optional().meta({ description: 'As in the list; in the order of creation without it.' }),
    deleted: z.enum(['without', 'with', 'only']).optional().meta({ description: 'As in the list.' }),
  })
  .catchall(z.string());
export type ExportQuery = z.output<typeof ExportQuery>;

export const ImportQuery = z.strictObject({
  format: Format.optional().meta({ description: 'Where the content type does not say it.' }),
  map: z.string().max(8000).optional().meta({
    description: 'Comma list of `column:field`, for columns of other names; `column:` leaves one out.',
    example: 'Title:title,Notes:',
  }),
  upsert_by: z.string().max(100).optional().meta({
    description: 'A unique field: rows whose value is there change that record, and need the right to update.',
  }),
  delimiter: z.string().length(1).optional().meta({ description: 'Of CSV; a comma without it.' }),
  null: z.string().max(20).optional().meta({
    description: 'Text of CSV that means null. An empty cell means that the field is not sent.',
  }),
  atomic: boolParam
    .optional()
    .meta({ description: 'All rows or none. Without it good rows are stored, bad ones reported.' }),
  dry_run: boolParam.optional().meta({ description: 'Tries everything and stores nothing.' }),
  progress: boolParam.optional().meta({
    description: 'Answers events while it works, one JSON object a line: progress, reject, done or error.',
  }),
  skip: intParam({ min: 0 }).default(0).meta({ description: 'Rows to leave out at the beginning.' }),
});
export type ImportQuery = z.output<typeof ImportQuery>;

const ImportSummary = z
  .object({
    dry_run: z.boolean(),
    rows: z.int().meta({ description: 'Rows that were read.' }),
    created: z.int(),
    updated: z.int(),
    rejected: z.int(),
    rejects: z
      .array(
        z.object({
          line: z.int().meta({ description: 'Where the row begins, from 1.' }),
          errors: z.array(ProblemEntry),
        }),
      )
      .meta({ description: 'The first 100; with progress=true all are told.' }),
  })
  .meta({ id: 'ImportSummary' });
export type ImportSummary = z.output<typeof ImportSummary>;

export const transfers = {
  export: {
    method: 'GET',
    path: '/api/v1/records/:collection/export',
    summary: 'Export records',
    description:
      'All records that the list would show, in one reply that is made while it is sent. Personal data is masked as everywhere.',
    pathParams: inCollection,
    query: ExportQuery,
    responses: {
      200: text('application/x-ndjson'),
      ...errors('INVALID_FIELDS', 'INVALID_QUERY_PARAMS', 'RESOURCE_FETCH_ERROR'),
      ...found,
    },
    metadata: reads('rules', { rate: 'bulk' }),
    example: {
      params: { collection: 'posts' },
      query: { format: 'csv', fields: 'id,title' },
      reply: 'id,title\n0198c0de-7a11-7000-8000-3b2f5c0ffee1,Getting started\n',
    },
  },
  import: {
    method: 'POST',
    path: '/api/v1/records/:collection/import',
    summary: 'Import records',
    description:
      'NDJSON, or CSV with a header whose columns are fields; of bytes without a type `format` says which. Rows are stored while they arrive, in groups; system fields are ignored as in every body.',
    pathParams: inCollection,
    query: ImportQuery,
    body: upload('application/x-ndjson', 'text/csv', 'application/octet-stream'),
    responses: {
      200: ImportSummary,
      ...errors('INVALID_RESOURCE_DATA', 'INVALID_FIELDS', 'INVALID_QUERY_PARAMS'),
      ...errors('RESOURCE_STORE_ERROR'),
      ...errors('ADMIN_TOKEN_NOT_ALLOWED'),
      ...errors('UNSUPPORTED_MEDIA_TYPE'),
      ...found,
    },
    metadata: writes('rules', 'import', { rate: 'bulk', idempotent: 'none' }),
    example: {
      params: { collection: 'posts' },
      body: '{"title":"Getting started","content":"A first post."}\n',
      reply: { dry_run: false, rows: 1, created: 1, updated: 0, rejected: 0, rejects: [] },
    },
  },
} as const satisfies Room;
