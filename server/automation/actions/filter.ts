// Filters of actions: conditions whose templates are values and never syntax.
import { check } from '../../expression/check.ts';
import { ExpressionError, expressionEntry } from '../../expression/error.ts';
import { parseRule } from '../../expression/parse-rule.ts';
import type { Scope } from '../../expression/scope.ts';
import { follow } from '../paths.ts';
import { asText, compileTemplate, type Judged, partsOf, type Values } from '../templates.ts';
import type { Path } from '../vocabulary.ts';

export interface FilterTemplate {
  /** As text, or as a where. */
  render(values: Values): { readonly filter?: string; readonly where?: Record<string, unknown> };
}

const quote = (text: string): string => `'${text.replace(/[\\']/g, '\\$&')}'`;

/** A value as the language writes it. */
function literal(value: unknown): string {
  if (typeof value === 'number' && Number.isFinite(value)) return value < 0 ? `(${value})` : String(value);
  if (typeof value === 'boolean' || value === null) return String(value);
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`;
  return quote(asText(value));
}

type Piece = { readonly text: string } | { readonly path: Path; readonly quoted: boolean };

/** Texts and placeholders, each with whether it stands within quotes. */
function piecesOf(parts: readonly (string | Path)[]): Piece[] {
  let open: string | null = null;
  return parts.map((part) => {
    if (typeof part !== 'string') return { path: part, quoted: open !== null };
    for (let i = 0; i < part.length; i++) {
      const letter = part[i] as string;
      if (open !== null && letter === '\\') i++;
      else if (letter === open) open = null;
      else if (open === null && (letter === "'" || letter === '"')) open = letter;
    }
    return { text: part };
  });
}

/** `scope` null: the collection is not known yet, so only the form is judged. */
export function compileFilter(
  filter: string | Readonly<Record<string, unknown>>,
  judged: Judged,
  scope: Scope | null,
): FilterTemplate {
  if (typeof filter !== 'string') {
    const template = compileTemplate(filter, judged);
    return { render: (values) => ({ where: template.render(values) as Record<string, unknown> }) };
  }
  const before = judged.problems.length;
  const pieces = piecesOf(partsOf(filter, judged));
  if (judged.problems.length === before && filter.trim() !== '') judge(pieces, judged, scope);
  return {
    render(values) {
      const text = pieces.map((piece) => {
        if ('text' in piece) return piece.text;
        const value = follow(values, piece.path);
        return piece.quoted ? asText(value).replace(/[\\'"]/g, '\\$&') : literal(value);
      });
      return { filter: text.join('') };
    },
  };
}

/** Stored only if it can be understood: a placeholder stands for a value of whatever type is asked for there. */
function judge(pieces: readonly Piece[], { at, problems }: Judged, scope: Scope | null): void {
  let count = 0;
  const text = pieces
    .map((piece) => ('text' in piece ? piece.text : piece.quoted ? 'x' : `@request.data.p${count++}`))
    .join('');
  try {
    const tree = parseRule(text);
    if (scope !== null) check(tree, { ...scope, allow: { auth: false, data: true } });
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    // A quoted placeholder may be of any form, as a date; what it is shows when it runs.
    if (error.code === 'invalid_value' && pieces.some((piece) => 'path' in piece && piece.quoted)) return;
    problems.push(expressionEntry(error, at));
  }
}
