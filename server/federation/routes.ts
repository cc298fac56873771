// The route of federation.
import type { federation as contract } from '../../contract/federation.ts';
import { admitted, type Handlers } from '../context.ts';
import type { Federation } from './service.ts';

export const federationRoutes = (federation: Federation): Handlers<typeof contract> => ({
  query: admitted({ admit: federation.admit }, ({ ctx, params, body }) =>
    federation.query(ctx, params.identityKind, body),
  ),
});
