// `snackbase gen types`: the collections of a running server as TypeScript, once or whenever they change.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Command, UsageError } from './command.ts';
import { REMOTE_USAGE, type Remote, RemoteError, readRemoteOptions, send } from './remote.ts';

export const command: Command = {
  summary: 'write TypeScript types of your collections',
  usage: `Usage: snackbase gen types [--output FILE] [--watch]
  --output FILE        write here (default snackbase.ts); - for standard output
  --watch              keep on, and write again whenever a collection changes
${REMOTE_USAGE}`,
  async run([what, ...args]) {
    if (what !== 'types') throw new UsageError('Say what to generate: gen types.');
    const options = { output: { type: 'string' }, watch: { type: 'boolean' } } as const;
    const { values, connect } = readRemoteOptions(args, options, { least: 0, most: 0 });
    const remote = await connect();
    const file = values.output ?? 'snackbase.ts';
    let tag = await generate(remote, file, null);
    if (!values.watch) return 0;
    console.error('Watching for changes; end with Ctrl-C.');
    return new Promise<number>((resolve) => {
      const timer = setInterval(async () => {
        try {
          tag = await generate(remote, file, tag);
        } catch (error) {
          if (!(error instanceof RemoteError)) throw error;
          console.error(error.message);
        }
      }, EVERY_MS);
      const stop = () => {
        clearInterval(timer);
        resolve(0);
      };
      process.once('SIGINT', stop);
      process.once('SIGTERM', stop);
    });
  },
};

const EVERY_MS = 1000;

/** Writes the types if the document is not that of `tag`; answers the tag of what it found. */
async function generate(remote: Remote, file: string, tag: string | null): Promise<string | null> {
  const headers: Record<string, string> = tag === null ? {} : { 'If-None-Match': tag };
  const reply = await send(remote, '/api/v1/openapi.json', { headers });
  if (reply.status === 304) return tag;
  const { schemaSource } = await import('../../openapi/typescript.ts');
  const document = (await reply.json()) as never;
  const source = schemaSource(document);
  if (file === '-') process.stdout.write(source);
  else if (source !== before(file)) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, source);
    const count = (document as { 'x-collections'?: string[] })['x-collections']?.length ?? 0;
    console.error(`${file}: ${count} collection${count === 1 ? '' : 's'}`);
  }
  return reply.headers.get('etag');
}

function before(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}
