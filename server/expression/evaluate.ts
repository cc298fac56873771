// The second meaning: a checked condition judged in memory on one row, with SQL's three values and to the last bit what SQL answers.

import { coerce } from './coerce.ts';
import { called, presentMoment } from './functions.ts';
import { startOfDay } from './instant.ts';
import { withinMagnitude } from './magnitude.ts';
import { likePattern, matches } from './pattern.ts';
import type { Bound, Environment, Row } from './scope.ts';
import { inputValue, isAbsent } from './slots.ts';
import type { Among, Calculation, Called, Checked, Column, Compare, Logic, Pattern, Typed } from './typed.ts';

/** True, false, or null for unknown; only true grants anything. Values of a wrong type count as null. Never throws. */
export const evaluate = (checked: Checked, row: Row, environment: Environment): boolean | null =>
  new Judge(row, environment).value(checked.root) as boolean | null;

/** The value of an expression of any type for a row; null where it has none. Never throws. */
export const evaluateValue = (checked: Checked, row: Row, environment: Environment): Bound =>
  new Judge(row, environment).value(checked.root);

class Judge {
  constructor(
    private readonly row: Row,
    private readonly environment: Environment,
  ) {}

  value(node: Typed): Bound {
    switch (node.kind) {
      case 'constant':
        return node.value;
      case 'column':
        return this.column(node);
      case 'input':
        return inputValue(node, this.environment);
      case 'cast': {
        const value = this.value(node.operand);
        return value === null || node.type === 'text' ? value : startOfDay(value as string);
      }
      case 'calculation':
        return this.calculation(node);
      case 'call':
        return this.call(node);
      case 'bounded': {
        const value = this.value(node.operand);
        return withinMagnitude(value) ? value : null;
      }
      case 'compare':
        return this.compare(node);
      case 'pattern':
        return this.pattern(node);
      case 'in':
        return this.among(node);
      case 'contains':
        return this.contains(node);
      case 'is_null':
        return node.operand.kind === 'input' && !node.operand.bounded
          ? isAbsent(node.operand.name, this.environment)
          : this.value(node.operand) === null;
      case 'not': {
        const value = this.value(node.operands[0] as Typed);
        return value === null ? null : !value;
      }
      case 'and':
        return this.logic(node, false);
      case 'or':
        return this.logic(node, true);
    }
  }

  private column({ name, type, bounded }: Column): Bound {
    const value = Object.hasOwn(this.row, name) ? (coerce(this.row[name], type) ?? null) : null;
    return bounded && !withinMagnitude(value) ? null : value;
  }

  private call({ name, operands, unit }: Called): Bound {
    // Only the branch that counts is asked, as in SQL.
    if (name === 'if') return this.value(operands[this.value(operands[0] as Typed) === true ? 1 : 2] as Typed);
    const args = operands.map((operand) => this.value(operand));
    return called(name, args, unit, presentMoment);
  }

  /** `decisive` settles the matter; without it, one unknown makes all unknown. */
  private logic({ operands }: Logic, decisive: boolean): boolean | null {
    let unknown = false;
    for (const operand of operands) {
      const value = this.value(operand);
      if (value === decisive) return decisive;
      unknown ||= value === null;
    }
    return unknown ? null : !decisive;
  }

  private calculation({ op, operands }: Calculation): number | null {
    const a = this.value(operands[0] as Typed) as number | null;
    if (op === 'minus') return a === null ? null : -a;
    const b = this.value(operands[1] as Typed) as number | null;
    if (a === null || b === null) return null;
    if (op === '+') return a + b;
    if (op === '-') return a - b;
    if (op === '*') return a * b;
    if (b === 0) return null;
    return op === '/' ? a / b : a - b * Math.trunc(a / b);
  }

  private compare({ op, left, right }: Compare): boolean | null {
    const a = this.value(left);
    const b = this.value(right);
    if (a === null || b === null) return null;
    if (op === 'eq') return equal(a, b);
    if (op === 'neq') return !equal(a, b);
    const order = compareValues(a as string | number, b as string | number);
    if (op === 'gt') return order > 0;
    if (op === 'gte') return order >= 0;
    return op === 'lt' ? order < 0 : order <= 0;
  }

  private pattern({ op, left, pattern }: Pattern): boolean | null {
    const text = this.value(left);
    const wanted = this.value(pattern);
    if (text === null || wanted === null) return null;
    const like = likePattern(op, wanted as string);
    return like === undefined ? null : matches(op, like.pattern, text as string);
  }

  private among({ left, items }: Among): boolean | null {
    if (items.length === 0) return false;
    const value = this.value(left);
    if (value === null) return null;
    let unknown = false;
    for (const item of items) {
      const other = this.value(item);
      if (other === null) unknown = true;
      else if (equal(value, other)) return true;
    }
    return unknown ? null : false;
  }

  private contains({ left, items }: Among): boolean | null {
    const array = this.value(left) as readonly Bound[] | null;
    const values = items.map((item) => this.value(item));
    if (array === null || values.includes(null)) return null;
    return values.every((value) => array.includes(value));
  }
}

function equal(a: Bound, b: Bound): boolean {
  if (!Array.isArray(a) || !Array.isArray(b)) return a === b;
  return a.length === b.length && a.every((item, i) => item === b[i]);
}

/** Numbers by size, text by code point: the order of UTF-8 bytes, where JavaScript's own is that of UTF-16. */
function compareValues(a: string | number, b: string | number): number {
  if (typeof a === 'number' || typeof b === 'number') return Number(a) - Number(b);
  const most = Math.min(a.length, b.length);
  for (let i = 0; i < most; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    // Halves of pairs stand for code points above all others.
    if (x !== y) return (isHalf(x) ? x + 0x10000 : x) - (isHalf(y) ? y + 0x10000 : y);
  }
  return a.length - b.length;
}

const isHalf = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdfff;
