// What a caller is shown: the tools that he may call and the documents that he may read, page by page.
import { createHash } from 'node:crypto';
import type { Field } from '../../contract/fields.ts';
import type { DocumentedCollection } from '../../openapi/collection-document.ts';
import type { Ctx } from '../context.ts';
import type { CollectionDef } from '../schema/collection-def.ts';
import { shownName } from '../schema/names.ts';
import { cut } from '../text.ts';
import { type ToolNames, toolNames } from './names.ts';
import { inputSchema, outputSchema } from './schemas.ts';
import { hintsOf, operationOf, VERBS, type Verb } from './verbs.ts';

export interface ListingParts {
  readonly definitions: {
    all(): CollectionDef[];
    onChange(fn: () => void): void;
  };
  /** What the caller may do with a collection, null for nothing. */
  readonly open: (ctx: Ctx, def: CollectionDef) => DocumentedCollection | null;
}

interface Shown {
  readonly def: CollectionDef;
  readonly collection: DocumentedCollection;
}

/** Collections of one page: a client that does not turn pages still gets a good many tools. */
const PAGE = 50;
/** Characters that the fields may take in a tool's description. */
const FIELDS_TEXT = 2000;

const SAYS: Readonly<Record<Verb, string>> = {
  query: 'Find records of',
  get: 'Read one record of',
  create: 'Create a record of',
  update: 'Change fields of one record of',
  delete: 'Delete one record of',
  bulk_create: 'Create up to 1000 records, all or none, of',
};

export type Listing = ReturnType<typeof createListing>;

export function createListing({ definitions, open }: ListingParts) {
  let known: { readonly defs: readonly CollectionDef[]; readonly names: ToolNames } | null = null;
  definitions.onChange(() => {
    known = null;
  });
  /** All collections by name, the names of their tools. */
  function catalogue() {
    if (known === null) {
      const defs = definitions.all().sort((a, b) => (a.qualifiedName < b.qualifiedName ? -1 : 1));
      known = { defs, names: toolNames(defs) };
    }
    return known;
  }

  function* shown(ctx: Ctx, after = ''): Generator<Shown> {
    for (const def of catalogue().defs) {
      if (def.qualifiedName <= after) continue;
      const collection = open(ctx, def);
      if (collection !== null) yield { def, collection };
    }
  }

  /** One page of collections, and where the next begins. */
  function page(ctx: Ctx, after: string | undefined): { found: Shown[]; next?: string } {
    const found: Shown[] = [];
    for (const one of shown(ctx, after)) {
      if (found.length === PAGE) return { found, next: found.at(-1)?.def.qualifiedName as string };
      found.push(one);
    }
    return { found };
  }

  const toolsOf = (ctx: Ctx, { def, collection }: Shown) =>
    VERBS.filter((verb) => collection.open[operationOf(verb)] !== undefined).map((verb) => ({
      name: catalogue().names.of({ def, verb }),
      title: `${collection.name}: ${verb.replace('_', ' ')}`,
      description: described(verb, collection),
      inputSchema: inputSchema(verb, collection, ctx.caller?.superadmin === true && ctx.accountHeader === null),
      outputSchema: outputSchema(verb, collection),
      annotations: hintsOf(verb),
    }));

  return {
    /** The tool of that name, whoever may call it. */
    find: (name: string) => catalogue().names.find(name),

    tools(ctx: Ctx, after: string | undefined) {
      const { found, next } = page(ctx, after);
      return { tools: found.flatMap((one) => toolsOf(ctx, one)), next };
    },

    /** Names of collections. */
    collections(ctx: Ctx, after: string | undefined) {
      const { found, next } = page(ctx, after);
      return { found: found.map(({ collection }) => collection), next };
    },

    /** Two short texts that change with the tools and with the resources that the caller is shown. */
    state(ctx: Ctx): { tools: string; resources: string } {
      const [tools, resources] = [createHash('sha256'), createHash('sha256')];
      for (const { def, collection } of shown(ctx)) {
        const names = VERBS.map((verb) => catalogue().names.of({ def, verb }));
        tools.update(JSON.stringify([names, collection]));
        resources.update(JSON.stringify([shownName(def), collection.description]));
      }
      return { tools: short(tools), resources: short(resources) };
    },
  };
}

const short = (hash: ReturnType<typeof createHash>): string => hash.digest('base64url').slice(0, 16);

function described(verb: Verb, collection: DocumentedCollection): string {
  const about = collection.description ? ` ${collection.description}` : '';
  const found = collection.open[operationOf(verb)] ?? [];
  const text = verb === 'delete' ? '' : fieldsText(found);
  const fields = text === '' ? '' : `\nFields: ${text}`;
  const softly = verb === 'delete' && collection.softDelete ? ' It can be restored.' : '';
  return `${SAYS[verb]} ${collection.name}.${about}${softly}${fields}`;
}

function fieldsText(fields: readonly Field[]): string {
  const parts = fields.map(({ name, type, description }) =>
    description === undefined ? `${name} (${type})` : `${name} (${type}: ${description})`,
  );
  const text = parts.join(', ');
  return text.length <= FIELDS_TEXT ? text : `${cut(text, FIELDS_TEXT)} …`;
}
