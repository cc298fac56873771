// Conditions and filters of definitions: names that templates know, judged in memory; values that are never syntax.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Field } from '../../contract/fields.ts';
import type { ProblemEntry } from '../../contract/problems.ts';
import { NO_MACROS, ruleScope } from '../../server/access/rule.ts';
import { compileFilter } from '../../server/automation/actions/filter.ts';
import { compileCondition } from '../../server/automation/conditions.ts';
import type { Values } from '../../server/automation/templates.ts';
import { recordShape, type Vocabulary } from '../../server/automation/vocabulary.ts';
import { check } from '../../server/expression/check.ts';
import { evaluate } from '../../server/expression/evaluate.ts';
import { parseRule } from '../../server/expression/parse-rule.ts';

const fields = [
  { name: 'amount', type: 'number' },
  { name: 'status', type: 'text' },
  { name: 'tags', type: 'text[]' },
] as Field[];
const vocabulary: Vocabulary = {
  record: recordShape(fields),
  old: recordShape(fields),
  steps: { 'check-stock': { output: 'any' } },
  trigger: 'any',
  now: 'datetime',
};
const values: Values = {
  record: { amount: 150, status: 'paid', tags: ['a'] },
  old: { amount: 50, status: 'open', tags: [] },
  steps: { 'check-stock': { output: { left: 3, name: 'x', none: null } } },
  trigger: { order: { total: '12' } },
  now: '2026-01-02T03:04:05Z',
};
const options = (problems: ProblemEntry[]) => ({ vocabulary, bare: ['record'], at: 'condition', problems });

describe('conditions', () => {
  it.each([
    ['amount > 100', true],
    ['record.amount > 100', true],
    ['old.amount > 100', false],
    ['old.status != record.status', true],
    ["status = 'paid' and old.status = 'open'", true],
    ["tags contains ['a']", true],
    ['steps.check_stock.output.left >= 3', true],
    ["steps.check_stock.output.name = 'x'", true],
    ['steps.check_stock.output.none is null', true],
    ['steps.check_stock.output.missing > 1', false],
    ['not (steps.check_stock.output.missing > 1)', false],
    // What arrived as text is taken for what it is compared with.
    ['trigger.order.total = 12', true],
    ["trigger.order.total = '12'", true],
    ["now > '2026-01-01T00:00:00Z'", true],
    ["@request.auth.role = 'admin'", true],
    ['', true],
    ['   ', true],
  ])('%s: %s', (text, expected) => {
    const problems: ProblemEntry[] = [];
    const condition = compileCondition(text, options(problems));
    expect(problems).toEqual([]);
    const auth = { id: 'x', email: null, role: 'admin', account_id: 'AB1234', groups: [] };
    expect(condition.holds({ ...values, auth })).toBe(expected);
  });

  it.each([
    ['amuont > 1', 'unknown_field', 'amount'],
    ['old.amuont > 1', 'unknown_field', 'old.amount'],
    ['steps.other.output.x = 1', 'unknown_field', ''],
    ['amount > ', 'syntax', ''],
    ["amount = 'x'", 'invalid_value', ''],
    ['amount', 'not_a_condition', ''],
  ])('%s is refused when it is stored: %s', (text, code, hint) => {
    const problems: ProblemEntry[] = [];
    const condition = compileCondition(text, options(problems));
    expect(problems).toMatchObject([{ field: 'condition', code }]);
    expect(problems[0]?.message).toContain(hint);
    expect(condition.holds(values)).toBe(false);
  });
});

describe('filters of actions', () => {
  const words: Vocabulary = { q: 'any' };
  const scope = ruleScope(fields, 'list', NO_MACROS);
  const filter = (text: string, problems: ProblemEntry[] = []) =>
    compileFilter(text, { vocabulary: words, at: 'filter', problems }, scope);

  it.each([
    ['status = {{q.s}}', { s: "x' or '1'='1" }, 'status = @request.data.p1', { p1: "x' or '1'='1" }],
    ["status = '{{q.s}}'", { s: "x' or '1'='1" }, 'status = @request.data.p1', { p1: "x' or '1'='1" }],
    ["status = 'a{{q.s}}b'", { s: "\\'" }, 'status = @request.data.p1', { p1: "a\\'b" }],
    ["status = 'it\\'s' and amount > {{q.n}}", { n: 5 }, "status = 'it\\'s' and amount > @request.data.p1", { p1: 5 }],
    ['status in {{q.l}}', { l: ['a', "b'", null, 3] }, "status in ['a', 'b\\'', 3]", {}],
    [
      'status in [{{q.a}}, {{q.b}}]',
      { a: 'x' },
      'status in [@request.data.p1, @request.data.p3]',
      { p1: 'x', p3: null },
    ],
    ['status in {{q.none}}', {}, 'status in []', {}],
  ])('%s with %j is %s', (source, q, expected, data) => {
    expect(filter(source).render({ q })).toEqual({ filter: expected, data });
    expect(() => parseRule(expected)).not.toThrow();
  });

  it('no value changes what is asked: it finds the record with just that value, and none where there is none', () => {
    for (const source of ['status = {{q.s}}', "status = '{{q.s}}'", 'status = "{{q.s}}"']) {
      const compiled = filter(source);
      const asked = (s: unknown, status: unknown) => {
        const { filter: text, data } = compiled.render({ q: { s } });
        const open = { ...scope, allow: { auth: false, data: true } };
        return evaluate(check(parseRule(text as string), open), { status }, { auth: null, data: data ?? {} });
      };
      fc.assert(
        fc.property(fc.string({ maxLength: 40 }), fc.string({ maxLength: 40 }), (s, other) => {
          expect(asked(s, s)).toBe(true);
          expect(asked(s, other)).toBe(other === s);
        }),
      );
    }
    const { filter: text, data } = filter('status = {{q.s}}').render({ q: {} });
    const open = { ...scope, allow: { auth: false, data: true } };
    expect(evaluate(check(parseRule(text as string), open), { status: null }, { auth: null, data: data ?? {} })).toBe(
      null,
    );
  });

  it.each([
    ['stauts = {{q.s}}', 'unknown_field'],
    ['status = {{q.s}} and', 'syntax'],
    ['status = {{x.s}}', 'unknown_path'],
    ['@request.auth.id = status', 'variable_not_allowed'],
  ])('%s is refused: %s', (source, code) => {
    const problems: ProblemEntry[] = [];
    filter(source, problems);
    expect(problems).toMatchObject([{ field: 'filter', code }]);
  });

  it('as a where, its values are single ones, lists where the operator takes one, and never operators', () => {
    const where = (source: Record<string, unknown>, q: unknown) =>
      compileFilter(source, { vocabulary: words, at: 'filter', problems: [] }, scope).render({ q }).where;
    const asked = { status: '{{q.s}}', amount: { $gt: '{{q.n}}' } };
    expect(where(asked, { s: "'", n: 3 })).toEqual({ status: "'", amount: { $gt: 3 } });
    expect(where({ status: { $in: '{{q.l}}' } }, { l: ['a', 'b'] })).toEqual({ status: { $in: ['a', 'b'] } });
    // What is not there finds nothing, rather than records without a value.
    expect(where({ status: '{{q.none}}' }, {})).toEqual({ status: { $in: [] } });
    for (const [source, q] of [
      [{ status: '{{q.s}}' }, { s: { $ne: 'x' } }],
      [{ status: '{{q.s}}' }, { s: ['x'] }],
      [{ status: { $eq: '{{q.s}}' } }, { s: { $ne: 1 } }],
      [{ status: { $ne: '{{q.none}}' } }, {}],
      [{ status: { $in: '{{q.s}}' } }, { s: 'x' }],
      [{ status: { $in: '{{q.s}}' } }, { s: [{ $ne: 1 }] }],
      [{ $or: [{ status: '{{q.s}}' }] }, { s: { $ne: 1 } }],
    ] as const)
      expect(() => where(source, q)).toThrow(/single|list/);
  });
});
