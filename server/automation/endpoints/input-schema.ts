// JSON Schemas of bodies and queries: judged when they are stored, bounded in what they cost, and what they find as entries with places.
import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import { RE2JS } from 're2js';
import type { ProblemEntry } from '../../../contract/problems.ts';
import { valuePattern } from '../../schema/value-pattern.ts';
import { isDate, isDateTime, isEmail, isUuid } from '../../schema/values.ts';
import { cut } from '../../text.ts';
import { costOf } from './judging-cost.ts';
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

/** Patterns in RE2, whose time is linear in the value; anchored nowhere, as JSON Schema has it. */
const regExp = Object.assign(
  (pattern: string) => {
    valuePattern(pattern);
    const compiled = RE2JS.compile(RE2JS.translateRegExp(pattern));
    // Ajv keeps patterns by their text.
    return { test: (value: string) => compiled.matcher(value).find(), toString: () => pattern };
  },
  { code: 'new RegExp' },
);

function compiler(coerce: boolean, allErrors: boolean): Ajv2020 {
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
    code: { regExp: regExp as never },
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

/** A schema ready to judge; null where it is none, whose problems are then told at `at`. */
export function compileSchema(
  schema: Schema,
  at: string,
  problems: ProblemEntry[],
  kind: 'body' | 'query',
): InputSchema | null {
  const found = schemaProblems(schema, at, kind);
  if (found.length > 0) {
    problems.push(...found);
    return null;
  }
  const coerce = kind === 'query';
  try {
    const first = compiler(coerce, false).compile(schema);
    const cost = costOf(schema, (ref) => resolve(schema, ref));
    let all: ValidateFunction | undefined;
    return {
      judge(given) {
        const value = coerce ? { ...(given as object) } : given;
        const steps = cost(value);
        if (steps === null) return { value, problems: [TOO_DEAR] };
        if (first(value)) return { value, problems: [] };
        const small = steps < ALL_PROBLEMS_BELOW;
        if (small) all ??= compiler(coerce, true).compile(schema);
        const judging = small && all !== undefined ? all : first;
        judging(coerce ? { ...(given as object) } : given);
        return { value, problems: entriesOf(judging.errors ?? []) };
      },
    };
  } catch (error) {
    problems.push({
      field: at,
      code: 'bad_schema',
      message: `It is no JSON Schema: ${cut((error as Error).message, 300)}`,
    });
    return null;
  }
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
