// Fields, variables and literals as operands: looked up in the scope, refused when unknown or not allowed there.
import type { Expr, FieldRef, Literal, ValueType, Variable } from '../../contract/expression.ts';
import { cut } from '../text.ts';
import { ExpressionError } from './error.ts';
import { suggestion } from './nearest.ts';
import { constant, type Operand } from './operand.ts';
import { placeOf } from './origin.ts';
import type { Scope } from './scope.ts';
import type { Column, Input } from './typed.ts';

/** Makes operands of leaves and remembers which fields and variables were read. */
export class Leaves {
  readonly fields = new Set<string>();
  readonly variables = new Set<string>();

  constructor(private readonly scope: Scope) {}

  /** Throws unknown_field, also for a hidden one. */
  field(expr: FieldRef): Operand {
    const known = this.scope.field(expr.name);
    if (known === undefined) {
      const hint = suggestion(expr.name, this.scope.fieldNames, 'fields');
      throw new ExpressionError('unknown_field', `Unknown field ${cut(expr.name, 100)}.`, placeOf(expr), hint);
    }
    const { computed } = known;
    if (computed !== undefined) {
      for (const name of computed.fields) this.fields.add(name);
      return { expr, type: computed.root.type, otherwise: undefined, as: () => computed.root };
    }
    this.fields.add(expr.name);
    const dynamic = known.type === 'any';
    const as = (type: ValueType): Column => ({ kind: 'column', type, name: expr.name, bounded: false, dynamic });
    return { expr, type: known.type === 'any' ? undefined : known.type, otherwise: undefined, as };
  }

  /** Throws variable_not_allowed. */
  variable(expr: Variable): Operand {
    const auth = expr.name.startsWith('auth.');
    if (!this.scope.allow[auth ? 'auth' : 'data'])
      throw new ExpressionError('variable_not_allowed', `@request.${expr.name} cannot be used here.`, placeOf(expr));
    this.variables.add(expr.name);
    const as = (type: ValueType): Input => ({ kind: 'input', type, name: expr.name, bounded: false });
    if (expr.name === 'auth.groups' || expr.name === 'auth.roles')
      return { expr, type: 'text[]', otherwise: undefined, as };
    if (!auth) return { expr, type: undefined, otherwise: undefined, as };
    const identity = (type: ValueType, against: string): Input => {
      if (type === 'text' || type === 'uuid') return as(type);
      const message = `${against} is of type ${type}, @request.${expr.name} of type text: they cannot be compared.`;
      throw new ExpressionError('type_mismatch', message, placeOf(expr));
    };
    return { expr, type: undefined, otherwise: 'text', as: identity };
  }

  literal(expr: Literal): Operand {
    const { value } = expr;
    const as = (type: ValueType, against: string) => constant(expr, value, type, against);
    if (typeof value === 'number') return { expr, type: 'number', otherwise: undefined, as };
    if (typeof value === 'boolean') return { expr, type: 'boolean', otherwise: undefined, as };
    if (!Array.isArray(value)) return { expr, type: undefined, otherwise: value === null ? undefined : 'text', as };
    return { expr, type: undefined, otherwise: typeof value[0] === 'number' ? 'number[]' : 'text[]', as };
  }
}

export const isNullLiteral = (e: Expr): boolean => e.kind === 'literal' && e.value === null;
