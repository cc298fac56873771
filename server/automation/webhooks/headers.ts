// The headers that a webhook adds to its messages: which may be set, and which show that they hold a credential.
import type { ProblemEntry } from '../../../contract/problems.ts';
import { type Headers, headerProblems as problemsOf } from '../outbound/headers.ts';

/** Of the connection, of what we say ourselves, and what would make the answer unreadable. */
const TAKEN = new Set(
  `connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer transfer-encoding upgrade expect host
   content-length content-type content-encoding user-agent accept-encoding`.split(/\s+/),
);
const CREDENTIAL = /authorization|cookie|token|secret|password|key|signature/i;
const MASK = '***';

/** What is wrong with them. */
export const headerProblems = (headers: Headers): ProblemEntry[] =>
  problemsOf(headers, (name) => TAKEN.has(name) || /^(x-snackbase-|webhook-)/.test(name));

/** As replies and the trail show them. */
export const maskedHeaders = (headers: Headers): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, CREDENTIAL.test(name) ? MASK : value]));

/** What was read masked and is sent back means what was there. */
export const unmaskedHeaders = (sent: Headers, stored: Headers): Record<string, string> =>
  Object.fromEntries(
    Object.entries(sent).map(([name, value]) => [name, value === MASK ? (stored[name] ?? value) : value]),
  );
