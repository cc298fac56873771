// Definitions as they are stored become workflows as they run: the way, every template and every condition is judged once.
import type { ProblemEntry } from '../../../contract/problems.ts';
import type { Step, StepType } from '../../../contract/workflow-steps.ts';
import { cut } from '../../text.ts';
import { compileAction } from '../actions/compile.ts';
import { type Condition, compileCondition } from '../conditions.ts';
import { compileTemplate } from '../templates.ts';
import type { Shape, Vocabulary } from '../vocabulary.ts';
import { durationMs } from './durations.ts';
import { graphOf } from './graph.ts';
import { placedSteps } from './parts.ts';
import { actionStep } from './steps/action.ts';
import { conditionStep, endStep, failStep, switchStep } from './steps/branching.ts';
import { loopStep } from './steps/loop.ts';
import { parallelStep } from './steps/parallel.ts';
import { type CompiledStep, type Delay, type Judging, type Kind, type Runs, Unusable } from './steps/step.ts';
import { subWorkflow } from './steps/sub-workflow.ts';
import { untilHolds } from './steps/wait-condition.ts';
import { eventStep } from './steps/wait-event.ts';
import { delayStep, untilStep } from './steps/waiting.ts';
import { judgeTrigger, type StoredTrigger, type TriggerOptions } from './trigger.ts';
import { eventShape, stepWords } from './words.ts';

export interface CompiledWorkflow {
  readonly first: string;
  readonly steps: ReadonlyMap<string, CompiledStep>;
  /** What follows where a step names nothing; null: the end. */
  readonly following: ReadonlyMap<string, string | null>;
  /** Of an event. */
  readonly condition: Condition | null;
}

const KINDS: { readonly [T in StepType]: Kind<T> } = {
  action: actionStep,
  condition: conditionStep,
  switch: switchStep,
  wait_delay: delayStep,
  wait_until: untilStep,
  wait_event: eventStep,
  wait_condition: untilHolds,
  loop: loopStep,
  parallel: parallelStep,
  workflow: subWorkflow,
  end: endStep,
  fail: failStep,
};

export type CompileOptions = Omit<TriggerOptions, 'problems'> & {
  /** What was stored may read anything of its trigger: fields may have gone since. */
  readonly lenient?: boolean;
};

/** What a workflow without steps does. */
const NOTHING: readonly Step[] = [{ type: 'end', name: 'end' }];

/** Judges a definition whole; problems are told with their places, all of them. */
export function compileWorkflow(
  { trigger, steps: given }: { readonly trigger: StoredTrigger; readonly steps: readonly Step[] },
  options: CompileOptions,
): { readonly workflow: CompiledWorkflow; readonly problems: readonly ProblemEntry[] } {
  const problems: ProblemEntry[] = [];
  const condition = judgeTrigger(trigger, { ...options, problems });
  const steps = given.length === 0 ? NOTHING : given;
  const placed = placedSteps(steps, problems);
  const graph = graphOf(placed, problems);
  const shape = options.lenient ? 'any' : shapeOf(trigger, options);
  const compiled = placed.map(({ step, at }): [string, CompiledStep] => {
    const words = stepWords(shape, graph.before.get(step.name) ?? []);
    const judging = judgingAt(at, options.lenient ? { ...words, steps: 'any' } : words, { ...options, problems });
    const kind = KINDS[step.type] as (step: Step, judging: Judging) => Runs;
    return [step.name, { ...kind(step, judging), step }];
  });
  return {
    workflow: { first: graph.first, steps: new Map(compiled), following: graph.following, condition },
    problems,
  };
}

/** What a stored definition runs as: as strictly as it can be read today. */
export function runnable(
  definition: { readonly trigger: StoredTrigger; readonly steps: readonly Step[] },
  options: CompileOptions,
): CompiledWorkflow {
  const strict = compileWorkflow(definition, options);
  return strict.problems.length === 0
    ? strict.workflow
    : compileWorkflow(definition, { ...options, lenient: true }).workflow;
}

function shapeOf(trigger: StoredTrigger, { definitionOf }: CompileOptions): Shape {
  if (trigger.type !== 'event' || trigger.collection === null) return 'any';
  const def = definitionOf(trigger.collection);
  return eventShape(def?.shown.map(({ field }) => field) ?? null);
}

function judgingAt(at: string, vocabulary: Vocabulary, options: TriggerOptions): Judging {
  const { problems, macros, definitionOf, handlers, storing } = options;
  const all = (more: Vocabulary | undefined): Vocabulary => ({ ...vocabulary, ...more });
  const self: Judging = {
    ...options,
    at,
    vocabulary,
    wrong: (key, code, message) => void problems.push({ field: `${at}.${key}`, code, message }),
    template: (key, value, more) => compileTemplate(value, { vocabulary: all(more), at: `${at}.${key}`, problems }),
    condition: (key, text, more) =>
      compileCondition(text, { vocabulary: all(more), macros, at: `${at}.${key}`, problems }),
    action: (key, action, more) =>
      compileAction(action, {
        vocabulary: all(more),
        at: `${at}.${key}`,
        problems,
        definitionOf,
        macros,
        mayAbort: false,
        storing,
        ...(handlers && { handlers: handlers() }),
      }),
    duration(key, value, fallback): Delay {
      const given = value ?? fallback;
      if (given === null) return () => null;
      if (typeof given === 'string' && given.includes('{{')) {
        const template = self.template(key, given);
        return (values) => {
          const said = template.render(values);
          const ms = durationMs(said);
          if (ms === null)
            throw new Unusable(
              'INVALID_DURATION',
              `${key} must be a duration, and is ${cut(String(JSON.stringify(said)), 100)}.`,
            );
          return ms;
        };
      }
      const ms = durationMs(given);
      if (ms === null)
        self.wrong(key, 'invalid_duration', 'Write seconds as a number, or 30s, 5m, 2h, 1d; a year at most.');
      return () => ms;
    },
  };
  return self;
}
