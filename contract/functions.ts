// The functions of expressions: what each takes and answers. Their two meanings are in server/expression/functions.ts.

/** What an argument may be: `scalar` any single value, `same` any that agrees with the other `same` ones, `unit` one of `UNITS` as a quoted word. */
export type Taken = 'text' | 'number' | 'moment' | 'condition' | 'scalar' | 'same' | 'unit' | 'digits';

export interface FunctionSpec {
  readonly meaning: string;
  /** In their order; `optional` ones may be left out. */
  readonly takes: readonly Taken[];
  readonly optional?: number;
  /** The last argument may stand again, this often in all. */
  readonly most?: number;
  readonly answers: 'text' | 'number' | 'datetime' | 'same';
}

/** Seconds of a unit of time. Months and years are those of the calendar in date_add, 30 and 365 days in date_diff. */
export const UNITS = {
  seconds: 1,
  minutes: 60,
  hours: 3600,
  days: 86_400,
  weeks: 604_800,
  months: 2_592_000,
  years: 31_536_000,
} as const;
export type Unit = keyof typeof UNITS;

const TEXT = { takes: ['text'], answers: 'text' } as const;
const NUMBER = { takes: ['number'], answers: 'number' } as const;
const PART = { takes: ['moment'], answers: 'number' } as const;

/** Every function, once. But where it says otherwise, an argument that is NULL makes the answer NULL. */
export const FUNCTIONS = {
  concat: {
    meaning: 'The arguments as one text; NULL adds nothing.',
    takes: ['scalar'],
    most: 20,
    answers: 'text',
  },
  upper: { meaning: 'Letters in upper case, where that is one letter.', ...TEXT },
  lower: { meaning: 'Letters in lower case, where that is one letter.', ...TEXT },
  trim: { meaning: 'Without spaces, tabs and line breaks at both ends.', ...TEXT },
  length: { meaning: 'Characters of a text.', takes: ['text'], answers: 'number' },
  substring: {
    meaning: 'From a place (the first is 1), and so many characters.',
    takes: ['text', 'number', 'number'],
    optional: 1,
    answers: 'text',
  },
  replace: {
    meaning: 'Every occurrence of a text replaced by another; NULL beyond 100,000 characters.',
    takes: ['text', 'text', 'text'],
    answers: 'text',
  },
  round: {
    meaning: 'To so many decimal places (none without), half away from zero.',
    takes: ['number', 'digits'],
    optional: 1,
    answers: 'number',
  },
  abs: { meaning: 'Without its sign.', ...NUMBER },
  ceil: { meaning: 'The next whole number upwards.', ...NUMBER },
  floor: { meaning: 'The next whole number downwards.', ...NUMBER },
  greatest: { meaning: 'The greatest argument that is not NULL.', takes: ['same', 'same'], most: 20, answers: 'same' },
  least: { meaning: 'The least argument that is not NULL.', takes: ['same', 'same'], most: 20, answers: 'same' },
  if: {
    meaning: 'The second argument where the condition is true, else the third.',
    takes: ['condition', 'same', 'same'],
    answers: 'same',
  },
  coalesce: { meaning: 'The first argument that is not NULL.', takes: ['same', 'same'], most: 20, answers: 'same' },
  nullif: { meaning: 'NULL where both are equal, else the first.', takes: ['same', 'same'], answers: 'same' },
  now: { meaning: 'The moment of asking.', takes: [], answers: 'datetime' },
  date_diff: {
    meaning: 'The first moment less the second, in a unit, with fractions.',
    takes: ['moment', 'moment', 'unit'],
    answers: 'number',
  },
  date_add: {
    meaning: 'A moment moved by so many units. NULL beyond the years 1 to 9999.',
    takes: ['moment', 'number', 'unit'],
    answers: 'datetime',
  },
  year: { meaning: 'The year, in UTC.', ...PART },
  month: { meaning: 'The month, 1 to 12, in UTC.', ...PART },
  day: { meaning: 'The day of the month, in UTC.', ...PART },
  hour: { meaning: 'The hour, 0 to 23, in UTC.', ...PART },
  weekday: { meaning: 'The day of the week, Monday 1 to Sunday 7, in UTC.', ...PART },
} as const satisfies Record<string, FunctionSpec>;
export type FunctionName = keyof typeof FUNCTIONS;
