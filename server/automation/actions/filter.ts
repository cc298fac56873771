// Filters of actions: conditions whose templates are values and never syntax.
import { Failure } from '../../../contract/problems.ts';
import { check } from '../../expression/check.ts';
import { ExpressionError, expressionEntry } from '../../expression/error.ts';
import { parseRule } from '../../expression/parse-rule.ts';
import { parseWhere } from '../../expression/parse-where.ts';
import type { Scope } from '../../expression/scope.ts';
import { follow } from '../paths.ts';
import { compileTemplate, type Judged, type Part, partsOf, Rendering, type Values } from '../templates.ts';
import type { Path } from '../vocabulary.ts';

export interface FilterTemplate {
  /** As a text whose `@request.data.*` are the values of `data`, or as a where. */
  render(values: Values): {
    readonly filter?: string;
    readonly data?: Readonly<Record<string, unknown>>;
    readonly where?: Readonly<Record<string, unknown>>;
  };
}

/** A list where the language asks for one, as it writes it. */
function list(value: unknown): string {
  const items = (Array.isArray(value) ? value : []).filter((item) => item !== null && typeof item !== 'object');
  const literals = items.map((item) =>
    typeof item === 'string' ? `'${item.replace(/[\\']/g, '\\$&')}'` : String(item),
  );
  return `[${literals.join(', ')}]`;
}

/**
 * A value of a where: single, or a list where the operator takes one. An object would be operators, and nothing would be null, which
 * asks for records without a value: where there is none, none is found.
 */
function plainValue(value: unknown, at: string): unknown {
  const takesList = /\.\$(in|nin|contains)$/.test(at);
  const single = (one: unknown) => one === null || typeof one !== 'object';
  if (
    takesList ? Array.isArray(value) && value.every(single) : single(value) && (value !== null || !/\.\$\w+$/.test(at))
  )
    return value === null ? { $in: [] } : value;
  const reason = takesList ? 'the value must be a list of single values' : 'the value must be a single one';
  throw new Failure('INVALID_QUERY_PARAMS', { name: at, reason }, [
    { field: at, code: 'invalid_value', message: reason },
  ]);
}

/** Syntax; a value; a text with values; a list of values. */
type Piece =
  | { readonly kind: 'syntax'; readonly text: string }
  | { readonly kind: 'value'; readonly path: Path }
  | { readonly kind: 'text'; readonly parts: readonly Part[] }
  | { readonly kind: 'list'; readonly path: Path };

/** A quoted text with a placeholder in it is one value; without, it stays as it is written. */
function piecesOf(parts: readonly Part[]): Piece[] {
  const pieces: Piece[] = [];
  let syntax = '';
  let quote: { readonly mark: string; readonly parts: Part[] } | null = null;
  let inside = '';
  const flush = () => {
    if (syntax !== '') pieces.push({ kind: 'syntax', text: syntax });
    syntax = '';
  };
  for (const part of parts) {
    if (typeof part !== 'string') {
      if (quote === null) {
        const asked = /\bin\s*$/i.test(syntax);
        flush();
        pieces.push({ kind: asked ? 'list' : 'value', path: part });
      } else {
        quote.parts.push(inside, part);
        inside = '';
      }
      continue;
    }
    for (let i = 0; i < part.length; i++) {
      const letter = part[i] as string;
      if (quote === null) {
        if (letter === "'" || letter === '"') quote = { mark: letter, parts: [] };
        else syntax += letter;
      } else if (letter === '\\' && /['"\\]/.test(part[i + 1] ?? '')) {
        inside += part[++i];
      } else if (letter === quote.mark) {
        if (quote.parts.length === 0) syntax += `${quote.mark}${inside.replace(/[\\'"]/g, '\\$&')}${quote.mark}`;
        else {
          flush();
          pieces.push({ kind: 'text', parts: [...quote.parts, inside] });
        }
        inside = '';
        quote = null;
      } else inside += letter;
    }
  }
  if (quote !== null) syntax += quote.mark + inside;
  flush();
  return pieces;
}

/** The text in which values are variables. */
function written(pieces: readonly Piece[], prefix: string, listed: (path: Path) => string): string {
  return pieces
    .map((piece, i) =>
      piece.kind === 'syntax' ? piece.text : piece.kind === 'list' ? listed(piece.path) : `@request.data.${prefix}${i}`,
    )
    .join('');
}

/** `scope` null: the collection is not known, so only the form is judged. */
export function compileFilter(
  filter: string | Readonly<Record<string, unknown>>,
  judged: Judged,
  scope: Scope | null,
  prefix = 'p',
): FilterTemplate {
  if (typeof filter !== 'string') {
    if (scope !== null) judgeWhere(filter, judged, scope);
    const template = compileTemplate(filter, { ...judged, whole: plainValue });
    return { render: (values) => ({ where: template.render(values) as Record<string, unknown> }) };
  }
  const before = judged.problems.length;
  const pieces = piecesOf(partsOf(filter, judged));
  if (judged.problems.length === before && filter.trim() !== '') judge(pieces, judged, scope);
  return {
    render(values) {
      const rendering = new Rendering(values);
      const data = pieces.flatMap((piece, i) => {
        if (piece.kind === 'value') return [[`${prefix}${i}`, follow(values, piece.path)] as const];
        if (piece.kind !== 'text') return [];
        return [[`${prefix}${i}`, rendering.text(piece.parts)] as const];
      });
      const listed = (path: Path) => rendering.spend(list(follow(values, path)));
      return { filter: written(pieces, prefix, listed), data: Object.fromEntries(data) };
    },
  };
}

/** Names and operators; what a placeholder becomes is judged when it runs. */
function judgeWhere(where: object, { at, problems }: Judged, scope: Scope): void {
  try {
    check(parseWhere(where), { ...scope, allow: { auth: false, data: false } });
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    const filled = JSON.stringify(where).includes('{{');
    if (!filled || NAMES.has(error.code))
      problems.push(expressionEntry(error, error.path ? `${at}.${error.path}` : at));
  }
}
const NAMES: ReadonlySet<string> = new Set(['unknown_field', 'unknown_operator']);

/** Stored only if it can be understood: a placeholder stands for a value of whatever type is asked for there. */
function judge(pieces: readonly Piece[], { at, problems }: Judged, scope: Scope | null): void {
  try {
    const tree = parseRule(written(pieces, 'p', () => '[]'));
    if (scope !== null) check(tree, { ...scope, allow: { auth: false, data: true } });
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    problems.push(expressionEntry(error, at));
  }
}
