// The way through the steps: what follows what, and whether every step can be reached and every circle waits.
import type { ProblemEntry } from '../../../contract/problems.ts';
import type { Step } from '../../../contract/workflow-steps.ts';
import { suggestion } from '../../expression/nearest.ts';

/** A step with its place in what was sent. */
export interface Placed {
  readonly step: Step;
  readonly at: string;
}

export interface Graph {
  readonly first: string;
  /** What follows where a step says nothing else; null: the end. */
  readonly following: ReadonlyMap<string, string | null>;
  /** Steps that may have run before it, itself among them where a circle leads back. */
  readonly before: ReadonlyMap<string, readonly string[]>;
}

/** Another word for the end, unless a step has this name. */
const END = 'end';
const WORDS = new Set(['fail', 'continue']);

interface Target {
  readonly key: string;
  readonly name: string;
  readonly kind: 'next' | 'branch' | 'handler';
}

/** Where a step says that it may lead, by the names that were written. */
function targetsOf(step: Step): Target[] {
  const found: Target[] = [];
  const add = (kind: Target['kind'], key: string, name: string | null | undefined) => {
    if (name !== undefined && name !== null) found.push({ key, name, kind });
  };
  add('next', 'next', step.next);
  if (step.type === 'condition') {
    add('branch', 'on_true', step.on_true);
    add('branch', 'on_false', step.on_false);
  }
  if (step.type === 'switch') {
    step.cases.forEach(({ next }, i) => void add('branch', `cases[${i}].next`, next));
    add('branch', 'default', step.default);
  }
  if ('on_timeout' in step) add('handler', 'on_timeout', step.on_timeout);
  if ('on_error' in step && !WORDS.has(step.on_error ?? 'fail')) add('handler', 'on_error', step.on_error);
  return found;
}

const waits = (step: Step): boolean =>
  step.type.startsWith('wait_') || (step.type === 'workflow' && step.wait !== false);

/** Whether the order goes on behind it at all. */
const passes = (step: Step): boolean =>
  !(step.type === 'end' || step.type === 'fail') &&
  !(step.type === 'condition' && step.on_true !== undefined && step.on_false !== undefined) &&
  !(step.type === 'switch' && step.default !== undefined);

/** Judges the whole way; problems are told with their places. */
export function graphOf(placed: readonly Placed[], problems: ProblemEntry[]): Graph {
  const index = new Map(placed.map(({ step }, i) => [step.name, i]));
  const names = placed.map(({ step }) => step.name);
  const wrong = (field: string, code: string, message: string, hint?: string) =>
    problems.push({ field, code, message: hint ? `${message} ${hint}` : message, ...(hint && { hint }) });

  // Targets that exist; `end` where no step has this name is nothing to go to.
  const targets = placed.map(({ step, at }) =>
    targetsOf(step).filter(({ key, name }) => {
      if (index.has(name)) return true;
      if (name !== END)
        wrong(`${at}.${key}`, 'unknown_step', `There is no step ${name} to go to.`, suggestion(name, names, 'steps'));
      return false;
    }),
  );
  const branches = targets.map(
    (list, i) =>
      new Set(list.flatMap(({ kind, name }) => (kind === 'branch' && (index.get(name) as number) > i ? [name] : []))),
  );
  const handlers = new Set(
    targets.flatMap((list, i) =>
      list.flatMap(({ kind, name }) => (kind === 'handler' && (index.get(name) as number) > i ? [name] : [])),
    ),
  );

  function order(i: number): string | null {
    const { step, at } = placed[i] as Placed;
    if (step.next !== undefined) return step.next !== null && index.has(step.next) ? step.next : null;
    const over = new Set(handlers);
    for (const [c, group] of branches.entries())
      if (c === i || group.has(step.name)) for (const name of group) over.add(name);
    const next = names.slice(i + 1).find((name) => !over.has(name)) ?? null;
    // Into an alternative of what stands above: which of the two ways was meant shows nowhere.
    const into = branches.findIndex((group, c) => c < i && group.size > 1 && next !== null && group.has(next));
    if (into >= 0 && passes(step))
      wrong(
        `${at}.next`,
        'ambiguous_next',
        `The order would lead from ${step.name} into ${next}, a branch of ${names[into]}: say with next where ${step.name} leads.`,
      );
    return next;
  }
  const following = new Map(placed.map(({ step }, i) => [step.name, order(i)]));
  const edges = new Map(
    placed.map(({ step }, i) => {
      const own = (targets[i] as Target[]).flatMap(({ kind, name }) => (kind === 'next' ? [] : [name]));
      const next = passes(step) ? (following.get(step.name) ?? null) : null;
      return [step.name, [...new Set(next === null ? own : [...own, next])]];
    }),
  );

  const first = names[0] as string;
  const after = new Map(names.map((name) => [name, reached(edges, edges.get(name) as string[])]));
  const seen = after.get(first) as Set<string>;
  placed.forEach(({ step, at }, i) => {
    if (i > 0 && !seen.has(step.name)) wrong(at, 'unreachable', `Nothing leads to the step ${step.name}.`);
  });
  const circle = circleOf(
    names.filter((name) => !waits((placed[index.get(name) as number] as Placed).step)),
    edges,
  );
  if (circle !== null)
    wrong(
      `${(placed[index.get(circle[0] as string) as number] as Placed).at}`,
      'endless',
      `${[...circle, circle[0]].join(' → ')} goes round without a wait: put a wait_delay into it.`,
    );
  return {
    first,
    following,
    before: new Map(names.map((name) => [name, names.filter((other) => after.get(other)?.has(name))])),
  };
}

type Edges = ReadonlyMap<string, readonly string[]>;

function reached(edges: Edges, from: readonly string[]): Set<string> {
  const seen = new Set<string>();
  const open = [...from];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (seen.has(name)) continue;
    seen.add(name);
    open.push(...(edges.get(name) ?? []));
  }
  return seen;
}

/** A circle among these names alone; null where there is none. */
function circleOf(names: readonly string[], edges: Edges): string[] | null {
  const inside = new Set(names);
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (name: string): string[] | null => {
    if (path.includes(name)) return path.slice(path.indexOf(name));
    if (done.has(name)) return null;
    path.push(name);
    for (const next of edges.get(name) ?? []) {
      const found = inside.has(next) ? visit(next) : null;
      if (found !== null) return found;
    }
    path.pop();
    done.add(name);
    return null;
  };
  for (const name of names) {
    const found = visit(name);
    if (found !== null) return found;
  }
  return null;
}
