// Names of tools: `posts_create`, `crm_contacts_query`, unique, at most 64 characters, always the same for the same collections.
import type { CollectionDef } from '../schema/collection-def.ts';
import { digest } from '../schema/names.ts';
import { VERBS, type Verb } from './verbs.ts';

/** A tool: a verb of a collection. */
export interface Tool {
  readonly def: CollectionDef;
  readonly verb: Verb;
}

export interface ToolNames {
  find(name: string): Tool | undefined;
  of(tool: Tool): string;
}

/** What clients take. */
const LONGEST = 64;
const HASH = 10;
const shortened = new RegExp(`_[0-9a-f]{${HASH}}_(${VERBS.join('|')})$`);

const baseOf = ({ app, name }: CollectionDef): string => (app === 'main' ? name : `${app}_${name}`);
const plain = ({ def, verb }: Tool): string => `${baseOf(def)}_${verb}`;
function hashed({ def, verb }: Tool): string {
  const tail = `_${digest([def.qualifiedName, verb], HASH)}_${verb}`;
  return baseOf(def).slice(0, LONGEST - tail.length) + tail;
}

/**
 * The names of the tools of these collections. A name that is too long gets a hash, and so do all that would have the same name
 * (`bulk_create` of `posts`, `create` of `posts_bulk`): an agent that remembers the name finds no tool then, and never another one.
 * Names that look as if they had a hash get one too, so that none of them meets a real one.
 */
export function toolNames(defs: readonly CollectionDef[]): ToolNames {
  const tools = defs.flatMap((def) => VERBS.map((verb): Tool => ({ def, verb })));
  const wanted = new Map<string, number>();
  for (const tool of tools) wanted.set(plain(tool), (wanted.get(plain(tool)) ?? 0) + 1);
  const of = (tool: Tool): string => {
    const name = plain(tool);
    return name.length > LONGEST || shortened.test(name) || (wanted.get(name) ?? 0) > 1 ? hashed(tool) : name;
  };
  const byName = new Map(tools.map((tool) => [of(tool), tool]));
  return { of, find: (name) => byName.get(name) };
}
