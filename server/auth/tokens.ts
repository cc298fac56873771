// Tokens: signing and verifying our own JWTs (HS256 by node:crypto), with verified ones remembered by their exact text.
import { createHash, createHmac, createSecretKey, randomBytes, timingSafeEqual } from 'node:crypto';
import { LRUCache } from 'lru-cache';

export type TokenType = 'access' | 'refresh' | 'session';

/** What a token says. Rights never come from here: role and address are information for clients, `principals` decides. */
export interface Claims {
  readonly iss: 'snackbase';
  readonly sub: string;
  readonly user_id: string;
  readonly account_id: string;
  /** In access tokens only, as the role: the others outlive changes of both. */
  readonly email?: string;
  readonly role?: string;
  /** The login session; see `principals`. */
  readonly sid: string;
  readonly type: TokenType;
  /** Seconds since 1970, as `exp`. */
  readonly iat: number;
  readonly exp: number;
  readonly jti: string;
}

export interface TokenSubject {
  readonly userId: string;
  readonly accountId: string;
  readonly sessionId: string;
  readonly email?: string;
  readonly role?: string;
}

/** Seconds that each type lives. */
export const LIFETIME: Readonly<Record<TokenType, number>> = { access: 3600, refresh: 7 * 86_400, session: 7 * 86_400 };

export interface Tokens {
  sign(type: TokenType, subject: TokenSubject): string;
  /** The claims of a token of that type with a right signature; null for anything else. */
  verify(token: string, type: TokenType): { readonly claims: Claims; readonly expired: boolean } | null;
}

/** What is stored of a secret that its bearer holds: its SHA-256. */
export const fingerprint = (secret: string): Buffer => createHash('sha256').update(secret).digest();

/** A secret of 256 random bits, safe in a URL. */
export const randomSecret = (): string => randomBytes(32).toString('base64url');

const LONGEST = 4096;
const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const decode = (part: string): unknown => {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
  } catch {
    return null;
  }
};
const isClaims = (value: unknown): value is Claims => {
  const c = value as Partial<Claims> | null;
  return (
    typeof c === 'object' &&
    c !== null &&
    c.iss === 'snackbase' &&
    typeof c.sub === 'string' &&
    typeof c.sid === 'string' &&
    typeof c.exp === 'number'
  );
};

export function createTokens(options: { secretKey: string; clock: () => Date; remembered?: number }): Tokens {
  const key = createSecretKey(Buffer.from(options.secretKey, 'utf8'));
  const header = encode({ alg: 'HS256', typ: 'JWT' });
  const verified = new LRUCache<string, Claims>({ max: options.remembered ?? 20_000 });
  const signature = (signed: string) => createHmac('sha256', key).update(signed).digest('base64url');

  function check(token: string): Claims | null {
    if (token.length > LONGEST) return null;
    const [head, body, sent, ...rest] = token.split('.');
    if (!head || !body || !sent || rest.length > 0) return null;
    // The texts are compared, not the bytes: a second spelling of a signature is not the token that was issued.
    const given = Buffer.from(sent);
    const wanted = Buffer.from(signature(`${head}.${body}`));
    if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return null;
    const algorithm = head === header ? 'HS256' : (decode(head) as { alg?: unknown } | null)?.alg;
    const claims = decode(body);
    return algorithm === 'HS256' && isClaims(claims) ? claims : null;
  }

  return {
    sign(type, { userId, accountId, email, role, sessionId }) {
      const iat = Math.floor(options.clock().getTime() / 1000);
      const claims: Claims = {
        iss: 'snackbase',
        sub: userId,
        user_id: userId,
        account_id: accountId,
        ...(type === 'access' && { email, role }),
        sid: sessionId,
        type,
        iat,
        exp: iat + LIFETIME[type],
        jti: randomBytes(16).toString('base64url'),
      };
      const signed = `${header}.${encode(claims)}`;
      return `${signed}.${signature(signed)}`;
    },
    verify(token, type) {
      let claims = verified.get(token) ?? null;
      if (claims === null) {
        claims = check(token);
        if (claims === null) return null;
        // A refresh token is seen once, so remembering it would only push others out.
        if (claims.type !== 'refresh') verified.set(token, claims);
      }
      if (claims.type !== type) return null;
      return { claims, expired: claims.exp * 1000 <= options.clock().getTime() };
    },
  };
}
