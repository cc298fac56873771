// Rule and filter text to a tree, in both dialects; a recursive descent with one level of look-ahead.
import {
  type Arithmetic,
  BOUNDS,
  type CompareOp,
  type Expr,
  type ListOp,
  OPERATORS,
} from '../../contract/expression.ts';
import { assertBounds, tooMuch } from './bounds.ts';
import { ExpressionError, type Place } from './error.ts';
import { type Token, tokens } from './lexer.ts';
import { nearest } from './nearest.ts';
import { placed, placeOf } from './origin.ts';
import { parseName, parseNumber } from './parse-atom.ts';
import { arithmetic, call, compare, connect, literal, macro, membership, negate, not, nullTest } from './tree.ts';
import { SUFFIXES, SYMBOLS } from './words.ts';

/** The tree of a rule or a filter. Throws ExpressionError with a position. */
export function parseRule(text: string): Expr {
  const parser = new Parser(tokens(text));
  const root = parser.whole();
  assertBounds(root);
  return root;
}

/** Words that are no operand. */
const RESERVED: ReadonlySet<string> = new Set(['and', 'or', 'not', 'in', 'is']);

class Parser {
  private next = 0;
  private depth = 0;

  constructor(private readonly list: readonly Token[]) {}

  whole(): Expr {
    if (this.peek().kind === 'end') throw new ExpressionError('syntax', 'The expression is empty.', { position: 0 });
    const root = this.or();
    if (this.peek().kind !== 'end') throw this.stray();
    return root;
  }

  private or(): Expr {
    const items = [this.and()];
    while (this.accept('||', 'or')) items.push(this.and());
    return items.length === 1 ? (items[0] as Expr) : connect('or', items);
  }

  private and(): Expr {
    const items = [this.not()];
    while (this.accept('&&', 'and')) items.push(this.not());
    return items.length === 1 ? (items[0] as Expr) : connect('and', items);
  }

  private not(): Expr {
    const sign = this.accept('!', 'not');
    if (sign === null) return this.condition();
    return placed(not(this.deeper(sign, () => this.not())), sign);
  }

  private condition(): Expr {
    const left = this.sum();
    const start = this.peek();
    if (this.accept('is')) {
      const negated = this.accept('not') !== null;
      if (!this.accept('null')) throw this.expected('null after is');
      return placed(nullTest(negated ? 'is_not_null' : 'is_null', left), start);
    }
    const negated = start.key === 'not';
    const name = SYMBOLS.get(negated ? `not ${this.peek(1).key}` : start.key);
    if (name === undefined) return left;
    this.next += negated ? 2 : 1;
    const made =
      OPERATORS[name].operand === 'list'
        ? this.listed(name as ListOp, left)
        : compare(name as CompareOp, left, this.sum());
    const after = this.peek();
    if (SYMBOLS.has(after.key) && after.kind !== 'end')
      throw new ExpressionError('syntax', 'Comparisons cannot be chained.', after, 'Join two of them with && or and.');
    return placed(made, start);
  }

  /** `in [..]`, `in (..)`, `contains [..]`, `contains x`; `x in tags` says the same as `tags contains x`. */
  private listed(op: ListOp, left: Expr): Expr {
    const within = op === 'in' || op === 'not_in';
    const close = this.accept('[') ? ']' : within && this.accept('(') ? ')' : null;
    if (close !== null) return membership(op, left, this.items(close));
    const one = this.sum();
    if (!within) return membership(op, left, [one]);
    if (one.kind !== 'field' && one.kind !== 'variable')
      throw new ExpressionError('syntax', 'Expected a list after in.', placeOf(one), "Write in ['a', 'b'].");
    return membership(op === 'in' ? 'contains' : 'not_contains', one, [left]);
  }

  private items(close: string): Expr[] {
    const items: Expr[] = [];
    if (this.accept(close)) return items;
    do items.push(this.sum());
    while (this.accept(','));
    if (!this.accept(close)) throw this.expected(`, or ${close}`);
    return items;
  }

  private sum(): Expr {
    return this.chain(['+', '-'], () => this.product());
  }

  private product(): Expr {
    return this.chain(['*', '/', '%'], () => this.unary());
  }

  private chain(signs: readonly string[], operand: () => Expr): Expr {
    let left = operand();
    for (let sign = this.accept(...signs); sign !== null; sign = this.accept(...signs))
      left = placed(arithmetic(sign.key as Arithmetic['op'], left, operand()), sign);
    return left;
  }

  private unary(): Expr {
    const sign = this.accept('-');
    if (sign === null) return this.atom();
    const operand = this.peek().kind === 'number' ? this.atom() : this.deeper(sign, () => this.unary());
    return placed(negate(operand), sign);
  }

  private atom(): Expr {
    const token = this.peek();
    this.next++;
    switch (token.kind) {
      case 'number':
        return placed(parseNumber(token), token);
      case 'string':
        return placed(literal(token.text), token);
      case 'at':
      case 'word':
        if (token.kind === 'at' && !token.text.startsWith('request')) return placed(this.macroCall(token), token);
        if (token.kind === 'word' && !RESERVED.has(token.key) && this.peek().key === '(')
          return placed(this.functionCall(token), token);
        if (!RESERVED.has(token.key)) return placed(parseName(token), token);
        break;
      case 'sign':
        if (token.key === '(') return this.parenthesised(token);
        if (token.key === '[') return placed(this.array(), token);
    }
    this.next--;
    throw this.expected('a field, a value or (');
  }

  private parenthesised(open: Token): Expr {
    const inner = this.deeper(open, () => this.or());
    if (!this.accept(')')) throw this.expected(`) for the ( at position ${open.position}`);
    return inner;
  }

  private array(): Expr {
    const items = this.items(']').map((item) => {
      if (item.kind === 'literal' && !Array.isArray(item.value)) return item.value as string | number | boolean | null;
      throw new ExpressionError('syntax', 'An array holds plain values only.', placeOf(item));
    });
    return literal(items);
  }

  private macroCall({ text }: Token): Expr {
    if (!this.accept('(')) return macro(text, []);
    const args = this.items(')').map((arg) => {
      if (arg.kind === 'literal' || arg.kind === 'field') return arg;
      throw new ExpressionError('macro_arguments', `@${text} takes names and plain values only.`, placeOf(arg));
    });
    return macro(text, args);
  }

  private functionCall(token: Token): Expr {
    const open = this.accept('(') as Token;
    const args: Expr[] = [];
    if (!this.accept(')')) {
      this.deeper(open, () => {
        do args.push(this.or());
        while (this.accept(','));
      });
      if (!this.accept(')')) throw this.expected(`, or ) for the ( at position ${open.position}`);
    }
    return call(token.key, args);
  }

  private deeper<T>(at: Place, parse: () => T): T {
    if (++this.depth > BOUNDS.depth) throw tooMuch('levels', BOUNDS.depth, at);
    const parsed = parse();
    this.depth--;
    return parsed;
  }

  private peek(ahead = 0): Token {
    return this.list[Math.min(this.next + ahead, this.list.length - 1)] as Token;
  }

  private accept(...keys: readonly string[]): Token | null {
    const token = this.peek();
    if (token.key === '' || !keys.includes(token.key)) return null;
    this.next++;
    return token;
  }

  private expected(what: string): ExpressionError {
    const token = this.peek();
    const found = token.kind === 'end' ? 'the end' : JSON.stringify(token.text);
    return new ExpressionError('syntax', `Expected ${what}, found ${found} at position ${token.position}.`, token);
  }

  /** Something stands where only an operator or the end can: most often a misspelt operator. */
  private stray(): ExpressionError {
    const token = this.peek();
    const where = `at position ${token.position}`;
    if (token.kind !== 'word') return this.expected('an operator or the end');
    const meant = SUFFIXES.get(token.key) ?? SYMBOLS.get(nearest(token.key, SYMBOLS.keys()) ?? '');
    const hint = meant === undefined ? undefined : `Did you mean ${OPERATORS[meant].symbols[0]}?`;
    return new ExpressionError('unknown_operator', `Unknown operator ${token.text} ${where}.`, token, hint);
  }
}
