// Headers that definitions write out for calls: what can be refused of them before any is made.
import type { ProblemEntry } from '../../../contract/problems.ts';

export type Headers = Readonly<Record<string, string>>;

const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: what a header value may not hold
const BAD_VALUE = /[\u0000-\u0008\u000a-\u001f\u007f]|[^\u0000-\u00ff]/;
const MOST = 30;

/** Of the connection: each call has its own, whatever is asked for. */
export const HOP_BY_HOP =
  /^(host|connection|keep-alive|proxy-.*|te|trailer|transfer-encoding|upgrade|expect|content-length|accept-encoding)$/i;

/** What is wrong with them; `taken` says which names, in small letters, are nobody's to set. */
export function headerProblems(headers: Headers, taken: (name: string) => boolean, at = 'headers'): ProblemEntry[] {
  const names = Object.keys(headers);
  const problems: ProblemEntry[] = [];
  const problem = (name: string, code: string, message: string) =>
    problems.push({ field: `${at}.${name}`, code, message });
  if (names.length > MOST) problems.push({ field: at, code: 'too_many', message: `Use at most ${MOST} headers.` });
  const seen = new Set<string>();
  for (const name of names) {
    const lower = name.toLowerCase();
    if (!NAME.test(name)) problem(name, 'invalid_name', 'This is no name of a header.');
    else if (taken(lower)) problem(name, 'reserved', `${name} is set by the server.`);
    if (seen.has(lower)) problem(name, 'duplicate', 'The same header stands twice.');
    seen.add(lower);
    if (BAD_VALUE.test(headers[name] as string)) problem(name, 'invalid_value', 'Use one line of plain characters.');
  }
  return problems;
}
