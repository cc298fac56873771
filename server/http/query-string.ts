// Query strings: flat names and text values, nothing else; what cannot be told apart from a mistake is refused.
import type { Express, Request } from 'express';
import type { Contract } from '../../contract/kit.ts';
import { invalidParameter } from '../../contract/problems.ts';
import { cut } from '../text.ts';

const NONE: ReadonlySet<string> = new Set();

/**
 * Parses `a=1&b=two`. `+` is a space. No brackets, no arrays: a name that stands twice is refused,
 * because the products we serve disagree on which one would win; those of `repeated` become a list.
 * Throws INVALID_QUERY_PARAMS naming the parameter.
 */
export function parseQueryString(
  text: string | null | undefined,
  repeated: ReadonlySet<string> = NONE,
): Record<string, string | string[]> {
  const out: Record<string, string | string[]> = Object.create(null);
  if (!text) return out;
  for (const part of text.split('&')) {
    if (part === '') continue;
    const eq = part.indexOf('=');
    const name = decode(eq < 0 ? part : part.slice(0, eq));
    const value = eq < 0 ? '' : decode(part.slice(eq + 1));
    if (name === '__proto__') throw invalidParameter(name, 'this name is not allowed');
    const before = out[name];
    if (before !== undefined && !repeated.has(name)) throw invalidParameter(name, 'it stands twice: send it once');
    if (value.includes('\u0000') || name.includes('\u0000'))
      throw invalidParameter(name.replaceAll('\u0000', ''), 'the character U+0000 is not allowed');
    out[name] = before === undefined ? value : [before, value].flat();
  }
  return out;
}

function decode(text: string): string {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text;
  if (!spaced.includes('%')) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    throw invalidParameter(cut(spaced, 40), 'invalid percent-encoding');
  }
}

/** Gives the app's requests this parser; a route of the contract says which of its parameters may be repeated. */
export function ownQueries(app: Express, contract: Contract): void {
  const routes = Object.values(contract).flatMap((room) => Object.values(room));
  const lists = new Map(routes.map(({ path, metadata }) => [path as string, new Set(metadata.repeated)]));
  Object.defineProperty(app.request, 'query', {
    configurable: true,
    get(this: Request) {
      const at = this.url.indexOf('?');
      return parseQueryString(at < 0 ? '' : this.url.slice(at + 1), lists.get(this.path.replace(/\/$/, '')));
    },
  });
}
