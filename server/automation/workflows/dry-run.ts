// A run of which nothing stays: every step in one transaction that is rolled back, calls out not made, waits passed.

import type { ActionOutcome } from '../../../contract/actions.ts';
import type { DryRun } from '../../../contract/workflow-shapes.ts';
import type { Ctx } from '../../context.ts';
import type { Database, Transaction } from '../../db/database.ts';
import { joined } from '../../db/joined.ts';
import { type ActionRunner, CALLS_OUT } from '../actions/run.ts';
import type { CompiledWorkflow } from './compile.ts';
import { problemOf } from './engine.ts';
import { nextOf, passesOver } from './settle.ts';
import { loggedInput } from './steps/action.ts';
import type { Result, StepRun } from './steps/step.ts';
import { Gathering } from './stored-json.ts';
import { type Context, type Named, stepValues } from './words.ts';

const MOST_STEPS = 200;
const MOST_MS = 5000;

class RolledBack extends Error {}

/** What a failed action began is taken back alone. */
class Failed extends Error {
  constructor(readonly outcome: ActionOutcome) {
    super('failed');
  }
}

export interface Rehearsal {
  readonly workflow: CompiledWorkflow;
  readonly ctx: Ctx;
  readonly named: Named;
  readonly trigger: Readonly<Record<string, unknown>>;
}

export async function rehearse(
  { db, actions }: { readonly db: Database; readonly actions: ActionRunner },
  rehearsal: Rehearsal,
): Promise<DryRun> {
  let told: DryRun | undefined;
  await db
    .transaction(async (tx) => {
      told = await walk(db, tx, actions, rehearsal);
      throw new RolledBack();
    })
    .catch((error) => {
      if (!(error instanceof RolledBack)) throw error;
    });
  return told as DryRun;
}

async function walk(db: Database, tx: Transaction, actions: ActionRunner, rehearsal: Rehearsal): Promise<DryRun> {
  const { workflow, ctx, named, trigger } = rehearsal;
  const steps: DryRun['steps'] = [];
  // Of a step that comes again, all that it said is told.
  const gathered = new Gathering();
  let context: Context = { trigger: { ...trigger, _source: 'manual' }, steps: {} };
  const ended = (status: DryRun['status'], message: string, output: unknown = null): DryRun => ({
    dry_run: true,
    status,
    steps,
    output,
    message,
  });
  const stop = AbortSignal.timeout(MOST_MS);
  const run = { ctx, signal: stop };
  // Branches share the one transaction, so they take turns.
  let last: Promise<unknown> = Promise.resolve();
  const oneByOne = <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work);
    last = turn.catch(() => {});
    return turn;
  };
  let name: string | null = workflow.first;
  while (name !== null) {
    if (steps.length >= MOST_STEPS || stop.aborted)
      return ended('unfinished', `A dry run ends after ${MOST_STEPS} steps or ${MOST_MS / 1000} s.`);
    const step = workflow.steps.get(name);
    if (step === undefined) break;
    const values = stepValues(context, named, new Date());
    const said: Exclude<Result, { readonly kind: 'wait' }>[] = [];
    const at: StepRun = {
      values,
      state: null,
      signal: stop,
      dry: true,
      now: () => new Date(),
      async act(action, { more, room }, store) {
        const all = { ...values, ...more };
        if (CALLS_OUT.has(action.type) || action.type === 'enqueue_job') {
          const result = { dry_run: true, not_sent: loggedInput(action, all) };
          const outcome = {
            type: action.type,
            name: action.name,
            status: 'success',
            result,
            error: null,
            duration_ms: 0,
          } as const;
          await store(tx, outcome);
          return outcome;
        }
        const outcome = await oneByOne(() =>
          joined(db, tx).transaction(async (inner) => {
            const { thrown, ...one } = await actions.runOne(action, { ...run, values: all, tx: inner, room });
            if (thrown !== undefined) throw new Failed(one);
            return one;
          }),
        ).catch((error) => {
          if (!(error instanceof Failed)) throw error;
          return error.outcome;
        });
        await store(tx, outcome);
        return outcome;
      },
      // Each step is tried once, so nothing is looked for again.
      done: async () => new Set(),
      outcomes: async () => new Map(),
      keep: async () => {},
      start: async (_, wanted) => `(${wanted})`,
      child: async () => null,
      within: (work) => work(tx),
      async settle(found) {
        if (found.kind !== 'wait') said.push(found);
      },
    };
    try {
      await step.run(at);
    } catch (error) {
      said.push({ kind: 'failed', error: problemOf(error) });
    }
    const found = said.at(-1) ?? { kind: 'done', output: null };
    const error = found.kind === 'failed' ? found.error : null;
    const status = error !== null ? 'failed' : found.kind === 'done' ? (found.status ?? 'success') : 'success';
    const output = found.output ?? null;
    try {
      gathered.add(output);
    } catch (tooLarge) {
      return ended('unfinished', problemOf(tooLarge).message);
    }
    steps.push({ name, type: step.step.type, status, output, error });
    context = { ...context, steps: { ...context.steps, [name]: { output, status, error } } };
    if (found.kind === 'end') return ended('completed', 'The workflow would have completed.', output);
    const next = nextOf(workflow, step.step, found);
    if (next === null && error !== null && (found.kind !== 'failed' || found.final || !passesOver(step.step)))
      return ended('failed', `The step ${name} failed: ${error?.message ?? ''}`);
    name = next;
  }
  return ended('completed', 'The workflow would have completed.');
}
