// The document of a collection for one caller: only what he may read or write of it.
import { createHash } from 'node:crypto';
import type { Field } from '../../contract/fields.ts';
import { Failure } from '../../contract/problems.ts';
import { collectionSchema } from '../../openapi/collection-schema.ts';
import type { Decide, Operation } from '../access/decide.ts';
import { Answer, type Ctx } from '../context.ts';
import { DatabaseFault, DatabaseUnavailable } from '../db/errors.ts';
import type { CollectionDef } from '../schema/collection-def.ts';
import { shownName } from '../schema/names.ts';
import { optional } from './documents.ts';
import type { Definitions, Opening } from './open.ts';

const OPERATIONS: readonly Operation[] = ['view', 'list', 'create', 'update'];

export interface SchemaParts {
  readonly opening: Opening;
  readonly definitions: Definitions;
  readonly decide: Decide;
}

/** Throws as opening the collection for reading does, and RESOURCE_SCHEMA_ERROR for a definition that cannot be read. */
export const createSchema =
  ({ opening, definitions, decide }: SchemaParts) =>
  async (ctx: Ctx, name: string) => {
    const { def, open, set } = await readable({ opening, decide }, ctx, name);
    const fields = (await stored(def))
      .filter((field) => open === null || open.has(field.name))
      .map((field) => (set.has(field.name) ? optional(field) : field));
    const schema = collectionSchema({ name: shownName(def), fields });
    const hash = createHash('sha256').update(JSON.stringify(schema)).digest('base64url').slice(0, 22);
    return new Answer(schema, { ETag: `"${hash}"`, 'Cache-Control': 'private, no-cache' });

    async function stored(of: CollectionDef): Promise<readonly Field[]> {
      try {
        const found = await definitions.stored(of.qualifiedName);
        if (found !== undefined) return found;
      } catch (error) {
        if (error instanceof DatabaseUnavailable) throw error;
        if (error instanceof DatabaseFault && error.code === '57014') throw new Failure('STATEMENT_TIMEOUT');
        throw new Failure('RESOURCE_SCHEMA_ERROR', {}, [], { cause: error });
      }
      throw new Failure('RESOURCE_NOT_FOUND');
    }
  };

/** The fields of all operations that the caller may do, null: every one; and those that a create sets for him. Refused where he may do none. */
async function readable({ opening, decide }: Pick<SchemaParts, 'opening' | 'decide'>, ctx: Ctx, name: string) {
  const first = await opening.open({ ctx, name, operation: 'view' }).catch((error) => {
    if (error instanceof Failure && (error.code === 'FORBIDDEN' || error.code === 'KEY_PERMISSION_DENIED'))
      return error;
    throw error;
  });
  const { def, scope } = first instanceof Failure ? await opening.open({ ctx, name, operation: 'create' }) : first;
  const open = new Set<string>();
  const set = new Set<string>();
  let every = false;
  for (const operation of OPERATIONS) {
    try {
      const { fields, checks } = decide(ctx, { def, operation, namedAccount: scope.accountId, management: true });
      every ||= fields === null;
      for (const field of fields ?? []) open.add(field);
      for (const { field, sets } of operation === 'create' ? checks : []) if (sets !== null) set.add(field);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
    }
  }
  return { def, open: every ? null : new Set([...open, ...set]), set };
}
