// A step that waits for a record to be created, changed or deleted.
import type { Vocabulary } from '../../vocabulary.ts';
import { fullName } from '../sight.ts';
import { judgeEvent, recordEvent } from '../trigger.ts';
import { eventWords } from '../words.ts';
import { failed, type Kind } from './step.ts';

export const eventStep: Kind<'wait_event'> = (step, judging) => {
  const { event, collection, condition: text, on_timeout } = step;
  const def = judgeEvent(step, judging.at, judging);
  const { record, old } = eventWords(def?.shown.map(({ field }) => field) ?? null);
  const words: Vocabulary = {
    event: { record: record ?? 'any', old: old ?? 'any', type: 'text', collection: 'text', at: 'datetime' },
  };
  const condition = judging.condition('condition', text, words);
  const timeout = judging.duration('timeout', step.timeout, null);
  const type = recordEvent(event) ?? 'create';
  // One that is gone by now has no events; it never means any.
  const awaited = def?.qualifiedName ?? (collection ? fullName(collection) : null);
  return {
    input: () => ({ event, collection: collection ?? null, condition: text ?? null }),
    wants: (values) => condition.holds(values),
    run(at) {
      const { state } = at;
      if (at.dry) return at.settle({ kind: 'done', output: null, status: 'skipped' });
      if (state?.event !== undefined) return at.settle({ kind: 'done', output: state.event });
      const ms = state === null ? timeout(at.values) : null;
      const until =
        typeof state?.until === 'string'
          ? new Date(state.until)
          : ms === null
            ? null
            : new Date(at.now().getTime() + ms);
      // What came before the wait counts even where there is no time to wait.
      if (state !== null && until !== null && at.now() >= until)
        return at.settle(
          on_timeout === undefined
            ? failed('WAIT_TIMEOUT', `No event ${event} came in time.`)
            : { kind: 'done', output: { timed_out: true }, next: on_timeout },
        );
      return at.settle({
        kind: 'wait',
        until,
        state: { until: until?.toISOString() ?? null },
        event: { type, collection: awaited },
      });
    },
  };
};
