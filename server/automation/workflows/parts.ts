// Steps that are part of others: an action step that a loop or a branch names belongs to it and leaves the order.
import type { ProblemEntry } from '../../../contract/problems.ts';
import type { InnerStep, Step } from '../../../contract/workflow-steps.ts';
import { suggestion } from '../../expression/nearest.ts';
import type { Placed } from './graph.ts';

type Part = string | InnerStep;

const partsOf = (step: Step): { readonly key: string; readonly part: Part }[] => {
  if (step.type === 'loop')
    return [
      ...(step.step === undefined ? [] : [{ key: 'step', part: step.step as Part }]),
      ...(step.steps ?? []).map((part, i) => ({ key: `steps[${i}]`, part: part as Part })),
    ];
  if (step.type !== 'parallel') return [];
  return step.branches.flatMap((branch, b) =>
    branch.map((part, i) => ({ key: `branches[${b}][${i}]`, part: part as Part })),
  );
};

/** The steps of the order, those that are named as parts put where they belong. Problems are told with their places. */
export function placedSteps(steps: readonly Step[], problems: ProblemEntry[]): Placed[] {
  const wrong = (field: string, code: string, message: string, hint?: string) =>
    problems.push({ field, code, message: hint ? `${message} ${hint}` : message, ...(hint && { hint }) });
  const byName = new Map<string, Step>();
  for (const [i, step] of steps.entries()) {
    const at = `steps[${i}].name`;
    if (byName.has(step.name)) wrong(at, 'duplicate', `Two steps are called ${step.name}.`);
    if (step.name === 'fail' || step.name === 'continue')
      wrong(at, 'reserved_name', `${step.name} means something else in on_error: choose another name.`);
    byName.set(step.name, step);
  }
  const owner = new Map<string, string>();
  const inner = (part: Part, at: string, by: string): InnerStep | null => {
    if (typeof part !== 'string') return part;
    const named = byName.get(part);
    if (named === undefined) {
      wrong(at, 'unknown_step', `There is no step ${part}.`, suggestion(part, [...byName.keys()], 'steps'));
      return null;
    }
    if (named.type !== 'action') {
      wrong(at, 'not_an_action', `${part} is no action; loops and branches hold actions only.`);
      return null;
    }
    if (owner.has(part)) wrong(at, 'duplicate', `${part} is part of ${owner.get(part)} already.`);
    owner.set(part, by);
    const { name, action, on_error } = named;
    return { name, action, ...(on_error === 'continue' && { on_error: 'continue' as const }) };
  };
  const made = steps.map((step, i) => {
    const parts = partsOf(step);
    if (parts.length === 0) return step;
    const found = new Map(parts.map(({ key, part }) => [key, inner(part, `steps[${i}].${key}`, step.name)]));
    const at = (key: string): InnerStep[] => {
      const one = found.get(key);
      return one === null || one === undefined ? [] : [one];
    };
    if (step.type === 'loop')
      return {
        ...step,
        ...(step.step !== undefined && { step: at('step')[0] ?? step.step }),
        ...(step.steps !== undefined && { steps: step.steps.flatMap((_, k) => at(`steps[${k}]`)) }),
      };
    if (step.type === 'parallel')
      return {
        ...step,
        branches: step.branches.map((branch, b) => branch.flatMap((_, k) => at(`branches[${b}][${k}]`))),
      };
    return step;
  });
  return made.flatMap((step, i) =>
    owner.has(step.name) || steps.findIndex(({ name }) => name === step.name) < i ? [] : [{ step, at: `steps[${i}]` }],
  );
}
