// `snackbase export`: the records of a collection into a file or the standard output.
import { createWriteStream } from 'node:fs';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Command, UsageError } from './command.ts';
import { progress } from './progress.ts';
import { queryOf, REMOTE_USAGE, type Remote, readRemoteOptions, send } from './remote.ts';

export const command: Command = {
  summary: 'export the records of a collection',
  usage: `Usage: snackbase export COLLECTION [--output FILE] [--format ndjson|csv] [--fields LIST] [--filter TEXT] [--sort LIST]
  --output FILE        write here (default: standard output); a name that ends in .csv means CSV
  --format FORMAT      ndjson (default) or csv
  --fields LIST        only these fields
  --filter TEXT        only records that match, as 'rank > 3'
  --sort LIST          order, as -created_at,title (default: as they were created)
  --quiet              no progress
${REMOTE_USAGE}`,
  async run(args) {
    const text = { type: 'string' } as const;
    const options = {
      output: text,
      format: text,
      fields: text,
      filter: text,
      sort: text,
      quiet: { type: 'boolean' },
    } as const;
    const { values, words, connect } = readRemoteOptions(args, options, { least: 1, most: 1 });
    const format = values.format ?? (values.output?.endsWith('.csv') ? 'csv' : 'ndjson');
    if (format !== 'csv' && format !== 'ndjson')
      throw new UsageError(`--format must be ndjson or csv, not "${format}".`);
    const { fields, filter, sort } = values;
    const query = queryOf({ format, fields, filter, sort });
    const remote = await connect();
    const path = `/api/v1/records/${encodeURIComponent(words[0] as string)}`;
    const bar = progress(values.quiet ? null : await totalOf(remote, path, filter));
    const reply = await send(remote, `${path}/export?${query}`);
    let rows = format === 'csv' ? -1 : 0;
    const counted = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        // In CSV a text may hold line breaks; the number is a measure of progress only.
        for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) rows += 1;
        if (!values.quiet) bar.at(rows, Math.max(rows, 0));
        done(null, chunk);
      },
    });
    const target =
      values.output === undefined || values.output === '-' ? process.stdout : createWriteStream(values.output);
    await pipeline(Readable.fromWeb(reply.body as never), counted, target, { end: target !== process.stdout });
    if (!values.quiet) bar.end(Math.max(rows, 0));
    return 0;
  },
};

async function totalOf(remote: Remote, path: string, filter: string | undefined): Promise<number | null> {
  const query = queryOf({ limit: '1', fields: 'id', filter });
  return ((await (await send(remote, `${path}?${query}`)).json()) as { total: number | null }).total;
}
