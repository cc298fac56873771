// Which column type becomes which other one, how, and which values stand in the way: the whole matrix, as SQL over one column.
import type { PgType } from './collection-def.ts';
import { quoteText } from './literal.ts';

export interface Conversion {
  /** The value of the new type, as SQL; NULL stays NULL. Fails for what `impossible` finds. */
  readonly using: string;
  /** A boolean SQL expression, true for a value that cannot be converted and never an error; null where every value can. */
  readonly impossible: string | null;
  /** What such a value is not, for people: `a number`. */
  readonly wanted: string;
  /**
   * A boolean SQL expression, true for a convertible value that does not come back the same; null where every value does.
   * Another spelling of the same moment, UUID or JSON is no loss.
   */
  readonly loses: string | null;
  /** What has to be there while `impossible` is asked, and how it goes. */
  readonly helper?: { readonly make: string; readonly drop: string };
}

const sure = (using: string, loses: string | null = null): Conversion => ({
  using,
  impossible: null,
  wanted: '',
  loses,
});

/** Text is trimmed as PostgreSQL's own casts do; the empty text is no value, and lost. `altered` tells of a trimmed text what else is. */
function fromText(
  v: string,
  wanted: string,
  cast: (trimmed: string) => string,
  possible: (trimmed: string) => string,
  altered: (trimmed: string, cast: string) => string | null = () => null,
): Conversion {
  const trimmed = `btrim(${v}, E' \\t\\n\\r')`;
  const others = altered(trimmed, cast(trimmed));
  return {
    using: `case when ${v} <> '' then ${cast(trimmed)} end`,
    impossible: `(${v} <> '' and not (${possible(trimmed)}))`,
    wanted,
    loses: others === null ? `${v} = ''` : `case when ${v} = '' then true else ${others} end`,
  };
}

const like = (text: string, pattern: string): string => `${text} ~ ${quoteText(pattern)}`;
// Each condition is asked only where the one before holds: `and` promises no order.
const both = (first: string, then: string): string => `case when ${first} then ${then} else false end`;

const isDouble = (numeric: string): string =>
  `(${numeric} = 0 or abs(${numeric}) between 5e-324 and 1.7976931348623157e308)`;

const FIGURE = '^[+-]?(\\d+\\.?\\d*|\\.\\d+)([eE][+-]?\\d{1,4})?$';
const number = (v: string) =>
  fromText(
    v,
    'a number',
    (t) => `${t}::double precision + 0`,
    (t) => both(`length(${t}) <= 400 and ${like(t, FIGURE)}`, isDouble(`${t}::numeric`)),
    // By way of numeric, as whole numbers are written without an exponent.
    (_t, cast) => `(${cast})::text::numeric::text <> ${v}`,
  );

const YES = `('true', '1', 'yes', 't')`;
const NO = `('false', '0', 'no', 'f')`;
const boolean = (v: string) =>
  fromText(
    v,
    'true, 1, yes, t, false, 0, no or f',
    (t) => `lower(${t}) in ${YES}`,
    (t) => `lower(${t}) in ${YES} or lower(${t}) in ${NO}`,
    () => `${v} not in ('true', 'false')`,
  );

const UUID = '^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$';
const uuid = (v: string) =>
  fromText(
    v,
    'a UUID',
    (t) => `${t}::uuid`,
    (t) => like(t, UUID),
  );

function dayExists(t: string): string {
  const [year, month, day] = [`substr(${t}, 1, 4)::int`, `substr(${t}, 6, 2)::int`, `substr(${t}, 9, 2)::int`];
  const last = `extract(day from make_date(${year}, ${month}, 1) + interval '1 month' - interval '1 day')`;
  return both(`${year} >= 1 and ${month} between 1 and 12`, `${day} between 1 and ${last}`);
}

const date = (v: string) =>
  fromText(
    v,
    'a day as 2026-01-02',
    (t) => `${t}::date`,
    (t) => both(like(t, '^\\d{4}-\\d{2}-\\d{2}$'), dayExists(t)),
  );

const MOMENT =
  '^\\d{4}-\\d{2}-\\d{2}([Tt ]([01]\\d|2[0-3]):[0-5]\\d(:[0-5]\\d([.,]\\d{1,9})?)?([Zz]|[+-](0\\d|1[0-4])(:?[0-5]\\d)?)?)?$';
/** Without an offset UTC is meant; digits after the sixth are cut. At the two ends of the calendar an offset could leave it. */
const datetime = (v: string) =>
  fromText(
    v,
    'a date and time as 2026-01-02T03:04:05Z',
    (t) => {
      const iso = `regexp_replace(replace(upper(${t}), ',', '.'), E'(\\\\.\\\\d{6})\\\\d+', E'\\\\1')`;
      return `case when substr(${t}, 11) ~ '[Zz+-]' then ${iso}::timestamptz else ${iso}::timestamp at time zone 'UTC' end`;
    },
    (t) =>
      both(
        like(t, MOMENT),
        `${dayExists(t)} and (length(${t}) = 10 or substr(${t}, 1, 10) not in ('0001-01-01', '9999-12-31'))`,
      ),
    (t) => like(t, '[.,]\\d{6}\\d*[1-9]'),
  );

const json = (v: string): Conversion => ({
  ...fromText(
    v,
    'JSON',
    (t) => `${t}::jsonb`,
    (t) => `pg_temp.snackbase_is_json(${t})`,
  ),
  // Only PostgreSQL 16 and later can ask without an error.
  helper: {
    make: `create or replace function pg_temp.snackbase_is_json(input text) returns boolean language plpgsql as $$
      begin return input::jsonb is not null; exception when others then return false; end $$`,
    drop: 'drop function pg_temp.snackbase_is_json(text)',
  },
});

const one = (type: PgType) => (v: string) => sure(`case when ${v} is not null then array[${v}]::${type} end`);
const words = (v: string) => sure(`${v}::text`);

const MATRIX: Readonly<Partial<Record<`${PgType} → ${PgType}`, (v: string) => Conversion>>> = {
  'text → double precision': number,
  'text → boolean': boolean,
  'text → uuid': uuid,
  'text → date': date,
  'text → timestamp with time zone': datetime,
  'text → jsonb': json,
  'text → text[]': one('text[]'),
  'double precision → double precision[]': one('double precision[]'),
  'double precision → text': words,
  'boolean → text': words,
  'uuid → text': words,
  'date → text': (v) => sure(`to_char(${v}, 'YYYY-MM-DD')`),
  'timestamp with time zone → text': (v) => {
    const text = `to_char(${v} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US')`;
    return sure(`regexp_replace(${text}, ${quoteText('\\.?0+$')}, '') || 'Z'`);
  },
  'boolean → double precision': (v) => sure(`${v}::int::double precision`),
  'double precision → boolean': (v) => ({
    using: `${v} = 1`,
    impossible: `${v} not in (0, 1)`,
    wanted: '0 or 1',
    loses: null,
  }),
  'date → timestamp with time zone': (v) => sure(`${v}::timestamp at time zone 'UTC'`),
  'timestamp with time zone → date': (v) =>
    sure(`(${v} at time zone 'UTC')::date`, `${v} <> date_trunc('day', ${v} at time zone 'UTC') at time zone 'UTC'`),
};

/** Numbers as PostgreSQL has them: to a double only where one is wanted, as that holds 15 digits. */
const FOREIGN_NUMBER = /^(?:smallint|integer|bigint|real|numeric(?:\(.+\))?)$/;
const DOUBLE = 'numbers of double precision';
/** These hold no value that a double does not. */
const NARROW = /^(?:smallint|integer|real)/;

function fromNumber(from: string, to: string, v: string): Conversion | null {
  if (to === 'text') return words(v);
  if (to === 'boolean') return MATRIX['double precision → boolean']?.(v) ?? null;
  const using = `${v}::double precision`;
  // By way of text: PostgreSQL makes a numeric of the first 15 digits of a double.
  const made = NARROW.test(from) ? sure(using) : sure(using, `(${using})::text::numeric <> ${v}`);
  const whole = from.startsWith('numeric') ? { ...made, impossible: `not ${isDouble(v)}`, wanted: DOUBLE } : made;
  if (to === 'double precision') return whole;
  return to === 'double precision[]' ? { ...whole, using: one('double precision[]')(using).using } : null;
}

/** Other types that no field has, but that a column may have been given by hand: each is first brought to ours. */
const FOREIGN: readonly (readonly [RegExp, PgType, cast: (v: string) => string])[] = [
  [/^(?:character varying|character|citext)(?:\(\d+\))?$/, 'text', (v) => `${v}::text`],
  [/^timestamp(?:\(\d\))? without time zone$/, 'timestamp with time zone', (v) => `(${v} at time zone 'UTC')`],
  [/^timestamp\(\d\) with time zone$/, 'timestamp with time zone', (v) => `${v}::timestamptz`],
  [/^json$/, 'jsonb', (v) => `${v}::jsonb`],
  [/^character varying(?:\(\d+\))?\[\]$/, 'text[]', (v) => `${v}::text[]`],
];
const FOREIGN_NUMBERS = /^(?:smallint|integer|bigint|real|numeric(?:\(.+\))?)\[\]$/;

function fromNumbers(from: string, v: string): Conversion {
  const using = `${v}::double precision[]`;
  if (NARROW.test(from)) return sure(using);
  const made = sure(using, `(${using})::text[]::numeric[] <> ${v}::numeric[]`);
  if (!from.startsWith('numeric')) return made;
  return { ...made, impossible: `exists (select from unnest(${v}) one where not ${isDouble('one')})`, wanted: DOUBLE };
}

/** How a column of type `from` (as the catalog spells it) becomes one of type `to`; null where it does not. `v` is the column as SQL. */
export function conversion(from: string, to: string, v: string): Conversion | null {
  if (FOREIGN_NUMBER.test(from)) return fromNumber(from, to, v);
  if (FOREIGN_NUMBERS.test(from)) return to === 'double precision[]' ? fromNumbers(from, v) : null;
  const foreign = FOREIGN.find(([pattern]) => pattern.test(from));
  if (foreign === undefined) return MATRIX[`${from} → ${to}` as `${PgType} → ${PgType}`]?.(v) ?? null;
  const [, near, cast] = foreign;
  return near === to ? sure(cast(v)) : (MATRIX[`${near} → ${to}` as `${PgType} → ${PgType}`]?.(cast(v)) ?? null);
}

const SPELLED: Readonly<Record<string, string>> = {
  'double precision': 'number',
  'timestamp with time zone': 'datetime',
  jsonb: 'json',
  'double precision[]': 'number[]',
};

/** A catalog type as definitions spell it. */
export const spelledType = (type: string): string => SPELLED[type] ?? type;
