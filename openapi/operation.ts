// One route of the contract as one operation: parameters, body, responses, examples, security and its metadata.
import type { RouteConfig } from '@asteasolutions/zod-to-openapi';
import {
  eventsOf,
  hasBody,
  isRepeatable,
  isUpload,
  noBody,
  type Route,
  successStatus,
  type Upload,
  z,
} from '../contract/kit.ts';
import type { ProblemBody } from '../contract/problems.ts';
import { openPath, openQuery } from './parameters.ts';
import type { ProblemResponses } from './problem-responses.ts';
import { CORRELATION_HEADER, requestHeaders } from './shared-headers.ts';

/** A route with the names it has in the document. */
export interface Entry {
  readonly operationId: string;
  readonly room: string;
  readonly route: Route;
}

const SUCCESS: Readonly<Record<number, string>> = {
  101: 'The connection is a WebSocket from here on',
  200: 'OK',
  201: 'Created',
  202: 'Accepted; the work goes on',
  204: 'Done; there is no body',
  302: 'Go to the address in Location',
};
const CREDENTIALS = [{ bearerAuth: [] }, { cookieAuth: [] }];

/** The operation in the generator's own form; `problems` collects the error responses that operations share. */
export function operation({ operationId, room, route }: Entry, problems: ProblemResponses): RouteConfig {
  const query = openQuery(route);
  return {
    method: route.method.toLowerCase() as Lowercase<Route['method']>,
    path: openPath(route.path),
    operationId,
    tags: [room],
    summary: route.summary,
    ...(route.description !== undefined && { description: route.description }),
    security: security(route.metadata.who),
    parameters: requestHeaders(route.metadata, isRepeatable(route)),
    request: {
      params: route.pathParams,
      ...(query !== undefined && { query }),
      ...(hasBody(route) && { body: requestBody(route) }),
      ...(isUpload(route.body) && { body: uploadBody(route, route.body) }),
    },
    responses: Object.fromEntries(
      Object.entries(route.responses).map(([status, schema]) => [
        status,
        Number(status) < 400 ? success(route, Number(status)) : problems.respond(schema as ProblemBody),
      ]),
    ) as RouteConfig['responses'],
    'x-snackbase': { ...route.metadata },
  };
}

/** Rules may open a collection to everyone, so there a credential is one alternative beside none. */
function security(who: Route['metadata']['who']): Record<string, string[]>[] {
  if (who === 'anyone') return [];
  return who === 'rules' ? [...CREDENTIALS, {}] : CREDENTIALS;
}

function requestBody(route: Route) {
  const schema = route.body as z.ZodType;
  const { body: example } = route.example;
  return {
    required: !schema.safeParse(undefined).success,
    content: { 'application/json': { schema, ...(example !== undefined && { example }) } },
  };
}

/** A body of text that is read while it arrives. */
function uploadBody({ example }: Route, { uploads }: Upload) {
  const media = { schema: z.string(), example: example.body };
  return { required: true, content: Object.fromEntries(uploads.map((type) => [type, media])) };
}

function success(route: Route, status: number) {
  const reply = route.responses[status];
  const described = { description: SUCCESS[status] ?? 'OK', headers: CORRELATION_HEADER };
  if (reply === undefined || reply === noBody) return described;
  const example =
    status === successStatus(route) && route.example.reply !== undefined ? { example: route.example.reply } : {};
  if (reply instanceof z.ZodType)
    return { ...described, content: { 'application/json': { schema: reply, ...example } } };
  const { contentType } = reply as { contentType: string };
  const told = eventsOf(reply);
  // Nothing in OpenAPI 3.1 says that a schema is that of one event, so it stands where readers look for it, and the words say it.
  if (told !== undefined)
    return {
      ...described,
      description: 'Events; each has this as its data.',
      content: { [contentType]: { schema: told, example: firstEvent(route.example.reply) } },
    };
  return { ...described, content: { [contentType.split(';')[0] as string]: { schema: z.string(), ...example } } };
}

/** The data of the first event of a stream's text. */
const firstEvent = (text: unknown): unknown => JSON.parse(/^data: (.*)$/m.exec(String(text))?.[1] ?? 'null');
