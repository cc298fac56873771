// Paths of endpoints: what may be one, what it matches, and which of several that match a request is meant.
import type { ProblemEntry } from '../../../contract/problems.ts';
import { cut } from '../../text.ts';

const LONGEST = 200;
const MOST_PARAMS = 10;
const PARAM = /^:[A-Za-z_][A-Za-z0-9_]{0,62}$/;

export const segmentsOf = (path: string): string[] => path.slice(1).split('/');

/** Names of a path's parameters, in their order. */
export const paramsOf = (path: string): string[] =>
  segmentsOf(path).flatMap((segment) => (segment.startsWith(':') ? [segment.slice(1)] : []));

/** The path with unnamed parameters: equal for paths that match the same requests. */
export const patternOf = (path: string): string =>
  segmentsOf(path)
    .map((segment) => (segment.startsWith(':') ? ':' : segment))
    .map((segment) => `/${segment}`)
    .join('');

/** Of the API itself: an endpoint's path must not look like one of its own. */
const RESERVED: ReadonlySet<string> = new Set(
  'accounts admin api-keys audit-logs auth collection-rules collections dashboard email-templates endpoints files groups hooks invitations jobs macros migrations oauth permissions realtime records roles saml users webhooks workflows x'.split(
    ' ',
  ),
);

/** Every rule that a path breaks. `reserved` may not be its first segment: it names the account where that stands in the address. */
export function pathProblems(path: string, reserved: readonly string[], field = 'path'): ProblemEntry[] {
  const problem = (code: string, message: string): ProblemEntry => ({ field, code, message });
  if (!path.startsWith('/')) return [problem('bad_path', 'A path begins with /.')];
  const problems: ProblemEntry[] = [];
  if (path.length > LONGEST) problems.push(problem('too_long', `A path has at most ${LONGEST} characters.`));
  if (!/^[a-zA-Z0-9/_:.-]*$/.test(path))
    problems.push(problem('bad_path', 'A path is made of letters, digits, / _ - . and parameters as :id.'));
  const segments = segmentsOf(path);
  if (segments.some((segment) => segment === '')) problems.push(problem('bad_path', 'No segment may be empty.'));
  if (segments.some((segment) => segment === '.' || segment === '..'))
    problems.push(problem('bad_path', 'Clients take . and .. out of a path.'));
  for (const segment of segments.filter((one) => one.includes(':') && !PARAM.test(one)))
    problems.push(problem('bad_path', `${cut(segment, 80)} is no parameter: write :name as a whole segment.`));
  const params = paramsOf(path);
  if (params.length > MOST_PARAMS) problems.push(problem('too_many', `A path has at most ${MOST_PARAMS} parameters.`));
  for (const name of params.filter((one, i) => params.indexOf(one) !== i))
    problems.push(problem('duplicate', `Two parameters are called ${name}.`));
  const [first = ''] = segments;
  if (reserved.some((one) => one.toLowerCase() === first.toLowerCase()))
    problems.push(problem('reserved', `${first} in front names an account: begin the path with another word.`));
  if (RESERVED.has(first.toLowerCase()))
    problems.push(problem('reserved', `/${first} is a path of the API itself: begin with another word.`));
  return problems;
}

export interface Routed<T> {
  readonly method: string;
  readonly path: string;
  readonly value: T;
}

export interface Match<T> {
  readonly value: T;
  readonly params: Readonly<Record<string, string>>;
}

interface Node<T> {
  readonly literals: Map<string, Node<T>>;
  param: Node<T> | null;
  readonly ends: Map<string, Routed<T>>;
}
const node = <T>(): Node<T> => ({ literals: new Map(), param: null, ends: new Map() });

export interface Router<T> {
  /** The one that is meant: a literal segment wins over a parameter, from left to right, among those of the method. */
  match(method: string, segments: readonly string[]): Match<T> | null;
  /** Methods of all that match, in alphabetical order. */
  methods(segments: readonly string[]): string[];
}

/** A router of one account's endpoints. */
export function createRouter<T>(routes: readonly Routed<T>[]): Router<T> {
  const root = node<T>();
  for (const route of routes) {
    let at = root;
    for (const segment of segmentsOf(route.path)) {
      if (segment.startsWith(':')) at = at.param ??= node();
      else {
        const next = at.literals.get(segment) ?? node<T>();
        at.literals.set(segment, next);
        at = next;
      }
    }
    at.ends.set(route.method, route);
  }
  /** Every end that matches, the most literal first. A tree is walked, so each of its nodes is seen once at most. */
  function* ends(at: Node<T>, segments: readonly string[], depth = 0): Generator<Node<T>['ends']> {
    if (depth === segments.length) {
      yield at.ends;
      return;
    }
    const literal = at.literals.get(segments[depth] as string);
    if (literal !== undefined) yield* ends(literal, segments, depth + 1);
    if (at.param !== null && segments[depth] !== '') yield* ends(at.param, segments, depth + 1);
  }
  return {
    match(method, segments) {
      for (const end of ends(root, segments)) {
        const route = end.get(method);
        if (route === undefined) continue;
        const params = segmentsOf(route.path).flatMap((segment, i) =>
          segment.startsWith(':') ? [[segment.slice(1), segments[i] as string] as const] : [],
        );
        return { value: route.value, params: Object.fromEntries(params) };
      }
      return null;
    },
    methods(segments) {
      const found = [...ends(root, segments)].flatMap((end) => [...end.keys()]);
      return [...new Set(found)].sort();
    },
  };
}
