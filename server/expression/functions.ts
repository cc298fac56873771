// The functions in memory, to the last bit what PostgreSQL answers; their SQL is in function-sql.ts.
import type { FunctionName, Unit } from '../../contract/functions.ts';
import { canonicalInstant } from './instant.ts';
import { lowered, uppered } from './letter-case.ts';
import { monthsLater, secondsBetween, secondsLater } from './moments.ts';
import { decimalRound, numberText } from './numbers.ts';
import type { Bound } from './typed.ts';

type Meaning = (args: readonly Bound[], unit: Unit | undefined, now: () => string) => Bound;

/** A meaning that is NULL where an argument is. */
const strict =
  <A extends readonly (string | number | undefined)[]>(meaning: (args: A, unit: Unit) => Bound): Meaning =>
  (args, unit) =>
    args.includes(null) ? null : meaning(args as readonly Bound[] as A, unit as Unit);
type Text = readonly [string];
type Figure = readonly [number];
const known = (args: readonly Bound[]): (string | number)[] => args.filter((v) => v !== null) as (string | number)[];
const part = (from: number, to: number): Meaning => strict(([moment]: Text) => Number(moment.slice(from, to)));

/** Most characters or places of a text that are counted. */
const FAR = 1_000_000_000;
/** Characters of what replace() makes; more is NULL, so that no row can fill the memory. */
const MOST_REPLACED = 100_000;
const place = (v: number): number => Math.min(Math.max(Math.trunc(v), -FAR), FAR);

const MEANINGS: Readonly<Record<FunctionName, Meaning>> = {
  concat: (args) => args.map((v) => (v === null ? '' : typeof v === 'number' ? numberText(v) : String(v))).join(''),
  upper: strict(([text]: Text) => uppered(text)),
  lower: strict(([text]: Text) => lowered(text)),
  trim: strict(([text]: Text) => text.replace(/^[ \t\n\r]+|[ \t\n\r]+$/g, '')),
  length: strict(([text]: Text) => [...text].length),
  substring: strict(([text, from, count]: readonly [string, number, number | undefined]) => {
    const start = Math.max(place(from), 1) - 1;
    const most = count === undefined ? FAR : Math.max(place(count), 0);
    return [...text].slice(start, start + most).join('');
  }),
  replace: strict(([text, old, now]: readonly [string, string, string]) => {
    if (old === '') return text;
    const parts = text.split(old);
    const length = [...text].length + (parts.length - 1) * ([...now].length - [...old].length);
    return length > MOST_REPLACED ? null : parts.join(now);
  }),
  round: strict(([value, digits = 0]: readonly [number, number | undefined]) => decimalRound(value, digits)),
  abs: strict(([value]: Figure) => Math.abs(value)),
  ceil: strict(([value]: Figure) => Math.ceil(value) + 0),
  floor: strict(([value]: Figure) => Math.floor(value) + 0),
  greatest: (args) => known(args).reduce<string | number | null>((a, b) => (a === null || b > a ? b : a), null),
  least: (args) => known(args).reduce<string | number | null>((a, b) => (a === null || b < a ? b : a), null),
  if: ([condition, yes, no]) => (condition === true ? (yes as Bound) : (no as Bound)),
  coalesce: (args) => args.find((v) => v !== null) ?? null,
  nullif: ([a, b]) => (a === b ? null : (a as Bound)),
  now: (_args, _unit, now) => now(),
  date_diff: strict(([a, b]: readonly [string, string], unit) => secondsBetween(a, b, unit)),
  date_add: strict(([moment, amount]: readonly [string, number], unit) =>
    unit === 'months' || unit === 'years'
      ? monthsLater(moment, Math.trunc(amount) * (unit === 'years' ? 12 : 1))
      : secondsLater(moment, amount, unit),
  ),
  year: part(0, 4),
  month: part(5, 7),
  day: part(8, 10),
  hour: part(11, 13),
  weekday: strict(([moment]: Text) => new Date(`${moment.slice(0, 10)}T00:00:00Z`).getUTCDay() || 7),
};

/** The value of a function. Arguments are of the types that it takes, or null. */
export const called = (name: FunctionName, args: readonly Bound[], unit: Unit | undefined, now: () => string): Bound =>
  MEANINGS[name](args, unit, now);

/** The present moment as expressions see it. */
export const presentMoment = (): string => canonicalInstant(new Date().toISOString()) as string;
