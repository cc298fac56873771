// The schemas of the contract that speak of records, copied for a collection and typed by its fields.
import { bodySchema, type DocumentedCollection, projectedSchema, recordSchema } from './collection-components.ts';
import { mapSchema, type Schema, type Schemas } from './document.ts';

const PREFIX = '#/components/schemas/';

/** The collection's own copies of the schemas that speak of records, made as they are asked for. */
export class RecordSchemas {
  private readonly schemas: Record<string, Schema> = {};
  private readonly generic: ReadonlySet<string>;

  constructor(
    private readonly source: Schemas,
    private readonly collection: DocumentedCollection,
    private readonly prefix: string,
  ) {
    this.generic = speaking(source);
  }

  made(): Schemas {
    return this.schemas;
  }

  /** The schema with references to this collection's copies. In a change no field is required. */
  mapped(schema: Schema, change: boolean): Schema {
    const { $ref } = schema;
    if (typeof $ref !== 'string' || !$ref.startsWith(PREFIX)) return schema;
    const name = $ref.slice(PREFIX.length);
    return this.generic.has(name) ? { ...schema, $ref: PREFIX + this.copied(name, change) } : schema;
  }

  private copied(name: string, change: boolean): string {
    const own = `${this.prefix}${name === 'RecordBody' && change ? 'RecordPatch' : name}`;
    if (Object.hasOwn(this.schemas, own)) return own;
    this.schemas[own] = {};
    this.schemas[own] =
      ROOTS[name]?.(this.collection, change) ?? mapSchema(this.source[name] as Schema, (s) => this.mapped(s, change));
    return own;
  }
}

const ROOTS: Readonly<Record<string, (collection: DocumentedCollection, change: boolean) => Schema>> = {
  Record: recordSchema,
  ProjectedRecord: projectedSchema,
  RecordBody: bodySchema,
};

/** The schemas from which a record can be reached. */
function speaking(schemas: Schemas): ReadonlySet<string> {
  const found = new Set(Object.keys(ROOTS));
  for (let before = -1; before < found.size; ) {
    before = found.size;
    for (const [name, schema] of Object.entries(schemas)) {
      const text = JSON.stringify(schema);
      if ([...found].some((other) => text.includes(`"${PREFIX}${other}"`))) found.add(name);
    }
  }
  return found;
}
