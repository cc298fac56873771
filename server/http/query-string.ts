// Query strings: flat names and text values, nothing else; what cannot be told apart from a mistake is refused.
import { invalidParameter } from '../../contract/problems.ts';

/**
 * Parses `a=1&b=two`. `+` is a space. No brackets, no arrays: a name that stands twice is refused,
 * because the products we serve disagree on which one would win.
 * Throws INVALID_QUERY_PARAMS naming the parameter.
 */
export function parseQueryString(text: string | null | undefined): Record<string, string> {
  const out: Record<string, string> = Object.create(null);
  if (!text) return out;
  for (const part of text.split('&')) {
    if (part === '') continue;
    const eq = part.indexOf('=');
    const name = decode(eq < 0 ? part : part.slice(0, eq));
    const value = eq < 0 ? '' : decode(part.slice(eq + 1));
    if (name === '__proto__') throw invalidParameter(name, 'this name is not allowed');
    if (name in out) throw invalidParameter(name, 'it stands twice: send it once');
    if (value.includes('\u0000') || name.includes('\u0000'))
      throw invalidParameter(name.replaceAll('\u0000', ''), 'the character U+0000 is not allowed');
    out[name] = value;
  }
  return out;
}

function decode(text: string): string {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text;
  if (!spaced.includes('%')) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    throw invalidParameter(spaced.slice(0, 40), 'invalid percent-encoding');
  }
}
