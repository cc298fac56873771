// What an endpoint answers: status, typed body and the headers that a definition may set.
import type { ActionOutcome } from '../../../contract/actions.ts';
import type { ProblemEntry } from '../../../contract/problems.ts';
import { Answer, RawJson } from '../../context.ts';
import { withOutcomes } from '../actions/run.ts';
import { type Template, TemplateError, type Values } from '../templates.ts';

export interface CompiledResponse {
  readonly status: number;
  readonly body: Template | null;
  readonly headers: readonly (readonly [name: string, value: { render(values: Values): string }])[];
}

/** The answer of a route whose definition chooses the status. */
export class Chosen extends Answer<RawJson | undefined> {
  constructor(
    readonly status: number,
    body: RawJson | undefined,
    headers: Readonly<Record<string, string>>,
  ) {
    super(body, headers);
  }
}

/** Others are the server's: how the connection is kept, who may read across sites, what a browser does with a page. */
const ALLOWED = [
  'cache-control',
  'content-disposition',
  'content-language',
  'content-location',
  'content-type',
  'etag',
  'expires',
  'last-modified',
  'link',
  'location',
  'retry-after',
  'vary',
];
const OURS =
  /^x-(frame-options|content-type-options|correlation-id|xss-protection|dns-prefetch-control|accel-.*|sendfile)$/;
const isAllowed = (name: string): boolean => ALLOWED.includes(name) || (name.startsWith('x-') && !OURS.test(name));

const TYPE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(\s*;\s*[\w-]+=("[^"\\]*"|[\w.+-]+))*$/;
const isJson = (type: string): boolean => /^application\/([\w.-]+\+)?json\s*(;|$)/i.test(type);

/** Every header of a template that may not be set. */
export function headerProblems(headers: Readonly<Record<string, string>>, at: string): ProblemEntry[] {
  const names = Object.keys(headers).map((name) => name.toLowerCase());
  return Object.entries(headers).flatMap(([name, value]): ProblemEntry[] => {
    const field = `${at}.${name}`;
    const lower = name.toLowerCase();
    if (!/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(name))
      return [{ field, code: 'bad_header', message: 'This is no name of a header.' }];
    if (!isAllowed(lower))
      return [
        { field, code: 'header_not_allowed', message: `${name} is the server's. Set ${ALLOWED.join(', ')} or x-….` },
      ];
    if (names.filter((one) => one === lower).length > 1)
      return [{ field, code: 'duplicate', message: `${name} stands twice.` }];
    if (/[\r\n\0]/.test(value)) return [{ field, code: 'bad_header', message: 'A header is one line.' }];
    if (lower === 'content-type' && !value.includes('{{') && !TYPE.test(value))
      return [{ field, code: 'bad_header', message: 'This is no content type.' }];
    return [];
  });
}

/** One line of what HTTP carries. */
const line = (value: string): string =>
  value
    .replace(/[^\x20-\x7e\xa0-\xff]/g, ' ')
    .trim()
    .slice(0, 8000);

/** Characters of all headers together, before they are cut. */
const MOST_HEADERS = 64_000;

/** Without those that are empty. Throws TemplateError. */
function headersOf(headers: CompiledResponse['headers'], seen: Values): Record<string, string> {
  let left = MOST_HEADERS;
  const lines = headers.map(([name, value]) => {
    const text = value.render(seen);
    left -= text.length;
    if (left < 0) throw new TemplateError(`The headers of an answer have at most ${MOST_HEADERS} characters.`);
    return [name, line(text)] as const;
  });
  return Object.fromEntries(lines.filter(([, value]) => value !== ''));
}

/** A browser gives such a page no rights, not even those of its own address. */
const SANDBOX = "sandbox; frame-ancestors 'none'";

/** The answer, and what of it the log keeps. Throws TemplateError. */
export function replyOf(
  response: CompiledResponse | null,
  values: Values,
  outcomes: readonly ActionOutcome[],
): { readonly answer: Chosen; readonly body: unknown } {
  if (response === null) {
    const body = outcomes.at(-1)?.result ?? {};
    return { answer: new Chosen(200, new RawJson(JSON.stringify(body)), {}), body };
  }
  const seen = withOutcomes(values, outcomes);
  const { status } = response;
  const headers = headersOf(response.headers, seen);
  const body = response.body === null ? {} : response.body.render(seen);
  if (status === 204) return { answer: new Chosen(status, undefined, headers), body: null };
  const type = headers['content-type'];
  if (type === undefined || !TYPE.test(type) || isJson(type)) {
    if (type !== undefined && !TYPE.test(type)) delete headers['content-type'];
    return { answer: new Chosen(status, new RawJson(JSON.stringify(body ?? null)), headers), body };
  }
  const text = typeof body === 'string' ? body : JSON.stringify(body ?? null);
  const typed = /charset=/i.test(type) || !type.startsWith('text/') ? type : `${type}; charset=utf-8`;
  const sandboxed = { ...headers, 'content-type': typed, 'content-security-policy': SANDBOX };
  return { answer: new Chosen(status, new RawJson(text), sandboxed), body };
}
