// A single word or number of a text as a leaf of the tree.
import type { Expr } from '../../contract/expression.ts';
import { ExpressionError } from './error.ts';
import type { Token } from './lexer.ts';
import { suggestion } from './nearest.ts';
import { field, literal, variable } from './tree.ts';
import { AUTH_NAMES } from './words.ts';

/** The number of a token. Throws invalid_value for one that a double cannot hold. */
export function parseNumber(token: Token): Expr {
  const value = Number(token.text);
  if (Number.isFinite(value)) return literal(value);
  throw new ExpressionError('invalid_value', `${token.text.slice(0, 40)} is too large for a number.`, token);
}

/** A field, `true`, `false`, `null`, or a variable in either spelling. Throws unknown_variable. */
export function parseName(token: Token): Expr {
  if (token.kind === 'at') return requestVariable(token);
  if (token.key === 'null') return literal(null);
  if (token.key === 'true' || token.key === 'false') return literal(token.key === 'true');
  if (token.text.startsWith('record.')) return field(token.text.slice(7));
  if (token.text.startsWith('user.')) return authVariable(token.text.slice(5), token);
  return field(token.text);
}

function requestVariable(token: Token): Expr {
  const [, room, ...path] = token.text.split('.');
  if (token.text.startsWith('request.') && room === 'auth') return authVariable(path.join('.'), token);
  if (token.text.startsWith('request.data.')) return variable(token.text.slice(8));
  throw new ExpressionError(
    'unknown_variable',
    `Unknown variable @${token.text}.`,
    token,
    'Variables are @request.auth.{id,email,role,account_id,groups} and @request.data.{field}.',
  );
}

function authVariable(name: string, token: Token): Expr {
  if ((AUTH_NAMES as readonly string[]).includes(name)) return variable(`auth.${name}`);
  const written = token.kind === 'at' ? `@${token.text}` : token.text;
  const hint = suggestion(name, AUTH_NAMES, 'names');
  throw new ExpressionError('unknown_variable', `Unknown variable ${written}.`, token, hint);
}
