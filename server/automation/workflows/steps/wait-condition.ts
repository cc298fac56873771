// A step that looks again and again until something holds.
import { cut } from '../../../text.ts';
import { Room } from '../../actions/kept.ts';
import { failed, type Kind } from './step.ts';

const SHORTEST_POLL_MS = 1000;
const QUERIES = new Set(['query_records', 'aggregate_records']);

export const untilHolds: Kind<'wait_condition'> = (step, judging) => {
  const query = step.query === undefined ? null : judging.action('query', step.query);
  if (query !== null && !QUERIES.has(query.type))
    judging.wrong('query.type', 'not_a_query', 'Only query_records and aggregate_records can be asked at each look.');
  const words = query === null ? {} : ({ query: 'any' } as const);
  const condition = judging.condition('expression', step.expression, words);
  const poll = judging.duration('poll_interval', step.poll_interval, '1m');
  const timeout = judging.duration('timeout', step.timeout, '24h');
  return {
    input: () => ({ expression: step.expression, query: step.query ?? null }),
    async run(at) {
      const until =
        typeof at.state?.until === 'string'
          ? new Date(at.state.until)
          : new Date(at.now().getTime() + (timeout(at.values) ?? 0));
      let result: unknown = null;
      if (query !== null) {
        const outcome = await at.act(query, { place: '', more: {}, room: new Room() }, async () => {});
        if (outcome.status === 'failed')
          return at.settle({ kind: 'failed', error: outcome.error ?? { code: 'INTERNAL_ERROR', message: '' } });
        result = outcome.result;
      }
      if (condition.holds({ ...at.values, query: result }))
        return at.settle({ kind: 'done', output: { result: true, query: result } });
      if (at.dry) return at.settle({ kind: 'done', output: { result: false, query: result }, status: 'skipped' });
      if (at.now() >= until)
        return at.settle(
          step.on_timeout === undefined
            ? failed('WAIT_TIMEOUT', `The condition did not hold in time: ${cut(step.expression, 200)}`)
            : { kind: 'done', output: { timed_out: true, query: result }, next: step.on_timeout },
        );
      const next = at.now().getTime() + Math.max(SHORTEST_POLL_MS, poll(at.values) ?? 0);
      return at.settle({
        kind: 'wait',
        until: new Date(Math.min(next, until.getTime())),
        state: { until: until.toISOString() },
      });
    },
  };
};
