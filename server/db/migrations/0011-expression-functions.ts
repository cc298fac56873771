// What expressions need that PostgreSQL does not have in the same way on every server: one meaning whatever the collation, and never an error.
import type { Knex } from 'knex';

/** Every letter outside ASCII that `change` makes another single one of, and those. */
function letters(change: (letter: string) => string): { from: string; to: string } {
  let from = '';
  let to = '';
  for (let code = 0x80; code < 0x20000; code++) {
    if (code >= 0xd800 && code < 0xe000) continue;
    const letter = String.fromCodePoint(code);
    const changed = change(letter);
    const [first = ''] = changed;
    if (changed === letter || changed.length !== first.length || (first.codePointAt(0) as number) < 0x80) continue;
    if (changed.length !== letter.length) continue;
    from += letter;
    to += changed;
  }
  return { from, to };
}

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** ASCII by the C collation; texts that hold more are rare, and alone pay for the table. */
const caseFunction = (name: 'lower' | 'upper', change: (letter: string) => string): string => {
  const { from, to } = letters(change);
  return `create function snackbase.${name}(input text) returns text language sql immutable strict parallel safe as $$
    select case when octet_length(input) = char_length(input) then pg_catalog.${name}(input collate "C")
      else translate(pg_catalog.${name}(input collate "C"), ${quoted(from)}, ${quoted(to)}) end
  $$`;
};

/** The functions, one statement each. */
export const functionStatements = (): string[] => [
  caseFunction('lower', (letter) => letter.toLowerCase()),
  caseFunction('upper', (letter) => letter.toUpperCase()),
  `create function snackbase.place(n double precision) returns integer language sql immutable strict parallel safe as $$
      select least(greatest(trunc(n), -1000000000), 1000000000)::integer
    $$`,
  `create function snackbase.substring(input text, start double precision, length double precision default 1000000000)
      returns text language sql immutable strict parallel safe as $$
      select substr(input, greatest(snackbase.place(start), 1), greatest(snackbase.place(length), 0))
    $$`,
  `create function snackbase.replace(input text, old text, new text) returns text language sql immutable strict parallel safe as $$
      select case when old = '' then input
        when char_length(input) + (char_length(input) - char_length(pg_catalog.replace(input, old, ''))) / char_length(old)
          * (char_length(new) - char_length(old))::bigint <= 100000
        then pg_catalog.replace(input, old, new) end
    $$`,
  `create function snackbase.remainder(a double precision, b double precision) returns double precision
      language sql immutable strict parallel safe as $$
      select case when b <> 0 then a - b * trunc(a / b) end
    $$`,
  `create function snackbase.round(n double precision, places integer) returns double precision language sql immutable strict parallel safe as $$
      select case when abs(n) >= 1e15 then n else round(n::numeric, places)::double precision end
    $$`,
  `create function snackbase.bounded(n double precision) returns double precision language sql immutable strict parallel safe as $$
      select case when abs(n) between 1e-40 and 1e40 or n = 0 then n end
    $$`,
  `create function snackbase.seconds_later(moment timestamptz, amount double precision, seconds double precision)
      returns timestamptz language plpgsql immutable strict parallel safe as $$
      declare
        later timestamptz;
      begin
        -- Looked at first, so that nothing overflows.
        if abs(amount) > 1e13 or not abs(amount * seconds) <= 320000000000 then return null; end if;
        if extract(epoch from moment) + amount * seconds not between -62135596801 and 253402300801 then return null; end if;
        later := moment + make_interval(secs => amount * seconds);
        return case when later between '0001-01-01 00:00:00+00' and '9999-12-31 23:59:59.999999+00' then later end;
      end $$`,
  `create function snackbase.months_later(moment timestamptz, amount double precision, factor integer)
      returns timestamptz language plpgsql immutable strict parallel safe as $$
      declare
        local timestamp := moment at time zone 'UTC';
        months integer;
      begin
        if not abs(amount) <= 120000 then return null; end if;
        months := trunc(amount)::integer * factor;
        if extract(year from local) * 12 + extract(month from local) - 1 + months not between 12 and 119999 then return null; end if;
        return (local + make_interval(months => months)) at time zone 'UTC';
      end $$`,
];

export const up = async (kx: Knex): Promise<void> => {
  // A `?` would be taken for a binding.
  for (const sql of functionStatements()) await kx.raw(sql.replaceAll('?', '\\?'));
};
