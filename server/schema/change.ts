// One step of a plan: the change as it is reported, the SQL that makes it, and what must hold before.
import type { ProblemEntry } from '../../contract/problems.ts';
import type { Conversion } from './conversions.ts';
import type { Guard } from './guards.ts';

/** The kinds of change, in the order in which a plan makes them: what stands in the way goes first, columns come before what is built on them. */
export const CHANGE_TYPES = [
  'drop_fk',
  'drop_index',
  'drop_identity_index',
  'drop_check',
  'create_table',
  'add_column',
  'alter_type',
  'drop_default',
  'set_default',
  'drop_not_null',
  'set_not_null',
  'drop_column',
  'add_check',
  'replace_check',
  'add_index',
  'replace_index',
  'add_identity_index',
  'add_fk',
  'alter_fk_delete_rule',
  'drop_table',
] as const;
export type ChangeType = (typeof CHANGE_TYPES)[number];

/** A change as replies show it; `column` is empty where the change concerns the whole table. */
export interface Change {
  readonly entity: string;
  readonly change_type: ChangeType;
  readonly column: string;
  readonly detail: string | null;
  /** Values are lost; only where it was asked for, as `rows`. */
  readonly destructive?: boolean;
  /** How many rows it touches; null where it looks at none or only reads them. */
  readonly rows?: number | null;
}

export interface Step extends Omit<Change, 'rows'> {
  readonly sql: readonly string[];
  /** Where a finding about this step belongs in the input. */
  readonly path: string;
  readonly guards: readonly Guard[];
  /** Values are lost whatever they are. */
  readonly destructive: boolean;
  /** Whether any row loses part of its value, as SQL that answers 1 or 0; null where none can. */
  readonly losses: string | null;
  /** What its guards need to be there while they are asked. */
  readonly helper: NonNullable<Conversion['helper']> | null;
  /** How many rows it touches, as SQL over the tables as they are. */
  readonly touches: string | null;
}

export interface SchemaPlan {
  readonly steps: readonly Step[];
  /** Marks of ours that were lost and are put back, which changes nothing. */
  readonly marks: readonly string[];
  /** What cannot be done at all; with any of these nothing is done. */
  readonly refusals: readonly ProblemEntry[];
}

/** The steps in the order in which they can be made; equal kinds keep the order they were found in. */
export const ordered = (steps: readonly Step[]): Step[] =>
  [...steps].sort((a, b) => CHANGE_TYPES.indexOf(a.change_type) - CHANGE_TYPES.indexOf(b.change_type));

/** The change as replies show it. */
export const shown = ({ entity, change_type, column, detail }: Step): Change => ({
  entity,
  change_type,
  column,
  detail,
});

/** `add_index posts.title`, for people. */
export const named = ({ change_type, entity, column }: Pick<Change, 'change_type' | 'entity' | 'column'>): string =>
  `${change_type} ${entity}${column === '' ? '' : `.${column}`}`;
