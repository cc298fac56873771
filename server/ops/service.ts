// Operations: probes and the documents of the contract.
import type { Answer, Ctx, RawJson } from '../context.ts';
import type { Database } from '../db/database.ts';
import { VERSION } from '../version.ts';

const SERVICE = 'SnackBase';

export interface OpsOptions {
  readonly db: Database;
  /** The contract with the collections that a caller may see. */
  readonly documents: {
    system(ctx: Ctx): Promise<Answer<RawJson>>;
    systemYaml(ctx: Ctx): Promise<Answer<string>>;
  };
  readonly page: () => Promise<Answer<string>>;
}

export type Ops = ReturnType<typeof createOps>;

export function createOps({ db, documents, page }: OpsOptions) {
  return {
    health: () => ({ status: 'healthy' as const, service: SERVICE, version: VERSION }),
    live: () => ({ status: 'alive' as const, service: SERVICE, version: VERSION }),
    /** Throws DatabaseUnavailable, which is answered as 503. */
    async ready() {
      await db.ping();
      return { status: 'ready' as const, service: SERVICE, version: VERSION, database: 'connected' as const };
    },
    version: () => ({ name: SERVICE, version: VERSION, api_version: 'v1' }),
    document: documents.system,
    documentYaml: documents.systemYaml,
    docs: page,
  };
}
