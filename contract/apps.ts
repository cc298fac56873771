// Apps: namespaces of collections that come from manifests. Deploying one brings its tables to what the manifest says.
import { reads, writes } from './access.ts';
import { noBody, noParams, room, z } from './kit.ts';
import { Manifest } from './manifest.ts';
import { errors } from './problems.ts';
import { boolParam, Id, pageOf, pageQuery, Timestamp } from './shapes.ts';

export const SchemaChange = z
  .object({
    entity: z.string(),
    change_type: z.string().meta({ description: 'create_table, add_column, alter_type, drop_index …' }),
    column: z.string().meta({ description: 'The field; empty where the change is about the whole table.' }),
    detail: z.string().nullable(),
    destructive: z.boolean().optional().meta({ description: 'Data goes with it. Told when rows are counted.' }),
    rows: z.int().nullable().optional().meta({ description: 'Rows that it touches, with count_rows=true.' }),
  })
  .meta({ id: 'SchemaChange' });

export const App = z
  .object({
    id: z.string(),
    name: z.string(),
    version: z.string().nullable(),
    description: z.string().nullable(),
    type: z.string(),
    entities: z.array(z.string()).meta({ description: 'Names of its collections.' }),
    revision: z.int().meta({ description: 'Grows with each deploy that changed something.' }),
    created_at: Timestamp,
    updated_at: Timestamp,
  })
  .meta({ id: 'App' });
export type App = z.infer<typeof App>;
const AppWithManifest = App.extend({ manifest: z.record(z.string(), z.unknown()) }).meta({ id: 'AppWithManifest' });

const Outcome = z
  .object({
    app: z.string(),
    revision: z.int(),
    applied: z.boolean().meta({ description: 'False for a dry run.' }),
    compliant: z.boolean().meta({ description: 'The tables were already as the manifest says.' }),
    changes: z.array(SchemaChange).meta({ description: 'Of the tables, in the order in which they are made.' }),
    settings: z
      .array(
        z.object({
          entity: z.string(),
          setting: z.string().meta({ description: 'list_rule, enabled, permissions, fields.email.max_length …' }),
          detail: z.string().nullable().meta({ description: 'What it becomes, as JSON where that is short.' }),
        }),
      )
      .meta({ description: 'What changes beside the tables: access, state, what the server itself judges values by.' }),
  })
  .meta({ id: 'DeployOutcome' });
export type DeployOutcome = z.infer<typeof Outcome>;

const Deployment = z
  .object({
    id: Id,
    app: z.string(),
    revision: z.int(),
    changes: z.array(SchemaChange),
    manifest: z.record(z.string(), z.unknown()),
    deployed_by: z.record(z.string(), z.unknown()).nullable().meta({ description: 'Who: {kind, user_id, …}.' }),
    created_at: Timestamp,
  })
  .meta({ id: 'Deployment' });

const ObjectId = z.int().meta({ description: 'Of the database; a replaced object has a new one.' });
const live = {
  name: z.string().meta({ description: 'As it was declared; as physical_name where it has no name of its own.' }),
  physical_name: z.string(),
  object_id: ObjectId,
  managed: z.boolean().meta({ description: 'Made and kept by the schema sync; others are never touched.' }),
  columns: z.array(z.string()),
  definition: z.string().meta({ description: 'As the database prints it.' }),
};
const LiveObject = z.object(live);
const LiveTable = z
  .object({
    name: z.string(),
    physical_name: z.string(),
    object_id: ObjectId,
    columns: z.array(
      z.object({
        name: z.string(),
        type: z.string().meta({ description: 'As definitions spell it.' }),
        required: z.boolean(),
        default: z.string().nullable().meta({ description: 'As SQL.' }),
      }),
    ),
    primary_key: LiveObject.nullable(),
    foreign_keys: z.array(
      z.object({ ...live, target: z.string(), on_delete: z.enum(['restrict', 'cascade', 'set_null']) }),
    ),
    indexes: z.array(z.object({ ...live, unique: z.boolean(), method: z.string() })),
    checks: z.array(LiveObject),
  })
  .meta({ id: 'LiveTable' });
export type LiveTable = z.infer<typeof LiveTable>;

const flags = {
  dry_run: boolParam.optional().meta({ description: 'Checks and plans; changes nothing.' }),
  allow_destructive: boolParam
    .optional()
    .meta({ description: 'false leaves columns and tables that the manifest no longer names. Default true.' }),
  count_rows: boolParam.optional().meta({ description: 'Tells of each change how many rows it touches.' }),
};
const DeployQuery = z.strictObject(flags);
export type DeployQuery = z.output<typeof DeployQuery>;

const appParam = z.object({ appId: z.string().min(1).meta({ description: 'Id of the app.', example: 'crm' }) });
const params = { appId: 'crm' };
const contacts = {
  entity_name: 'contacts',
  fields: [
    { name: 'first_name', type: 'text', required: true },
    { name: 'email', type: 'text' },
    { name: 'stage', type: 'text', enum: ['lead', 'qualified'], default: 'lead' },
  ],
  identity_kind: 'contact',
  identity_key: 'email',
  indexes: [{ columns: [{ column: 'stage' }] }],
};
const manifest = { app_id: 'crm', name: 'CRM', version: '1.0.0', data_contract: [contacts] };
const at = '2026-01-02T03:04:05.678Z';
const shown = {
  id: 'crm',
  name: 'CRM',
  version: '1.0.0',
  description: null,
  type: 'app',
  entities: ['contacts'],
  revision: 1,
  created_at: at,
  updated_at: at,
};
const changes = [{ entity: 'contacts', change_type: 'create_table', column: '', detail: '3 fields' }];
const outcome = { app: 'crm', revision: 1, applied: true, compliant: false, changes, settings: [] };
const refused = errors(
  'COLLECTION_REFERENCED',
  'APP_MANAGED',
  'SCHEMA_SYNC_FAILED',
  'WRITE_CONFLICT',
  'INVALID_REQUEST',
);
const missing = errors('RESOURCE_NOT_FOUND');
/** A manifest is read by its room, which tells every problem at once; it may be YAML. */
const deploys = { ownBody: 'yaml', keyScope: 'apps.deploy' } as const;

export const apps = room({
  list: {
    method: 'GET',
    path: '/api/v1/apps',
    summary: 'List apps',
    pathParams: noParams,
    query: z.strictObject(pageQuery),
    responses: { 200: pageOf(App) },
    metadata: reads('superadmin', { keyScope: 'apps.deploy' }),
    example: { reply: { items: [shown], total: 1, skip: 0, limit: 25, page: 1, page_size: 25, total_pages: 1 } },
  },
  deploy: {
    method: 'POST',
    path: '/api/v1/apps',
    summary: 'Deploy an app',
    description:
      'Creates the app or brings it to what the manifest says, in one transaction: tables, columns, indexes, checks and keys. Fields and entities that the manifest no longer names are dropped with their data. The body is JSON or YAML.',
    pathParams: noParams,
    query: DeployQuery,
    body: Manifest,
    responses: { 200: Outcome, ...refused },
    metadata: writes('superadmin', 'app.deploy', { rate: 'bulk', ...deploys }),
    example: { body: manifest, reply: outcome },
  },
  verify: {
    method: 'POST',
    path: '/api/v1/apps/schema/verify',
    summary: 'Compare a manifest with the tables',
    description: 'The same as a dry run of a deploy.',
    pathParams: noParams,
    query: DeployQuery,
    body: Manifest,
    responses: { 200: Outcome, ...refused },
    metadata: reads('superadmin', deploys),
    example: { body: manifest, reply: { ...outcome, applied: false } },
  },
  get: {
    method: 'GET',
    path: '/api/v1/apps/:appId',
    summary: 'Get an app with its manifest',
    pathParams: appParam,
    responses: { 200: AppWithManifest, ...missing },
    metadata: reads('superadmin', { keyScope: 'apps.deploy' }),
    example: { params, reply: { ...shown, manifest } },
  },
  replace: {
    method: 'PUT',
    path: '/api/v1/apps/:appId',
    summary: 'Deploy an app under its address',
    pathParams: appParam,
    query: DeployQuery,
    body: Manifest,
    responses: { 200: Outcome, ...refused },
    metadata: writes('superadmin', 'app.deploy', { rate: 'bulk', idempotent: 'natural', ...deploys }),
    example: { params, body: manifest, reply: outcome },
  },
  schema: {
    method: 'GET',
    path: '/api/v1/apps/:appId/schema',
    summary: 'Get the tables of an app as they are',
    pathParams: appParam,
    responses: { 200: z.object({ tables: z.array(LiveTable) }).meta({ id: 'LiveSchema' }), ...missing },
    metadata: reads('superadmin', { keyScope: 'apps.deploy' }),
    example: {
      params,
      reply: {
        tables: [
          {
            name: 'contacts',
            physical_name: 'app_crm.contacts',
            object_id: 16_402,
            columns: [{ name: 'email', type: 'text', required: false, default: null }],
            primary_key: {
              name: 'contacts_id$pk_0123456789',
              physical_name: 'contacts_id$pk_0123456789',
              object_id: 16_410,
              managed: true,
              columns: ['id'],
              definition: 'PRIMARY KEY (id)',
            },
            foreign_keys: [],
            indexes: [],
            checks: [],
          },
        ],
      },
    },
  },
  deployments: {
    method: 'GET',
    path: '/api/v1/apps/:appId/deployments',
    summary: 'List what deploys changed',
    description: 'Newest first; those of a deleted app are kept.',
    pathParams: appParam,
    query: z.strictObject(pageQuery),
    responses: { 200: pageOf(Deployment), ...missing },
    metadata: reads('superadmin', { keyScope: 'apps.deploy' }),
    example: {
      params,
      reply: {
        items: [
          {
            id: '0198c0de-7a11-7000-8000-3b2f5c0ffee8',
            app: 'crm',
            revision: 1,
            changes,
            manifest,
            deployed_by: { kind: 'user', user_id: '0198c0de-7a11-7000-8000-3b2f5c0ffee2' },
            created_at: at,
          },
        ],
        total: 1,
        skip: 0,
        limit: 25,
        page: 1,
        page_size: 25,
        total_pages: 1,
      },
    },
  },
  delete: {
    method: 'DELETE',
    path: '/api/v1/apps/:appId',
    summary: 'Delete an app with its collections and records',
    description: 'Refused while collections of other apps refer to it. Its deployments stay known.',
    pathParams: appParam,
    responses: { 204: noBody, ...missing, ...refused },
    metadata: writes('superadmin', 'app.delete', { idempotent: 'natural', keyScope: 'apps.deploy' }),
    example: { params },
  },
});
