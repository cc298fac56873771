// `snackbase deploy` and `snackbase plan`: what a manifest changes as a table, and the deploy itself once it is agreed to.
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline/promises';
import type { DeployOutcome } from '../../contract/apps.ts';
import { type Command, UsageError } from './command.ts';
import { queryOf, REMOTE_USAGE, type Remote, readRemoteOptions, send } from './remote.ts';

const OPTIONS = {
  yes: { type: 'boolean', short: 'y' },
  'keep-removed': { type: 'boolean' },
  json: { type: 'boolean' },
} as const;

const USAGE = `  --keep-removed       leave columns and tables that the manifest no longer names
  --json               the plan or the outcome as the endpoint answers it
${REMOTE_USAGE}`;

type Change = DeployOutcome['changes'][number];

async function asked(args: readonly string[]) {
  const { values, words, connect } = readRemoteOptions(args, OPTIONS, { least: 1, most: 1 });
  const file = words[0] as string;
  const body = await readFile(file === '-' ? '/dev/stdin' : file, 'utf8');
  if (body.trim() === '') throw new UsageError(`${file} is empty: write a manifest into it.`);
  const type = file.endsWith('.json') || body.trimStart().startsWith('{') ? 'application/json' : 'application/yaml';
  const remote = await connect();
  const keep = values['keep-removed'] === true ? 'false' : undefined;
  const post = async (query: Readonly<Record<string, string | undefined>>): Promise<DeployOutcome> => {
    const path = `/api/v1/apps?${queryOf({ allow_destructive: keep, ...query })}`;
    const reply = await send(remote as Remote, path, { method: 'POST', body, headers: { 'Content-Type': type } });
    return (await reply.json()) as DeployOutcome;
  };
  return { values, plan: () => post({ dry_run: 'true', count_rows: 'true' }), deploy: () => post({}) };
}

export const plan: Command = {
  summary: 'show what a manifest would change',
  usage: `Usage: snackbase plan MANIFEST [options]
  MANIFEST             a file in YAML or JSON, - for the standard input
${USAGE}`,
  async run(args) {
    const { values, plan: planned } = await asked(args);
    const outcome = await planned();
    console.log(values.json ? JSON.stringify(outcome, null, 2) : told(outcome));
    return 0;
  },
};

export const deploy: Command = {
  summary: 'deploy an app from its manifest',
  usage: `Usage: snackbase deploy MANIFEST [--yes] [options]
  MANIFEST             a file in YAML or JSON, - for the standard input
  --yes, -y            do not ask
${USAGE}`,
  async run(args) {
    const { values, plan: planned, deploy: deployed } = await asked(args);
    if (!values.yes) {
      const outcome = await planned();
      console.log(told(outcome));
      if (!process.stdin.isTTY)
        throw new UsageError('Nobody is there to agree: run it with --yes, or look at the plan with snackbase plan.');
      if (size(outcome) > 0 && !(await agreed())) return 1;
    }
    const outcome = await deployed();
    if (values.json) console.log(JSON.stringify(outcome, null, 2));
    else {
      if (values.yes) console.log(told(outcome));
      console.log(`${outcome.app} is at revision ${outcome.revision}.`);
    }
    return 0;
  },
};

/** Everything that a deploy would change. */
const size = ({ changes, settings }: DeployOutcome): number => changes.length + settings.length;

async function agreed(): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(es)?$/i.test((await terminal.question('Deploy this? [y/N] ')).trim());
  } finally {
    terminal.close();
  }
}

/** The changes as a table; those that lose data are marked. */
export function told(outcome: DeployOutcome): string {
  const { app, changes, settings } = outcome;
  if (size(outcome) === 0) return `${app}: nothing to change.`;
  const rows = [
    ...changes.map(line),
    ...settings.map(({ entity, setting, detail }) => ['', 'set', entity, setting, '', detail ?? '']),
  ];
  const head = ['', 'CHANGE', 'ENTITY', 'FIELD', 'ROWS', 'DETAIL'];
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => (row[i] as string).length)));
  const text = (cells: readonly string[]) =>
    cells
      .map((cell, i) => (i === ROWS ? cell.padStart(widths[i] as number) : cell.padEnd(widths[i] as number)))
      .join('  ')
      .trimEnd();
  const lost = changes.filter(({ destructive }) => destructive).length;
  const warning = lost === 0 ? '' : `\n${lost} of these lose data (!).`;
  return `${[head, ...rows].map(text).join('\n')}\n${rows.length} ${rows.length === 1 ? 'change' : 'changes'} to ${app}.${warning}`;
}

const ROWS = 4;
const line = ({ change_type, entity, column, detail, destructive, rows }: Change): string[] => [
  destructive ? '!' : '',
  change_type,
  entity,
  column,
  rows === undefined || rows === null ? '' : String(rows),
  detail ?? '',
];
