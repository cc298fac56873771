// The routes of invitations.
import type { invitations as contract } from '../../contract/invitations.ts';
import type { Handlers } from '../context.ts';
import type { Invitations } from './service.ts';

export const invitationRoutes = (invitations: Invitations): Handlers<typeof contract> => ({
  list: ({ query, ctx }) => invitations.list(query, ctx),
  create: ({ body, ctx }) => invitations.create(body, ctx),
  show: ({ params }) => invitations.show(params.id),
  accept: ({ params, body, ctx }) => invitations.accept(params.id, body.password, ctx),
  resend: ({ params, ctx }) => invitations.resend(params.id, ctx),
  cancel: ({ params, ctx }) => invitations.cancel(params.id, ctx),
});
