// The first meaning: a checked condition as SQL text with `?` placeholders. Identifiers come from the target, values leave as slots only.
import type { ValueType } from '../../contract/expression.ts';
import { callSql } from './function-sql.ts';
import { MAGNITUDE } from './magnitude.ts';
import { likePattern } from './pattern.ts';
import type { Bound } from './scope.ts';
import type { Slot } from './slots.ts';
import type { Among, Calculation, Checked, Column, Compare, Pattern, Typed } from './typed.ts';

export interface SqlTarget {
  /** A field's column as SQL text, quoted and qualified as the statement needs it. It holds no `?`. */
  column(name: string): string;
  /** A constant as SQL text of that type, for what has no parameters; without it constants are slots. It holds no `?`. */
  constant?(value: Bound, type: string): string;
}

/** A condition ready to stand beside `and`; one slot a placeholder, in order. Equal text means an equal plan. */
export interface Fragment {
  readonly sql: string;
  readonly slots: readonly Slot[];
}

// Every parameter is cast, so that its type never depends on what stands beside it.
const SQL_TYPE: Readonly<Record<ValueType, string>> = {
  text: 'text',
  number: 'double precision',
  boolean: 'boolean',
  datetime: 'timestamptz',
  date: 'date',
  uuid: 'uuid',
  json: 'jsonb',
  'text[]': 'text[]',
  'number[]': 'double precision[]',
};
const SIGN = { eq: '=', neq: '<>', gt: '>', gte: '>=', lt: '<', lte: '<=' } as const;

/** Compiles a condition. Never throws for what `check` made, but for a field of type `any`, which has no column. */
export function toSql(checked: Checked, target: SqlTarget): Fragment {
  const writer = new Writer(target);
  const sql = writer.write(checked.root);
  return { sql, slots: writer.slots };
}

class Writer {
  readonly slots: Slot[] = [];

  constructor(private readonly target: SqlTarget) {}

  write(node: Typed): string {
    switch (node.kind) {
      case 'constant':
        return typeof node.value === 'boolean' ? String(node.value) : this.value(node.value, SQL_TYPE[node.type]);
      case 'column':
        return this.column(node);
      case 'input':
        return this.slot(
          { kind: 'variable', name: node.name, type: node.type, bounded: node.bounded },
          SQL_TYPE[node.type],
        );
      case 'cast':
        return node.type === 'text'
          ? `${this.operand(node.operand)}::text`
          : `(${this.operand(node.operand)}::timestamp at time zone 'UTC')`;
      case 'calculation':
        return this.calculation(node);
      case 'call':
        return callSql(
          node.name,
          // Written out, a negative zero is a zero.
          node.operands.map((operand) =>
            node.name === 'concat' && operand.type === 'number'
              ? `(${this.operand(operand)} + 0)`
              : this.operand(operand),
          ),
          node.unit,
        );
      case 'bounded':
        return `snackbase.bounded(${this.write(node.operand)})`;
      case 'compare':
        return this.compare(node);
      case 'pattern':
        return this.pattern(node);
      case 'in':
        return this.among(node);
      case 'contains':
        return this.contains(node);
      case 'is_null':
        return node.operand.kind === 'input' && !node.operand.bounded
          ? this.slot({ kind: 'absent', name: node.operand.name }, 'boolean')
          : `${this.operand(node.operand)} is null`;
      case 'not':
        return `not ${this.operand(node.operands[0] as Typed)}`;
      case 'and':
      case 'or':
        return `(${node.operands.map((o) => (o.kind === 'not' ? `(${this.write(o)})` : this.write(o))).join(` ${node.kind} `)})`;
    }
  }

  /** In brackets unless it is one word of SQL already. */
  private operand(node: Typed): string {
    const sql = this.write(node);
    return ['constant', 'input', 'column', 'cast', 'and', 'or'].includes(node.kind) ? sql : `(${sql})`;
  }

  private slot(slot: Slot, type: string): string {
    this.slots.push(slot);
    return `?::${type}`;
  }

  private value(value: Bound, type: string): string {
    return this.target.constant?.(value, type) ?? this.slot({ kind: 'constant', value }, type);
  }

  private column({ name, bounded, dynamic }: Column): string {
    if (dynamic) throw new Error(`The field ${name} has no type of its own, so it has no SQL.`);
    const sql = this.target.column(name);
    if (!bounded) return sql;
    const { least, most } = MAGNITUDE;
    const size = `abs(${sql}) between ${least}::double precision and ${String(most).replace('+', '')}::double precision`;
    return `(case when ${size} or ${sql} = 0 then ${sql} end)`;
  }

  private calculation({ op, operands }: Calculation): string {
    const [a, b] = operands as readonly [Typed, Typed];
    if (op === 'minus') return `- ${this.operand(a)}`;
    const left = this.operand(a);
    if (op !== '/' && op !== '%') return `${left} ${op} ${this.operand(b)}`;
    if (op === '/') return `${left} / ${this.divisor(b)}`;
    // double precision has no remainder of its own.
    return `snackbase.remainder(${left}, ${this.operand(b)})`;
  }

  private divisor(node: Typed): string {
    return `nullif(${this.write(node)}, 0::double precision)`;
  }

  private compare({ op, left, right }: Compare): string {
    // Text is ordered by code point whatever the database's collation, as evaluate() orders it.
    const ordered = op !== 'eq' && op !== 'neq' && left.type === 'text';
    return `${this.operand(left)}${ordered ? ' collate "C"' : ''} ${SIGN[op]} ${this.operand(right)}`;
  }

  private pattern({ op, left, pattern }: Pattern): string {
    const text = this.operand(left);
    if (pattern.kind === 'constant') {
      const parts = likePattern(op, String(pattern.value)) ?? { pattern: '', from: '', to: '' };
      if (op === 'like') return `${text} like ${this.value(parts.pattern, 'text')}`;
      const folded =
        parts.from === ''
          ? text
          : `translate(${text}, ${this.value(parts.from, 'text')}, ${this.value(parts.to, 'text')})`;
      return `${folded} collate "C" ilike ${this.value(parts.pattern, 'text')}`;
    }
    const part = (of: 'pattern' | 'from' | 'to') =>
      this.slot({ kind: 'pattern', name: pattern.name, op, part: of }, 'text');
    if (op === 'like') return `${text} like ${part('pattern')}`;
    return `translate(${text}, ${part('from')}, ${part('to')}) collate "C" ilike ${part('pattern')}`;
  }

  private among({ left, items }: Among): string {
    const values = constants(items);
    const type = SQL_TYPE[left.type];
    const text = this.operand(left);
    if (values !== undefined) return `${text} = any(${this.value(values, `${type}[]`)})`;
    return `${text} in (${items.map((item) => this.operand(item)).join(', ')})`;
  }

  private contains({ left, items }: Among): string {
    const type = SQL_TYPE[left.type];
    const values = constants(items);
    if (values !== undefined) return `${this.operand(left)} @> ${this.value(values, type)}`;
    // To @> a null inside an array is merely missing; here it makes the answer unknown, so that an absent variable grants nothing.
    const known = items.map((item) => `${this.operand(item)} is not null`).join(' and ');
    const array = () => `array[${items.map((item) => this.write(item)).join(', ')}]::${type}`;
    return `(case when ${known} then ${this.operand(left)} @> ${array()} end)`;
  }
}

/** The values when all are constants: they travel as one array. */
function constants(items: readonly Typed[]): Bound | undefined {
  const values = items.flatMap((item) => (item.kind === 'constant' ? [item.value as string] : []));
  return values.length === items.length ? values : undefined;
}
