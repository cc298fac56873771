// The parameters of a compiled condition: constants, and variables that are read, coerced and bound per request.
import type { ValueType } from '../../contract/expression.ts';
import { coerce } from './coerce.ts';
import { withinMagnitude } from './magnitude.ts';
import { type LikePattern, likePattern, type PatternOp } from './pattern.ts';
import type { Bound, Environment } from './scope.ts';
import type { Input } from './typed.ts';

export type Slot =
  | { readonly kind: 'constant'; readonly value: Bound }
  | { readonly kind: 'variable'; readonly name: string; readonly type: ValueType; readonly bounded: boolean }
  | { readonly kind: 'absent'; readonly name: string }
  | { readonly kind: 'pattern'; readonly name: string; readonly op: PatternOp; readonly part: keyof LikePattern };

/** The raw value of a variable: undefined and null are both NULL. Only own keys are read, so `data.constructor` is absent. */
function read(name: string, { auth, data }: Environment): unknown {
  const [root, ...path] = name.split('.') as [string, ...string[]];
  if (root === 'auth') {
    const key = path[0] as keyof NonNullable<Environment['auth']>;
    if (auth === null) return null;
    return key === 'roles' ? (auth.roles ?? (auth.role === null ? [] : [auth.role])) : auth[key];
  }
  let value: unknown = data;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || !Object.hasOwn(value, key)) return null;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

/** Whether a variable has any value at all, of whatever type. */
export const isAbsent = (name: string, environment: Environment): boolean => (read(name, environment) ?? null) === null;

/** A variable as its expected type; NULL when it is absent or of another one, so that a statement never fails over it. */
export function inputValue({ name, type, bounded }: Omit<Input, 'kind'>, environment: Environment): Bound {
  const value = coerce(read(name, environment), type) ?? null;
  return bounded && !withinMagnitude(value) ? null : value;
}

/** The value to bind for one slot of a fragment. Never throws. */
export function slotValue(slot: Slot, environment: Environment): Bound {
  switch (slot.kind) {
    case 'constant':
      return slot.value;
    case 'variable':
      return inputValue(slot, environment);
    case 'absent':
      return isAbsent(slot.name, environment);
    case 'pattern': {
      const text = coerce(read(slot.name, environment), 'text');
      return typeof text === 'string' ? (likePattern(slot.op, text)?.[slot.part] ?? null) : null;
    }
  }
}

/** The values of all slots, in order. */
export const slotValues = (slots: readonly Slot[], environment: Environment): Bound[] =>
  slots.map((slot) => slotValue(slot, environment));
