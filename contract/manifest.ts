// The manifest of an app: what it is called, and the entities that become its collections.
import { definition, SPELLINGS, spelled } from './collections.ts';
import { z } from './kit.ts';

const { name, schema, ...rest } = definition;

export const Entity = z
  .preprocess(
    spelled({ ...SPELLINGS, schema: 'fields', fields: 'fields', entityName: 'entity_name', name: 'entity_name' }),
    z.strictObject({ entity_name: name, fields: schema, ...rest }),
  )
  .meta({
    id: 'ManifestEntity',
    description: 'Keys may be written as in collections or in camel case: `entityName`, `identityKind`, `softDelete`.',
  });
export type Entity = z.output<typeof Entity>;

const MANIFEST_SPELLINGS = { appId: 'app_id', dataContract: 'data_contract', entities: 'data_contract' };

export const AppId = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,62}$/, 'Use small letters, digits and underscores, at most 63; begin with a letter.')
  .meta({ description: 'Names the app in addresses and permissions.', example: 'crm' });

export const manifestShape = {
  app_id: AppId,
  name: z.string().max(200).optional(),
  version: z.string().max(100).optional().meta({ description: 'For people; the server counts revisions itself.' }),
  description: z.string().max(2000).optional(),
  type: z.enum(['app', 'integration', 'agent']).optional(),
  icon: z.string().max(2048).optional(),
  instructions: z.string().max(20_000).optional().meta({ description: 'For agents that work with the app.' }),
  data_contract: z
    .array(Entity)
    .max(500)
    .default([])
    .meta({ description: 'The entities. `entities` is accepted too.' }),
};

export const Manifest = z
  .preprocess(spelled(MANIFEST_SPELLINGS), z.strictObject(manifestShape))
  .meta({ id: 'Manifest', description: '`appId` and `dataContract` are accepted for app_id and data_contract.' });
export type Manifest = z.output<typeof Manifest>;

/** The manifest with its keys in one spelling and its entities unread, so that each can be judged by itself. */
export const ManifestOutline = z.preprocess(
  spelled(MANIFEST_SPELLINGS),
  z.strictObject({ ...manifestShape, data_contract: z.array(z.unknown()).max(500).default([]) }),
);
