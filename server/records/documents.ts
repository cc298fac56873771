// OpenAPI for real collections: which of them, which operations and which fields a caller may know.
import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Field } from '../../contract/fields.ts';
import { Failure } from '../../contract/problems.ts';
import type { DocumentedCollection, Face } from '../../openapi/collection-document.ts';
import type { DocumentedEndpoint } from '../../openapi/endpoint-document.ts';
import type { Decide, Operation } from '../access/decide.ts';
import { Answer, type Ctx, RawJson } from '../context.ts';
import type { CollectionDef } from '../schema/collection-def.ts';
import { shownName } from '../schema/names.ts';
import { type Definitions, enabledCollection } from './open.ts';

export interface DocumentParts {
  readonly definitions: Definitions;
  readonly decide: Decide;
  /** The document of the contract alone. */
  readonly base: () => Promise<object>;
  /** Custom endpoints that a caller is told of. */
  readonly endpoints: (ctx: Ctx) => Promise<readonly DocumentedEndpoint[]>;
}

const OPERATIONS: readonly Operation[] = ['list', 'view', 'create', 'update', 'delete'];
/** Documents kept as text; callers of one role share theirs. */
const KEPT = 20;

/** A field as who may not see personal data reads it: a text, whatever it is. */
const masked = ({ name, description }: Field): Field => ({
  name,
  type: 'text',
  required: false,
  unique: false,
  pii: true,
  description: `Personal data, masked for you.${description === undefined ? '' : ` ${description}`}`,
});

/** A field that is set for the caller. */
export const optional = (field: Field): Field => ({ ...field, required: false }) as Field;

export function createCollectionDocuments({ definitions, decide, base, endpoints }: DocumentParts) {
  const kept = new LRUCache<string, { readonly document: object; readonly text: string }>({ max: KEPT });

  /** What the caller may know of a collection, null for nothing. */
  function documented(ctx: Ctx, def: CollectionDef): DocumentedCollection | null {
    const open: { [O in Operation]?: readonly Field[] } = {};
    for (const operation of OPERATIONS) {
      try {
        const { fields, unmasked, checks } = decide(ctx, { def, operation, namedAccount: ctx.caller?.accountId ?? '' });
        const hides = (field: Field) =>
          field.pii === true && !unmasked && (operation === 'list' || operation === 'view');
        const set = new Set(checks.flatMap(({ sets, field }) => (sets === null ? [] : [field])));
        open[operation] = def.shown
          .filter(({ name }) => fields === null || fields.has(name) || set.has(name))
          .map(({ field }) => (hides(field) ? masked(field) : set.has(field.name) ? optional(field) : field));
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
      }
    }
    if (Object.keys(open).length === 0) return null;
    const name = shownName(def);
    return { name, description: def.description, softDelete: def.softDelete, open };
  }

  /** `face`: the document of one collection on it; null: the system's with all of them. */
  async function made(
    collections: readonly DocumentedCollection[],
    face: Face | null,
    own: readonly DocumentedEndpoint[] = [],
  ) {
    const key = createHash('sha256')
      .update(JSON.stringify([face, collections, own]))
      .digest('base64url');
    let known = kept.get(key);
    if (known === undefined) {
      const { collectionDocument, documentWith } = await import('../../openapi/collection-document.ts');
      const { withEndpoints } = await import('../../openapi/endpoint-document.ts');
      const start = (await base()) as never;
      const document =
        face === null
          ? withEndpoints(documentWith(start, collections), own)
          : collectionDocument(start, collections[0] as DocumentedCollection, face);
      known = { document, text: JSON.stringify(document) };
      kept.set(key, known);
    }
    return { ...known, headers: { 'Cache-Control': 'private, no-cache' }, tag: `"${key.slice(0, 22)}"` };
  }

  async function one(ctx: Ctx, name: string, face: Face) {
    const found = documented(ctx, await enabledCollection(definitions, ctx, name));
    if (found !== null) return made([found], face);
    if (ctx.caller === null) throw new Failure('UNAUTHORIZED');
    throw new Failure('FORBIDDEN', { reason: `nothing of ${name} is open to you` });
  }

  const all = async (ctx: Ctx) => {
    const visible = definitions.all().filter(({ enabled }) => enabled);
    const found = visible
      .sort((a, b) => (a.qualifiedName < b.qualifiedName ? -1 : 1))
      .flatMap((def) => documented(ctx, def) ?? []);
    return made(found, null, await endpoints(ctx));
  };
  const json = ({ text, tag, headers }: Awaited<ReturnType<typeof made>>) =>
    new Answer(new RawJson(text, tag), headers);
  const yaml = async ({ document, tag, headers }: Awaited<ReturnType<typeof made>>) => {
    const { toYaml } = await import('../../openapi/generate.ts');
    return new Answer(toYaml(document), { ...headers, ETag: tag });
  };

  return {
    /** What the caller may do with a collection and the fields of each operation, null for nothing. */
    open: (ctx: Ctx, def: CollectionDef): DocumentedCollection | null => (def.enabled ? documented(ctx, def) : null),
    /** One collection. Throws RESOURCE_NOT_FOUND, RESOURCE_DISABLED, UNAUTHORIZED and FORBIDDEN. */
    openapi: async (ctx: Ctx, name: string, face: Face = 'records') => json(await one(ctx, name, face)),
    openapiYaml: async (ctx: Ctx, name: string, face: Face = 'records') => yaml(await one(ctx, name, face)),
    /** The contract and every collection of which the caller may do anything. */
    system: async (ctx: Ctx) => json(await all(ctx)),
    systemYaml: async (ctx: Ctx) => yaml(await all(ctx)),
  };
}
