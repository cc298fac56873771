// Passwords: what a good one is, and argon2id hashing that never takes more than its share of threads.
import { randomBytes, randomInt } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { hash as argonHash, verify as argonVerify } from '@node-rs/argon2';
import { Failure, type ProblemEntry } from '../../contract/problems.ts';

/** OWASP's first choice for argon2id: 19 MiB, two passes, one lane. */
const COST = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

/** The special characters of the password rule. */
export const SPECIALS = '!@#$%^&*()_+-=[]{};\':"\\|,.<>/?~';

const RULES: ReadonlyArray<readonly [(password: string) => boolean, string]> = [
  [(p) => [...p].length >= 12, 'Password must be at least 12 characters long.'],
  [(p) => /[A-Z]/.test(p), 'Password must contain an upper-case letter (A-Z).'],
  [(p) => /[a-z]/.test(p), 'Password must contain a lower-case letter (a-z).'],
  [(p) => /[0-9]/.test(p), 'Password must contain a digit (0-9).'],
  [(p) => [...p].some((c) => SPECIALS.includes(c)), `Password must contain a special character: ${SPECIALS}`],
];

/** One entry for each rule that the password breaks; none for a good one. */
export function passwordProblems(password: string, field = 'password'): ProblemEntry[] {
  return RULES.filter(([holds]) => !holds(password)).map(([, message]) => ({
    field,
    message,
    code: 'password_too_weak',
  }));
}

/** A random password that passes every rule, for a first superadmin who did not bring one. */
export function generatePassword(): string {
  const body = randomBytes(18).toString('base64url');
  const at = (characters: string) => characters[randomInt(characters.length)] as string;
  return `${at('ABCDEFGHJKLMNPQRSTUVWXYZ')}${at('abcdefghijkmnpqrstuvwxyz')}${at('23456789')}${at('!#%+=?')}${body}`;
}

// Hashing runs on libuv's four threads, which files and name look-ups need too; so logins queue among themselves.
const LANES = Math.max(1, Math.min(availableParallelism() - 1, 3));
const QUEUE = 500;

export interface Passwords {
  /** The hash to store. Throws INVALID_RESOURCE_DATA with one entry per broken rule; `field` names the input. */
  hash(password: string, field?: string): Promise<string>;
  /** True when `password` made `stored`. With null it does the same work and answers false. */
  verify(stored: string | null, password: string): Promise<boolean>;
}

const unpadded = (bytes: number) => randomBytes(bytes).toString('base64').replace(/=+$/, '');
/** A hash of the usual cost that no password made: verifying against it takes as long as against a real one. */
const NOBODYS = `$argon2id$v=19$m=${COST.memoryCost},t=${COST.timeCost},p=${COST.parallelism}$${unpadded(16)}$${unpadded(32)}`;

/** Both methods throw RATE_LIMITED when hundreds of passwords wait already. */
export function createPasswords(): Passwords {
  let running = 0;
  const waiting: Array<() => void> = [];

  async function inLane<T>(work: () => Promise<T>): Promise<T> {
    if (running >= LANES) {
      if (waiting.length >= QUEUE) throw new Failure('RATE_LIMITED', { seconds: 5 });
      // The lane is handed over as it is, so `running` does not change and nobody can slip in between.
      await new Promise<void>((resolve) => waiting.push(resolve));
    } else running += 1;
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running -= 1;
    }
  }

  return {
    async hash(password, field = 'password') {
      const problems = passwordProblems(password, field);
      if (problems.length > 0) throw new Failure('INVALID_RESOURCE_DATA', {}, problems);
      return inLane(() => argonHash(password, COST));
    },
    async verify(stored, password) {
      const same = await inLane(() => argonVerify(stored ?? NOBODYS, password));
      return same && stored !== null;
    },
  };
}
