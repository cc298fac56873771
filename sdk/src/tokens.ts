// The session of a client, in memory: which token to send, when to renew it, and that it is renewed once however many ask.
import type { Reply } from './call.ts';
import { AuthenticationError, SnackBaseError } from './errors.ts';
import type { ClientOptions } from './options.ts';
import type { Session } from './types.gen.ts';

/** An access token is renewed when it has less than this left, or half of its life if that is shorter. In seconds. */
const MARGIN = 30;

type Token = string | null | undefined;

/** A token without the blanks and line ends that files and variables bring along. */
const clean = (token: Token): string | undefined => token?.trim() || undefined;

/** The `exp` of a JWT in ms since 1970, or Infinity for any other token. Nothing is verified: that is the server's part. */
function expiryOf(token: string | undefined): number {
  try {
    const payload = token?.split('.')[1] ?? '';
    return JSON.parse(atob(payload.replace(/-/g, '+').replace(/_/g, '/'))).exp * 1000 || Infinity;
  } catch {
    return Infinity;
  }
}

export class Tokens {
  #access: string | undefined;
  #refresh: string | undefined;
  #renewAt: number;
  #flight: Promise<Reply<Session>> | undefined;
  readonly #ask: (() => Token | Promise<Token>) | undefined;
  readonly #onTokens: ClientOptions['onTokens'];
  readonly #exchange: (refreshToken: string) => Promise<Reply<Session>>;

  /** @param exchange sends a refresh token to the server */
  constructor(options: ClientOptions, exchange: (refreshToken: string) => Promise<Reply<Session>>) {
    const { token } = options;
    if (typeof token === 'function') this.#ask = token;
    else this.#access = clean(token);
    this.#refresh = options.refreshToken || undefined;
    this.#renewAt = expiryOf(this.#access) - MARGIN * 1000;
    this.#onTokens = options.onTokens;
    this.#exchange = exchange;
  }

  /** The refresh token that is known now. */
  get refreshToken(): string | undefined {
    return this.#refresh;
  }

  /** The token to send, without renewing it. */
  async peek(): Promise<string | undefined> {
    return this.#access ?? clean(await this.#ask?.());
  }

  /** The token to send now, renewed first if it is about to expire. @throws AuthenticationError when the session is over */
  async current(): Promise<string | undefined> {
    const due = this.#access ? Date.now() > this.#renewAt : !this.#ask;
    if (due && this.#refresh) {
      try {
        await this.refresh();
      } catch (error) {
        // A fault on the way must not stop a call whose token may still be good; a refused refresh has ended the session.
        if (!this.#access || !(error instanceof SnackBaseError)) throw error;
      }
    }
    return this.peek();
  }

  /** Another token after the server refused `refused`; undefined when there is none. */
  async after(refused: string | undefined): Promise<string | undefined> {
    if (this.#access && this.#access === refused) {
      if (!this.#refresh) return undefined;
      await this.refresh();
    }
    const token = await this.peek();
    return token === refused ? undefined : token;
  }

  /**
   * Exchanges the refresh token, once for all that ask meanwhile: the server accepts it only once.
   * @throws TypeError without a refresh token; AuthenticationError when it is refused, and the session is then forgotten
   */
  refresh(token?: string): Promise<Reply<Session>> {
    if (token && token !== this.#refresh) {
      this.#refresh = token;
      this.#flight = undefined;
    }
    if (!this.#flight) {
      const flight = this.#renew().finally(() => {
        if (this.#flight === flight) this.#flight = undefined;
      });
      this.#flight = flight;
    }
    return this.#flight;
  }

  async #renew(): Promise<Reply<Session>> {
    const used = this.#refresh;
    if (!used) throw new TypeError('No refresh token: log in first');
    let reply: Reply<Session>;
    try {
      reply = await this.#exchange(used);
    } catch (error) {
      if (error instanceof AuthenticationError && this.#refresh === used) await this.keep(null);
      throw error;
    }
    // Someone may have logged in or out meanwhile; what came later wins.
    if (this.#refresh === used) await this.keep(reply.data);
    return reply;
  }

  /** Waits for a refresh under way, whatever its outcome. */
  async settled(): Promise<void> {
    await this.#flight?.catch(() => {});
  }

  /** Makes a session the current one, or forgets it, and tells the application. */
  async keep(session: Session | null): Promise<void> {
    this.#access = clean(session?.token);
    this.#refresh = session?.refresh_token;
    // From the time of receipt: a wrong local clock cannot make each new token look expired.
    const life = session?.expires_in ?? 0;
    this.#renewAt = Date.now() + (life - Math.min(MARGIN, life / 2)) * 1000;
    await this.#onTokens?.(
      session && { token: session.token, refreshToken: session.refresh_token, expiresIn: session.expires_in },
    );
  }
}
