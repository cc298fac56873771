// `{"$from": "author.id"}`: what operations of one transaction say about the results of earlier ones.

import { invalidData } from '../../contract/problems.ts';
import type { TransactionBody } from '../../contract/record-batches.ts';
import type { CollectionDef } from '../schema/collection-def.ts';
import { cut } from '../text.ts';
import type { Body } from './body.ts';

type Operation = TransactionBody['operations'][number];

interface Target {
  readonly index: number;
  readonly field: string;
}

const refOf = (value: unknown): string | null => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const keys = Object.keys(value);
  const text = (value as Record<string, unknown>).$from;
  return keys.length === 1 && typeof text === 'string' ? text : null;
};

/** The results so far, and what later operations make of them. Operations are named by `as`, or by their place from 0. */
export class References {
  private readonly names = new Map<string, number>();
  private readonly ids: (string | null)[];
  private readonly records: (string | null | undefined)[] = [];
  private readonly masked: (ReadonlySet<string> | undefined)[] = [];

  constructor(
    private readonly operations: readonly Operation[],
    private readonly steps: readonly {
      readonly newId: string | null;
      readonly opened: { readonly def: CollectionDef };
    }[],
  ) {
    this.ids = steps.map(({ newId }, i) => newId ?? this.literalId(i));
    for (const [i, { as }] of operations.entries()) {
      if (as === undefined) continue;
      const entry = { field: 'as', code: 'duplicate', message: `The name ${as} stands twice.`, index: i };
      if (this.names.has(as)) throw invalidData(entry);
      this.names.set(as, i);
    }
  }

  /** Throws INVALID_RESOURCE_DATA for references that lead nowhere. */
  check(index: number): void {
    for (const [field, text] of this.of(index)) this.target(index, field, text);
  }

  /** Whether all that an operation refers to is known when the operations before `from` have run. */
  isReady(index: number, from: number): boolean {
    return this.of(index).every(([field, text]) => {
      const target = this.target(index, field, text);
      return target.field === 'id' ? this.ids[target.index] !== null : target.index < from;
    });
  }

  /** The id of the record that an operation is about. */
  id(index: number): string {
    const op = this.operations[index] as Operation;
    const text = op.op === 'create' ? null : refOf(op.id);
    if (text !== null) return String(this.value(this.target(index, 'id', text), 'id') ?? '');
    return this.ids[index] ?? '';
  }

  /** The body with values in place of references. In a json field `$from` is only a key. */
  resolved(index: number): Body {
    const op = this.operations[index] as Operation;
    const data: Record<string, unknown> = {};
    for (const [field, value] of Object.entries(op.op === 'delete' ? {} : op.data)) {
      const text = this.refIn(index, field, value);
      data[field] = text === null ? value : this.value(this.target(index, field, text), field);
    }
    return data;
  }

  /** Notes the outcome of an operation: its record as JSON, null for one that is gone. */
  done(index: number, id: string, record: string | null, masked?: ReadonlySet<string>): void {
    this.ids[index] = id;
    this.records[index] = record;
    this.masked[index] = masked;
  }

  /** The outcome of every operation as JSON. */
  results(): string[] {
    return this.operations.map(({ op, collection, as }, i) => {
      const name = as === undefined ? '' : `,"as":${JSON.stringify(as)}`;
      return `{"op":"${op}","collection":${JSON.stringify(collection)}${name},"id":"${this.ids[i]}","record":${this.records[i] ?? 'null'}}`;
    });
  }

  private refIn(index: number, field: string, value: unknown): string | null {
    const type = this.steps[index]?.opened.def.byName.get(field)?.field.type;
    return type === 'json' ? null : refOf(value);
  }

  private literalId(index: number): string | null {
    const op = this.operations[index] as Operation;
    return op.op !== 'create' && typeof op.id === 'string' ? op.id : null;
  }

  private of(index: number): [string, string][] {
    const op = this.operations[index] as Operation;
    const fields = op.op === 'delete' ? [] : Object.entries(op.data);
    const all: [string, unknown][] = op.op === 'create' ? fields : [['id', op.id], ...fields];
    return all.flatMap(([field, value]): [string, string][] => {
      const text = this.refIn(index, field, value);
      return text === null ? [] : [[field, text]];
    });
  }

  private target(index: number, at: string, text: string): Target {
    const [, name = '', field = ''] = /^([^.]+)\.([^.]+)$/.exec(text) ?? [];
    const place = this.names.get(name) ?? (/^\d{1,4}$/.test(name) ? Number(name) : -1);
    if (place >= 0 && place < index && field !== '') return { index: place, field };
    const message = `${cut(text, 100)} names no earlier operation: write "name.field", where an operation before this one has as: "name".`;
    throw invalidData({ field: at, code: 'unknown_reference', message });
  }

  private value({ index, field }: Target, at: string): unknown {
    if (field === 'id') return this.ids[index] ?? null;
    const text = this.records[index];
    const record = (text == null ? {} : JSON.parse(text)) as Record<string, unknown>;
    const known = Object.hasOwn(record, field);
    if (known && !this.masked[index]?.has(field)) return record[field];
    const message = known
      ? `${field} is personal data that you see masked: its value cannot be used.`
      : `The operation before has no field ${cut(field, 100)} that you see.`;
    throw invalidData({ field: at, code: known ? 'masked_value' : 'unknown_reference', message });
  }
}
