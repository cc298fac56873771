// Rooms without a server: what a test of one room needs of its neighbours.
import type { Grants } from '../../server/access/grants.ts';
import { NO_MACROS } from '../../server/access/rule.ts';
import { ruleProblems } from '../../server/access/rule-check.ts';
import { type Recorder, unsealed } from '../../server/audit/service.ts';
import type { CollectionRegistry } from '../../server/collections/registry.ts';
import { createCollections } from '../../server/collections/service.ts';
import type { Database } from '../../server/db/database.ts';
import { createCollectionPermissions } from '../../server/permissions/service.ts';

/** Changes of permissions are stored but told to nobody. */
export const untold: Pick<Grants, 'publish'> = { publish: async () => {} };

/** The collections room with no named macros. */
export const collectionsOf = (db: Database, registry: CollectionRegistry, trail: Recorder = unsealed) =>
  createCollections({
    db,
    registry,
    macros: NO_MACROS,
    permissions: createCollectionPermissions({
      grants: untold,
      checkRule: (text, fields, use, at) => ruleProblems(text, fields, use, NO_MACROS, at),
      trail,
    }),
    trail,
  });
