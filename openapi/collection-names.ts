// Names of operations, schemas and tags for collections, none of them given twice in a document.
import type { OpenApiDocument, PathItems, Schemas } from './document.ts';

/** The names that a document has given away; `verbs` are those of the operations of a collection. */
export class Taken {
  private readonly used: Set<string>;

  constructor(
    base: OpenApiDocument,
    private readonly verbs: readonly string[],
  ) {
    const {
      paths,
      components,
      tags = [],
    } = base as unknown as {
      paths: PathItems;
      components: { schemas: Schemas };
      tags?: { name: string }[];
    };
    this.used = new Set([
      ...Object.values(paths).flatMap((item) => Object.values(item).map((o) => `operation ${o.operationId}`)),
      ...Object.keys(components.schemas).map((name) => `schema ${name}`),
      ...tags.map(({ name }) => `tag ${name}`),
    ]);
  }

  /** Names for a collection that nothing else in the document has. */
  namesFor(collection: string): { operation: string; component: string; tag: string } {
    const camel = collection
      .replace(/[^A-Za-z0-9]+(\w?)/g, (_, letter: string) => letter.toUpperCase())
      .replace(/^[A-Z]/, (c) => c.toLowerCase());
    for (let n = 1; ; n++) {
      const suffix = n === 1 ? '' : n === 2 ? 'Collection' : String(n);
      const operation = `${camel}${suffix}`;
      const component = operation.charAt(0).toUpperCase() + operation.slice(1);
      const mine = [
        ...this.verbs.map((verb) => `operation ${operation}${verb}`),
        `schema ${component}Record`,
        `schema ${component}RecordBody`,
      ];
      if (mine.some((name) => this.used.has(name))) continue;
      const tag = this.used.has(`tag ${collection}`) ? `${collection} records` : collection;
      for (const name of [...mine, `tag ${tag}`]) this.used.add(name);
      return { operation, component, tag };
    }
  }
}
