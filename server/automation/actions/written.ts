// What actions write out, judged when a definition is stored by the code that would judge it in the run; values of templates are judged there.
import type { ProblemEntry } from '../../../contract/problems.ts';
import { aggregateProblems, bodyProblems } from '../../records/service.ts';
import type { CollectionDef } from '../../schema/collection-def.ts';
import { SYSTEM_COLUMNS } from '../../schema/columns.ts';
import { HOP_BY_HOP, headerProblems } from '../outbound/headers.ts';
import { compileTemplate, type Judged } from '../templates.ts';
import { aggregateQuery } from './asked.ts';
import type { FilterTemplate } from './filter.ts';

/**
 * Given while a definition is being stored. One that is stored runs on when a collection changes: the action whose value no longer
 * fits fails, under its own `on_error`, and not the definition.
 */
export interface Storing {
  /** What can be refused of a URL without asking for its name. */
  readonly checkUrl: (url: string) => { readonly reason: string; readonly message: string } | null;
  /** It acts as its account. A role's permissions may fill in fields of a new record, so what is missing is known of the account alone. */
  readonly asAccount: boolean;
}

/** The value that a template always becomes; null where another value stands in it, or where it is broken and said to be. */
function fixedValue(value: unknown, { vocabulary, at }: Judged): { readonly value: unknown } | null {
  const problems: ProblemEntry[] = [];
  const template = compileTemplate(value, { vocabulary, at, problems });
  return template.fixed && problems.length === 0 ? { value: template.render({}) } : null;
}

/** Why an action cannot write a field, as code and message. */
export function unwritable({ computed, qualifiedName }: CollectionDef, name: string): readonly [string, string] {
  if (computed.some((one) => one.name === name)) return ['read_only', `${name} is computed: nobody writes it.`];
  if (SYSTEM_COLUMNS.some((one) => one.name === name)) return ['read_only', `${name} is written by the server alone.`];
  return ['unknown_field', `${qualifiedName} has no field ${name}.`];
}

/** Values of a record's fields; names that are none are told elsewhere. `kind` is what is done with them. */
export function judgeData(
  def: CollectionDef,
  data: Readonly<Record<string, unknown>>,
  kind: 'create' | 'update' | 'set',
  judged: Judged,
  { asAccount }: Storing,
): void {
  const fixed = Object.entries(data).flatMap(([name, value]) => {
    const found = !def.byName.has(name) ? null : fixedValue(value, judged);
    return found === null ? [] : [[name, found.value] as const];
  });
  const certain = ({ field, code }: ProblemEntry): boolean => {
    if (code === 'empty_body')
      return Object.keys(data).length === 0 && (kind === 'update' || (kind === 'create' && asAccount));
    return code !== 'required_missing' || (asAccount && !Object.hasOwn(data, field));
  };
  const found = bodyProblems(def, Object.fromEntries(fixed), kind === 'create' ? 'create' : 'patch');
  for (const { field, ...problem } of found.filter(certain))
    judged.problems.push({ ...problem, field: field === '' ? judged.at : `${judged.at}.${field}` });
}

/** A URL that is written out whole, as those of webhooks are judged; answers whether it was refused. */
export function judgeUrl(url: string, judged: Judged, { checkUrl }: Storing): boolean {
  const fixed = fixedValue(url.trim(), judged);
  if (fixed === null) return false;
  const refused = checkUrl(String(fixed.value));
  if (refused === null) return false;
  judged.problems.push({ field: judged.at, code: refused.reason, message: refused.message });
  return true;
}

/** Headers of a call; values that templates fill are made fit for one line when it is made. */
export function judgeHeaders(headers: Readonly<Record<string, string>>, judged: Judged): void {
  const written = Object.entries(headers).map(([name, value]): [string, string] => {
    const fixed = fixedValue(value, judged);
    return [name, fixed === null ? '' : String(fixed.value)];
  });
  const taken = (name: string) => HOP_BY_HOP.test(name);
  judged.problems.push(...headerProblems(Object.fromEntries(written), taken, judged.at));
}

/** An aggregate whose names are known: its functions, and results in `having` and `sort`. What values are in `having` is left open. */
export function judgeAggregate(
  def: CollectionDef,
  options: Readonly<Record<string, unknown>>,
  having: ReturnType<FilterTemplate['render']> | null,
  { at, problems }: Pick<Judged, 'at' | 'problems'>,
): void {
  const query = aggregateQuery({ ...options, having: having?.filter });
  for (const { field, ...problem } of aggregateProblems(def, query, { data: having?.data })) {
    const key = field === 'functions' && options.function !== undefined ? 'field' : field;
    problems.push({ ...problem, field: PARAMETERS.has(key) ? `${at}.${key}` : at });
  }
}
const PARAMETERS: ReadonlySet<string> = new Set(['functions', 'field', 'group_by', 'having', 'sort']);
