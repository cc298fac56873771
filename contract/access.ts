// Route metadata: who may call, how it is limited, what a retry does, what the audit calls it and whether agents see it.

/**
 * Who may call a route.
 * `anyone` needs no credential · `user` any signed-in caller · `account_admin` the account's role admin (superadmins too)
 * · `superadmin` superadmins and admin tokens · `rules` decided by collection rules and role permissions for each request.
 */
export type Who = 'anyone' | 'user' | 'account_admin' | 'superadmin' | 'rules';

/** Limit class: `open` is never limited (probes, documents); `auth` is the strict one that slows password guessing. */
export type Rate = 'open' | 'auth' | 'read' | 'write' | 'bulk';

export interface Access {
  readonly who: Who;
  readonly rate: Rate;
  /** `safe` reads only · `natural` repeating has the same outcome · `key` repeats are made safe by an Idempotency-Key · `none`. */
  readonly idempotent: 'safe' | 'natural' | 'key' | 'none';
  /** The verb that the audit trail records, or null for a route that changes nothing. */
  readonly audit: string | null;
  /** The MCP tool verb this route appears as, or false. */
  readonly mcp: 'query' | 'get' | 'create' | 'update' | 'delete' | 'bulk_create' | false;
  /** Credentials that the URL may carry, of streams: their clients cannot send headers. */
  readonly inUrl?: readonly ('ticket' | 'token')[];
  /** The code for a body that does not fit the contract, where it is not the usual one (`bodyRefusal`). */
  readonly refusal?: 'INVALID_REQUEST' | 'INVALID_RESOURCE_DATA';
  /** A scope of API keys that opens the route to those whose owner may call it, as `apps.deploy`. */
  readonly keyScope?: string;
  /** The service judges the body itself, so that it can tell every problem at once; `yaml` is accepted beside JSON. */
  readonly ownBody?: 'yaml';
  /** Query parameters that may stand several times; their values come as a list. */
  readonly repeated?: readonly string[];
}

/**
 * How a body of the wrong form is refused: of records as wrong data, of a query as wrong parameters (400), and where something is
 * managed as a request that is none (422).
 */
export const bodyRefusal = ({ who, audit, refusal }: Access) =>
  refusal ?? (who !== 'rules' ? 'INVALID_REQUEST' : audit === null ? 'INVALID_QUERY_PARAMS' : 'INVALID_RESOURCE_DATA');

const reading = { rate: 'read', idempotent: 'safe', audit: null, mcp: false } as const;

/** Metadata of a route that only reads. */
export const reads = <const W extends Who>(who: W, more: Partial<Access> = {}): Access => ({
  ...reading,
  who,
  ...more,
});

/** Metadata of a route that changes something; `audit` is the verb that the trail records, as `user.create`. */
export const writes = <const W extends Who>(who: W, audit: string, more: Partial<Access> = {}): Access => ({
  who,
  rate: 'write',
  idempotent: 'key',
  audit,
  mcp: false,
  ...more,
});
