// The headers that a webhook adds to its messages: which may be set, and which show that they hold a credential.
import type { ProblemEntry } from '../../../contract/problems.ts';

type Headers = Readonly<Record<string, string>>;

const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: what a header value may not hold
const BAD_VALUE = /[\u0000-\u0008\u000a-\u001f\u007f]|[^\u0000-\u00ff]/;
const MOST = 30;
/** Of the connection, of what we say ourselves, and what would make the answer unreadable. */
const TAKEN = new Set(
  `connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer transfer-encoding upgrade expect host
   content-length content-type content-encoding user-agent accept-encoding`.split(/\s+/),
);
const CREDENTIAL = /authorization|cookie|token|secret|password|key|signature/i;
const MASK = '***';

/** What is wrong with them. */
export function headerProblems(headers: Headers): ProblemEntry[] {
  const names = Object.keys(headers);
  const problems: ProblemEntry[] = [];
  const problem = (name: string, code: string, message: string) =>
    problems.push({ field: `headers.${name}`, code, message });
  if (names.length > MOST)
    problems.push({ field: 'headers', code: 'too_many', message: `Use at most ${MOST} headers.` });
  const seen = new Set<string>();
  for (const name of names) {
    const lower = name.toLowerCase();
    if (!NAME.test(name)) problem(name, 'invalid_name', 'This is no name of a header.');
    else if (TAKEN.has(lower) || /^(x-snackbase-|webhook-)/.test(lower))
      problem(name, 'reserved', `${name} is set by the server.`);
    if (seen.has(lower)) problem(name, 'duplicate', 'The same header stands twice.');
    seen.add(lower);
    if (BAD_VALUE.test(headers[name] as string)) problem(name, 'invalid_value', 'Use one line of plain characters.');
  }
  return problems;
}

/** As replies and the trail show them. */
export const maskedHeaders = (headers: Headers): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, CREDENTIAL.test(name) ? MASK : value]));

/** What was read masked and is sent back means what was there. */
export const unmaskedHeaders = (sent: Headers, stored: Headers): Record<string, string> =>
  Object.fromEntries(
    Object.entries(sent).map(([name, value]) => [name, value === MASK ? (stored[name] ?? value) : value]),
  );
