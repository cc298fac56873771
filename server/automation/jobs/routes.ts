// The routes of background jobs.
import type { jobs as contract } from '../../../contract/jobs.ts';
import type { Handlers } from '../../context.ts';
import type { Jobs } from './service.ts';

export const jobRoutes = (jobs: Jobs): Handlers<typeof contract> => ({
  list: ({ query }) => jobs.list(query),
  stats: () => jobs.stats(),
  get: ({ params }) => jobs.get(params.id),
  retry: ({ params, ctx }) => jobs.retry(params.id, ctx),
  cancel: ({ params, ctx }) => jobs.cancel(params.id, ctx),
});
