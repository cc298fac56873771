// The SQL of what the decision keeps in memory, permissions and macros, each with the number that orders its changes; and of all stored rules.
import type { Field } from '../../contract/fields.ts';
import type { Constraint } from '../../contract/permissions.ts';
import type { Plan, Runner, Transaction } from '../db/database.ts';
import { plan } from '../db/plans.ts';
import type { RuleUse } from './rule.ts';

/** A permission row of an enabled role. */
export interface GrantRow {
  readonly role_id: number;
  readonly role: string;
  readonly collection: string;
  readonly operation: string;
  readonly rule: string;
  readonly fields: readonly string[] | null;
  readonly filters: readonly Constraint[];
  readonly checks: readonly Constraint[];
}

const grants = plan(`
  select v.number, (
    select coalesce(json_agg(json_build_object(
      'role_id', p.role_id, 'role', r.name, 'collection', p.collection, 'operation', p.operation,
      'rule', case when r.enabled then p.rule else 'false' end, 'fields', p.fields, 'filters', p.filters, 'checks', p.checks) order by p.id), '[]')::text
    from snackbase.permissions p join snackbase.roles r on r.id = p.role_id)
  from snackbase.permissions_version v`);
const macros = plan(`
  select v.number, (
    select coalesce(json_agg(json_build_object('name', name, 'expression', expression) order by id), '[]')::text
    from snackbase.macros)
  from snackbase.macros_version v`);
const nextOfGrants = plan('update snackbase.permissions_version set number = number + 1 returning number');
const nextOfMacros = plan('update snackbase.macros_version set number = number + 1 returning number');

const reading = (statement: Plan) => async (run: Runner) => {
  const [number, text] = (await run.run(statement, [])).rows[0] as [string, string];
  return { number: Number(number), text };
};
const counting = (statement: Plan) => async (run: Runner) => Number((await run.run(statement, [])).rows[0]?.[0]);

/** All GrantRows as JSON text. */
export const readGrants = reading(grants);
export const bumpGrants = counting(nextOfGrants);
/** Name and expression of every macro as JSON text. */
export const readMacros = reading(macros);
export const bumpMacros = counting(nextOfMacros);

/** A rule as it is stored: of a collection itself, or of a role's permission. */
export interface StoredRule {
  /** `main.posts`, `main.*` or `*`. */
  readonly collection: string;
  /** null for a pattern. */
  readonly definition: readonly Field[] | null;
  readonly operation: RuleUse;
  readonly rule: string;
  /** null: the collection's own rule. */
  readonly role: string | null;
  readonly fields: readonly string[] | null;
  readonly filters: readonly Constraint[];
  readonly checks: readonly Constraint[];
}

/** Every stored rule; with `collection` only those that are stored for exactly that. */
export const storedRules = (run: Runner, collection: string | null): Promise<StoredRule[]> =>
  run.query<StoredRule>(
    `select c.app || '.' || c.name as collection, c.definition, k.key as operation, k.value as rule, null as role, null::text[] as fields,
       '[]'::jsonb as filters, '[]'::jsonb as checks
     from snackbase.collections c, jsonb_each_text(c.access -> 'rules') k
     where k.value <> '' and ($1::text is null or c.app || '.' || c.name = $1)
     union all
     select p.collection, c.definition, p.operation, p.rule, r.name, p.fields, p.filters, p.checks
     from snackbase.permissions p join snackbase.roles r on r.id = p.role_id
     left join snackbase.collections c on c.app || '.' || c.name = p.collection
     where $1::text is null or p.collection = $1
     order by collection, operation, role nulls first`,
    [collection],
  );

/** Whoever stores a rule shares this lock, whoever changes a macro holds it alone: no rule is stored against macros that change meanwhile. */
const RULES_LOCK = 7_305_891;

export const shareRules = async (tx: Transaction): Promise<void> => {
  await tx.query('select pg_advisory_xact_lock_shared($1)', [RULES_LOCK]);
};

export const holdRules = async (tx: Transaction): Promise<void> => {
  await tx.query('select pg_advisory_xact_lock($1)', [RULES_LOCK]);
};
