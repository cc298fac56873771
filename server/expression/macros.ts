// Macros opened into the conditions they stand for. They are nodes of the tree, never text, so nothing in an argument can become syntax.
import { BOUNDS, type Expr, type MacroCall } from '../../contract/expression.ts';
import { tooMuch } from './bounds.ts';
import { ExpressionError, type Place } from './error.ts';
import { suggestion } from './nearest.ts';
import { placed, placeOf } from './origin.ts';
import type { Scope } from './scope.ts';
import {
  arithmetic,
  call as callOf,
  children,
  compare,
  connect,
  field,
  literal,
  membership,
  negate,
  not,
  nullTest,
  variable,
} from './tree.ts';

interface Builtin {
  /** Fewest and most arguments. */
  readonly arity: readonly [number, number];
  readonly takes: string;
  open(name: string | undefined): Expr;
}

const owns: Builtin = {
  arity: [0, 1],
  takes: 'the name of a field, or nothing for created_by',
  open: (name = 'created_by') => compare('eq', field(name), variable('auth.id')),
};
const holds = (list: string, what: string): Builtin => ({
  arity: [1, 1],
  takes: `the name of a ${what}`,
  open: (name = '') => membership('contains', variable(list), [literal(name)]),
});

const BUILTINS: Readonly<Record<string, Builtin>> = {
  owns_record: owns,
  is_creator: owns,
  has_role: holds('auth.roles', 'role'),
  has_group: holds('auth.groups', 'group'),
  is_public: { arity: [0, 0], takes: 'no argument', open: () => compare('eq', field('public'), literal(true)) },
};

/** Names that a named macro cannot have. */
export const BUILTIN_MACROS: readonly string[] = Object.keys(BUILTINS);

/** The tree without macros. Throws unknown_macro, macro_arguments, macro_recursion, bound_exceeded at the call's place. */
export function openMacros(root: Expr, scope: Scope): Expr {
  let calls = 0;

  const call = (node: MacroCall, at: Place, stack: readonly string[]): Expr => {
    if (++calls > BOUNDS.terms) throw tooMuch('macro calls', BOUNDS.terms, at);
    if (Object.hasOwn(BUILTINS, node.name))
      return rebuild(builtin(BUILTINS[node.name] as Builtin, node, at), at, stack);
    if (stack.includes(node.name))
      throw new ExpressionError(
        'macro_recursion',
        `@${node.name}() calls itself: ${[...stack, node.name].join(' → ')}.`,
        at,
      );
    if (stack.length >= BOUNDS.depth) throw tooMuch('macros inside each other', BOUNDS.depth, at);
    const body = scope.macros?.(node.name);
    if (body === undefined) {
      const known = [...BUILTIN_MACROS, ...(scope.macroNames ?? [])];
      const hint = suggestion(node.name, known, 'macros');
      throw new ExpressionError('unknown_macro', `Unknown macro @${node.name}().`, at, hint);
    }
    if (node.args.length > 0)
      throw new ExpressionError(
        'macro_arguments',
        `@${node.name}() takes no argument.`,
        at,
        'Named macros hold one expression.',
      );
    return rebuild(body, { ...at, macro: node.name }, [...stack, node.name]);
  };

  // Nodes of a macro's own expression get the place of the call: offsets into another text would mislead.
  const rebuild = (e: Expr, place: Place | null, stack: readonly string[]): Expr => {
    const at = place ?? placeOf(e);
    const below = (child: Expr): Expr => rebuild(child, place, stack);
    const make = (): Expr => {
      switch (e.kind) {
        case 'macro':
          return call(e, at, stack);
        case 'compare':
          return compare(e.op, below(e.left), below(e.right));
        case 'membership':
          return membership(e.op, below(e.left), e.items.map(below));
        case 'null_test':
          return nullTest(e.op, below(e.operand));
        case 'and':
        case 'or':
          return connect(e.kind, e.items.map(below));
        case 'not':
          return not(below(e.operand));
        case 'arithmetic':
          return arithmetic(e.op, below(e.left), below(e.right));
        case 'negate':
          return negate(below(e.operand));
        case 'call':
          return callOf(e.name, e.args.map(below));
        default:
          return { ...e };
      }
    };
    return placed(make(), at);
  };

  return hasMacro(root) ? rebuild(root, null, []) : root;
}

function builtin(macro: Builtin, { name, args }: MacroCall, place: Place): Expr {
  const [least, most] = macro.arity;
  const [first] = args;
  const word = first?.kind === 'field' ? first.name : first?.value;
  if (args.length < least || args.length > most || (first !== undefined && typeof word !== 'string'))
    throw new ExpressionError('macro_arguments', `@${name}() takes ${macro.takes}.`, place);
  return macro.open(word as string | undefined);
}

const hasMacro = (e: Expr): boolean => e.kind === 'macro' || children(e).some(hasMacro);
