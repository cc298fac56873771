// What a kind of step is: how it is judged when it is stored, and how it runs.
import type { ActionOutcome } from '../../../../contract/actions.ts';
import type { ProblemEntry } from '../../../../contract/problems.ts';
import type { Step, StepOf, StepType } from '../../../../contract/workflow-steps.ts';
import type { Transaction } from '../../../db/database.ts';
import type { CompiledAction } from '../../actions/compile.ts';
import type { Room } from '../../actions/kept.ts';
import type { Condition } from '../../conditions.ts';
import type { Template, Values } from '../../templates.ts';
import type { Vocabulary } from '../../vocabulary.ts';
import type { RecordEvent, TriggerOptions } from '../trigger.ts';

export interface Problem {
  readonly code: string;
  readonly message: string;
}

/** What became of a step. */
export type Result =
  /** `next` names what follows, null for the end; left out: the order goes on. */
  | {
      readonly kind: 'done';
      readonly output: unknown;
      readonly next?: string | null | undefined;
      readonly status?: 'success' | 'skipped';
    }
  | { readonly kind: 'end'; readonly output: unknown }
  /** `final`: trying again would not help. */
  | { readonly kind: 'failed'; readonly error: Problem; readonly output?: unknown; readonly final?: boolean }
  /** It is asked again at `until` (null: only when woken), with what it says as `state`. */
  | {
      readonly kind: 'wait';
      readonly until: Date | null;
      readonly state: WaitState;
      readonly event?: { readonly type: RecordEvent; readonly collection: string | null };
    };

/** What a step that waits keeps. */
export type WaitState = Readonly<Record<string, unknown>>;

/** A child that was started. */
export interface Child {
  readonly status: string;
  readonly output: unknown;
  readonly error: string | null;
}

/** An action within a step. */
export interface Part {
  /** Where in the step it stands: of an action alone nowhere. */
  readonly place: string;
  /** Beside the values of the step. */
  readonly more: Values;
  /** What its result shares with others that are in memory at the same time. */
  readonly room: Room;
}

/** A step's one try. It calls `settle` once. */
export interface StepRun {
  readonly values: Values;
  /** What it kept when it waited; null at the first time. */
  readonly state: WaitState | null;
  readonly signal: AbortSignal;
  /** Nothing of it stays: waits are passed. */
  readonly dry: boolean;
  /** By the database's clock. */
  now(): Date;
  /** Does an action; `store` is called in the transaction of its effect, or, where it failed, in one of its own. */
  act(
    action: CompiledAction,
    part: Part,
    store: (tx: Transaction, outcome: ActionOutcome) => Promise<void>,
  ): Promise<ActionOutcome>;
  /** Places of this step whose outcomes are stored already. */
  done(): Promise<ReadonlySet<string>>;
  /** The outcomes at these places. */
  outcomes(places: readonly string[]): Promise<ReadonlyMap<string, ActionOutcome>>;
  keep(tx: Transaction, place: string, outcome: ActionOutcome): Promise<void>;
  /** Starts another workflow as part of `tx`; it wakes this one at its end where `waits`. Throws Failure. */
  start(tx: Transaction, workflow: string, input: Readonly<Record<string, unknown>>, waits: boolean): Promise<string>;
  child(id: string): Promise<Child | null>;
  /** Begins a transaction that holds the instance. */
  within(work: (tx: Transaction) => Promise<void>): Promise<void>;
  settle(result: Result, tx?: Transaction): Promise<void>;
}

/** A step ready to run. */
export interface Runs {
  run(at: StepRun): Promise<void>;
  /** For the log: what it works with. */
  input?(values: Values): unknown;
  /** Whether it has waited for this event. `values` know `event`. */
  wants?(values: Values): boolean;
}

export interface CompiledStep extends Runs {
  readonly step: Step;
}

/** Judges the parts of a step; problems are told below its place. */
export interface Judging extends TriggerOptions {
  readonly at: string;
  readonly vocabulary: Vocabulary;
  readonly problems: ProblemEntry[];
  wrong(key: string, code: string, message: string): void;
  template(key: string, value: unknown, more?: Vocabulary): Template;
  condition(key: string, text: string | undefined, more?: Vocabulary): Condition;
  action(key: string, action: CompiledAction['action'], more?: Vocabulary): CompiledAction;
  /** A duration: one that is no template is judged at once. */
  duration(key: string, value: string | number | undefined, fallback: string | null): Delay;
}

/** Milliseconds; null for none. Throws Unusable for a value that is no duration. */
export type Delay = (values: Values) => number | null;

/** A value that a step cannot work with. */
export class Unusable extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

export type Kind<T extends StepType> = (step: StepOf<T>, judging: Judging) => Runs;

export const failed = (code: string, message: string): Result => ({ kind: 'failed', error: { code, message } });
