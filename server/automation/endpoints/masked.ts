// What the log keeps of a request: no values of secrets, and no more than fits.
import type { EndpointExecution } from '../../../contract/endpoints.ts';

const MOST = 8192;
const MASK = '***';
const WORDS = new Set([
  'pin',
  'pwd',
  'auth',
  'card',
  'cvv',
  'cvc',
  'iban',
  'ssn',
  'otp',
  'totp',
  'jwt',
  'cookie',
  'bearer',
]);
const PARTS =
  /password|passwd|passphrase|secret|token|authorization|apikey|accesskey|privatekey|credential|cardnumber|sessionid|signature/;

/** Whether a name says that its value is a secret: `password`, `api_key`, `cardNumber`. */
export function isSecret(name: string): boolean {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/);
  return words.some((word) => WORDS.has(word)) || PARTS.test(words.join(''));
}

/** The value with each secret in it masked. */
export function masked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(masked);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, isSecret(key) ? MASK : masked(one)]));
}

/** The value without secrets, or the beginning of its JSON where that is longer than 8 KB. */
export function kept(value: unknown): unknown {
  const shown = masked(value ?? null);
  const text = JSON.stringify(shown) ?? 'null';
  return text.length <= MOST
    ? shown
    : { truncated: true, characters: text.length, text: text.slice(0, MOST).replace(/[\ud800-\udbff]$/, '') };
}

/** A logged call for whoever sees no personal data: without an answer that may hold some. */
export const withoutPersonalData = (call: EndpointExecution): EndpointExecution =>
  call.request_data.personal_data === true && call.response_body !== null
    ? { ...call, response_body: { withheld: true, reason: 'The caller saw personal data unmasked.' } }
    : call;

/** The path of a request with the values of secret parameters masked. */
export const maskedPath = (path: string, params: Readonly<Record<string, string>>): string =>
  path.replace(/:(\w+)/g, (_, name: string) => (isSecret(name) ? MASK : encodeURIComponent(params[name] ?? '')));
