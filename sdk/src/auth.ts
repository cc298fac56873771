// Auth: the generated methods, of which login, refresh and logout also change the tokens of the client.
import { attempt } from './attempt.ts';
import { asCall, type Call } from './call.ts';
import type { CallOptions } from './options.ts';
import { serviceOf } from './rooms.ts';
import { auth as routes } from './routes.gen.ts';
import type { Tokens } from './tokens.ts';
import type { Send } from './transport.ts';
import type { AuthLogoutBody, LoginInput, Message, RefreshInput, Rooms, Session } from './types.gen.ts';

/** The auth service. */
export interface Auth extends Omit<Rooms['auth'], 'refresh'> {
  /** Renews the tokens; without a body with the refresh token that the client holds. @throws TypeError when there is none */
  refresh(body?: RefreshInput, options?: CallOptions): Call<Session>;
}

/** The room's methods, with what concerns the tokens of this client. */
export function authOf(send: Send, tokens: Tokens): Auth {
  return {
    ...(serviceOf(send, routes) as Rooms['auth']),
    login: (body: LoginInput, options?: CallOptions) =>
      asCall(
        send<Session>(routes.login, { body }, options, false).then(async (reply) => {
          await tokens.keep(reply.data);
          return reply;
        }),
      ),
    refresh: (body?: RefreshInput, options?: CallOptions) =>
      asCall(attempt(options?.signal, () => tokens.refresh(body?.refresh_token))),
    logout: (body?: AuthLogoutBody, options?: CallOptions) => asCall(logout(send, tokens, body, options)),
  };
}

/** Ends the session here in any case, and on the server if it can be reached. */
async function logout(send: Send, tokens: Tokens, body: AuthLogoutBody | undefined, options: CallOptions | undefined) {
  // A refresh under way would leave the server with a session that nobody ends.
  await tokens.settled();
  const token = await tokens.peek();
  const headers = { ...(token && { authorization: `Bearer ${token}` }), ...options?.headers };
  try {
    return await send<Message>(
      routes.logout,
      { body: { refresh_token: tokens.refreshToken, ...body } },
      { ...options, headers },
      false,
    );
  } finally {
    await tokens.keep(null);
  }
}
