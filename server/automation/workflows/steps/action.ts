// A step that does one action: its effect, its result and the next position are stored together.

import type { ActionOutcome } from '../../../../contract/actions.ts';
import type { CompiledAction } from '../../actions/compile.ts';
import { Room } from '../../actions/kept.ts';
import { toldError } from '../../actions/run.ts';
import type { Values } from '../../templates.ts';
import type { Kind, Result } from './step.ts';

export const actionStep: Kind<'action'> = (step, judging) => {
  const action = judging.action('action', step.action);
  return {
    input: (values) => loggedInput(action, values),
    async run(at) {
      await at.act(action, { place: '', more: {}, room: new Room() }, (tx, outcome) =>
        at.settle(resultOf(outcome), tx),
      );
    },
  };
};

const resultOf = ({ status, result, error }: ActionOutcome): Result =>
  status === 'failed'
    ? { kind: 'failed', error: error ?? { code: 'INTERNAL_ERROR', message: 'The action failed.' } }
    : { kind: 'done', output: result, status };

/** The options with their values, as far as nobody could take them for a credential. */
export function loggedInput(action: CompiledAction, values: Values): unknown {
  try {
    const { headers, ...options } = action.options(values);
    return {
      type: action.type,
      ...options,
      ...(typeof headers === 'object' &&
        headers !== null && { headers: Object.fromEntries(Object.keys(headers).map((name) => [name, '***'])) }),
    };
  } catch (error) {
    return { type: action.type, error: toldError(error) };
  }
}
