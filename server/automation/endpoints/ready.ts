// Endpoints ready to run: their definitions are read and compiled when they are first called.
import type { MacroSource } from '../../access/rule.ts';
import type { Database } from '../../db/database.ts';
import { type Bounds, createReady } from '../ready.ts';
import { type CompiledEndpoint, type CompileParts, compileEndpoint } from './compile.ts';
import { type EndpointRow, findEnabled, revisionOf } from './store.ts';

export interface ReadyEndpoint {
  readonly endpoint: EndpointRow;
  readonly revision: number;
  readonly compiled: CompiledEndpoint;
}

export interface ReadyEndpointsOptions {
  readonly db: Database;
  readonly macros: MacroSource;
  readonly parts: () => CompileParts;
  /** Smaller in tests. */
  readonly bounds?: Bounds | undefined;
}

export type ReadyEndpoints = ReturnType<typeof createReadyEndpoints>;

const numbered = (row: EndpointRow) => ({ ...row, revision: revisionOf(row) });

export function createReadyEndpoints({ db, macros, parts, bounds }: ReadyEndpointsOptions) {
  const kept = createReady<EndpointRow & { readonly revision: number }, Promise<ReadyEndpoint>>({
    async read(run, id) {
      const row = await findEnabled(run, id);
      return row === null ? null : numbered(row);
    },
    async compile({ revision, ...endpoint }) {
      const { compiled } = await compileEndpoint(endpoint, parts());
      return { endpoint, revision, compiled };
    },
    version: () => macros.version,
    bounds,
  });
  return {
    /** As it is stored now; null where it is gone or disabled. */
    read: async (asked: { readonly id: string; readonly revision: number }): Promise<ReadyEndpoint | null> =>
      kept.read(db, asked),
    /** Of one that was stored just now, so that its first call reads nothing. */
    hold: (row: EndpointRow) => kept.of(numbered(row)),
    forget: kept.forget,
  };
}
