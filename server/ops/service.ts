// Operations: probes and the documents of the contract.
import { Answer, RawJson } from '../context.ts';
import type { Database } from '../db/database.ts';
import { VERSION } from '../version.ts';

const SERVICE = 'SnackBase';
const REVALIDATED = { 'Cache-Control': 'no-cache' };

export interface OpsOptions {
  readonly db: Database;
  /** The OpenAPI document; made when it is first asked for, because few starts need it. */
  readonly document: () => Promise<object>;
  readonly yaml: (document: object) => Promise<string>;
  readonly page: () => Promise<Answer<string>>;
}

export type Ops = ReturnType<typeof createOps>;

export function createOps({ db, document, yaml, page }: OpsOptions) {
  let made: Promise<{ json: RawJson; document: object }> | undefined;
  const documents = () => {
    made ??= document().then((value) => ({ document: value, json: new RawJson(JSON.stringify(value)) }));
    return made;
  };
  return {
    health: () => ({ status: 'healthy' as const, service: SERVICE, version: VERSION }),
    live: () => ({ status: 'alive' as const, service: SERVICE, version: VERSION }),
    /** Throws DatabaseUnavailable, which is answered as 503. */
    async ready() {
      await db.ping();
      return { status: 'ready' as const, service: SERVICE, version: VERSION, database: 'connected' as const };
    },
    version: () => ({ name: SERVICE, version: VERSION, api_version: 'v1' }),
    document: async () => new Answer((await documents()).json, REVALIDATED),
    documentYaml: async () => new Answer(await yaml((await documents()).document), REVALIDATED),
    docs: page,
  };
}
