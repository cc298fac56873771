// The routes of live streams over several collections.
import type { AppContract } from '../../contract/index.ts';
import type { Handlers } from '../context.ts';
import type { Realtime } from './service.ts';

export const realtimeRoutes = (realtime: Realtime): Handlers<AppContract['realtime']> => ({
  ticket: ({ ctx }) => realtime.ticket(ctx),
  subscribe: ({ ctx, query }) => realtime.subscribe(ctx, query),
  ws: ({ ctx }) => realtime.refuse(ctx),
});
