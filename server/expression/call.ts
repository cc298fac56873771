// Calls of functions checked: the function known, the number of its arguments right, each of a type that it takes.
import type { Call, Expr, ValueType } from '../../contract/expression.ts';
import {
  FUNCTIONS,
  type FunctionName,
  type FunctionSpec,
  type Taken,
  UNITS,
  type Unit,
} from '../../contract/functions.ts';
import { cut } from '../text.ts';
import { ExpressionError } from './error.ts';
import { isNullLiteral } from './leaves.ts';
import { suggestion } from './nearest.ts';
import { agree, type Operand, shown } from './operand.ts';
import { placeOf } from './origin.ts';
import type { Typed } from './typed.ts';

/** How the checker types the parts of a call. */
export interface Parts {
  readonly operand: (e: Expr) => Operand;
  readonly condition: (e: Expr) => Typed;
}

/** The call with its type. Throws unknown_function, function_arguments, type_mismatch at the place of what is wrong. */
export function callNode(e: Call, parts: Parts): Typed {
  if (!Object.hasOwn(FUNCTIONS, e.name)) {
    const hint = suggestion(e.name, Object.keys(FUNCTIONS), 'functions');
    throw new ExpressionError('unknown_function', `Unknown function ${cut(e.name, 60)}().`, placeOf(e), hint);
  }
  const name = e.name as FunctionName;
  const spec: FunctionSpec = FUNCTIONS[name];
  const takes = taken(e, spec);
  const together = e.args.filter((_, i) => takes[i] === 'same');
  const same = together.length === 0 ? null : agree(together.map(parts.operand));
  if (same !== null && !COMPARABLE.includes(same.type))
    throw mismatch(e, together[0] as Expr, same.type, 'a single value');
  if ((name === 'greatest' || name === 'least') && same !== null && !ORDERED.includes(same.type))
    throw mismatch(e, together[0] as Expr, same.type, 'numbers, dates or moments');
  let unit: Unit | undefined;
  let next = 0;
  const make: Readonly<Record<Exclude<Taken, 'unit'>, (arg: Expr) => Typed>> = {
    same: () => same?.nodes[next++] as Typed,
    condition: parts.condition,
    digits: (arg) => digitsOf(e, arg),
    text: (arg) => textOf(e, arg, parts.operand(arg)),
    number: (arg) => typed(e, arg, parts.operand(arg), 'number'),
    moment: (arg) => momentOf(e, arg, parts.operand(arg)),
    scalar: (arg) => scalarOf(e, arg, parts.operand(arg)),
  };
  const operands: Typed[] = [];
  for (const [i, arg] of e.args.entries()) {
    const kind = takes[i] as Taken;
    if (kind === 'unit') unit = unitOf(e, arg);
    else operands.push(make[kind](arg));
  }
  const type = spec.answers === 'same' ? (same?.type as ValueType) : spec.answers;
  return { kind: 'call', type, name, operands, ...(unit !== undefined && { unit }) };
}

const COMPARABLE: readonly ValueType[] = ['text', 'number', 'boolean', 'datetime', 'date', 'uuid'];
const ORDERED: readonly ValueType[] = ['number', 'datetime', 'date'];

/** What each argument must be. Throws function_arguments for too few or too many. */
function taken(e: Call, { takes, optional = 0, most = takes.length }: FunctionSpec): Taken[] {
  const least = takes.length - optional;
  const count = e.args.length;
  if (count < least || count > most) {
    const number = least === most ? `${least}` : `${least} to ${most}`;
    const message = `${e.name}() takes ${number} argument${number === '1' ? '' : 's'}, not ${count}.`;
    throw new ExpressionError('function_arguments', message, placeOf(e));
  }
  return e.args.map((_, i) => takes[Math.min(i, takes.length - 1)] as Taken);
}

const mismatch = (e: Call, arg: Expr, type: ValueType | undefined, wanted: string): ExpressionError =>
  new ExpressionError(
    'type_mismatch',
    `${e.name}() takes ${wanted}: ${shown(arg)} is ${type === undefined ? 'none' : `of type ${type}`}.`,
    placeOf(arg),
  );

function typed(e: Call, arg: Expr, found: Operand, type: ValueType): Typed {
  if (isNullLiteral(arg) || (found.type !== undefined && found.type !== type))
    throw mismatch(e, arg, found.type, `a ${type}`);
  return found.as(type, `An argument of ${e.name}()`);
}

function textOf(e: Call, arg: Expr, found: Operand): Typed {
  if (found.type !== 'uuid') return typed(e, arg, found, 'text');
  return { kind: 'cast', type: 'text', operand: found.as('uuid', shown(arg)) };
}

function momentOf(e: Call, arg: Expr, found: Operand): Typed {
  if (found.type !== 'date') return typed(e, arg, found, 'datetime');
  return { kind: 'cast', type: 'datetime', operand: found.as('date', shown(arg)) };
}

const SCALARS: readonly (ValueType | undefined)[] = ['text', 'number', 'boolean', 'date', 'uuid'];

function scalarOf(e: Call, arg: Expr, found: Operand): Typed {
  const type = found.type ?? found.otherwise ?? 'text';
  if (!SCALARS.includes(type)) throw mismatch(e, arg, type, 'texts, numbers, booleans, dates and ids');
  return found.as(type, `An argument of ${e.name}()`);
}

function unitOf(e: Call, arg: Expr): Unit {
  const word = arg.kind === 'literal' ? arg.value : undefined;
  if (typeof word === 'string' && Object.hasOwn(UNITS, word)) return word as Unit;
  throw new ExpressionError(
    'function_arguments',
    `${e.name}() takes a unit: ${shown(arg)} is none.`,
    placeOf(arg),
    `Write '${Object.keys(UNITS).join("', '")}'.`,
  );
}

function digitsOf(e: Call, arg: Expr): Typed {
  const value = arg.kind === 'literal' ? arg.value : undefined;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 15)
    return { kind: 'constant', type: 'number', value };
  const message = `${e.name}() takes decimal places from 0 to 15, written as a number.`;
  throw new ExpressionError('function_arguments', message, placeOf(arg));
}
