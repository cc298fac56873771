// What `expand=` asks for, as a tree: references to follow, and collections that refer to the record.
import { invalidParameter } from '../../contract/problems.ts';
import type { CollectionDef } from '../schema/collection-def.ts';
import { referenced, refersTo } from '../schema/define.ts';
import { cut } from '../text.ts';
import type { RecordColumn } from './columns.ts';
import type { SortKey } from './cursor.ts';
import { readSort } from './list-query.ts';
import { Names, type Sight } from './names.ts';

/** References that may follow each other. */
export const DEEPEST = 4;
/** Records of a back-relation for each record, unless less is asked for; and the most that may be asked for. */
const EACH = { usual: 30, most: 100 } as const;

export interface Branch {
  /** The field, or `{collection}_via_{field}`. */
  readonly name: string;
  /** The member that shows the record beside the field that names it; left out: in its place. */
  readonly beside?: string;
  readonly target: CollectionDef;
  /** Set where other records refer to this one: their column, order and number. */
  readonly via: { readonly by: RecordColumn; readonly sort: readonly SortKey[]; readonly limit: number } | null;
  readonly below: readonly Branch[];
}

export interface ExpandSources {
  readonly find: (name: string) => CollectionDef | undefined | Promise<CollectionDef | undefined>;
  /** What the caller may view of a collection, null for nothing at all. */
  readonly sight: (def: CollectionDef) => Sight | null;
}

interface Part {
  readonly name: string;
  readonly options: Readonly<Record<string, string>>;
  readonly below: Part[];
}

/** Reads `author,author.company,comments_via_post(limit=5;sort=-created_at)`. Throws INVALID_FIELDS, INVALID_QUERY_PARAMS. */
export async function readExpand(
  def: CollectionDef,
  text: string,
  sight: Sight,
  sources: ExpandSources,
): Promise<Branch[]> {
  const roots: Part[] = [];
  for (const path of topLevel(text, ',')) {
    let at = roots;
    const steps = topLevel(path, '.');
    if (steps.length > DEEPEST) throw refusal(`${cut(path, 100)} goes deeper than ${DEEPEST} references`);
    for (const step of steps) {
      const { name, options } = parsed(step);
      const part = at.find((one) => one.name === name) ?? { name, options, below: [] };
      if (!at.includes(part)) at.push(part);
      at = part.below;
    }
  }
  if (count(roots) > 30) throw refusal('it asks for more than 30 references');
  return branches(def, roots, sight, sources);
}

const count = (parts: readonly Part[]): number => parts.reduce((sum, { below }) => sum + 1 + count(below), 0);

async function branches(
  def: CollectionDef,
  parts: readonly Part[],
  sight: Sight,
  sources: ExpandSources,
): Promise<Branch[]> {
  const names = new Names(def, sight);
  const found: Branch[] = [];
  for (const part of parts) {
    const branch = (await reference(def, part, names, sources)) ?? (await backRelation(def, part, names, sources));
    if (branch !== null) found.push(branch);
  }
  names.settle();
  return found;
}

/** null for a name that is no field; a field that is no reference is refused. */
async function reference(def: CollectionDef, part: Part, names: Names, sources: ExpandSources): Promise<Branch | null> {
  // `property` stands for `property_id`, unless there is a field of that name.
  const beside = !names.has(part.name) && names.shows(`${part.name}_id`);
  const own = beside ? `${part.name}_id` : part.name;
  if (!names.has(own)) return null;
  const field = names.find(own)?.field;
  if (field === undefined) return null;
  if (field?.type !== 'reference') throw refusal(`${part.name} is no reference`);
  if (Object.keys(part.options).length > 0) throw refusal(`${part.name} is one record: it takes no options`);
  const { app, name } = referenced(def.app, field.collection);
  const target = await sources.find(`${app}.${name}`);
  if (target === undefined) throw refusal(`the collection of ${part.name} is not there`);
  const branch = { name: own, target, via: null, below: await below(target, part, sources) };
  return beside ? { ...branch, beside: part.name } : branch;
}

async function backRelation(
  def: CollectionDef,
  part: Part,
  names: Names,
  sources: ExpandSources,
): Promise<Branch | null> {
  const [, collection, fieldName] = /^(.+)_via_(.+)$/.exec(part.name) ?? [];
  const target = collection === undefined ? undefined : await sources.find(collection);
  const sight = target === undefined ? null : sources.sight(target);
  const field = target?.byName.get(fieldName ?? '');
  // Who may view nothing of the other collection does not learn whether it refers here.
  if (target === undefined || sight === null || field === undefined || !refersTo(target.app, field.field, def)) {
    names.miss(part.name);
    return null;
  }
  const others = new Names(target, sight);
  const by = others.find(field.name);
  const sort = readSort(part.options.sort?.replaceAll(';', ','), others);
  others.settle();
  if (by === null) return null;
  const limit = part.options.limit === undefined ? EACH.usual : Number(part.options.limit);
  if (!Number.isInteger(limit) || limit < 1 || limit > EACH.most)
    throw refusal(`the limit of ${part.name} is a whole number from 1 to ${EACH.most}`);
  return { name: part.name, target, via: { by, sort, limit }, below: await below(target, part, sources) };
}

async function below(target: CollectionDef, part: Part, sources: ExpandSources): Promise<Branch[]> {
  if (part.below.length === 0) return [];
  const sight = sources.sight(target);
  return sight === null ? [] : branches(target, part.below, sight, sources);
}

/** Splits where no bracket is open. */
function topLevel(text: string, separator: string): string[] {
  const parts = [''];
  let open = 0;
  for (const c of text) {
    if (c === '(') open += 1;
    if (c === ')') open -= 1;
    if (c === separator && open === 0) parts.push('');
    else parts[parts.length - 1] += c;
  }
  return parts.map((part) => part.trim()).filter(Boolean);
}

function parsed(step: string): { name: string; options: Record<string, string> } {
  const [, name, inside] = /^([^()]+)(?:\(([^()]*)\))?$/.exec(step) ?? [];
  if (name === undefined) throw refusal(`${cut(step, 100)} is not understood`);
  const options: Record<string, string> = {};
  for (const pair of (inside ?? '').split(';').filter(Boolean)) {
    const [key = '', value = ''] = pair.split('=').map((part) => part.trim());
    if (key !== 'limit' && key !== 'sort') throw refusal(`${name} takes limit and sort, not ${cut(key, 60)}`);
    options[key] = value;
  }
  return { name: name.trim(), options };
}

const refusal = (reason: string) => invalidParameter('expand', reason);
