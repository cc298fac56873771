// What one request may be answered: replies as JSON text, and how much of it, so that a small request cannot ask for gigabytes.
import { type McpReply, MOST_CHARACTERS, MOST_RESULT } from '../../contract/mcp.ts';
import { Failure, invalidParameter } from '../../contract/problems.ts';

/** Stands in a result for the value of its first block of text, which is JSON already. */
export const SAME_AS_TEXT: Record<string, unknown> = Object.freeze({});

/** The reply as JSON. Structured content is not written anew: it is the text beside it. */
export function textOf(reply: McpReply): string {
  const { structuredContent, ...result } = reply.result ?? {};
  if (structuredContent === undefined) return JSON.stringify(reply);
  const [{ text }] = result.content as [{ text: string }];
  const { jsonrpc, id } = reply;
  return `${JSON.stringify({ jsonrpc, id, result }).slice(0, -2)},"structuredContent":${text}}}`;
}

/** Characters that are left for the replies of one request. */
export class Allowance {
  private left = MOST_CHARACTERS;

  spend(characters: number): void {
    this.left -= characters;
  }
  /** Whoever asked for what is too large has had his work done: nothing more is done for the request. */
  exhaust(): void {
    this.left = 0;
  }
  /** null while there is something left. */
  refusal(): Failure | null {
    if (this.left > 0) return null;
    const hint = 'send this message again in another request, and ask for fewer records or fields';
    return new Failure('LIMIT_REACHED', {
      limit: megabytes(MOST_CHARACTERS),
      what: 'of answers for this request',
      hint,
    });
  }
}

/** Codes of entries; the first is what the records room calls a page that is too large for everybody. */
const LARGE = { page_too_large: true, record_too_large: true };

/** Whether JSON of so many characters may be the answer of a tool. */
export const fits = (characters: number): boolean => characters <= MOST_RESULT;

/** Throws INVALID_QUERY_PARAMS for what is too large to be read by a tool: `field` is the argument that makes it smaller. */
export function refuseLarge(characters: number, field: 'limit' | 'fields'): void {
  if (fits(characters)) return;
  const how = field === 'limit' ? 'ask for fewer records, or name the fields you need' : 'name the fields you need';
  const code: keyof typeof LARGE = field === 'limit' ? 'page_too_large' : 'record_too_large';
  throw invalidParameter(field, `the answer is larger than ${megabytes(MOST_RESULT)}: ${how}`, code);
}

/** Whether a failure is that what was read is too large to be answered. */
export const isLarge = ({ entries }: Failure): boolean => entries.some(({ code }) => code in LARGE);

const megabytes = (characters: number): string => `${characters / 1_000_000} MB`;
