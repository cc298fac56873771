// The routes of the audit trail.
import type { audit as contract } from '../../contract/audit.ts';
import type { Handlers } from '../context.ts';
import type { Audit } from './service.ts';

export const auditRoutes = (audit: Audit): Handlers<typeof contract> => ({
  list: ({ ctx, query }) => audit.list(ctx, query),
  export: ({ ctx, query }) => audit.export(ctx, query),
  verify: ({ ctx, query }) => audit.verify(ctx, query.account_id),
  sign: ({ ctx, body }) => audit.sign(ctx, body),
  get: ({ ctx, params }) => audit.get(ctx, params.id),
});
