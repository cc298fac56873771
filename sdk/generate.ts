// Generation: the contract becomes the client's route table (routes.gen.ts) and its flat types (types.gen.ts).
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { contract } from '../contract/index.ts';
import { type Contract, hasBody, isUpload, type Room, type Route, successStatus, z } from '../contract/kit.ts';
import { CATALOGUE, ProblemEntry } from '../contract/problems.ts';
import { docComment, Printer } from './print-type.ts';

const HEAD = 'Generated from contract/ by sdk/generate.ts: edit the contract and run `npm run gen`.';
const pascal = (text: string): string => text.replace(/(?:^|[-_])(\w)/g, (_, letter: string) => letter.toUpperCase());
const reply = (route: Route): unknown => route.responses[successStatus(route)];

/** Writes both generated files below `root`, the repository's folder. */
export async function writeSdk(root: string): Promise<void> {
  for (const [path, text] of Object.entries(renderSdk())) await writeFile(join(root, path), text);
}

/** The generated files: path below the repository → text. The same contract always gives the same text. */
export function renderSdk(rooms: Contract = contract): Record<string, string> {
  return { 'sdk/src/routes.gen.ts': renderRoutes(rooms), 'sdk/src/types.gen.ts': renderTypes(rooms) };
}

/** A route as one line: method, path, and marks: b takes a body, q a query, t answers text, s a stream of events, a what its content type says. */
function routeLine(route: Route): string {
  const marks = [(hasBody(route) || isUpload(route.body)) && 'b', route.query && 'q', textMark(reply(route))]
    .filter(Boolean)
    .join('');
  return `${route.method} ${route.path}${marks && ` ${marks}`}`;
}

/** How a reply that is not JSON is taken: as a whole, or while it comes. */
function textMark(response: unknown): 't' | 's' | 'a' | undefined {
  if (response instanceof z.ZodUnknown) return 'a';
  if (typeof response !== 'object' || response === null || !('contentType' in response)) return undefined;
  return response.contentType === 'text/event-stream' ? 's' : 't';
}

function renderRoutes(rooms: Contract): string {
  const consts = Object.entries(rooms).map(([name, room]) => {
    const lines = Object.entries(room).map(([verb, route]) => `  ${verb}: '${routeLine(route)}',`);
    return `export const ${name} = {\n${lines.join('\n')}\n} as const;\n`;
  });
  const queries = [rooms.records?.list?.query, rooms.records?.stream?.query];
  const names = [
    ...new Set(queries.flatMap((query) => (query instanceof z.ZodObject ? Object.keys(query.shape) : []))),
  ];
  const params = `/** Query parameters of a list or a stream that are not fields. */\nexport const listParams: readonly string[] = ${JSON.stringify(names)};\n`;
  return [
    `// ${HEAD} Marks: b body, q query, t text reply, s stream, a either.`,
    ...consts,
    `export const rooms = { ${Object.keys(rooms).join(', ')} } as const;\n`,
    params,
  ].join('\n');
}

/** One route's part of the types: its entry in `Calls` and its method in `Rooms`. */
function renderRoute(printer: Printer, room: string, verb: string, route: Route): { call: string; method: string } {
  const name = `${pascal(room)}${pascal(verb)}`;
  const input: string[] = [];
  const required: string[] = [];
  const optional: string[] = [];
  const names = [...route.path.matchAll(/[:*](\w+)/g)].map((match) => match[1]);
  if (names.length > 0) input.push(`params: { ${names.map((n) => `${n}: string`).join('; ')} }`);
  required.push(...names.map((n) => `${n}: string`));
  const part = (key: 'body' | 'query', schema: z.ZodType) => {
    const type = printer.type(schema, 'input', `${name}${pascal(key)}`);
    const may = schema.safeParse(key === 'query' ? {} : undefined).success;
    input.push(`${key}${may ? '?' : ''}: ${type}${may ? ' | undefined' : ''}`);
    (may ? optional : required).push(`${key}${may ? '?' : ''}: ${type}`);
  };
  if (isUpload(route.body)) {
    input.push('body: Blob');
    required.push('body: Blob');
  }
  if (hasBody(route)) part('body', route.body as z.ZodType);
  if (route.query) part('query', route.query);
  const answer = reply(route);
  const mark = textMark(answer);
  const data = mark
    ? { t: 'string', s: 'ReadableStream<Uint8Array>', a: 'unknown' }[mark]
    : answer instanceof z.ZodType
      ? printer.type(answer, 'output', `${name}Reply`)
      : 'void';
  return {
    call: `  '${room}.${verb}': { input: ${input.length > 0 ? `{ ${input.join('; ')} }` : 'object'}; reply: ${data} };\n`,
    method: `${docComment(route.summary, '    ')}    ${verb}(${[...required, ...optional, 'options?: CallOptions'].join(', ')}): Call<${data}>;\n`,
  };
}

function renderTypes(rooms: Contract): string {
  const printer = new Printer();
  printer.type(ProblemEntry, 'output');
  let calls = '';
  let services = '';
  for (const [name, room] of Object.entries<Room>(rooms)) {
    const parts = Object.entries(room).map(([verb, route]) => renderRoute(printer, name, verb, route));
    calls += parts.map((part) => part.call).join('');
    services += `  ${name}: {\n${parts.map((part) => part.method).join('')}  };\n`;
  }
  const codes = Object.keys(CATALOGUE).map((code) => `\n  | '${code}'`);
  const named = [...printer.declarations].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, text]) => text);
  return [
    `// ${HEAD}`,
    "import type { Call } from './call.ts';\nimport type { CallOptions } from './options.ts';\n",
    `/** Every code of the server's error catalogue. */\nexport type ServerCode =${codes.join('')};\n`,
    ...named,
    `/** Every route by its name: what it takes and what it answers. */\nexport interface Calls {\n${calls}}\n`,
    `/** The methods that each room's routes become. */\nexport interface Rooms {\n${services}}\n`,
  ].join('\n');
}
