// The only file that imports ts-rest: what a route is, how a room of routes is made, and the types a server or a client reads off it.
import { initContract } from '@ts-rest/core';
import * as z from 'zod';
import type { Access } from './access.ts';
import { type Code, errors, type ProblemBody, standingErrors } from './problems.ts';

export { z };
export const c = initContract();

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** A request or reply without a body (204). */
export const noBody = c.noBody();
export type NoBody = typeof noBody;

/** A reply whose content type is not JSON. */
export const text = <const T extends string>(contentType: T) => c.otherResponse({ contentType, body: z.string() });
type Text = ReturnType<typeof text>;

/** A reply of server-sent events, each with JSON of this schema as its data. */
export const events = (data: z.ZodType) => ({ ...text('text/event-stream'), data });
/** The schema of what a reply of events tells; undefined for any other reply. */
export const eventsOf = (reply: unknown): z.ZodType | undefined =>
  typeof reply === 'object' && reply !== null && 'data' in reply && 'contentType' in reply
    ? (reply as ReturnType<typeof events>).data
    : undefined;

/** A body that is read while it arrives, of one of these content types. */
export interface Upload {
  readonly uploads: readonly string[];
}
export const upload = (...uploads: string[]): Upload => ({ uploads });
export const isUpload = (body: unknown): body is Upload =>
  typeof body === 'object' && body !== null && 'uploads' in body;

/** A worked request and reply. Every route has one; the documents show it and a test parses it with the route's own schemas. */
export interface Example {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly reply?: unknown;
}

/** One endpoint. Nothing here is optional by accident: a route without access metadata, summary or example does not compile. */
export interface Route {
  readonly method: Method;
  readonly path: `/${string}`;
  readonly summary: string;
  readonly description?: string;
  readonly pathParams: z.ZodObject;
  readonly query?: z.ZodType;
  readonly body?: z.ZodType | NoBody | Upload;
  readonly responses: { readonly [status: number]: z.ZodType | NoBody | Text };
  readonly metadata: Access;
  readonly example: Example;
}

export type Room = { readonly [name: string]: Route };
export type Contract = { readonly [room: string]: Room };

/** Marks a type as holding only rooms whose every route is complete. */
export type Routes<T extends Room> = { readonly [K in keyof T]: T[K] };

/** No path parameters; written out because ts-rest infers nothing for a route that leaves them away. */
export const noParams = z.object({});

/**
 * Makes a room: keeps every literal type, and adds the errors that follow from the metadata
 * (401 where a caller is needed, 403 where he may lack the right, 400/413/415 where there is a body, 429, 500),
 * so that no route can forget them and the documents cannot disagree with the server.
 */
export function room<const T extends Room>(routes: T): Routes<T> {
  for (const route of Object.values<Route>(routes)) {
    const declared = route.responses as Record<number, unknown>;
    const implied: Code[] = standingErrors(route.metadata, {
      body: hasBody(route),
      query: route.query !== undefined,
      params: /[:*]/.test(route.path),
      repeatable: isRepeatable(route),
    });
    for (const [status, schema] of Object.entries(errors(...implied))) {
      const own = declared[Number(status)];
      declared[Number(status)] = own === undefined ? schema : mergeProblems(own as ProblemBody, schema as ProblemBody);
    }
  }
  return c.router(routes as never) as unknown as Routes<T>;
}

/** True where the route reads a JSON body. */
export const hasBody = (route: Route): boolean =>
  route.body !== undefined && route.body !== noBody && !isUpload(route.body);

/** True where a request may be sent again under an Idempotency-Key: whatever changes something and needs no password. */
export const isRepeatable = ({ method, metadata }: Route): boolean =>
  method !== 'GET' &&
  metadata.who !== 'anyone' &&
  metadata.rate !== 'auth' &&
  metadata.audit !== null &&
  metadata.idempotent !== 'none';

function mergeProblems(a: ProblemBody, b: ProblemBody): ProblemBody {
  const codes = [...new Set([...a.shape.code.options, ...b.shape.code.options])] as Code[];
  return errors.of(codes);
}

type ParsedBody<R extends Route> = R extends { body: infer B extends z.ZodType } ? z.output<B> : undefined;
type ParsedQuery<R extends Route> = R extends { query: infer Q extends z.ZodType }
  ? z.output<Q>
  : Record<string, string>;

/** What a handler of the route receives after parsing. */
export interface Parsed<R extends Route> {
  readonly params: z.output<R['pathParams']>;
  readonly query: ParsedQuery<R>;
  readonly body: ParsedBody<R>;
}

type SuccessStatus = 101 | 200 | 201 | 202 | 204 | 302;
type BodyOf<S> = S extends z.ZodType ? z.input<S> : S extends NoBody ? undefined : string;

/** The body of the route's successful reply; undefined for 204. */
export type Reply<R extends Route> = {
  [S in keyof R['responses'] & SuccessStatus]: BodyOf<R['responses'][S]>;
}[keyof R['responses'] & SuccessStatus];

/** The route's usual success: of several the first, but 202 with a body, beside which 200 is for what was done at once. */
export function successStatus(route: Route): number {
  const status =
    route.responses[202] instanceof z.ZodType
      ? 202
      : Object.keys(route.responses)
          .map(Number)
          .find((s) => s < 400);
  if (status === undefined) throw new Error(`${route.method} ${route.path} declares no successful reply`);
  return status;
}
