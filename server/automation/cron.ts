// Cron expressions of five fields: read strictly, and said in words.
import { suggestion } from '../expression/nearest.ts';
import { cut } from '../text.ts';

/** What a text says; minutes 0–59, hours 0–23, days 1–31, months 1–12, weekdays 0–6 from Sunday, each ascending. */
export interface Cron {
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly days: ReadonlySet<number>;
  readonly months: ReadonlySet<number>;
  readonly weekdays: ReadonlySet<number>;
  /** Both the days of the month and those of the week are limited: either will do. */
  readonly eitherDay: boolean;
}

/** A text that is no cron expression. */
export class CronError extends Error {
  constructor(
    message: string,
    readonly hint?: string,
  ) {
    super(message);
  }
}

interface FieldKind {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly names?: readonly string[];
}

const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const short = (name: string) => name.slice(0, 3).toUpperCase();

const MINUTE: FieldKind = { name: 'minute', min: 0, max: 59 };
const HOUR: FieldKind = { name: 'hour', min: 0, max: 23 };
const DAY: FieldKind = { name: 'day of the month', min: 1, max: 31 };
const MONTH: FieldKind = { name: 'month', min: 1, max: 12, names: MONTHS.map(short) };
/** 7 is Sunday too. */
const WEEKDAY: FieldKind = { name: 'day of the week', min: 0, max: 7, names: WEEKDAYS.map(short) };
const KINDS = [MINUTE, HOUR, DAY, MONTH, WEEKDAY] as const;

const ALIASES: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

function numberOf(text: string, { name, min, max, names }: FieldKind): number {
  if (/^\d{1,3}$/.test(text)) {
    const number = Number(text);
    if (number >= min && number <= max) return number;
    throw new CronError(`${text} is no ${name}: it is from ${min} to ${max}.`);
  }
  const at = names?.indexOf(text.toUpperCase()) ?? -1;
  if (at >= 0) return at + (min === 1 ? 1 : 0);
  const hint = names === undefined ? undefined : suggestion(text.toUpperCase(), names, 'names');
  throw new CronError(`"${cut(text, 40)}" is no ${name}.`, hint);
}

/** One part between commas: `*`, `4`, `2-6`, each also with `/2`; `4/2` goes on to the end. */
function partOf(text: string, kind: FieldKind): number[] {
  const [range = '', step, ...rest] = text.split('/');
  if (rest.length > 0) throw new CronError(`"${cut(text, 40)}" has more than one step.`);
  if (step !== undefined && !/^[1-9]\d{0,2}$/.test(step))
    throw new CronError(`The step of the ${kind.name} is a whole number from 1, not "${cut(step, 40)}".`);
  if (step !== undefined && Number(step) > kind.max)
    throw new CronError(`A step of ${step} is larger than the range of the ${kind.name}.`);
  const [first = '', last, ...more] = range.split('-');
  if (more.length > 0) throw new CronError(`"${cut(range, 40)}" is no range.`);
  const whole = range === '*';
  const from = whole ? kind.min : numberOf(first, kind);
  const end = last !== undefined ? numberOf(last, kind) : whole || step !== undefined ? lastOf(kind) : from;
  // SAT-SUN and 5-7 go on to the end of the week.
  const to = kind === WEEKDAY && last !== undefined && end === 0 && from > 0 ? 7 : end;
  if (to < from) throw new CronError(`"${cut(range, 40)}" runs backwards.`);
  const numbers: number[] = [];
  for (let n = from; n <= to; n += Number(step ?? 1)) numbers.push(kind === WEEKDAY ? n % 7 : n);
  return numbers;
}

const lastOf = (kind: FieldKind): number => (kind === WEEKDAY ? 6 : kind.max);

const fieldOf = (text: string, kind: FieldKind): number[] =>
  [...new Set(text.split(',').flatMap((part) => partOf(part, kind)))].sort((a, b) => a - b);

const LONGEST = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Reads five fields (names of months and weekdays in any case). Throws CronError, also for what never comes, as February 30. */
export function parseCron(text: string): Cron {
  const trimmed = text.trim();
  const alias = ALIASES[trimmed.toLowerCase()];
  if (trimmed.startsWith('@')) {
    const how = alias === undefined ? undefined : `Write ${alias}.`;
    throw new CronError('Short names are not known: five fields are.', how);
  }
  const fields = trimmed.split(/\s+/);
  if (fields.length !== 5 || trimmed === '')
    throw new CronError(
      `A cron expression has five fields (minute hour day month weekday), not ${trimmed === '' ? 0 : fields.length}.`,
      fields.length === 6 ? 'Seconds are not known: leave the first field out.' : 'For example 0 9 * * MON-FRI.',
    );
  const [minutes, hours, days, months, weekdays] = fields.map((field, i) => fieldOf(field, KINDS[i] as FieldKind)) as [
    number[],
    number[],
    number[],
    number[],
    number[],
  ];
  // As cron has always done it: a field that begins with a star does not limit.
  const limited = (i: number) => !(fields[i] as string).startsWith('*');
  const eitherDay = limited(2) && limited(4);
  if (!eitherDay && !months.some((month) => days.some((day) => day <= (LONGEST[month - 1] as number))))
    throw new CronError('That day never comes.');
  return { minutes, hours, days: new Set(days), months: new Set(months), weekdays: new Set(weekdays), eitherDay };
}

const two = (n: string) => n.padStart(2, '0');

/** In words where there are simple ones, else the text. Throws CronError. */
export function describeCron(text: string): string {
  const cron = parseCron(text);
  const [minute = '', hour = '', day = '', month = '', weekday = ''] = text.trim().split(/\s+/);
  const anyDay = day === '*' && month === '*' && weekday === '*';
  const every = (field: string, unit: string): string | null => {
    const step = /^\*\/(\d+)$/.exec(field)?.[1];
    if (field === '*' || step === '1') return `Every ${unit}`;
    return step === undefined ? null : `Every ${step} ${unit}s`;
  };
  if (anyDay && hour === '*') {
    const words = minute === '0' ? 'Every hour' : every(minute, 'minute');
    if (words !== null) return words;
    if (/^\d+$/.test(minute)) return `Every hour at minute ${Number(minute)}`;
  }
  if (anyDay && minute === '0') {
    const words = every(hour, 'hour');
    if (words !== null) return words;
  }
  if (!/^\d+$/.test(minute) || !/^\d+$/.test(hour)) return text.trim();
  const at = `at ${two(hour)}:${two(minute)}`;
  if (anyDay) return `Daily ${at}`;
  if (day === '*' && month === '*') {
    const chosen = [...cron.weekdays].sort((a, b) => a - b);
    if (chosen.join() === '1,2,3,4,5') return `Weekdays ${at}`;
    if (chosen.join() === '0,6') return `Weekends ${at}`;
    return `Every ${chosen.map((one) => WEEKDAYS[one]).join(', ')} ${at}`;
  }
  if (weekday !== '*') return text.trim();
  if (month === '*')
    return /^\d+$/.test(day) ? `Monthly on day ${Number(day)} ${at}` : `On day ${day} of the month ${at}`;
  const [only, ...more] = [...cron.months];
  if (only !== undefined && more.length === 0 && /^\d+$/.test(day))
    return `Yearly on ${MONTHS[only - 1]} ${Number(day)} ${at}`;
  return text.trim();
}
