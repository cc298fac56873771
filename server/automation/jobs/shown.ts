// A job as superadmins see it: what pg-boss stores, in the words of the API, with the secrets in its payload hidden.
import type { Job } from '../../../contract/jobs.ts';
import { MASK, masked } from '../secrets.ts';
import type { JobRow } from './store.ts';

/** What a call or a message says is its receiver's: of a text that is JSON the keys are told, of any other nothing. */
function payloadOf({ handler, data }: JobRow): unknown {
  const shown = masked(data.payload) as Record<string, unknown>;
  if (handler !== 'send_webhook' && handler !== 'send_email') return shown;
  const said = ['body', 'text', 'html'].filter((key) => typeof shown[key] === 'string');
  return { ...shown, ...Object.fromEntries(said.map((key) => [key, hiddenText(shown[key] as string)])) };
}

function hiddenText(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' ? masked(value) : MASK;
  } catch {
    return MASK;
  }
}

export function showJob(row: JobRow): Job {
  const { status, output, data } = row;
  const failed = status === 'failed' || status === 'dead';
  return {
    id: row.id,
    queue: data.queue,
    handler: row.handler,
    payload: payloadOf(row) as Job['payload'],
    status,
    priority: row.priority,
    run_at: row.run_at,
    started_at: row.started_at,
    completed_at: status === 'completed' ? row.ended_at : null,
    failed_at: failed ? row.ended_at : null,
    // Of the try that runs or was the last; one that was put back with its process has not begun.
    attempt_number: row.started_at === null ? row.retry_count : row.retry_count + 1,
    max_retries: row.retry_limit,
    retry_delay_seconds: row.retry_delay,
    error_message: reasonOf(output),
    account_id: data.account_id,
    created_at: row.created_at,
    created_by: data.created_by ?? null,
  };
}

/** Ours, or that of pg-boss, which puts its own under `value`. */
function reasonOf(output: JobRow['output']): string | null {
  const message = output?.message ?? output?.value?.message;
  return typeof message === 'string' ? message : null;
}
