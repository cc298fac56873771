// Resources: the OpenAPI documents and the schemas of collections, as far as the caller may see them.
import { invalidParameter } from '../../contract/problems.ts';
import type { Answer, Ctx, RawJson } from '../context.ts';
import type { Records } from '../records/service.ts';
import type { Listing } from './listing.ts';

export type RecordsForResources = Pick<Records, 'schema'> & {
  readonly documents: Pick<Records['documents'], 'system' | 'openapi'>;
};

const WHOLE = 'snackbase://openapi.json';
const ONE = /^snackbase:\/\/collections\/([^/?#]{1,300})\/(openapi\.json|schema)$/;
/** Characters of one document; the whole API with some hundreds of collections stays below. */
const MOST_DOCUMENT = 32_000_000;
const JSON_TYPE = 'application/json';
const SCHEMA_TYPE = 'application/schema+json';

/** Documents of a collection whose name the client fills in. */
export const TEMPLATES = [
  {
    uriTemplate: 'snackbase://collections/{name}/openapi.json',
    name: 'OpenAPI of a collection',
    description: 'The operations on a collection that you may call.',
    mimeType: JSON_TYPE,
  },
  {
    uriTemplate: 'snackbase://collections/{name}/schema',
    name: 'JSON Schema of a collection',
    description: 'What a record of a collection may hold.',
    mimeType: SCHEMA_TYPE,
  },
];

/** One page of resources; the whole API stands on the first. */
export function resourcesOf(listing: Listing, ctx: Ctx, after: string | undefined) {
  const { found, next } = listing.collections(ctx, after);
  const whole = {
    uri: WHOLE,
    name: 'openapi.json',
    title: 'OpenAPI of this server',
    description: 'Every endpoint, with the collections that you may see.',
    mimeType: JSON_TYPE,
  };
  const each = found.flatMap(({ name, description }) => [
    {
      uri: `snackbase://collections/${name}/openapi.json`,
      name: `${name}/openapi.json`,
      title: `OpenAPI of ${name}`,
      ...(description && { description }),
      mimeType: JSON_TYPE,
    },
    {
      uri: `snackbase://collections/${name}/schema`,
      name: `${name}/schema`,
      title: `JSON Schema of ${name}`,
      ...(description && { description }),
      mimeType: SCHEMA_TYPE,
    },
  ]);
  return { resources: after === undefined ? [whole, ...each] : each, next };
}

/** The text of a resource, undefined for an address that names none. Throws as the endpoints of these documents do. */
export async function readResource(records: RecordsForResources, ctx: Ctx, uri: string) {
  if (uri === WHOLE) return { uri, mimeType: JSON_TYPE, text: textOf(await records.documents.system(ctx)) };
  const [, encoded, kind] = ONE.exec(uri) ?? [];
  const name = encoded === undefined ? undefined : decoded(encoded);
  if (name === undefined) return undefined;
  if (kind === 'schema')
    return { uri, mimeType: SCHEMA_TYPE, text: JSON.stringify((await records.schema(ctx, name)).body) };
  return { uri, mimeType: JSON_TYPE, text: textOf(await records.documents.openapi(ctx, name)) };
}

function textOf({ body }: Answer<RawJson>): string {
  if (body.json.length <= MOST_DOCUMENT) return body.json;
  const how = 'read the documents of the collections that you need, or GET /openapi.json';
  throw invalidParameter('uri', `this document is too large for a reply: ${how}`, 'document_too_large');
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
