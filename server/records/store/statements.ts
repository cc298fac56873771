// Record statements: made once a shape by knex, kept, and run with named values; and the one place where the scope enters the SQL.
import type { Knex } from 'knex';
import type { RecordScope } from '../../access/decide.ts';
import type { Rule } from '../../access/rule.ts';
import type { Database, Plan, RawResult, Runner } from '../../db/database.ts';
import { PlanCache, plan } from '../../db/plans.ts';
import { isGuarded, type RowSecurity } from '../../db/row-security.ts';
import { type Slot, slotValue } from '../../expression/slots.ts';
import type { CollectionDef } from '../../schema/collection-def.ts';
import type { Bound } from '../../schema/values.ts';
import { type RecordColumn, rowWriter, type WriteRow } from '../columns.ts';
import type { Deleted } from '../list-query.ts';

/** A statement whose parameters are named: `slots[i]` says which value goes to `$i+1`. */
export interface Compiled {
  readonly plan: Plan;
  readonly slots: readonly string[];
  readonly write: WriteRow;
}
export type Values = Readonly<Record<string, Bound>>;

export interface Statements {
  readonly kx: Knex;
  /** The statement kept under the collection, the kind of scope and `shape`; made by `make` the first time. */
  keep(def: CollectionDef, scope: RecordScope, shape: string, make: () => Compiled): Compiled;
  /** Turns a builder whose bindings are slot names into a statement; `window` adds `@limit` and `@skip`. */
  compile(builder: Knex.QueryBuilder, columns: readonly RecordColumn[], options?: CompileOptions): Compiled;
  /** Runs it with the scope's values and these. */
  run(on: Runner, compiled: Compiled, scope: RecordScope, values: Values): Promise<RawResult>;
  table(def: CollectionDef): Knex.QueryBuilder;
  /** The rows of the scope, those that are not deleted unless it says otherwise. Every statement on existing records starts here. */
  within(def: CollectionDef, scope: RecordScope, deleted?: Deleted): Knex.QueryBuilder;
  /** The rules of the scope as SQL text, one condition each, with their slot names. */
  conditions(scope: RecordScope): readonly { readonly sql: string; readonly bindings: readonly string[] }[];
  select(columns: readonly RecordColumn[]): Knex.Raw[];
  /** A list of names as part of a shape. */
  names(columns: readonly { readonly name: string }[]): string;
  /** Drops what was compiled for a collection's earlier revisions. */
  forget(collectionId: string): void;
}

export interface CompileOptions {
  readonly window?: boolean;
  /** Personal data is masked in what is written. */
  readonly masked?: boolean;
  /** The plan as JSON instead of its rows. */
  readonly explain?: boolean;
}

/** Shapes kept in this process; the one used longest ago leaves first. */
const KEPT = 2000;

/** `@rule 3` is the fourth parameter of the scope's rules. */
export const RULE = '@rule ';

function conditions(scope: RecordScope): { sql: string; bindings: string[] }[] {
  let at = 0;
  const named = ({ slots }: Rule) => slots.map(() => `${RULE}${at++}`);
  return scope.rows.map((any) => {
    const bindings = any.flatMap(named);
    return { sql: `(${any.map((rule) => `(${rule.sql})`).join(' or ')})`, bindings };
  });
}

export function createStatements(db: Database, rowSecurity: RowSecurity): Statements {
  const { kx } = db;
  const plans = new PlanCache<Compiled>(KEPT);
  // Lists that are made once, like all columns of a collection, are joined once.
  const joined = new WeakMap<readonly { name: string }[], string>();
  const table = (def: CollectionDef) => kx(kx.raw(def.table) as never) as unknown as Knex.QueryBuilder;

  return {
    kx,
    table,
    keep: (def, scope, shape, make) => plans.get(`${def.id}:${def.revision}:${shape}:${scope.key}`, make),
    compile(builder, columns, { window = false, masked = false, explain = false } = {}) {
      const { sql, bindings } = builder.toSQL().toNative();
      const slots = [...(bindings as unknown as string[])];
      // knex takes numbers only for a window, and a plan needs parameters there.
      const windowed = window ? `${sql} limit $${slots.push('@limit')} offset $${slots.push('@skip')}` : sql;
      const text = explain ? `explain (format json) ${windowed}` : windowed;
      return { plan: plan(text), slots, write: rowWriter(columns, { masked }) };
    },
    run(on, compiled, scope, values) {
      const bound = compiled.slots.map((slot) => {
        if (slot === '@account') return scope.accountId;
        if (slot.startsWith(RULE))
          return slotValue(scope.slots[Number(slot.slice(RULE.length))] as Slot, scope.environment);
        return values[slot];
      });
      return isGuarded(rowSecurity, on)
        ? on.runAs(scope.accountId ?? '*', compiled.plan, bound)
        : on.run(compiled.plan, bound);
    },
    conditions,
    within(def, scope, deleted = 'without') {
      const builder = table(def);
      if (deleted === 'without') builder.whereNull('deleted_at');
      if (deleted === 'only') builder.whereNotNull('deleted_at');
      if (scope.accountId !== null) builder.where('account_id', '@account');
      for (const { sql, bindings } of conditions(scope)) builder.whereRaw(sql, [...bindings]);
      return builder;
    },
    select: (columns) => columns.map((c) => kx.raw(c.type.endsWith('[]') ? `to_jsonb(${c.quoted})` : c.quoted)),
    names(columns) {
      let text = joined.get(columns);
      if (text === undefined) {
        text = columns.map((c) => c.name).join();
        joined.set(columns, text);
      }
      return text;
    },
    forget: (collectionId) => plans.dropPrefix(`${collectionId}:`),
  };
}
