// Assembles custom endpoints: definitions in memory, their managing, their calls and their part of the documents.
import type { DocumentedEndpoint } from '../../../openapi/endpoint-document.ts';
import type { MacroSource } from '../../access/rule.ts';
import type { Accounts } from '../../accounts/service.ts';
import type { Recorder } from '../../audit/service.ts';
import { AS_ACCOUNT, type Ctx } from '../../context.ts';
import type { Database } from '../../db/database.ts';
import type { Logger } from '../../db/log.ts';
import type { CollectionDef } from '../../schema/collection-def.ts';
import type { ActionService } from '../actions/service.ts';
import type { Storing } from '../actions/written.ts';
import { createDefinitions } from '../definitions.ts';
import { runAsProblem } from '../run-as.ts';
import { actingRole } from '../store.ts';
import { compileEndpoint } from './compile.ts';
import { createDispatch } from './dispatch.ts';
import { createExecutions } from './executions.ts';
import { EndpointMap } from './find.ts';
import { createReadyEndpoints } from './ready.ts';
import { createEndpoints } from './service.ts';
import { allEnabled, type EndpointRow, routes, type StoredRoute } from './store.ts';

export interface EndpointRoomOptions {
  readonly db: Database;
  readonly log?: Logger | undefined;
  readonly accounts: Pick<Accounts, 'scope' | 'onDelete'>;
  readonly trail: Recorder;
  readonly macros: MacroSource;
  readonly collections: {
    get(name: string): CollectionDef | undefined;
    onChange(fn: () => void): unknown;
  };
  readonly actions: Pick<ActionService, 'runAll'>;
  /** Of jobs. */
  readonly handlers: () => readonly string[];
  readonly checkUrl: Storing['checkUrl'];
}

export type EndpointRoom = Awaited<ReturnType<typeof createEndpointRoom>>;

/** Subscribes to the definitions. Rejects with DatabaseUnavailable. Close it before the database. */
export async function createEndpointRoom(options: EndpointRoomOptions) {
  const { db, log, accounts, trail, macros, collections, actions, handlers, checkUrl } = options;
  const definitions = await createDefinitions<StoredRoute, EndpointMap>({
    db,
    log,
    kind: 'endpoints',
    select: routes,
    value: new EndpointMap(),
  });
  const executions = createExecutions({ db, log });
  const parts = () => ({ definitionOf: (name: string) => collections.get(name), macros, handlers: handlers() });
  const judge = (row: Pick<EndpointRow, 'path' | 'settings'>) =>
    compileEndpoint(row, {
      ...parts(),
      storing: { checkUrl, asAccount: row.settings.run_as === AS_ACCOUNT.name },
    });
  const ready = createReadyEndpoints({ db, macros, parts });
  collections.onChange(ready.forget);
  const roleOf = (name: string) => actingRole(db, name);
  const dispatch = createDispatch({
    db,
    log,
    actions,
    executions,
    endpoints: () => definitions.value,
    refresh: () => definitions.current(db),
    ready: ready.read,
    roleOf,
  });

  return {
    service: createEndpoints({
      ...{ db, accounts, trail, definitions, executions, judge, onStored: ready.hold },
      // `caller` is whoever calls.
      runAsProblem: (name) => runAsProblem(db, name, ['caller']),
    }),
    dispatch,
    /** What of the documents is the caller's: the endpoints of his account, for superadmins of the one that they name. */
    async documented({ caller, accountHeader }: Ctx): Promise<readonly DocumentedEndpoint[]> {
      const account = caller?.superadmin ? accountHeader : caller?.accountId;
      const own = account == null ? undefined : definitions.value.get(account);
      const rows = own === undefined ? [] : await allEnabled(db, own.id);
      return rows.map(({ id, name, description, method, path, settings }) => ({
        id,
        name,
        description,
        method,
        path,
        authRequired: settings.auth_required,
        inputSchema: settings.input_schema,
        querySchema: settings.query_schema,
        status: settings.response_template?.status ?? 200,
      }));
    },
    async close(): Promise<void> {
      await dispatch.close();
      await definitions.close();
    },
  };
}
