// The routes of rules.
import type { rules as contract } from '../../contract/rules.ts';
import type { Handlers } from '../context.ts';
import type { Rules } from './service.ts';

export const ruleRoutes = (rules: Rules): Handlers<typeof contract> => ({
  get: ({ params }) => rules.get(params.id),
  update: ({ params, body, ctx }) => rules.update(params.id, body, ctx),
  validate: ({ body, ctx }) => rules.validate(ctx, body),
  test: ({ body, ctx }) => rules.test(ctx, body),
  explain: ({ body, ctx }) => rules.explain(ctx, body),
});
