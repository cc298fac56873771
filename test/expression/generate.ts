// A seeded generator of schemas, rows, callers and rules that mean something on them, awkward values preferred.
import type { Expr, ValueType } from '../../contract/expression.ts';
import type { Environment } from '../../server/expression/scope.ts';
import {
  arithmetic,
  call,
  compare,
  connect,
  field,
  literal,
  macro,
  membership,
  negate,
  not,
  nullTest,
  variable,
} from '../../server/expression/tree.ts';

export type Random = () => number;

/** Mulberry32: the same cases for the same seed. */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
export const pick = <T>(random: Random, list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
const some = (random: Random, most: number) => Math.floor(random() * (most + 1));
const listOf = <T>(random: Random, most: number, one: () => T): T[] => Array.from({ length: some(random, most) }, one);

const LETTERS = 'a A b B z _ % \\ ß ẞ İ i ı ſ S s K K k Å å Å Ω ω Ω σ ς Σ é É Ж ж 𐐀 𐐨 \ud7ff \ue000 \uffff 𝒳'
  .split(' ')
  .concat(' ', '\n', "'", '"', '?', '$1', 'e\u0301');
const TEXTS = [
  '',
  'abc',
  'ABC',
  'Straße',
  'STRASSE',
  'STRAẞE',
  'ÅNGSTRÖM',
  'ångström',
  'İstanbul',
  'istanbul',
  'null',
  'true',
  '12',
  '50%',
  'a_b',
  'axb',
  'C:\\dir\\',
  '{a,b}',
  '["a"]',
  'editor',
];
const NUMBERS = [
  0, 1, -1, 2, 3, 7, 10, 0.1, 0.2, 0.3, 1.5, -2.5, 100, 1e15, 9007199254740991, 9007199254740992, 1e-7, 1e39, 1e41,
  -1e41, 1e-39, 1e-41, 1e300, 1e-300, 5e-324, 1.7976931348623157e308, 123456789.125,
];
const INSTANTS = [
  '2026-01-02T03:04:05Z',
  '2026-01-02T03:04:05.120Z',
  '2026-01-02T03:04:05.123456Z',
  '2026-01-02T03:04:05.123457Z',
  '2026-01-02T00:00:00Z',
  '0001-01-01T00:00:00Z',
  '9999-12-31T23:59:59.999999Z',
  '1969-12-31T23:59:59.999Z',
  '2024-02-29T12:00:00Z',
];
const WRITTEN = [
  '2026-01-02T05:04:05+02:00',
  '2026-01-02 03:04:05.12',
  '2026-01-02',
  '2026-01-02T03:04:05,1234567Z',
  '2024-03-01T01:00:00+13:00',
  '2026-01-02T03:04Z',
];
const DAYS = ['2026-01-02', '2024-02-29', '0001-01-01', '9999-12-31', '1970-01-01', '2026-01-03'];
const UUIDS = [
  '0198c0de-7a11-7000-8000-3b2f5c0ffee1',
  '0198c0de-7a11-7000-8000-3b2f5c0ffee2',
  '00000000-0000-0000-0000-000000000000',
  'ffffffff-ffff-ffff-ffff-ffffffffffff',
  'aaaaaaaa-0000-4000-8000-00000000000a',
];

export function textValue(random: Random): string {
  return random() < 0.4 ? pick(random, TEXTS) : listOf(random, 6, () => pick(random, LETTERS)).join('');
}
const numberValue = (random: Random) =>
  random() < 0.7 ? pick(random, NUMBERS) : Math.round((random() - 0.5) * 1e6) / 1e3;

/** A value as a row of the API holds it. */
export function rowValue(random: Random, type: ValueType): unknown {
  switch (type) {
    case 'text':
      return random() < 0.2 ? pick(random, UUIDS) : textValue(random);
    case 'number':
      return numberValue(random);
    case 'boolean':
      return random() < 0.5;
    case 'datetime':
      return pick(random, INSTANTS);
    case 'date':
      return pick(random, DAYS);
    case 'uuid':
      return pick(random, UUIDS);
    case 'json':
      return pick(random, [{ a: 1 }, [], 'text', 0, false]);
    case 'text[]':
      return listOf(random, 3, () => pick(random, ['a', 'b', '', 'ß', 'a,b', '"', 'NULL', '\\', textValue(random)]));
    case 'number[]':
      return listOf(random, 3, () => numberValue(random));
  }
}

const TYPES: readonly ValueType[] = [
  'text',
  'text',
  'number',
  'number',
  'boolean',
  'datetime',
  'date',
  'uuid',
  'text[]',
  'number[]',
  'json',
];

/** Columns of every type at least once, some twice. */
export function columnsOf(random: Random): Record<string, ValueType> {
  const columns: Record<string, ValueType> = { id: 'uuid', created_by: 'text', public: 'boolean' };
  TYPES.forEach((type, i) => {
    columns[`c${i}`] = type;
  });
  columns[pick(random, ['in', 'null', 'contains', 'user', 'Ab_9'])] = pick(random, ['text', 'number'] as const);
  return columns;
}

export function rowOf(random: Random, columns: Record<string, ValueType>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(columns).map(([name, type]) => [name, random() < 0.2 ? null : rowValue(random, type)]),
  );
}

const DATA = ['data.a', 'data.b', 'data.deep.c', 'data.gone'];
const AUTH = ['auth.id', 'auth.email', 'auth.role', 'auth.account_id'];

export function environmentOf(random: Random): Environment {
  const any = () => (random() < 0.2 ? null : rowValue(random, pick(random, TYPES)));
  const data = { a: any(), b: random() < 0.1 ? 'half \ud800' : any(), deep: { c: any() } };
  if (random() < 0.2) return { auth: null, data };
  const groups = listOf(random, 2, () => pick(random, ['a', 'b', 'sales', 'ß']));
  return {
    auth: {
      id: pick(random, UUIDS),
      email: textValue(random),
      role: pick(random, ['editor', 'ABC', null]),
      account_id: 'AB1234',
      groups,
    },
    data,
  };
}

/** Makes rules over the columns; most of them pass `check`, and those that do not are to be thrown away. */
export class RuleMaker {
  constructor(
    private readonly random: Random,
    private readonly columns: Record<string, ValueType>,
  ) {}

  condition(depth: number): Expr {
    const r = this.random();
    if (depth > 0 && r < 0.45) {
      const kind = this.random() < 0.5 ? 'and' : 'or';
      return connect(kind, [
        this.condition(depth - 1),
        this.condition(depth - 1),
        ...listOf(this.random, 1, () => this.condition(depth - 1)),
      ]);
    }
    if (depth > 0 && r < 0.58) return not(this.condition(depth - 1));
    return this.term(depth);
  }

  private term(depth: number): Expr {
    const { random } = this;
    switch (some(random, 10)) {
      case 0:
        return nullTest(pick(random, ['is_null', 'is_not_null']), this.anything());
      case 1:
        return this.listed();
      case 2:
        return this.array();
      case 3:
      case 4:
        return this.patterned();
      case 5:
        return pick(random, [
          this.column('boolean'),
          literal(true),
          literal(false),
          variable('data.a'),
          macro('is_public', []),
        ]);
      case 6:
        return pick(random, [
          macro('owns_record', []),
          macro('owns_record', [literal(this.nameOf('uuid'))]),
          macro('has_role', [literal('editor')]),
          macro('has_group', [literal('a')]),
          macro('is_creator', [field('created_by')]),
        ]);
      case 7:
        return compare(this.order(), this.number(2), this.number(1));
      case 8:
        return depth > 0
          ? compare(pick(random, ['eq', 'neq']), this.condition(depth - 1), this.column('boolean'))
          : this.compared();
      default:
        return this.compared();
    }
  }

  /** A function that answers a type. */
  private function(type: ValueType, depth: number): Expr {
    const { random } = this;
    const text = () => (depth > 0 && random() < 0.3 ? this.function('text', depth - 1) : this.column('text'));
    const number = () => (depth > 0 && random() < 0.3 ? this.function('number', depth - 1) : this.number(1));
    const moment = () => this.column(random() < 0.5 ? 'datetime' : 'date');
    const unit = () => literal(pick(random, ['seconds', 'minutes', 'hours', 'days', 'weeks', 'months', 'years']));
    const same = (one: () => Expr) =>
      pick(random, [
        () => call('if', [this.condition(0), one(), one()]),
        () => call('coalesce', [one(), one()]),
        () => call('nullif', [one(), one()]),
      ])();
    switch (type) {
      case 'text':
        return pick(random, [
          () => call('concat', [text(), number(), this.column('boolean'), this.column('uuid'), this.column('date')]),
          () => call('upper', [text()]),
          () => call('lower', [text()]),
          () => call('trim', [text()]),
          () => call('substring', [text(), number(), ...listOf(random, 1, number)]),
          () => call('replace', [text(), literal(pick(random, ['a', '', 'ß', '%'])), text()]),
          () => same(text),
        ])();
      case 'number':
        return pick(random, [
          () => call('length', [text()]),
          () => call('round', [number(), ...listOf(random, 1, () => literal(pick(random, [0, 1, 2, 3, 15])))]),
          () => call(pick(random, ['abs', 'ceil', 'floor']), [number()]),
          () => call(pick(random, ['greatest', 'least']), [number(), number()]),
          () => call('date_diff', [moment(), moment(), unit()]),
          () => call(pick(random, ['year', 'month', 'day', 'hour', 'weekday']), [moment()]),
          () => same(number),
        ])();
      default:
        return pick(random, [
          () => call('date_add', [moment(), number(), unit()]),
          () => call(pick(random, ['greatest', 'least']), [moment(), this.column('datetime')]),
          () => same(() => this.column('datetime')),
        ])();
    }
  }

  private compared(): Expr {
    if (this.random() < 0.3) {
      const type = pick(this.random, ['text', 'number', 'datetime'] as const);
      const side = () => (this.random() < 0.5 ? this.function(type, 1) : this.value(type));
      return this.random() < 0.1
        ? nullTest('is_null', this.function(type, 1))
        : compare(this.order(), this.function(type, 1), side());
    }
    const type = pick(this.random, [
      'text',
      'number',
      'boolean',
      'datetime',
      'date',
      'uuid',
      'text[]',
      'number[]',
    ] as const);
    const op = ['boolean', 'text[]', 'number[]'].includes(type)
      ? pick(this.random, ['eq', 'neq'] as const)
      : this.order();
    const sides = [this.column(type), this.value(type)] as const;
    return this.random() < 0.8 ? compare(op, sides[0], sides[1]) : compare(op, sides[1], sides[0]);
  }

  private listed(): Expr {
    const type = pick(this.random, ['text', 'number', 'datetime', 'date', 'uuid', 'boolean'] as const);
    const items = listOf(this.random, 4, () =>
      this.random() < 0.1 ? literal(null) : this.random() < 0.7 ? this.written(type) : this.value(type),
    );
    return membership(
      pick(this.random, ['in', 'not_in']),
      type === 'number' && this.random() < 0.3 ? this.number(1) : this.column(type),
      items,
    );
  }

  private array(): Expr {
    const type = pick(this.random, ['text', 'number'] as const);
    const left =
      this.random() < 0.8
        ? this.column(`${type}[]`)
        : variable(pick(this.random, ['auth.groups', 'auth.roles', 'data.a']));
    return membership(
      pick(this.random, ['contains', 'not_contains']),
      left,
      listOf(this.random, 3, () => this.value(type)),
    );
  }

  private patterned(): Expr {
    const op = pick(this.random, ['like', 'not_like', 'ilike', 'not_ilike', 'match', 'not_match'] as const);
    const pattern =
      this.random() < 0.8
        ? literal(this.random() < 0.5 ? textValue(this.random) : `%${textValue(this.random)}%`)
        : variable(pick(this.random, [...DATA, 'auth.email', 'auth.role']));
    const left = this.random() < 0.2 ? this.function('text', 1) : this.column('text');
    return compare(op, this.random() < 0.9 ? left : variable('data.b'), pattern);
  }

  private number(depth: number): Expr {
    const r = this.random();
    if (depth > 0 && r < 0.5)
      return arithmetic(pick(this.random, ['+', '-', '*', '/', '%']), this.number(depth - 1), this.number(depth - 1));
    if (depth > 0 && r < 0.6) return negate(this.number(depth - 1));
    if (depth > 0 && r < 0.7) return this.function('number', depth - 1);
    return this.random() < 0.6 ? this.column('number') : this.value('number');
  }

  private anything(): Expr {
    const names = Object.keys(this.columns);
    return pick(this.random, [
      field(pick(this.random, names)),
      field(pick(this.random, names)),
      variable(pick(this.random, [...AUTH, ...DATA, 'auth.groups'])),
      this.number(2),
      this.compared(),
    ]);
  }

  private value(type: ValueType): Expr {
    const r = this.random();
    if (r < 0.55) return this.written(type);
    if (r < 0.7) return this.column(type);
    if (r < 0.85 || !['text', 'uuid'].includes(type)) return variable(pick(this.random, DATA));
    return variable(pick(this.random, AUTH));
  }

  private written(type: ValueType): Expr {
    if (type === 'datetime' && this.random() < 0.4) return literal(pick(this.random, WRITTEN));
    const value = rowValue(this.random, type);
    if (type === 'number' && this.random() < 0.2) return literal(String(value));
    if (type === 'uuid' && this.random() < 0.3) return literal(String(value).toUpperCase());
    return literal(value as string);
  }

  private readonly order = () => pick(this.random, ['eq', 'neq', 'gt', 'gte', 'lt', 'lte'] as const);
  private readonly column = (type: ValueType): Expr =>
    field(this.nameOf(this.random() < 0.1 ? (MEETS[type] ?? type) : type));

  private nameOf(type: ValueType): string {
    return pick(
      this.random,
      Object.keys(this.columns).filter((name) => this.columns[name] === type),
    );
  }
}

const MEETS: Partial<Record<ValueType, ValueType>> = { text: 'uuid', uuid: 'text', date: 'datetime', datetime: 'date' };
