// The `$`-operator JSON to a tree. Values are only ever values: no text inside is read as an expression.
import { BOUNDS, type CompareOp, type Expr, type ListOp, OPERATORS, type Scalar } from '../../contract/expression.ts';
import { cut } from '../text.ts';
import { assertBounds, assertListLength, tooMuch } from './bounds.ts';
import { ExpressionError } from './error.ts';
import { suggestion } from './nearest.ts';
import { placed } from './origin.ts';
import { compare, connect, field, literal, membership, not, nullTest } from './tree.ts';
import { JSON_NAMES } from './words.ts';

type Loose = Readonly<Record<string, unknown>>;
const isObject = (v: unknown): v is Loose => typeof v === 'object' && v !== null && !Array.isArray(v);
const isScalar = (v: unknown): v is Scalar =>
  v === null || typeof v === 'string' || typeof v === 'boolean' || (typeof v === 'number' && Number.isFinite(v));
const LOGIC = ['$and', '$or', '$not'];

/** The tree of a `where`; `{}` is true. Throws ExpressionError with a path. */
export function parseWhere(json: unknown): Expr {
  const root = new Reader().conditions(json, '', 0);
  assertBounds(root);
  return root;
}

class Reader {
  private terms = 0;

  /** An object whose keys must all hold. */
  conditions(json: unknown, path: string, depth: number): Expr {
    if (!isObject(json)) throw wrong(path, 'an object of conditions', json);
    if (depth > BOUNDS.depth) throw tooMuch('levels', BOUNDS.depth, { path });
    const items = Object.entries(json).map(([key, value]) => {
      const at = path === '' ? key : `${path}.${key}`;
      if (!key.startsWith('$')) return this.fieldConditions(key, value, at);
      if (key === '$not') return placed(not(this.conditions(value, at, depth + 1)), { path: at });
      if (key === '$and' || key === '$or') {
        if (!Array.isArray(value)) throw wrong(at, 'an array of conditions', value);
        const inner = value.map((one, i) => this.conditions(one, `${at}[${i}]`, depth + 1));
        // No alternatives are no condition: `$or: []` holds as `$and: []` does.
        return connect(key === '$and' || inner.length === 0 ? 'and' : 'or', inner);
      }
      const hint = JSON_NAMES.has(key) ? `Write {"field": {"${key}": …}}.` : suggestion(key, LOGIC, 'operators');
      throw unknownOperator(key, at, hint);
    });
    return connect('and', items);
  }

  /** What one key asks of its field: a value, or operators that must all hold. */
  private fieldConditions(name: string, value: unknown, path: string): Expr {
    const left = placed(field(name.startsWith('record.') ? name.slice(7) : name), { path });
    if (!isObject(value)) {
      this.countTerm(path);
      return this.comparison('eq', left, value, path);
    }
    const entries = Object.entries(value);
    if (entries.length === 0) throw wrong(path, 'a value or an operator', value);
    return connect(
      'and',
      entries.map(([key, operand]) => this.operator(left, key, operand, `${path}.${key}`)),
    );
  }

  private operator(left: Expr, key: string, operand: unknown, path: string): Expr {
    const op = JSON_NAMES.get(key);
    if (op === undefined) {
      const outside = LOGIC.includes(key) ? `${key} stands outside of a field: {"${key}": …}.` : undefined;
      throw unknownOperator(key, path, outside ?? suggestion(key, [...JSON_NAMES.keys()], 'operators'));
    }
    this.countTerm(path);
    if (op === 'is_null') {
      if (typeof operand !== 'boolean') throw wrong(path, 'true or false', operand);
      return placed(nullTest(operand ? 'is_null' : 'is_not_null', left), { path });
    }
    if (OPERATORS[op].operand === 'value') return this.comparison(op as CompareOp, left, operand, path);
    const list = op === 'contains' && isScalar(operand) ? [operand] : operand;
    if (!Array.isArray(list)) throw wrong(path, 'an array', operand);
    assertListLength(list.length, { path });
    const items = list.map((item, i) => this.value(item, `${path}[${i}]`));
    return placed(membership(op as ListOp, left, items), { path });
  }

  private comparison(op: CompareOp, left: Expr, value: unknown, path: string): Expr {
    if (!Array.isArray(value) || (op !== 'eq' && op !== 'neq'))
      return placed(compare(op, left, this.value(value, path)), { path });
    assertListLength(value.length, { path });
    value.forEach((item, i) => void this.value(item, `${path}[${i}]`));
    return placed(compare(op, left, placed(literal(value as Scalar[]), { path })), { path });
  }

  private value(value: unknown, path: string): Expr {
    if (!isScalar(value)) throw wrong(path, 'a text, a number, true, false or null', value);
    return placed(literal(value), { path });
  }

  /** Counted while reading, so that a huge body is given up early. */
  private countTerm(path: string): void {
    if (++this.terms > BOUNDS.terms) throw tooMuch('terms', BOUNDS.terms, { path });
  }
}

const unknownOperator = (key: string, path: string, hint: string | undefined): ExpressionError =>
  new ExpressionError('unknown_operator', `Unknown operator ${cut(key, 60)} at ${cut(path, 200)}.`, { path }, hint);

function wrong(path: string, what: string, found: unknown): ExpressionError {
  const seen = Array.isArray(found) ? 'an array' : isObject(found) ? 'an object' : cut(String(found), 60);
  const at = path === '' ? 'where' : path;
  return new ExpressionError('type_mismatch', `Expected ${what} at ${cut(at, 200)}, found ${seen}.`, { path: at });
}
