// What the log keeps of a request: no values of secrets, and no more than fits.
import type { EndpointExecution } from '../../../contract/endpoints.ts';
import { cut } from '../../text.ts';
import { isSecret, MASK, masked } from '../secrets.ts';

const MOST = 8192;
/** The value without secrets, or the beginning of its JSON where that is longer than 8 KB. */
export function kept(value: unknown): unknown {
  const shown = masked(value ?? null);
  const text = JSON.stringify(shown) ?? 'null';
  return text.length <= MOST ? shown : { truncated: true, characters: text.length, text: cut(text, MOST) };
}

/** A logged call for whoever sees no personal data: without an answer that may hold some. */
export const withoutPersonalData = (call: EndpointExecution): EndpointExecution =>
  call.request_data.personal_data === true && call.response_body !== null
    ? { ...call, response_body: { withheld: true, reason: 'The caller saw personal data unmasked.' } }
    : call;

/** The path of a request with the values of secret parameters masked. */
export const maskedPath = (path: string, params: Readonly<Record<string, string>>): string =>
  path.replace(/:(\w+)/g, (_, name: string) => (isSecret(name) ? MASK : encodeURIComponent(params[name] ?? '')));
