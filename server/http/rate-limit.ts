// Limits by class and address, so that guessing passwords is slow. Counts live in this process.
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import type { Access } from '../../contract/access.ts';
import { Failure } from '../../contract/problems.ts';

/** Calls a minute and address for a class; classes that are not listed have no limit. */
const PER_MINUTE: Partial<Record<Access['rate'], number>> = { auth: 120 };

/** `off` lets everything pass. The function throws RATE_LIMITED with the seconds to wait. */
export function createLimiter(mode: 'off' | 'default'): (rate: Access['rate'], ip: string) => Promise<void> {
  const limiters = new Map(
    Object.entries(PER_MINUTE).map(([rate, points]) => [
      rate,
      new RateLimiterMemory({ points, duration: 60, keyPrefix: rate }),
    ]),
  );
  return async (rate, ip) => {
    const limiter = mode === 'off' ? undefined : limiters.get(rate);
    if (limiter === undefined) return;
    try {
      await limiter.consume(network(ip));
    } catch (refused) {
      if (!(refused instanceof RateLimiterRes)) throw refused;
      throw new Failure('RATE_LIMITED', { seconds: Math.max(1, Math.ceil(refused.msBeforeNext / 1000)) });
    }
  };
}

/** One household has one IPv4 address, and a /64 of IPv6 ones to choose from. */
const network = (ip: string): string =>
  ip.includes(':') && !ip.includes('.') ? ip.split(':').slice(0, 4).join(':') : ip;
