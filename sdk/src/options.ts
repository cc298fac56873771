// What a caller may set: once for the client, and for a single call.

/** Tokens as an application stores them. */
export interface StoredTokens {
  readonly token: string;
  readonly refreshToken: string;
  /** Seconds until `token` expires, counted from now. */
  readonly expiresIn: number;
}

export type TokenSource =
  | string
  | null
  | undefined
  | (() => string | null | undefined | Promise<string | null | undefined>);

/** Options of one call; they are the last argument of every method. */
export interface CallOptions {
  /** Aborting rejects the call at once with the signal's reason, also while it waits for a retry. */
  readonly signal?: AbortSignal | null | undefined;
  /** Milliseconds for each attempt; 0 for no limit. */
  readonly timeout?: number | undefined;
  /** Sent besides the client's own; the same name replaces. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** How often a failed attempt may be sent again. */
  readonly retries?: number | undefined;
  /** Sent as Idempotency-Key: makes a POST or PATCH safe to send again. */
  readonly idempotencyKey?: string | undefined;
}

/** Options of the client. */
export interface ClientOptions {
  /** Where the server is, with a path prefix if it has one: `https://api.example.com`. */
  readonly url?: string | URL | undefined;
  /** The same as `url`. */
  readonly baseUrl?: string | URL | undefined;
  /**
   * Access token, API key, or a function that is asked before each call and again after a 401.
   * From `auth.login` on until `auth.logout` the session's own tokens are used instead.
   */
  readonly token?: TokenSource;
  /** With it an expiring access token is renewed by itself. */
  readonly refreshToken?: string | null | undefined;
  /** Called after login and refresh with the new tokens and after the end of a session with null; that call waits for it. */
  readonly onTokens?: ((tokens: StoredTokens | null) => void | Promise<void>) | undefined;
  /** Account (id or slug) for callers that name it themselves: header X-Account-ID. */
  readonly accountId?: string | undefined;
  /** Milliseconds for each attempt; default 30000, 0 for no limit. */
  readonly timeout?: number | undefined;
  /** How often a failed attempt may be sent again; default 2. */
  readonly maxRetries?: number | undefined;
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Replaces the global fetch. */
  readonly fetch?: typeof globalThis.fetch | undefined;
}
