// Error responses: one schema `Problem` for all, and for each route and status the codes that it can carry.
import { CATALOGUE, type Code, type ProblemBody } from '../contract/problems.ts';
import type { Body } from './document.ts';
import { CORRELATION_HEADER, RETRY_HEADER } from './shared-headers.ts';

/** Up to so many codes a response is a shared component, named after them; longer lists are rare and stand in the operation. */
const SHARED_UP_TO = 2;
const CODES = Object.keys(CATALOGUE) as Code[];

/** The shared responses of one document, filled while its operations are made. */
export class ProblemResponses {
  readonly #shared = new Map<string, Body>();

  /** The response for one status of a route: a reference, or the whole where it is particular. */
  respond(schema: ProblemBody): Body {
    const codes = CODES.filter((code) => schema.shape.code.options.includes(code));
    if (codes.length > SHARED_UP_TO) return describe(codes);
    const name = codes.map(pascal).join('Or');
    if (!this.#shared.has(name)) this.#shared.set(name, describe(codes));
    return { $ref: `#/components/responses/${name}` };
  }

  /** All shared responses, ordered by name. */
  components(): Record<string, Body> {
    return Object.fromEntries([...this.#shared].sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}

function describe(codes: readonly Code[]): Body {
  const [first] = codes as [Code, ...Code[]];
  const { status, title, message } = CATALOGUE[first];
  return {
    description: codes.map((code) => `\`${code}\`: ${markdown(CATALOGUE[code].message)}`).join('\n\n'),
    headers: { ...CORRELATION_HEADER, ...(status === 429 || status === 503 ? RETRY_HEADER : {}) },
    content: {
      'application/json': {
        schema: {
          allOf: [
            { $ref: '#/components/schemas/Problem' },
            { type: 'object', properties: { code: { type: 'string', enum: codes } } },
          ],
        },
        example: {
          error: title,
          message: message.replace(/\{\w+\}/g, '…'),
          code: first,
          errors: [],
          request_id: 'cid_4f9c2b1e',
        },
      },
    },
  };
}

/** Descriptions are Markdown, where `<token>` would be an HTML element. */
const markdown = (message: string): string => message.replaceAll('<', '\\<');

const pascal = (code: string): string =>
  code.toLowerCase().replace(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase());
