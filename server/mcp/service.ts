// MCP: collections as tools and documents as resources, for whoever may use them over REST.
import type { McpMessage } from '../../contract/mcp.ts';
import { Failure } from '../../contract/problems.ts';
import { Accepted, type Answer, type Caller, type Ctx, type Live, RawJson, requireCaller } from '../context.ts';
import type { Logger } from '../db/log.ts';
import type { Records } from '../records/service.ts';
import { createListeners } from './listeners.ts';
import { createListing, type ListingParts } from './listing.ts';
import { loadedOnce } from './loading.ts';
import { createStates } from './states.ts';

export interface McpOptions {
  readonly definitions: ListingParts['definitions'];
  readonly records: Records;
  /** Another text whenever a permission or a macro has changed. */
  readonly rules: () => string;
  /** Calls back after every change of who somebody is. */
  readonly onCallers: (fn: (concerns: (caller: Caller) => boolean) => void) => void;
  readonly log?: Logger;
}

export type Mcp = ReturnType<typeof createMcp>;

export function createMcp({ definitions, records, rules, onCallers, log }: McpOptions) {
  const listing = createListing({ definitions, open: records.documents.open });
  const states = createStates({ stateOf: listing.state, rules });
  const listeners = createListeners({ stateOf: states.of, rules, log });
  definitions.onChange(() => {
    states.forget();
    listeners.doubt();
  });
  onCallers((concerns) => listeners.doubt(({ caller }) => caller !== null && concerns(caller)));
  const protocol = loadedOnce(async () => {
    const { loadProtocol } = await import('./protocol.ts');
    return loadProtocol({ listing, records, log });
  });

  /** What every request must be, before its body is read. Throws UNAUTHORIZED, FORBIDDEN, NOT_ACCEPTABLE and INVALID_HEADER. */
  const gate = (type: 'application/json' | 'text/event-stream') => ({
    admit: async ({ ctx }: { readonly ctx: Ctx }): Promise<void> => {
      requireCaller(ctx);
      if (ctx.foreignOrigin) throw new Failure('FORBIDDEN', { reason: 'pages of other sites may not call this' });
      if (!accepts(ctx.accepts, type)) throw new Failure('NOT_ACCEPTABLE', { type });
      const { protocolVersion } = ctx;
      if (protocolVersion == null) return;
      const { versions } = await protocol();
      if (!versions.includes(protocolVersion)) throw unknownVersion(versions);
    },
  });

  return {
    messages: gate('application/json'),
    notifications: gate('text/event-stream'),

    async exchange(ctx: Ctx, body: McpMessage | McpMessage[]): Promise<RawJson | Accepted> {
      const { exchange } = await protocol();
      const replies = await exchange(ctx, Array.isArray(body) ? body : [body]);
      if (replies.length === 0) return new Accepted();
      return new RawJson(Array.isArray(body) ? `[${replies.join()}]` : (replies[0] as string));
    },

    listen: (ctx: Ctx): Answer<Live> => listeners.open(ctx),

    close: listeners.close,
  };
}

/** Whether an Accept header allows a type; without one everything is allowed. */
function accepts(header: string | null | undefined, type: string): boolean {
  if (header == null || header.trim() === '') return true;
  return header.split(',').some((range) => {
    const [name = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    if (parameters.some((parameter) => /^q=0(\.0*)?$/.test(parameter))) return false;
    return name === type || name === '*/*' || name === `${type.split('/')[0]}/*`;
  });
}

function unknownVersion(versions: readonly string[]): Failure {
  const reason = `send one of ${versions.join(', ')}`;
  return new Failure('INVALID_HEADER', { name: 'MCP-Protocol-Version', reason }, [
    { field: 'MCP-Protocol-Version', code: 'unknown_version', message: reason },
  ]);
}
