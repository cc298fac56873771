// What a URL must be to be called: http or https, no credentials in it, and no address that is refused in any spelling.
import { isIP } from 'node:net';
import { forbidden } from './addresses.ts';
import type { OutboundReason } from './error.ts';

export interface UrlRules {
  /** Loopback and private networks are open: tests and local development. */
  readonly allowPrivate: boolean;
  /** https alone. */
  readonly production: boolean;
}

export interface UrlProblem {
  readonly reason: OutboundReason;
  readonly message: string;
}

const LONGEST = 2048;

/** A host as it is connected to: without the brackets of an IPv6 address and the dots behind a name. */
export const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[|\]$/g, '').replace(/\.+$/, '');

/** What can be known of a URL without asking for its name; null when there is nothing against it. */
export function urlProblem(text: string, { allowPrivate, production }: UrlRules): UrlProblem | null {
  if (text.length > LONGEST) return { reason: 'invalid_url', message: `Use at most ${LONGEST} characters.` };
  // The parser turns every spelling of an IPv4 address into the usual one, and refuses zones.
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null) return { reason: 'invalid_url', message: 'Write a whole URL, as https://example.com/hooks.' };
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    return { reason: 'scheme', message: `Use https, not ${url.protocol.slice(0, -1)}.` };
  if (production && url.protocol !== 'https:') return { reason: 'scheme', message: 'Use https: http is not secure.' };
  if (url.username !== '' || url.password !== '')
    return { reason: 'invalid_url', message: 'Send credentials in a header, not in the URL.' };
  const host = hostOf(url);
  if (host === '') return { reason: 'invalid_url', message: 'The URL has no host.' };
  if (isIP(host) !== 0) {
    const use = forbidden(host, allowPrivate);
    return use === null ? null : { reason: 'forbidden_address', message: `This address is not public (${use}).` };
  }
  if (!allowPrivate && /(^|\.)localhost$/i.test(host))
    return { reason: 'forbidden_address', message: 'This name is the server itself.' };
  return null;
}
