// Typed templates: JSON in which `{{path}}` stands for a value. Alone in a string it becomes the value itself, within text it becomes text.
import type { ProblemEntry } from '../../contract/problems.ts';
import { suggestion } from '../expression/nearest.ts';
import { cut } from '../text.ts';
import { follow, parsePath } from './paths.ts';
import { namesOf, type Path, shapeAt, type Vocabulary } from './vocabulary.ts';

/** What a template reads, by the names of its vocabulary. */
export type Values = Readonly<Record<string, unknown>>;

export interface Template {
  /** No value stands in it: it always becomes the same. */
  readonly fixed: boolean;
  /** The JSON with its values. Throws TemplateError where it would become too large. */
  render(values: Values): unknown;
}

/** What values made of a template: more than `MOST_RENDERED` characters. */
export class TemplateError extends Error {}

/** Characters that one template may become. */
export const MOST_RENDERED = 4_000_000;

/** Text, or a path to a value. */
export type Part = string | Path;
type Node =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'whole'; readonly path: Path; readonly become?: ((value: unknown) => unknown) | undefined }
  | { readonly kind: 'text'; readonly parts: readonly Part[] }
  | { readonly kind: 'list'; readonly items: readonly Node[] }
  | { readonly kind: 'object'; readonly entries: readonly (readonly [string, Node])[] };

/** Where problems are told: `actions[0].data`. */
export interface Judged {
  readonly vocabulary: Vocabulary;
  readonly at: string;
  readonly problems: ProblemEntry[];
  /** What becomes of a value that stands for a whole text; `at` is its place. */
  readonly whole?: (value: unknown, at: string) => unknown;
}

const OPEN = '{{';
const CLOSE = '}}';

/** Text and paths in their order; `{{"…"}}` is the text itself. Problems are told, and what is wrong stays text. */
export function partsOf(text: string, { vocabulary, at, problems }: Judged): Part[] {
  const parts: Part[] = [];
  const add = (part: string) => {
    const last = parts.at(-1);
    if (typeof last === 'string') parts[parts.length - 1] = last + part;
    else if (part !== '') parts.push(part);
  };
  const wrong = (code: string, message: string, hint?: string) =>
    problems.push({
      field: at,
      code,
      message: hint === undefined ? message : `${message} ${hint}`,
      ...(hint && { hint }),
    });
  let rest = 0;
  for (let open = text.indexOf(OPEN); open >= 0; open = text.indexOf(OPEN, rest)) {
    add(text.slice(rest, open));
    const quoted = /^\{\{\s*"((?:[^"\\]|\\["\\])*)"\s*\}\}/.exec(text.slice(open));
    const close = quoted === null ? text.indexOf(CLOSE, open) : open + quoted[0].length - CLOSE.length;
    if (close < 0) {
      wrong('bad_template', 'A template that begins with {{ ends with }}.');
      return [...parts, text.slice(open)];
    }
    rest = close + CLOSE.length;
    if (quoted !== null) {
      add((quoted[1] as string).replace(/\\(["\\])/g, '$1'));
      continue;
    }
    const inside = text.slice(open + OPEN.length, close).trim();
    const path = parsePath(inside);
    if (path === null)
      wrong(
        'bad_template',
        `{{${cut(inside, 80)}}} is no path.`,
        'Write {{record.title}} or {{actions[0].result.id}}.',
      );
    else if (shapeAt(vocabulary, path) === undefined) {
      const hint = suggestion(inside, namesOf(vocabulary), 'names');
      wrong('unknown_path', `{{${cut(inside, 80)}}} leads nowhere here.`, hint);
    } else parts.push(path);
  }
  add(text.slice(rest));
  return parts;
}

function compile(value: unknown, judged: Judged): Node {
  if (typeof value === 'string') {
    const parts = partsOf(value, judged);
    const [only] = parts;
    if (parts.length === 1 && typeof only !== 'string') {
      const { whole, at } = judged;
      return { kind: 'whole', path: only as Path, become: whole && ((found) => whole(found, at)) };
    }
    if (parts.every((part) => typeof part === 'string')) return { kind: 'value', value: parts.join('') };
    return { kind: 'text', parts };
  }
  if (Array.isArray(value))
    return { kind: 'list', items: value.map((item, i) => compile(item, { ...judged, at: `${judged.at}[${i}]` })) };
  if (typeof value === 'object' && value !== null)
    return {
      kind: 'object',
      entries: Object.entries(value).map(([key, below]) => [
        key,
        compile(below, { ...judged, at: judged.at === '' ? key : `${judged.at}.${key}` }),
      ]),
    };
  return { kind: 'value', value };
}

function isFixed(node: Node): boolean {
  if (node.kind === 'list') return node.items.every(isFixed);
  if (node.kind === 'object') return node.entries.every(([, below]) => isFixed(below));
  return node.kind === 'value';
}

/** A value as part of a text: nothing for null, JSON for objects and lists. */
export const asText = (value: unknown): string =>
  value === null || value === undefined ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value);

/** Values in their places, until together they have become too much. */
export class Rendering {
  private room = MOST_RENDERED;
  constructor(private readonly values: Values) {}

  /** Throws TemplateError. */
  spend(piece: string): string {
    this.room -= piece.length;
    if (this.room < 0) throw new TemplateError(`A template became larger than ${MOST_RENDERED} characters.`);
    return piece;
  }

  text(parts: readonly Part[], spelled: (value: unknown) => string = asText): string {
    let text = '';
    for (const part of parts) {
      text += this.spend(typeof part === 'string' ? part : spelled(follow(this.values, part)));
    }
    return text;
  }

  node(node: Node): unknown {
    switch (node.kind) {
      case 'value':
        return node.value;
      case 'whole': {
        const found = follow(this.values, node.path);
        const value = node.become === undefined ? found : node.become(found);
        if (typeof value === 'string') this.spend(value);
        else if (typeof value === 'object' && value !== null) this.spend(JSON.stringify(value));
        return value;
      }
      case 'text':
        return this.text(node.parts);
      case 'list':
        return node.items.map((item) => this.node(item));
      case 'object':
        return Object.fromEntries(node.entries.map(([key, below]) => [key, this.node(below)]));
    }
  }
}

/** Checks every placeholder against the vocabulary, telling problems with their places. */
export function compileTemplate(value: unknown, judged: Judged): Template {
  const node = compile(value, judged);
  return { fixed: isFixed(node), render: (values) => new Rendering(values).node(node) };
}

/** A text in which each value is spelled by `spelled`. */
export function compileText(
  text: string,
  judged: Judged,
  spelled?: (value: unknown) => string,
): { readonly parts: readonly Part[]; render(values: Values): string } {
  const parts = partsOf(text, judged);
  return { parts, render: (values) => new Rendering(values).text(parts, spelled) };
}

/** A body as text: where it is JSON, with placeholders in quotes or bare, its values become values of JSON. */
export function compileBody(text: string, judged: Judged): { readonly json: boolean; render(values: Values): string } {
  const json = asJson(text);
  if (json === undefined) return { json: false, render: compileText(text, judged).render };
  const template = compileTemplate(json, judged);
  return { json: true, render: (values) => JSON.stringify(template.render(values)) };
}

/** The text as JSON once bare placeholders are quoted; undefined where it is none. */
function asJson(text: string): unknown {
  let quoted = '';
  let inside = false;
  for (let i = 0; i < text.length; i++) {
    const letter = text[i] as string;
    if (inside && letter === '\\') {
      quoted += letter + (text[++i] ?? '');
      continue;
    }
    if (letter === '"') inside = !inside;
    const close =
      !inside && text.startsWith(OPEN, i) && /^\{\{\s*[A-Za-z_]/.test(text.slice(i, i + 200))
        ? text.indexOf(CLOSE, i)
        : -1;
    if (close > 0) {
      quoted += JSON.stringify(text.slice(i, close + CLOSE.length));
      i = close + CLOSE.length - 1;
    } else quoted += letter;
  }
  try {
    const value: unknown = JSON.parse(quoted);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

const HTML: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/** A value as part of HTML. */
export const asHtml = (value: unknown): string => asText(value).replace(/[&<>"']/g, (letter) => HTML[letter] as string);

const encoded = (value: unknown): string => encodeURIComponent(asText(value));

const ORIGIN = /^https?:\/\/[^/?#]*[/?#]/i;

/**
 * A URL: values behind the origin are single parts of it, encoded. A value may be the whole URL or its beginning; in the host of
 * a URL that is written out there is none, because it would choose who gets what is sent.
 */
export function compileUrl(text: string, judged: Judged): { render(values: Values): string } {
  const parts = partsOf(text.trim(), judged);
  let before = '';
  const raw = parts.map((part, i) => {
    if (typeof part === 'string') before += part;
    else if (i === 0) before = 'https://value/';
    else if (ORIGIN.test(before)) return false;
    else
      judged.problems.push({
        field: judged.at,
        code: 'bad_template',
        message: 'A value cannot stand in the host: write the host, or take the whole URL from a value.',
      });
    return typeof part !== 'string' && i === 0;
  });
  return {
    render(values) {
      const rendering = new Rendering(values);
      return parts.map((part, i) => rendering.text([part], raw[i] ? asText : encoded)).join('');
    },
  };
}
