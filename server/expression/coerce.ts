// A raw value as a value of a type: quoted literals, parameters, variables and row values all pass here, so both meanings see the same.
import type { ValueType } from '../../contract/expression.ts';
import { isStorable } from '../text.ts';
import { canonicalDate, canonicalInstant } from './instant.ts';
import type { Bound } from './scope.ts';

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

const text = (v: unknown) => (typeof v === 'string' && isStorable(v) ? v : undefined);

function number(v: unknown): number | undefined {
  const n = typeof v === 'number' ? v : typeof v === 'string' && NUMBER.test(v.trim()) ? Number(v) : Number.NaN;
  return Number.isFinite(n) ? n + 0 : undefined;
}

function boolean(v: unknown): boolean | undefined {
  if (typeof v === 'boolean') return v;
  return v === 'true' || v === '1' ? true : v === 'false' || v === '0' ? false : undefined;
}

/** A list, or one written as JSON; without nulls, which an array field never holds. */
function array<T extends string | number>(v: unknown, one: (v: unknown) => T | undefined): readonly T[] | undefined {
  let list = v;
  if (typeof v === 'string') {
    try {
      list = JSON.parse(v);
    } catch {
      return undefined;
    }
  }
  if (!Array.isArray(list)) return undefined;
  const items = list.map(one);
  return items.includes(undefined) ? undefined : (items as T[]);
}

const COERCE: Readonly<Record<ValueType, (v: unknown) => Bound | undefined>> = {
  text,
  number,
  boolean,
  datetime: (v) => (typeof v === 'string' ? canonicalInstant(v) : undefined),
  date: (v) => (typeof v === 'string' ? canonicalDate(v) : undefined),
  uuid: (v) => (typeof v === 'string' && UUID.test(v) ? v.toLowerCase() : undefined),
  json: (v) => (v === undefined ? undefined : true),
  'text[]': (v) => array(v, text),
  'number[]': (v) => array(v, (x) => (typeof x === 'number' ? number(x) : undefined)),
};

/** The value as `type`, in its one canonical form; null stays null, undefined means that it cannot be one. Never throws. */
export const coerce = (value: unknown, type: ValueType): Bound | undefined =>
  value === null ? null : COERCE[type](value);
