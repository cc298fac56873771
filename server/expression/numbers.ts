// Numbers as PostgreSQL writes and rounds them.

/** Significant digits that PostgreSQL keeps of a double when it becomes a decimal. */
const DIGITS = 15;

/** The text of a double: the shortest that reads back as it, with an exponent from 1e15 on and below 1e-4. */
export function numberText(value: number): string {
  if (value === 0) return '0';
  const [digits = '', exponent = ''] = value.toExponential().split('e');
  const power = Number(exponent);
  if (power >= -4 && power < DIGITS) return plain(digits, power);
  return `${digits}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}

/** `-1.25` and a power of ten as a number without exponent. */
function plain(digits: string, power: number): string {
  const sign = digits.startsWith('-') ? '-' : '';
  const bare = digits.replace('-', '').replace('.', '');
  if (power < 0) return `${sign}0.${'0'.repeat(-power - 1)}${bare}`;
  const whole = bare.slice(0, power + 1).padEnd(power + 1, '0');
  const rest = bare.slice(power + 1);
  return sign + whole + (rest === '' ? '' : `.${rest}`);
}

/** Fifteen significant digits and the power of ten of the first; an exact half goes to the even digit, as C's printf does it. */
function decimal(value: number): { digits: string; power: number } {
  // Forty digits tell a half from what is merely near one.
  const [all = '', exponent = ''] = Math.abs(value).toExponential(40).split('e');
  const long = all.replace('.', '');
  const kept = long.slice(0, DIGITS);
  const rest = long.slice(DIGITS);
  const half = `5${'0'.repeat(rest.length - 1)}`;
  const up = rest > half || (rest === half && Number(kept.at(-1)) % 2 === 1);
  const digits = up ? (BigInt(kept) + 1n).toString() : kept;
  return { digits: digits.slice(0, DIGITS), power: Number(exponent) + (digits.length > DIGITS ? 1 : 0) };
}

/** Rounds to decimal places, half away from zero, what fifteen digits show of the value. */
export function decimalRound(value: number, places: number): number {
  // From here on there are whole numbers only.
  if (value === 0 || Math.abs(value) >= 1e15) return value + 0;
  const { digits, power } = decimal(value);
  // Digits that stand before the place of rounding.
  const kept = power + 1 + places;
  if (kept >= DIGITS) return Math.sign(value) * Number(`${digits}e${power - DIGITS + 1}`);
  if (kept < 0) return 0;
  const up = Number(digits[kept]) >= 5 ? 1n : 0n;
  const whole = BigInt(digits.slice(0, kept) || '0') + up;
  return Math.sign(value) * Number(`${whole}e${-places}`) + 0;
}
