// The routes of hooks.
import type { hooks as contract } from '../../../contract/hooks.ts';
import type { Handlers } from '../../context.ts';
import type { Hooks } from './service.ts';

export const hookRoutes = (hooks: Hooks): Handlers<typeof contract> => ({
  events: () => hooks.events(),
});
