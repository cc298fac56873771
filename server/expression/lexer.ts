// Text to tokens, each with its position. Both dialects share one set of words and signs.
import { BOUNDS } from '../../contract/expression.ts';
import { tooMuch } from './bounds.ts';
import { ExpressionError } from './error.ts';

export type TokenKind = 'number' | 'string' | 'word' | 'at' | 'sign' | 'end';
export interface Token {
  readonly kind: TokenKind;
  /** A string's content, a number's digits, a word as written, `@` names without the `@`. */
  readonly text: string;
  /** A word in lower case, a sign as written; '' for other kinds. */
  readonly key: string;
  readonly position: number;
}

const SPACE = /[\s\uFEFF]*/y;
// Tried in this order; the first group, where there is one, is the token's text.
const PATTERNS: readonly (readonly [TokenKind, RegExp])[] = [
  ['number', /(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?/y],
  ['at', /@([A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*)/y],
  ['word', /[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*/y],
  ['sign', /&&|\|\||==|!=|!~|<>|<=|>=|[!=<>~+\-*/%()[\],]/y],
];

/** All tokens of a text, the last of kind `end`. Throws ExpressionError: syntax, unterminated_string, bound_exceeded. */
export function tokens(text: string): Token[] {
  if (text.length > BOUNDS.textBytes || new TextEncoder().encode(text).length > BOUNDS.textBytes)
    throw tooMuch('bytes of text', BOUNDS.textBytes, {});
  const found: Token[] = [];
  let position = 0;
  for (;;) {
    SPACE.lastIndex = position;
    position += (SPACE.exec(text) as RegExpExecArray)[0].length;
    if (position >= text.length) break;
    const [token, length] = tokenAt(text, position);
    found.push(token);
    position += length;
  }
  found.push({ kind: 'end', text: '', key: '', position: text.length });
  return found;
}

/** The token that begins at a position, and its length. */
function tokenAt(text: string, position: number): readonly [Token, number] {
  if (text[position] === "'" || text[position] === '"') {
    const [value, length] = stringAt(text, position);
    return [{ kind: 'string', text: value, key: '', position }, length];
  }
  for (const [kind, pattern] of PATTERNS) {
    pattern.lastIndex = position;
    const m = pattern.exec(text);
    if (m === null) continue;
    const length = m[0].length;
    const key = kind === 'word' ? m[0].toLowerCase() : kind === 'sign' ? m[0] : '';
    const next = text[position + length] ?? '';
    if (kind === 'number' && /[\w.]/.test(next))
      throw new ExpressionError('syntax', `The number ${m[0].slice(0, 40)} is followed by "${next}".`, {
        position: position + length,
      });
    return [{ kind, text: m[1] ?? m[0], key, position }, length];
  }
  throw unexpected(text, position);
}

/** A quoted string from its opening quote: content and length. A backslash escapes a quote or itself and else stays. */
function stringAt(text: string, start: number): readonly [string, number] {
  const quote = text[start];
  let value = '';
  for (let i = start + 1; i < text.length; i++) {
    const letter = text[i] as string;
    if (letter === quote) return [value, i + 1 - start];
    const next = text[i + 1];
    if (letter === '\\' && (next === "'" || next === '"' || next === '\\')) {
      value += next;
      i++;
    } else value += letter;
  }
  throw new ExpressionError(
    'unterminated_string',
    `The string that begins at position ${start} has no closing ${quote}.`,
    { position: start },
    `Close it with ${quote}; write \\\\ for a backslash at its end.`,
  );
}

const SIGN_HINTS: Readonly<Record<string, string>> = {
  '&': 'Write && or and.',
  '|': 'Write || or or.',
  $: 'Variables are written @request.auth.id.',
  '?': 'Compare with =, != or ~.',
  ';': 'An expression is one condition.',
  '`': 'Quote text with \' or ".',
};

function unexpected(text: string, position: number): ExpressionError {
  const letter = String.fromCodePoint(text.codePointAt(position) as number);
  const hint = SIGN_HINTS[letter];
  return new ExpressionError(
    'syntax',
    `Unexpected ${JSON.stringify(letter)} at position ${position}.`,
    { position },
    hint,
  );
}
