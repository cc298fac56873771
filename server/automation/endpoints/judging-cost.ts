// What judging one value by a JSON Schema would cost, found out before it is judged: nothing else runs in this process meanwhile.
import type { Patterns } from './patterns.ts';

type Schema = Readonly<Record<string, unknown>>;

/** Steps, each some 100 ns: about a quarter of a second. */
export const MOST_STEPS = 2_000_000;

/** Characters that are looked through in one step, and instructions of a pattern times characters. */
const CHARACTERS = 64;
const PATTERN_UNITS = 10;

/** Adds what a part of a schema costs with a value. */
type Count = (value: unknown) => void;

class TooDear extends Error {}

/** What says nothing about values, or is reached by a reference. */
const SILENT: ReadonlySet<string> = new Set([
  '$schema',
  '$comment',
  '$defs',
  'definitions',
  'title',
  'description',
  'default',
  'deprecated',
  'example',
  'examples',
  'readOnly',
  'writeOnly',
]);

const isObject = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const schemasOf = (value: unknown): Schema[] => (Array.isArray(value) ? value : [value]).filter(isObject);

function valuesIn(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1;
  return Object.values(value).reduce<number>((sum, one) => sum + valuesIn(one), 1);
}

/**
 * The steps that judging a value by `schema` takes at most, null where those are more than MOST_STEPS. References are opened by
 * `resolve`; the schema's own bounds see to it that they end. Throws what `patterns` throws.
 */
export function costOf(
  schema: Schema,
  resolve: (ref: string) => unknown,
  patterns: Patterns,
): (value: unknown) => number | null {
  let steps = 0;
  const add = (more: number): void => {
    steps += more;
    if (steps > MOST_STEPS) throw new TooDear();
  };
  let sizes = new Map<object, number>();
  /** Of a value as text, in steps. */
  function size(value: unknown): number {
    if (typeof value === 'string') return 1 + value.length / CHARACTERS;
    if (typeof value !== 'object' || value === null) return 1;
    let known = sizes.get(value);
    if (known === undefined) {
      known = 1;
      for (const [key, one] of Object.entries(value)) known += size(one) + key.length / CHARACTERS;
      sizes.set(value, known);
    }
    return known;
  }

  const patternCost = (pattern: string) => {
    const size = patterns(pattern).programSize() / PATTERN_UNITS;
    return (text: string) => 1 + size * (text.length + 1);
  };
  const each = (counts: readonly Count[]): Count | null =>
    counts.length === 0
      ? null
      : (value) => {
          for (const count of counts) count(value);
        };

  function keyword(name: string, given: unknown): Count | null {
    switch (name) {
      case '$ref': {
        const target = resolve(String(given));
        return isObject(target) ? countOf(target) : null;
      }
      case 'allOf':
      case 'anyOf':
      case 'oneOf':
      case 'not':
      case 'if':
      case 'then':
      case 'else':
        return each(schemasOf(given).map(countOf));
      case 'properties':
      case 'dependentSchemas': {
        const known = isObject(given) ? Object.entries(given) : [];
        const parts = known.map(([key, one]) => [key, isObject(one) ? countOf(one) : null] as const);
        return (value) => {
          if (!isObject(value)) return;
          add(parts.length);
          for (const [key, count] of parts)
            if (count !== null && Object.hasOwn(value, key)) count(name === 'properties' ? value[key] : value);
        };
      }
      case 'patternProperties': {
        const known = isObject(given) ? Object.entries(given) : [];
        const parts = known.map(([key, one]) => [patternCost(key), isObject(one) ? countOf(one) : null] as const);
        return (value) => {
          if (!isObject(value)) return;
          for (const [key, one] of Object.entries(value))
            for (const [pattern, count] of parts) {
              // Once here, and once more where the other properties are told apart.
              add(2 * pattern(key));
              count?.(one);
            }
        };
      }
      case 'additionalProperties':
      case 'unevaluatedProperties':
      case 'propertyNames': {
        const count = isObject(given) ? countOf(given) : null;
        return (value) => {
          if (!isObject(value)) return;
          for (const [key, one] of Object.entries(value)) {
            add(1 + key.length / CHARACTERS);
            count?.(name === 'propertyNames' ? key : one);
          }
        };
      }
      case 'items':
      case 'prefixItems':
      case 'contains':
      case 'unevaluatedItems': {
        const counts = schemasOf(given).map(countOf);
        return (value) => {
          if (!Array.isArray(value)) return;
          add(value.length);
          if (name === 'prefixItems') for (const [i, count] of counts.entries()) i < value.length && count(value[i]);
          else for (const one of value) for (const count of counts) count(one);
        };
      }
      case 'pattern': {
        const cost = patternCost(String(given));
        return (value) => {
          if (typeof value === 'string') add(cost(value));
        };
      }
      case 'uniqueItems':
      case 'enum':
      case 'const': {
        const own = valuesIn(given);
        return (value) => add(own + size(value));
      }
      default: {
        const own = valuesIn(given);
        return (value) => add(own + (typeof value === 'string' ? value.length / CHARACTERS : 0));
      }
    }
  }

  function countOf(part: Schema): Count {
    const counts = Object.entries(part).flatMap(([name, given]) => {
      const count = SILENT.has(name) ? null : keyword(name, given);
      return count === null ? [] : [count];
    });
    return (value) => {
      add(1);
      for (const count of counts) count(value);
    };
  }

  const whole = countOf(schema);
  return (value) => {
    steps = 0;
    sizes = new Map();
    try {
      whole(value);
      return steps;
    } catch (error) {
      if (error instanceof TooDear) return null;
      throw error;
    } finally {
      sizes = new Map();
    }
  };
}
