// A step that does the same for each item of a list, in order.
import { type InnerStep, MOST_ITEMS } from '../../../../contract/workflow-steps.ts';
import { Room } from '../../actions/kept.ts';
import { Gathering } from '../stored-json.ts';
import { LOOP_WORDS, loopValues } from '../words.ts';
import { compileInner, InnerFailed, runInner } from './inner.ts';
import { type Kind, Unusable } from './step.ts';

export const loopStep: Kind<'loop'> = (step, judging) => {
  const items = judging.template('items', step.items);
  if (typeof step.items === 'string' && !/^\s*\{\{[^}]*\}\}\s*$/.test(step.items))
    judging.wrong('items', 'not_a_list', 'Write a list, or one template alone, as {{steps.find.output.items}}.');
  if ((step.step === undefined) === (step.steps === undefined))
    judging.wrong('steps', 'required', 'Say with step or steps what is to be done.');
  const given = (step.steps ?? (step.step === undefined ? [] : [step.step])) as readonly InnerStep[];
  const inner = compileInner(given, 'steps', judging, LOOP_WORDS);
  const most = step.max ?? MOST_ITEMS;
  return {
    input: () => ({ items: step.items }),
    async run(at) {
      const list = items.render(at.values);
      if (!Array.isArray(list)) throw new Unusable('NOT_A_LIST', 'The items of a loop must be a list.');
      if (list.length > most)
        throw new Unusable('TOO_MANY_ITEMS', `There are ${list.length} items, and the loop takes ${most}.`);
      const done = await at.done();
      const results: unknown[] = [];
      const gathered = new Gathering();
      for (const [i, item] of list.entries()) {
        try {
          const outcomes = await runInner(inner, at, {
            prefix: String(i),
            more: loopValues(item, i),
            // Of the items before only their last results are still there.
            room: new Room(),
            done,
          });
          const last = outcomes.at(-1);
          results.push(gathered.add(last?.status === 'failed' ? { error: last.error } : (last?.result ?? null)));
        } catch (error) {
          if (!(error instanceof InnerFailed)) throw error;
          const { code = 'INTERNAL_ERROR', message = '' } = error.outcome.error ?? {};
          return at.settle({
            kind: 'failed',
            error: { code, message: `Item ${i}: ${message}` },
            output: { count: list.length, failed_index: i, results },
          });
        }
      }
      return at.settle({ kind: 'done', output: { count: list.length, results } });
    },
  };
};
