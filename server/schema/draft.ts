// What the planners of one table share: the table as it should be, as it is, and where their findings go.
import type { ProblemEntry } from '../../contract/problems.ts';
import type { Step } from './change.ts';
import type { DesiredTable } from './define.ts';
import type { LiveTable } from './introspect.ts';

/** What is there: live tables by `schema.table`, and the columns whose default is already the desired value. */
export interface Present {
  readonly live: ReadonlyMap<string, LiveTable>;
  readonly equalDefaults: ReadonlySet<string>;
}

export interface Draft {
  readonly desired: DesiredTable;
  /** null for a table that is made by this plan. */
  readonly live: LiveTable | null;
  readonly present: Present;
  step(step: Partial<Step> & Pick<Step, 'change_type' | 'sql'>): void;
  refuse(entry: ProblemEntry): void;
}

interface Place {
  readonly schema: string;
  readonly table: string;
}

/** The key of a table in `Present`. */
export const keyOf = ({ schema, table }: Place): string => `${schema}.${table}`;

/** True where the table is in the database already. */
export const exists = (present: Present, at: Place): boolean => present.live.has(keyOf(at));
