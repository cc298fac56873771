// `snackbase import`: the rows of a file into a collection, with progress while they are stored.
import { createReadStream, createWriteStream, type ReadStream, statSync } from 'node:fs';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { createInterface } from 'node:readline';
import type { ImportSummary } from '../../contract/records.ts';
import { type Command, UsageError } from './command.ts';
import { progress } from './progress.ts';
import { queryOf, REMOTE_USAGE, type Remote, RemoteError, readRemoteOptions, told } from './remote.ts';

export const command: Command = {
  summary: 'import rows of NDJSON or CSV into a collection',
  usage: `Usage: snackbase import COLLECTION FILE [--map LIST] [--upsert-by FIELD] [--atomic] [--dry-run] [--rejects FILE]
  --format FORMAT      ndjson or csv (default: by the name of the file)
  --map LIST           columns of other names, as Title:title,Notes: (the last one is left out)
  --upsert-by FIELD    a unique field: rows whose value is there change that record
  --delimiter C        of CSV, as ";"
  --null TEXT          text of CSV that means null
  --atomic             all rows or none
  --dry-run            try everything, store nothing
  --skip N             leave out the first N rows
  --rejects FILE       write every rejected row and why, one JSON object a line
  --quiet              no progress
${REMOTE_USAGE}`,
  async run(args) {
    const text = { type: 'string' } as const;
    const flag = { type: 'boolean' } as const;
    const { values, words, connect } = readRemoteOptions(
      args,
      {
        format: text,
        map: text,
        'upsert-by': text,
        delimiter: text,
        null: text,
        atomic: flag,
        'dry-run': flag,
        skip: text,
        rejects: text,
        quiet: flag,
      },
      { least: 2, most: 2 },
    );
    const [collection, file] = words as [string, string];
    const format = values.format ?? (file.endsWith('.csv') ? 'csv' : 'ndjson');
    const query = queryOf({
      format,
      map: values.map,
      upsert_by: values['upsert-by'],
      delimiter: values.delimiter,
      null: values.null,
      atomic: values.atomic ? 'true' : undefined,
      dry_run: values['dry-run'] ? 'true' : undefined,
      skip: values.skip,
      progress: 'true',
    });
    const size = sizeOf(file);
    const remote = await connect();
    const source = createReadStream(file);
    const path = `/api/v1/records/${encodeURIComponent(collection)}/import?${query}`;
    const bar = progress(size);
    const rejects = values.rejects === undefined ? null : createWriteStream(values.rejects);
    const type = format === 'csv' ? 'text/csv' : 'application/x-ndjson';
    const reply = await upload(remote, path, type, source);
    let summary: ImportSummary | undefined;
    let failure: string | undefined;
    let seen = 0;
    for await (const line of createInterface({ input: reply })) {
      const event = JSON.parse(line);
      if (event.type === 'progress' && !values.quiet) bar.at(source.bytesRead, event.rows);
      if (event.type === 'reject') {
        rejects?.write(`${JSON.stringify({ line: event.line, errors: event.errors })}\n`);
        if (rejects === null && seen++ < SHOWN) console.error(rejected(event));
      }
      if (event.type === 'done') summary = event;
      if (event.type === 'error') failure = told(400, line);
    }
    rejects?.end();
    if (failure !== undefined) throw new RemoteError(failure);
    if (summary === undefined) throw new RemoteError('The server broke off: look at its log, and at what is stored.');
    if (!values.quiet) bar.end(summary.rows);
    const { created, updated, rejected: bad, dry_run: trial } = summary;
    console.log(
      `${trial ? 'would create' : 'created'} ${created}, ${trial ? 'would change' : 'changed'} ${updated}, rejected ${bad}`,
    );
    return bad === 0 ? 0 : 1;
  },
};

/** Rejects that are shown when they are not written to a file. */
const SHOWN = 20;

const rejected = ({ line, errors }: { line: number; errors: { field: string; message: string }[] }): string =>
  `line ${line}: ${errors.map(({ field, message }) => (field === '' ? message : `${field}: ${message}`)).join('; ')}`;

function sizeOf(file: string): number {
  try {
    return statSync(file).size;
  } catch {
    throw new UsageError(`There is no file ${file}.`);
  }
}

/** Sends the file and answers the reply while it is still being sent: fetch would wait for the end. */
function upload({ url, headers }: Remote, path: string, type: string, source: ReadStream): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const make = url.startsWith('https:') ? httpsRequest : httpRequest;
    const call = make(url + path, { method: 'POST', headers: { ...headers, 'Content-Type': type } }, (reply) => {
      if (reply.statusCode === 200) return resolve(reply);
      let text = '';
      reply.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
      });
      reply.on('end', () => {
        // What is still to be sent is of no use to anybody.
        source.destroy();
        call.destroy();
        reject(new RemoteError(told(reply.statusCode ?? 0, text)));
      });
    });
    call.on('error', (error: NodeJS.ErrnoException) =>
      reject(new RemoteError(`${url} does not answer (${error.code ?? error.message}).`)),
    );
    source.on('error', reject).pipe(call);
  });
}
