// Why a call to somebody else's server came to nothing.

/** Stable codes. */
export type OutboundReason =
  | 'invalid_url'
  | 'scheme'
  | 'forbidden_address'
  | 'dns'
  | 'dns_timeout'
  | 'connect'
  | 'tls'
  | 'timeout'
  | 'aborted'
  | 'reset'
  | 'protocol';

/** The message is for people who manage the account: it names no address that a name resolved to. */
export class OutboundError extends Error {
  override name = 'OutboundError';
  constructor(
    readonly reason: OutboundReason,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

const CONNECT = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EADDRNOTAVAIL', 'EACCES', 'EPERM', 'EINVAL']);
const RESET = new Set(['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'HPE_INVALID_EOF_STATE']);

/** What Node says, as one of ours. */
export function outboundError(error: unknown): OutboundError {
  if (error instanceof OutboundError) return error;
  const { code = '' } = error as { code?: string };
  const of = (reason: OutboundReason, message: string) => new OutboundError(reason, message, { cause: error });
  // Of several addresses the last failure speaks.
  if (error instanceof AggregateError && error.errors.length > 0) return outboundError(error.errors.at(-1));
  if (code === 'ETIMEDOUT') return of('timeout', 'The server did not answer in time.');
  if (CONNECT.has(code)) return of('connect', `The server could not be reached (${code}).`);
  if (RESET.has(code)) return of('reset', 'The connection was broken before the answer was complete.');
  if (/^(HPE_|ERR_INVALID|ERR_HTTP|ERR_UNESCAPED)/.test(code))
    return of('protocol', `The request or its answer is not valid HTTP (${code}).`);
  if (isTls(code)) return of('tls', `The secure connection was refused (${code}).`);
  return of('connect', `The call failed (${code || 'unknown'}).`);
}

const isTls = (code: string): boolean =>
  code.startsWith('ERR_TLS') ||
  code.startsWith('ERR_SSL') ||
  code.startsWith('ERR_OSSL') ||
  code === 'EPROTO' ||
  code === 'HOSTNAME_MISMATCH' ||
  /CERT|SELF_SIGNED|ISSUER|CRL/.test(code);
