// The beginning of every call on records: the collection, the decision, and a second try when another process changed the table.
import type { Field } from '../../contract/fields.ts';
import { Failure, invalidData } from '../../contract/problems.ts';
import type { Decide, Operation, RecordScope } from '../access/decide.ts';
import { passes } from '../access/rule.ts';
import { withData } from '../access/scope.ts';
import type { Ctx } from '../context.ts';
import type { CollectionDef } from '../schema/collection-def.ts';
import { type Body, newRow, type Prepared } from './body.ts';
import { isStaleSchema, recordFault, type Work } from './faults.ts';

/** Where the definitions come from. */
export interface Definitions {
  /** The current definition, undefined when there is no such collection. */
  find(name: string): CollectionDef | undefined | Promise<CollectionDef | undefined>;
  /** The same as far as this process knows. */
  get(name: string): CollectionDef | undefined;
  /** Reads the definition anew, because a statement met another table than the one it was made for. */
  refresh(name: string): Promise<CollectionDef | undefined>;
  /** Every collection that this process knows. */
  all(): CollectionDef[];
  onChange(fn: (collectionId: string) => void): void;
  /** The fields as the database has them now. Throws where they cannot be read. */
  stored(name: string): Promise<readonly Field[] | undefined>;
}

export interface OpeningOptions {
  readonly definitions: Definitions;
  /** The id of the account named by id or slug, null when there is none. */
  readonly resolveAccount: (name: string) => Promise<string | null>;
  readonly decide: Decide;
  readonly inTurn: InTurn;
}

/** Does what is opened; writes that have hooks when it is their account's turn. */
export type InTurn = <T>(opened: Opened, operation: Operation, work: () => Promise<T>) => Promise<T>;

export interface Opened {
  readonly ctx: Ctx;
  readonly def: CollectionDef;
  readonly scope: RecordScope;
}

/** What a call is about. */
export interface Call {
  readonly ctx: Ctx;
  readonly name: string;
  readonly operation: Operation;
  /** Of the endpoints for management: the id of the account that the call names. */
  readonly managed?: string;
}

/** How often a call starts anew because a definition was replaced under it. */
export const ATTEMPTS = 4;

export type Opening = ReturnType<typeof createOpening>;

/** The collection of that name, if it is there and enabled. Throws RESOURCE_NOT_FOUND, RESOURCE_DISABLED. */
export async function enabledCollection(definitions: Definitions, ctx: Ctx, name: string): Promise<CollectionDef> {
  const def = await definitions.find(name);
  if (def === undefined) throw new Failure('RESOURCE_NOT_FOUND');
  if (def.enabled) return def;
  throw ctx.caller === null
    ? new Failure('RESOURCE_NOT_FOUND')
    : new Failure('RESOURCE_DISABLED', { collection: name });
}

export function createOpening({ definitions, resolveAccount, decide, inTurn }: OpeningOptions) {
  /** The collection and what the caller may do with it. Throws RESOURCE_NOT_FOUND, RESOURCE_DISABLED and as `decide`. */
  async function open({ ctx, name, operation, managed }: Call): Promise<Opened> {
    if (
      ctx.caller?.kind === 'admin_token' &&
      managed === undefined &&
      (operation === 'create' || operation === 'update')
    )
      throw new Failure('ADMIN_TOKEN_NOT_ALLOWED');
    const def = await enabledCollection(definitions, ctx, name);
    const management = managed !== undefined;
    const subject = { def, operation, management, namedAccount: managed ?? null };
    // Without an account first: whoever is refused anyway must not learn which accounts there are.
    if (management || (ctx.caller !== null && !ctx.caller.superadmin)) return { ctx, def, scope: decide(ctx, subject) };
    const probe = ctx.accountHeader === null ? null : '';
    const scope = decide(ctx, { ...subject, namedAccount: probe });
    if (ctx.accountHeader === null) return { ctx, def, scope };
    return { ctx, def, scope: decide(ctx, { ...subject, namedAccount: await named(ctx.accountHeader) }) };
  }

  async function named(account: string): Promise<string> {
    const id = await resolveAccount(account);
    if (id === null) throw new Failure('RESOURCE_NOT_FOUND');
    return id;
  }

  /** What the caller sees of rows in the same account, as whoever views one or lists them: null when nothing. */
  function viewOf({ ctx, def, scope }: Opened, operation: 'view' | 'list' = 'view'): RecordScope | null {
    try {
      return decide(ctx, { def, operation, namedAccount: scope.accountId });
    } catch (error) {
      if (error instanceof Failure) return null;
      throw error;
    }
  }

  /**
   * Opens and works; again when the table turned out to have changed under the definition. Changes that come faster than the
   * work are a WRITE_CONFLICT.
   */
  async function on<T>(call: Call, work: Work, run: (opened: Opened) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      const { def, ...opened } = await open(call);
      try {
        const found = { def, ...opened };
        return await inTurn(found, call.operation, () => run(found));
      } catch (error) {
        if (!isStaleSchema(error)) throw recordFault(error, work, def, opened.scope.fields);
        const fresh = await definitions.refresh(call.name);
        if (fresh?.id === def.id && fresh.revision === def.revision)
          throw recordFault(error, work, def, opened.scope.fields);
        if (attempt === ATTEMPTS) throw new Failure('WRITE_CONFLICT', {}, [], { cause: error });
      }
    }
  }

  /** A superadmin belongs to no tenant, so what he writes must say whose record it is. */
  async function bodyAccount(body: Body): Promise<string> {
    const account = body.account_id;
    if (typeof account !== 'string' || account === '')
      throw new Failure('ACCOUNT_REQUIRED', { how: 'send account_id in the body (or X-Account-ID)' });
    const id = await resolveAccount(account);
    if (id === null)
      throw invalidData({ field: 'account_id', code: 'invalid_reference', message: 'There is no such account.' });
    return id;
  }

  /** What a call may do, and what its caller sees of the outcome, as text that changes with either. Throws as `open`. */
  async function rights(call: Call): Promise<string> {
    const opened = await open(call);
    return [opened.scope, viewOf(opened)].map((scope) => scope && told(scope)).join(' | ');
  }

  return { open, on, viewOf, bodyAccount, rights };
}

const told = ({ accountId, key, fields, unmasked, checks }: RecordScope): string =>
  JSON.stringify([accountId, key, fields && [...fields].sort(), unmasked, ...checks.map(({ rule }) => rule.text)]);

/** The create rule judges the record as it will be. Throws FORBIDDEN. */
export function refuseForbidden(
  { ctx, def, scope }: Opened,
  made: { readonly id: string; readonly accountId: string; readonly body: Body; readonly sent?: Body },
): void {
  const at = new Date().toISOString();
  const by = ctx.caller?.userId ?? null;
  const system = {
    id: made.id,
    account_id: made.accountId,
    created_at: at,
    updated_at: at,
    created_by: by,
    updated_by: by,
  };
  const { rows, environment } = withData(scope, made.sent ?? made.body);
  if (passes(rows, { ...newRow(def, made.body), ...system }, environment)) return;
  throw new Failure('FORBIDDEN', { reason: 'the record does not satisfy the create rule' });
}

/** The fields of the body that were written. */
export const sentOf = (row: Prepared, body: Body) => row.columns.filter(({ name }) => Object.hasOwn(body, name));
