// A definition ready to run: its templates, conditions and schemas judged, with every problem at its place.
import type { ProblemEntry } from '../../../contract/problems.ts';
import type { MacroSource } from '../../access/rule.ts';
import type { CollectionDef } from '../../schema/collection-def.ts';
import { type CompiledAction, compileActions, outcomesShape } from '../actions/compile.ts';
import { CALLS_OUT } from '../actions/run.ts';
import type { Storing } from '../actions/written.ts';
import { type Condition, compileCondition } from '../conditions.ts';
import { compileTemplate, compileText } from '../templates.ts';
import { AUTH, type Shape, type Vocabulary } from '../vocabulary.ts';
import type { InputSchema } from './input-schema.ts';
import { paramsOf } from './path.ts';
import { type CompiledResponse, headerProblems } from './reply.ts';
import { shapeOf } from './schema-bounds.ts';
import type { EndpointRow } from './store.ts';

export interface CompiledEndpoint {
  readonly condition: Condition;
  readonly input: InputSchema | null;
  readonly query: InputSchema | null;
  readonly actions: readonly CompiledAction[];
  readonly response: CompiledResponse | null;
  /** All actions are one transaction. */
  readonly atomic: boolean;
  /** No action changes anything. */
  readonly readOnly: boolean;
}

export interface CompileParts {
  readonly definitionOf: (name: string) => CollectionDef | undefined;
  readonly macros: MacroSource;
  /** Of jobs. */
  readonly handlers: readonly string[];
  /** Left out of what is stored already. */
  readonly storing?: Storing;
}

/** What changes nothing. */
export const READS: ReadonlySet<string> = new Set(['query_records', 'aggregate_records', 'transform', 'abort']);

/** What templates of an endpoint know. */
function vocabularyOf({ path, settings }: Pick<EndpointRow, 'path' | 'settings'>): Vocabulary {
  const { input_schema: body, query_schema: query } = settings;
  const request: Shape = {
    method: 'text',
    path: 'text',
    params: Object.fromEntries(paramsOf(path).map((name) => [name, 'text'])),
    query: query === null ? 'any' : shapeOf({ type: 'object', ...query }),
    body: body === null ? 'any' : shapeOf(body),
    headers: 'any',
  };
  return { request, auth: AUTH, account: { id: 'text' }, now: 'datetime', run: { id: 'text' } };
}

const schemas = () => import('./input-schema.ts');

/** For a schema that is stored and would not be taken any more: what it kept out stays out. */
const UNUSABLE: InputSchema = {
  judge: (value) => ({
    value,
    problems: [{ field: '', code: 'bad_schema', message: 'The schema of this endpoint cannot be used any more.' }],
  }),
};

/** Judges a definition. What is wrong is told, and then never holds or stays text. */
export async function compileEndpoint(
  row: Pick<EndpointRow, 'path' | 'settings'>,
  { definitionOf, macros, handlers, storing }: CompileParts,
): Promise<{ readonly compiled: CompiledEndpoint; readonly problems: ProblemEntry[] }> {
  const problems: ProblemEntry[] = [];
  const { condition, input_schema, query_schema, actions, response_template: template, atomic } = row.settings;
  const schema = async (given: Record<string, unknown> | null, at: string, kind: 'body' | 'query') =>
    given === null ? null : ((await schemas()).compileSchema(given, at, problems, kind) ?? UNUSABLE);
  const input = await schema(input_schema, 'input_schema', 'body');
  const query = await schema(query_schema, 'query_schema', 'query');
  const vocabulary = vocabularyOf(row);
  const compiled: CompiledEndpoint = {
    input,
    query,
    condition: compileCondition(condition, { vocabulary, macros, at: 'condition', problems }),
    actions: compileActions(actions, {
      vocabulary,
      at: 'actions',
      problems,
      definitionOf,
      macros,
      handlers,
      storing,
      mayAbort: true,
    }),
    response:
      template === null
        ? null
        : responseOf(template, { ...vocabulary, actions: outcomesShape(actions.map(({ name }) => name)) }, problems),
    atomic: atomic ?? !actions.some(({ type }) => CALLS_OUT.has(type)),
    readOnly: actions.every(({ type }) => READS.has(type)),
  };
  return { compiled, problems };
}

function responseOf(
  { status = 200, body, headers = {} }: NonNullable<EndpointRow['settings']['response_template']>,
  vocabulary: Vocabulary,
  problems: ProblemEntry[],
): CompiledResponse {
  const at = 'response_template';
  if (!(status >= 200 && status <= 299) && !(status >= 400 && status <= 499))
    problems.push({ field: `${at}.status`, code: 'invalid_value', message: 'A status is 200 to 299 or 400 to 499.' });
  if (status === 205)
    problems.push({ field: `${at}.status`, code: 'invalid_value', message: '205 is for pages: use 204.' });
  problems.push(...headerProblems(headers, `${at}.headers`));
  return {
    status,
    body: body === undefined ? null : compileTemplate(body, { vocabulary, problems, at: `${at}.body` }),
    headers: Object.entries(headers).map(([name, value]) => [
      name.toLowerCase(),
      compileText(value, { vocabulary, problems, at: `${at}.headers.${name}` }),
    ]),
  };
}
