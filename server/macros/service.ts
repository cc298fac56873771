// Macros as superadmins manage them. A change acts on every rule that calls the macro, so each of them must still compile.

import type { Parsed, Reply } from '../../contract/kit.ts';
import type { macros as contract, Macro } from '../../contract/macros.ts';
import { Failure, type ProblemEntry } from '../../contract/problems.ts';
import { type Macros, macroSource } from '../access/macros.ts';
import type { MacroSource } from '../access/rule.ts';
import { calls, createRuleBook } from '../access/rule-book.ts';
import { holdRules } from '../access/store.ts';
import type { Recorder } from '../audit/service.ts';
import { type Ctx, SYSTEM_ACCOUNT } from '../context.ts';
import type { Database, Transaction } from '../db/database.ts';
import { isUniqueViolation } from '../db/errors.ts';
import { BUILTIN_MACROS } from '../expression/macros.ts';
import { parseRule } from '../expression/parse-rule.ts';
import { print } from '../expression/print.ts';
import { compiled, outcome, scopeOf } from '../rules/service.ts';
import * as store from './store.ts';

type C = typeof contract;
type Settings = Pick<store.MacroRow, 'name' | 'description' | 'expression'>;

/** `get`, `update`, `delete` and `test` throw RESOURCE_NOT_FOUND. */
export interface MacroRoom {
  list(window: Parsed<C['list']>['query']): Promise<Reply<C['list']>>;
  /** Throws INVALID_RESOURCE_DATA with place and hint of every mistake, CONFLICT for a name that is taken in any case. */
  create(input: Parsed<C['create']>['body'], ctx: Ctx): Promise<Macro>;
  get(id: string): Promise<Macro>;
  /** Throws as `create`; a rule that could no longer run is a mistake too. */
  update(id: string, change: Parsed<C['update']>['body'], ctx: Ctx): Promise<Macro>;
  /** Throws MACRO_IN_USE naming the rules and macros that call it. */
  delete(id: string, ctx: Ctx): Promise<undefined>;
  test(id: string, input: Parsed<C['test']>['body']): Promise<Reply<C['test']>>;
}

export interface MacroRoomOptions {
  readonly db: Database;
  readonly macros: Macros;
  readonly trail: Recorder;
  readonly clock?: () => Date;
}

export function createMacroRoom({ db, macros, trail, clock = () => new Date() }: MacroRoomOptions): MacroRoom {
  const book = createRuleBook(macros);
  const now = () => clock().toISOString();
  const told = (tx: Transaction, ctx: Ctx, before: store.MacroRow | null, after: store.MacroRow | null) =>
    trail.record(tx, ctx, {
      accountId: SYSTEM_ACCOUNT,
      table: 'macros',
      id: String((after ?? before)?.id),
      before,
      after,
    });

  async function find(id: string, run: Database | Transaction = db): Promise<store.MacroRow> {
    const row = /^[1-9]\d{0,8}$/.test(id) ? await store.byId(run, Number(id)) : undefined;
    if (row === undefined) throw new Failure('RESOURCE_NOT_FOUND');
    return row;
  }

  /** Throws INVALID_RESOURCE_DATA unless the macro, the other macros and every stored rule can run with it. */
  async function judge(tx: Transaction, id: number | null, macro: Settings): Promise<void> {
    const problems = [...nameProblems(macro.name), ...textProblems(macro)];
    if (problems.length === 0) problems.push(...(await broken(tx, id, macro)));
    if (problems.length > 0) throw new Failure('INVALID_RESOURCE_DATA', {}, problems);
  }

  async function broken(tx: Transaction, id: number | null, macro: Settings): Promise<ProblemEntry[]> {
    const alone = compiled(macro.expression, scopeOf(null, undefined, 'any', anyMacro));
    if (Array.isArray(alone)) return alone.map((entry) => ({ ...entry, field: 'expression' }));
    const others = (await store.all(tx)).filter((row) => row.id !== id);
    const changed = macroSource([...others, macro]);
    const scope = scopeOf(null, undefined, 'any', changed);
    const among = [macro, ...others].flatMap(({ name, expression }) => {
      const found = compiled(expression, scope);
      return Array.isArray(found) ? found.map((entry) => ({ ...entry, message: `@${name}(): ${entry.message}` })) : [];
    });
    if (among.length > 0) return among.map((entry) => ({ ...entry, field: 'expression' }));
    const rules = await book.problemsWith(tx, changed);
    return rules.map((entry) => ({ ...entry, field: 'expression', code: 'breaks_rule' }));
  }

  return {
    async list({ skip, limit }) {
      const rows = await store.all(db);
      return { items: rows.slice(skip, skip + limit).map(shown), total: rows.length, skip, limit };
    },

    create: ({ name, description = null, expression }, ctx) =>
      db.transaction(async (tx) => {
        await holdRules(tx);
        await judge(tx, null, { name, description, expression });
        const row = { name, description, expression: print(parseRule(expression)) };
        const made = await store.insert(tx, row, now()).catch(refuseTaken(name));
        await told(tx, ctx, null, made);
        await macros.publish(tx);
        return shown(made);
      }),

    get: async (id) => shown(await find(id)),

    update: (id, { name, description, expression }, ctx) =>
      db.transaction(async (tx) => {
        await holdRules(tx);
        const before = await find(id, tx);
        const after = {
          name: name ?? before.name,
          description: description === undefined ? before.description : description,
          expression: expression ?? before.expression,
        };
        await judge(tx, before.id, after);
        const row = { ...after, expression: print(parseRule(after.expression)) };
        const made = await store.update(tx, before.id, row, now()).catch(refuseTaken(after.name));
        await told(tx, ctx, before, made);
        await macros.publish(tx);
        return shown(made);
      }),

    async delete(id, ctx) {
      await db.transaction(async (tx) => {
        await holdRules(tx);
        const row = await find(id, tx);
        const callers = (await store.all(tx)).filter(({ expression }) => calls(parseRule(expression), row.name));
        const users = [...(await book.usersOf(tx, row.name)), ...callers.map(({ name }) => `@${name}()`)];
        if (users.length > 0)
          throw new Failure('MACRO_IN_USE', { name: row.name, users: users.slice(0, 20).join(', ') });
        await store.remove(tx, row.id);
        await told(tx, ctx, row, null);
        await macros.publish(tx);
      });
      return undefined;
    },

    async test(id, { context = {} }) {
      const { expression } = await find(id);
      const began = performance.now();
      const { result, errors } = outcome(expression, scopeOf(null, undefined, 'any', macros), context);
      return { result, errors, execution_time: performance.now() - began, rows_affected: 0 as const };
    },
  };
}

/** Stands in for macros while one is judged by itself: calls of others are judged with all of them. */
const anyMacro: MacroSource = { version: 0, names: [], find: () => parseRule('true') };

const shown = ({ id, name, description, expression, created_at, updated_at }: store.MacroRow): Macro => ({
  id,
  name,
  description,
  expression,
  sql_query: expression,
  parameters: [],
  created_at,
  updated_at,
});

function nameProblems(name: string): ProblemEntry[] {
  const problem = (code: string, message: string) => [{ field: 'name', code, message }];
  if (name === '') return problem('name_required', 'Give the macro a name.');
  if (name.length > 100) return problem('name_too_long', 'Use at most 100 characters.');
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    const message = 'Use letters, digits and underscores only, and begin with a letter or an underscore.';
    return problem('name_invalid_format', message);
  }
  if (!BUILTIN_MACROS.includes(name.toLowerCase())) return [];
  return problem('name_reserved', `@${name}() is built in: choose another name.`);
}

const textProblems = ({ description }: Settings): ProblemEntry[] =>
  description?.includes('\0')
    ? [{ field: 'description', code: 'invalid_characters', message: 'A description has no NUL characters.' }]
    : [];

const refuseTaken = (name: string) => (error: unknown) => {
  if (!isUniqueViolation(error)) throw error;
  const entry = { field: 'name', code: 'name_taken', message: `There is a macro ${name}.` };
  throw new Failure('CONFLICT', { what: `A macro named ${name}` }, [entry]);
};
