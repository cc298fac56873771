// Conditions of definitions: the language of rules over the names that templates know, judged in memory.
import type { ProblemEntry } from '../../contract/problems.ts';
import type { MacroSource } from '../access/rule.ts';
import { check } from '../expression/check.ts';
import { ExpressionError, expressionEntry } from '../expression/error.ts';
import { evaluate } from '../expression/evaluate.ts';
import { parseRule } from '../expression/parse-rule.ts';
import type { Scope } from '../expression/scope.ts';
import { follow } from './paths.ts';
import { personOf } from './people.ts';
import type { Values } from './templates.ts';
import { namesOf, type Path, shapeAt, typeAt, type Vocabulary } from './vocabulary.ts';

export interface Condition {
  /**
   * Only true lets anything happen; unknown does not. `@request.auth` and macros about people ask about whom `auth` tells of: whoever
   * is behind the run, never the definition that acts. `data` is what `@request.data` means; left out, the values.
   */
  holds(values: Values, data?: Readonly<Record<string, unknown>>): boolean;
}

export interface ConditionOptions {
  readonly vocabulary: Vocabulary;
  /** Names at the top whose own names may stand alone: of `record`, `amount` for `record.amount`. The first that has a name is meant. */
  readonly bare?: readonly string[];
  readonly macros?: MacroSource;
  /** Where problems are told. */
  readonly at: string;
  readonly problems: ProblemEntry[];
}

const ALWAYS: Condition = { holds: () => true };

/** Names of steps may hold what the language does not: `steps.check_stock` is also `steps.check-stock` and `steps["check stock"]`. */
function spelledIn(vocabulary: Vocabulary, name: string): Path {
  const path: string[] = [];
  for (const word of name.split('.')) {
    const shape = shapeAt(vocabulary, path);
    const known = typeof shape === 'object' && !Array.isArray(shape) ? Object.keys(shape) : [];
    path.push(known.includes(word) ? word : (known.find((one) => one.replace(/\W/gu, '_') === word) ?? word));
  }
  return path;
}

/** Checks a condition; an empty text always holds. What is wrong is told with its position, and then holds never. */
export function compileCondition(text: string | null | undefined, options: ConditionOptions): Condition {
  const { vocabulary, bare = [], macros, at, problems } = options;
  if (text === null || text === undefined || text.trim() === '') return ALWAYS;
  /** The parser takes `record.` away, so a bare name comes first; not of a record that may have any, where others are meant. */
  const roots = (name: string) =>
    Object.hasOwn(vocabulary, name.split('.')[0] as string) ? bare.filter((root) => vocabulary[root] !== 'any') : bare;
  const pathOf = (name: string): Path | undefined =>
    [...roots(name).map((root) => `${root}.${name}`), name]
      .map((one) => spelledIn(vocabulary, one))
      .find((path) => typeAt(vocabulary, path) !== undefined);
  const names = namesOf(vocabulary);
  const scope: Scope = {
    field(name) {
      const path = pathOf(name);
      const type = path && typeAt(vocabulary, path);
      return type && { type };
    },
    fieldNames: [...bare.flatMap((root) => namesOf(vocabulary[root] ?? {}, '', 1)), ...names],
    ...(macros !== undefined && { macros: (name: string) => macros.find(name), macroNames: macros.names }),
    allow: { auth: true, data: true },
  };
  try {
    const checked = check(parseRule(text), scope);
    const paths = [...checked.fields].map((name) => [name, pathOf(name) as Path] as const);
    return {
      holds: (values, data = values) =>
        evaluate(checked, Object.fromEntries(paths.map(([name, path]) => [name, follow(values, path)])), {
          auth: personOf(values.auth),
          data,
        }) === true,
    };
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    problems.push(expressionEntry(error, at));
    return { holds: () => false };
  }
}
