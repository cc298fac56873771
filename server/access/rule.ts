// A rule of a collection: checked once, then ready as SQL and in memory.
import type { Expr, ValueType } from '../../contract/expression.ts';
import type { ComputedField, Field } from '../../contract/fields.ts';
import { check } from '../expression/check.ts';
import { ExpressionError } from '../expression/error.ts';
import { evaluate } from '../expression/evaluate.ts';
import { parseRule } from '../expression/parse-rule.ts';
import { type Environment, type Row, type Scope, valueTypeOf } from '../expression/scope.ts';
import type { Slot } from '../expression/slots.ts';
import { toSql } from '../expression/to-sql.ts';
import type { Checked } from '../expression/typed.ts';
import type { RuleOperation } from '../schema/collection-access.ts';
import type { CollectionDef } from '../schema/collection-def.ts';
import { isStored } from '../schema/columns.ts';
import { computedValue } from '../schema/computed.ts';

/** The named macros of the moment. */
export interface MacroSource {
  /** Another number whenever anything that `find` answers may have changed. */
  readonly version: number;
  readonly names: readonly string[];
  find(name: string): Expr | undefined;
}

/** For programs that have no database of them. */
export const NO_MACROS: MacroSource = { version: 0, names: [], find: () => undefined };

export interface Rule {
  /** As it was written. */
  readonly text: string;
  readonly checked: Checked;
  /** With a `?` for each slot. */
  readonly sql: string;
  readonly slots: readonly Slot[];
  /** It lets every row pass, whoever asks. */
  readonly always: boolean;
  /** It lets no row pass, whoever asks. */
  readonly never: boolean;
}

/** A computed field as part of a scope. One whose expression is wrong is unknown: its definition is refused for that. */
function computedIn(field: ComputedField, fields: readonly Field[]) {
  try {
    const computed = computedValue(field, fields);
    return { type: computed.root.type, computed };
  } catch (error) {
    if (error instanceof ExpressionError) return undefined;
    throw error;
  }
}

/** What a rule may be asked for; `read` is list and view. */
export type RuleUse = RuleOperation | 'read' | 'any';

/** Columns that every record has and that a rule may name. */
export const SYSTEM_TYPES: Readonly<Record<string, ValueType>> = {
  id: 'uuid',
  account_id: 'text',
  created_at: 'datetime',
  updated_at: 'datetime',
  created_by: 'text',
  updated_by: 'text',
};

/**
 * What a rule may speak of. `fields` null: of any collection, so only system columns. `@request.data` is there
 * for create and update alone; elsewhere it would be NULL for everybody and lock the operation by mistake.
 */
export function ruleScope(fields: readonly Field[] | null, use: RuleUse, macros: MacroSource): Scope {
  const known = new Map<string, ReturnType<Scope['field']>>(
    Object.entries(SYSTEM_TYPES).map(([name, type]) => [name, { type }]),
  );
  for (const field of fields ?? []) {
    if (isStored(field)) known.set(field.name, { type: valueTypeOf(field.type) as ValueType });
    else known.set(field.name, computedIn(field, fields ?? []));
  }
  return {
    field: (name) => known.get(name),
    fieldNames: [...known.keys()],
    macros: (name) => macros.find(name),
    macroNames: macros.names,
    allow: { auth: true, data: use === 'create' || use === 'update' || use === 'any' },
  };
}

const kept = new WeakMap<CollectionDef, { version: number; rules: Map<string, Rule> }>();

/** The rule of that text for a collection. Throws ExpressionError for a text that could not have been stored. */
export function ruleOf(def: CollectionDef, text: string, macros: MacroSource): Rule {
  let known = kept.get(def);
  if (known === undefined || known.version !== macros.version) {
    known = { version: macros.version, rules: new Map() };
    kept.set(def, known);
  }
  let rule = known.rules.get(text);
  if (rule === undefined) {
    // Which variables the text may use was judged when it was stored.
    const fields = def.shown.map(({ field }) => field);
    const checked = check(parseRule(text), ruleScope(fields, 'any', macros));
    const { root } = checked;
    const always = root.kind === 'constant' && root.value === true;
    const never = root.kind === 'constant' && root.value === false;
    rule = { text, checked, always, never, ...toSql(checked, { column: (name) => columnOf(def, name) }) };
    known.rules.set(text, rule);
  }
  return rule;
}

const columnOf = (def: CollectionDef, name: string): string => def.byName.get(name)?.quoted ?? `"${name}"`;

/** Whether a row passes: each list must hold a rule that is true for it. The meaning that the SQL has, in memory. */
export const passes = (rows: readonly (readonly Rule[])[], row: Row, environment: Environment): boolean =>
  rows.every((any) => any.some(({ checked }) => evaluate(checked, row, environment) === true));
