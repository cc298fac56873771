// Which names tell of a secret, and values without those: for logs, lists of jobs and whatever else people read.

export const MASK = '***';
const WORDS = new Set(['pin', 'pwd', 'auth', 'card', 'cvv', 'cvc', 'iban', 'ssn', 'otp', 'totp', 'jwt', 'bearer']);
const PARTS =
  /password|passwd|passphrase|secret|token|authorization|apikey|accesskey|privatekey|credential|cardnumber|sessionid|signature|cookie/;

/** Whether a name says that its value is a secret: `password`, `api_key`, `cardNumber`. */
export function isSecret(name: string): boolean {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/);
  return words.some((word) => WORDS.has(word)) || PARTS.test(words.join(''));
}

/** The value with each secret in it masked; that there is none may be seen. */
export function masked(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(masked);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, one !== null && isSecret(key) ? MASK : masked(one)]),
  );
}
