// JSON Schemas of bodies and queries: judged when they are stored, bounded in what they cost, and what they find as entries with places.
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import { LRUCache } from 'lru-cache';
import type { ProblemEntry } from '../../../contract/problems.ts';
import { isDate, isDateTime, isEmail, isUuid } from '../../schema/values.ts';
import { cut } from '../../text.ts';
import { costOf } from './judging-cost.ts';
import { createPatterns, type Patterns, PatternsTooLarge } from './patterns.ts';
import { resolve, schemaProblems } from './schema-bounds.ts';

type Schema = Readonly<Record<string, unknown>>;

export interface InputSchema {
  /** Every problem of a value, and the value: of a query with numbers and booleans for their texts. */
  judge(value: unknown): { readonly value: unknown; readonly problems: ProblemEntry[] };
}

/** What takes more steps to judge is told its first problem alone. */
const ALL_PROBLEMS_BELOW = 100_000;

const TOO_DEAR: ProblemEntry = {
  field: '',
  code: 'too_complex',
  message: 'It is too large to be judged by the schema of this endpoint: send less at once.',
};

const FORMATS: Readonly<Record<string, (value: string) => boolean>> = {
  date: isDate,
  'date-time': isDateTime,
  time: (value) => /^\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})?$/.test(value),
  email: isEmail,
  uri: (value) => URL.canParse(value),
  uuid: isUuid,
  ipv4: (value) => /^(25[0-5]|2[0-4]\d|1?\d?\d)(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}$/.test(value),
};

/** For Ajv; patterns are anchored nowhere, as JSON Schema has it. */
const regExpOf = (patterns: Patterns) =>
  Object.assign(
    (pattern: string) => {
      const compiled = patterns(pattern);
      // Ajv keeps patterns by their text.
      return { test: (value: string) => compiled.matcher(value).find(), toString: () => pattern };
    },
    { code: 'new RegExp' },
  );

function compiler(coerce: boolean, allErrors: boolean, patterns: Patterns): Ajv2020 {
  const ajv = new Ajv2020({
    strict: true,
    strictTypes: false,
    strictTuples: false,
    strictRequired: false,
    allowUnionTypes: true,
    allErrors,
    coerceTypes: coerce,
    useDefaults: coerce,
    ownProperties: true,
    logger: false,
    validateFormats: true,
    code: { regExp: regExpOf(patterns) as never },
  });
  for (const [name, validate] of Object.entries(FORMATS)) ajv.addFormat(name, validate);
  ajv.addVocabulary(['example']);
  // Its own compares each item with all others.
  ajv.removeKeyword('uniqueItems');
  ajv.addKeyword({
    keyword: 'uniqueItems',
    type: 'array',
    schemaType: 'boolean',
    validate: (wanted: boolean, items: unknown[]) =>
      !wanted || new Set(items.map((item) => JSON.stringify(item))).size === items.length,
    error: { message: 'must not hold the same item twice' },
  });
  return ajv;
}

/** Characters of schemas that are kept ready: of what is stored and then called, and of what is read anew. */
const ready = new LRUCache<string, InputSchema>({ maxSize: 2_000_000, sizeCalculation: (_, key) => key.length });

/** What is tried before a schema is taken: what cannot judge these can judge nothing. */
const SAMPLES: Readonly<Record<'body' | 'query', readonly unknown[]>> = { body: [{}, [], ''], query: [{}] };

/** A schema ready to judge, whatever it is given; null where it is none, whose problems are then told at `at`. */
export function compileSchema(
  schema: Schema,
  at: string,
  problems: ProblemEntry[],
  kind: 'body' | 'query',
): InputSchema | null {
  const key = `${kind} ${JSON.stringify(schema)}`;
  const known = ready.get(key);
  if (known !== undefined) return known;
  const found = schemaProblems(schema, at, kind);
  if (found.length > 0) {
    problems.push(...found);
    return null;
  }
  try {
    const made = judgeOf(schema, kind);
    ready.set(key, made);
    return made;
  } catch (error) {
    const code = error instanceof PatternsTooLarge ? 'too_large' : 'bad_schema';
    const message = cut((error as Error).message, 300);
    problems.push({ field: at, code, message: code === 'too_large' ? message : `It is no JSON Schema: ${message}` });
    return null;
  }
}

/** Throws for what is no schema, or one that cannot be run. */
function judgeOf(schema: Schema, kind: 'body' | 'query'): InputSchema {
  const coerce = kind === 'query';
  const patterns = createPatterns();
  // First, because it meets every pattern: what is too much is refused before the rest is compiled.
  const cost = costOf(schema, (ref) => resolve(schema, ref), patterns);
  const all = compiler(coerce, true, patterns).compile(schema);
  for (const sample of SAMPLES[kind]) all(structuredClone(sample));
  /** For large values, of which it finds one problem instead of as many as they have items. */
  let first: ValidateFunction | undefined;
  return {
    judge(given) {
      const value = coerce ? { ...(given as object) } : given;
      try {
        const steps = cost(value);
        if (steps === null) return { value, problems: [TOO_DEAR] };
        if (steps >= ALL_PROBLEMS_BELOW) first ??= compiler(coerce, false, patterns).compile(schema);
        const judging = steps >= ALL_PROBLEMS_BELOW && first !== undefined ? first : all;
        return { value, problems: judging(value) ? [] : entriesOf(judging.errors ?? []) };
      } catch {
        // Values too deep to walk through, and code that the engine refuses to run.
        return { value, problems: [TOO_DEAR] };
      }
    },
  };
}

const CODES: Readonly<Record<string, string>> = {
  required: 'required',
  type: 'invalid_type',
  additionalProperties: 'unknown_field',
  unevaluatedProperties: 'unknown_field',
  enum: 'invalid_value',
  const: 'invalid_value',
  format: 'invalid_format',
  pattern: 'invalid_format',
  minimum: 'too_small',
  exclusiveMinimum: 'too_small',
  minLength: 'too_small',
  minItems: 'too_small',
  maximum: 'too_big',
  exclusiveMaximum: 'too_big',
  maxLength: 'too_big',
  maxItems: 'too_big',
};

function entriesOf(errors: readonly ErrorObject[]): ProblemEntry[] {
  return errors.map(({ instancePath, keyword, params, message = 'is not valid' }) => {
    const key = params.missingProperty ?? params.additionalProperty ?? params.unevaluatedProperty;
    const path = instancePath
      .split('/')
      .slice(1)
      .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
    const field = [...path, ...(key === undefined ? [] : [String(key)])].join('.');
    const code = CODES[keyword] ?? 'invalid';
    const said =
      code === 'required'
        ? 'This is required.'
        : code === 'unknown_field'
          ? `${key} is not known here.`
          : `It ${message}${Array.isArray(params.allowedValues) ? `: ${cut(JSON.stringify(params.allowedValues), 300)}` : ''}.`;
    return { field, code, message: said };
  });
}
