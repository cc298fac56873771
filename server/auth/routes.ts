// The routes of authentication.
import type { auth as contract } from '../../contract/auth.ts';
import type { Handlers } from '../context.ts';
import type { AuthService } from './service.ts';

export const authRoutes = (auth: AuthService): Handlers<typeof contract> => ({
  register: ({ body, ctx }) => auth.register(body, ctx),
  login: ({ body, ctx }) => auth.login(body, ctx),
  refresh: ({ body }) => auth.refresh(body.refresh_token),
  logout: ({ body, ctx }) => auth.logout(body, ctx),
  me: ({ ctx }) => auth.me(ctx),
  verifyEmail: ({ body }) => auth.verifyEmail(body.token),
  verifyEmailLink: ({ query }) => auth.verifyEmail(query.token),
  sendVerification: ({ body, ctx }) => auth.sendVerification(body, ctx),
  resendVerification: ({ body, ctx }) => auth.sendVerification(body, ctx),
});
