// What the record path would refuse of a body or a question, told before anybody sends it: for definitions that write them out.
import { Failure, type ProblemEntry } from '../../contract/problems.ts';
import type { AggregateQuery } from '../../contract/records.ts';
import type { CollectionDef } from '../schema/collection-def.ts';
import { readAggregation } from './aggregate-query.ts';
import { type Body, prepareBody } from './body.ts';
import type { ListOptions } from './list-query.ts';

/** Roles may see less and write less; what nobody can send is refused for all of them. */
const ANYBODY = { fields: null, unmasked: true };

function problemsOf(judge: () => unknown): readonly ProblemEntry[] {
  try {
    judge();
    return [];
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return error.entries;
  }
}

/** Entries as a request with this body would get them; hooks run behind this judgement, so none of them can mend it. */
export const bodyProblems = (def: CollectionDef, body: Body, mode: 'create' | 'patch'): readonly ProblemEntry[] =>
  problemsOf(() => prepareBody(def, body, mode, ANYBODY));

/** Entries by parameter: `having`, `sort`, `functions`, `group_by`. `data` names what `@request.data.*` may be. */
export const aggregateProblems = (
  def: CollectionDef,
  query: AggregateQuery,
  more: Pick<ListOptions, 'data'>,
): readonly ProblemEntry[] => problemsOf(() => readAggregation(def, query, ANYBODY, more));
