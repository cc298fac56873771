// JSON Schema → TypeScript source: flat types without zod or ts-rest, named where the schema has a name.
import { z } from '../contract/kit.ts';

type Json = { readonly [key: string]: unknown };
type Names = ReadonlyMap<string, string>;
/** `input` is what a client may send, `output` what it receives. */
export type Direction = 'input' | 'output';

/** Schema names that TypeScript or the platform has taken already. */
const RENAMED: Names = new Map([['Record', 'StoredRecord']]);

/** A docstring of the text at an indentation, or nothing. */
export const docComment = (text: unknown, indent = ''): string =>
  typeof text === 'string' && text !== ''
    ? `${indent}/** ${text.replaceAll('*/', '* /').replace(/\s+/g, ' ')} */\n`
    : '';

/** Prints types and collects the declarations of the named schemas that they mention. */
export class Printer {
  /** Name → declaration, of everything printed so far. */
  readonly declarations = new Map<string, string>();

  /**
   * The type of a schema. An object or a choice without a name gets `fallbackName`.
   * @throws Error when two different types want one name, or a name is taken by the platform
   */
  type(schema: z.ZodType, io: Direction, fallbackName?: string): string {
    const { $defs = {}, $schema: _, ...root } = jsonOf(schema, io);
    const defs = $defs as Record<string, Json>;
    const names = namesOf(defs, io === 'input' ? (jsonOf(schema, 'output').$defs as Record<string, Json>) : undefined);
    for (const [id, def] of Object.entries(defs)) this.#declare(names.get(id) as string, def, names);
    if (fallbackName === undefined || root.properties === undefined) return print(root, names, '');
    this.#declare(fallbackName, root, names);
    return fallbackName;
  }

  #declare(name: string, schema: Json, names: Names): void {
    if (name in globalThis) throw new Error(`The schema name ${name} is taken by the platform: add it to RENAMED`);
    const body = print(schema, names, '');
    const declared =
      schema.type === 'object' && body.startsWith('{') ? `interface ${name} ${body}` : `type ${name} = ${body};`;
    const text = `${docComment(schema.description)}export ${declared}\n`;
    const before = this.declarations.get(name) ?? text;
    if (before !== text) throw new Error(`Two types want the name ${name}:\n${before}\n${text}`);
    this.declarations.set(name, text);
  }
}

const jsonOf = (schema: z.ZodType, io: Direction): Json =>
  z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as Json;

/** Names of the definitions. With `outputs`, those that read differently on the way in get the ending Input. */
function namesOf(defs: Readonly<Record<string, Json>>, outputs: Readonly<Record<string, Json>> = defs): Names {
  const own = new Map(Object.keys(defs).map((id) => [id, RENAMED.get(id) ?? id]));
  const differs = new Set(
    Object.entries(defs).flatMap(([id, def]) =>
      outputs[id] && print(def, own, '') !== print(outputs[id], own, '') ? [id] : [],
    ),
  );
  // What mentions a type that differs, differs too.
  for (let before = -1; before < differs.size; ) {
    before = differs.size;
    for (const [id, def] of Object.entries(defs)) {
      const text = JSON.stringify(def);
      if ([...differs].some((other) => text.includes(`"#/$defs/${other}"`))) differs.add(id);
    }
  }
  return new Map(
    [...own].map(([id, name]) => [id, differs.has(id) && !/(Input|Change)$/.test(name) ? `${name}Input` : name]),
  );
}

function print(schema: Json, names: Names, indent: string): string {
  const again = (s: unknown) => print(s as Json, names, indent);
  const union = (list: readonly unknown[]) => [...new Set(list.map(again))].join(' | ');
  if (typeof schema.$ref === 'string') {
    const id = schema.$ref.replace('#/$defs/', '');
    return names.get(id) ?? id;
  }
  if ('const' in schema) return JSON.stringify(schema.const);
  if (Array.isArray(schema.enum)) return schema.enum.map((v) => JSON.stringify(v)).join(' | ');
  for (const choice of [schema.anyOf, schema.oneOf]) {
    if (Array.isArray(choice)) return printShared(choice, names, indent) ?? union(choice);
  }
  if (Array.isArray(schema.allOf)) return schema.allOf.map((s) => `(${again(s)})`).join(' & ');
  if (Array.isArray(schema.type)) return union(schema.type.map((type) => ({ ...schema, type })));
  if (schema.type === 'object') return printObject(schema, names, indent);
  if (schema.type === 'array') {
    if (Array.isArray(schema.prefixItems)) return `[${schema.prefixItems.map(again).join(', ')}]`;
    return `Array<${again(schema.items ?? {})}>`.replace(/^Array<(\w+)>$/, '$1[]');
  }
  if (schema.type === 'integer') return 'number';
  return typeof schema.type === 'string' ? schema.type : schema.not === undefined ? 'unknown' : 'never';
}

/** A choice between objects: the properties that all of them have are printed once, before the choice. */
function printShared(members: readonly Json[], names: Names, indent: string): string | undefined {
  const [first, ...others] = members;
  const entries = Object.entries(first?.properties ?? {});
  const needs = (member: Json, key: string) => (member.required as string[] | undefined)?.includes(key);
  const shared = entries.filter(([key, property]) =>
    others.every((member) => {
      const same = JSON.stringify((member.properties as Json | undefined)?.[key]) === JSON.stringify(property);
      return same && needs(member, key) === needs(first as Json, key);
    }),
  );
  if (others.length === 0 || shared.length < 2) return undefined;
  const keys = new Set(shared.map(([key]) => key));
  const rest = (member: Json): Json => ({
    ...member,
    properties: Object.fromEntries(Object.entries(member.properties as Json).filter(([key]) => !keys.has(key))),
  });
  const head = print({ ...first, properties: Object.fromEntries(shared) }, names, indent);
  const tails = members.map((member) => `${indent}  | ${print(rest(member), names, `${indent}    `)}`);
  return `${head} & (\n${tails.join('\n')}\n${indent})`;
}

function printObject(schema: Json, names: Names, indent: string): string {
  const inner = `${indent}  `;
  const required = new Set(schema.required as string[] | undefined);
  const types: string[] = [];
  const lines = Object.entries((schema.properties ?? {}) as Record<string, Json>).map(([name, property]) => {
    const optional = !required.has(name);
    // With `| undefined` a caller may pass on what he has: JSON and queries leave it out.
    const type = `${print(property, names, inner)}${optional ? ' | undefined' : ''}`;
    types.push(type);
    const key = /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
    return `${docComment(property.description, inner)}${inner}${key}${optional ? '?' : ''}: ${type};`;
  });
  if (typeof schema.additionalProperties === 'object') {
    const more = print(schema.additionalProperties as Json, names, inner);
    // An index signature covers the named keys too, so it has to admit their types.
    lines.push(
      `${inner}[key: string]: ${more === 'unknown' ? more : [...new Set([more, ...types.flatMap((t) => t.split(' | '))])].join(' | ')};`,
    );
  }
  return lines.length === 0 ? 'Record<string, never>' : `{\n${lines.join('\n')}\n${indent}}`;
}
