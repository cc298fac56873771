// The functions as SQL; what is more than one PostgreSQL function is a function of ours in the schema snackbase (migration 0011).
import { type FunctionName, UNITS, type Unit } from '../../contract/functions.ts';

type Text = (args: readonly string[], unit: Unit | undefined) => string;

const call =
  (name: string): Text =>
  (args) =>
    `${name}(${args.join(', ')})`;
const part =
  (name: string): Text =>
  ([moment]) =>
    `extract(${name} from ${moment} at time zone 'UTC')::double precision`;
const seconds = (unit: Unit | undefined): string => `${UNITS[unit as Unit]}::double precision`;

const SQL: Readonly<Record<FunctionName, Text>> = {
  concat: (args) => args.map((arg) => `coalesce(${arg}::text, '')`).join(' || '),
  upper: call('snackbase.upper'),
  lower: call('snackbase.lower'),
  trim: ([text]) => `btrim(${text}, E' \\t\\n\\r')`,
  length: ([text]) => `char_length(${text})::double precision`,
  substring: call('snackbase.substring'),
  replace: call('snackbase.replace'),
  round: ([value, digits]) => `snackbase.round(${value}, ${digits ?? '0'}::int)`,
  abs: call('abs'),
  ceil: ([value]) => `(ceil(${value}) + 0)`,
  floor: ([value]) => `(floor(${value}) + 0)`,
  greatest: call('greatest'),
  least: call('least'),
  if: ([condition, yes, no]) => `case when ${condition} then ${yes} else ${no} end`,
  coalesce: call('coalesce'),
  nullif: call('nullif'),
  now: () => 'now()',
  date_diff: ([a, b], unit) => `extract(epoch from (${a} - ${b}))::double precision / ${seconds(unit)}`,
  date_add: ([moment, amount], unit) =>
    unit === 'months' || unit === 'years'
      ? `snackbase.months_later(${moment}, ${amount}, ${unit === 'years' ? 12 : 1})`
      : `snackbase.seconds_later(${moment}, ${amount}, ${seconds(unit)})`,
  year: part('year'),
  month: part('month'),
  day: part('day'),
  hour: part('hour'),
  weekday: part('isodow'),
};

/** The call as SQL; the arguments stand in brackets already. */
export const callSql = (name: FunctionName, args: readonly string[], unit: Unit | undefined): string =>
  SQL[name](args, unit);
