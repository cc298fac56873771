// Whether a definition makes sense: every problem at once, each at its place in the input as a dotted path (`schema.2.name`).
import type { Field } from '../../contract/fields.ts';
import type { ProblemEntry } from '../../contract/problems.ts';
import { isStored } from '../schema/columns.ts';
import { type Declaring, declaredObjects } from '../schema/declared.ts';
import { referenced } from '../schema/define.ts';
import { SEARCHABLE } from '../schema/search.ts';
import { computedProblems } from './computed.ts';
import { compiles, defaultFlaw, storable } from './defaults.ts';
import { type Finding, nameFinding, reservedFinding } from './naming.ts';

export interface Draft extends Declaring {
  readonly app: string;
  readonly name: string;
  readonly display_name?: string | null | undefined;
  readonly description?: string | null | undefined;
}

const MAX_FIELDS = 200;
const MAX_COMPUTED = 50;
const NOT_UNIQUE: ReadonlySet<Field['type']> = new Set(['json', 'text[]', 'number[]']);

/** All problems of a definition; `known` tells which collections a reference may point at besides the collection itself. */
export function problemsOf(draft: Draft, known: (app: string, name: string) => boolean): ProblemEntry[] {
  const found: ProblemEntry[] = [];
  const add = (field: string, finding: Finding | null) => finding !== null && found.push({ field, ...finding });
  add('name', nameFinding(draft.name, 'collection'));
  for (const option of ['display_name', 'description'] as const) add(option, textFinding(draft[option]));
  add('schema', sizeFinding(draft.fields.length));
  const computed = draft.fields.filter((field) => !isStored(field)).length;
  if (computed > MAX_COMPUTED) {
    const message = `Define at most ${MAX_COMPUTED} computed fields; there are ${computed}.`;
    add('schema', { code: 'too_many_computed_fields', message });
  } else if (computed > 0 && computed === draft.fields.length) {
    add('schema', { code: 'schema_empty', message: 'Define at least one field that is stored.' });
  }
  const seen = new Map<string, string>();
  draft.fields.forEach((field, i) => {
    const at = `schema.${i}`;
    add(`${at}.name`, nameFinding(field.name, 'field') ?? reservedFinding(field.name) ?? repeated(seen, field.name));
    for (const [option, finding] of optionFindings(field)) add(`${at}.${option}`, finding);
    if (field.type === 'computed') found.push(...computedProblems(field, draft.fields, at));
    if (field.type === 'reference') {
      const to = referenced(draft.app, field.collection);
      const itself = to.app === draft.app && to.name === draft.name;
      if (field.collection !== '' && !itself && !known(to.app, to.name)) {
        const message = `There is no collection ${field.collection}: create it first, or point at the collection itself.`;
        add(`${at}.collection`, { code: 'reference_collection_missing', message, received: field.collection });
      }
    }
  });
  found.push(...declaredObjects(draft.name, draft).problems);
  return found;
}

function sizeFinding(count: number): Finding | null {
  if (count === 0) return { code: 'schema_empty', message: 'Define at least one field.' };
  if (count <= MAX_FIELDS) return null;
  return { code: 'schema_too_large', message: `Define at most ${MAX_FIELDS} fields; there are ${count}.` };
}

function repeated(seen: Map<string, string>, name: string): Finding | null {
  const key = name.toLowerCase();
  const first = seen.get(key);
  seen.set(key, first ?? name);
  if (first === undefined) return null;
  const message = `The field ${first} is there already: names must differ in more than their case.`;
  return { code: 'field_name_duplicate', message };
}

const NOT_STORABLE = 'This text contains the character U+0000 or half of a surrogate pair: take it out.';

const textFinding = (text: string | null | undefined): Finding | null =>
  storable(text ?? '') ? null : { code: 'text_invalid', message: NOT_STORABLE };

function* optionFindings(field: Field): Generator<[option: string, finding: Finding | null]> {
  for (const option of ['display_name', 'description', 'content_type'] as const)
    yield [option, textFinding(field[option])];
  if (field.unique && NOT_UNIQUE.has(field.type)) {
    yield [
      'unique',
      { code: 'unique_not_supported', message: `A ${field.type} field cannot be unique: leave unique out.` },
    ];
  }
  if (field.searchable === true && field.type !== 'computed' && !SEARCHABLE.includes(field.type)) {
    const message = `A ${field.type} field has no words to search: leave searchable out.`;
    yield ['searchable', { code: 'searchable_not_supported', message }];
  }
  if (field.mask_type !== undefined && field.pii !== true) {
    yield ['mask_type', { code: 'mask_type_requires_pii', message: 'Set pii to true, or leave mask_type out.' }];
  }
  if (field.type === 'number' && field.min !== undefined && field.max !== undefined && field.min > field.max) {
    yield ['min', { code: 'range_invalid', message: 'min must not be more than max.' }];
  }
  if ('enum' in field && field.enum !== undefined) yield* enumFindings(field.enum);
  if (field.type === 'text' || field.type === 'email' || field.type === 'url') yield* textFindings(field);
  if (field.type === 'reference') yield* referenceFindings(field);
  if (!isStored(field)) return;
  const flaw = defaultFlaw(field);
  if (flaw !== null) {
    yield ['default', { code: 'default_invalid', message: `The field does not take this default: ${flaw}.` }];
  }
}

function* enumFindings(values: readonly unknown[]): Generator<[string, Finding]> {
  if (values.some((value) => typeof value === 'string' && !storable(value))) {
    yield ['enum', { code: 'enum_value_invalid', message: NOT_STORABLE }];
  }
  if (new Set(values).size !== values.length) {
    yield ['enum', { code: 'enum_value_duplicate', message: 'Each value may stand in the list once.' }];
  }
}

function* textFindings(field: Extract<Field, { type: 'text' | 'email' | 'url' }>): Generator<[string, Finding]> {
  const { min_length, max_length, pattern } = field;
  if (min_length !== undefined && max_length !== undefined && min_length > max_length) {
    yield ['min_length', { code: 'length_range_invalid', message: 'min_length must not be more than max_length.' }];
  }
  if (pattern !== undefined && !(compiles(pattern) && storable(pattern))) {
    const message =
      'The pattern is not a regular expression in RE2 syntax, which has no look-around and no back-references: correct it.';
    yield ['pattern', { code: 'pattern_invalid', message }];
  }
}

function* referenceFindings(field: Extract<Field, { type: 'reference' }>): Generator<[string, Finding]> {
  if (field.collection === '') {
    yield [
      'collection',
      { code: 'reference_collection_required', message: 'Name the collection that the field points at.' },
    ];
  }
  if (field.on_delete === 'set_null' && field.required) {
    const message = 'A required field cannot become null: use restrict or cascade, or make it optional.';
    yield ['on_delete', { code: 'reference_set_null_required', message }];
  }
}
