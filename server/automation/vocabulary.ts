// What templates and conditions of a definition may speak of: names and their types, known when the definition is stored.
import type { Field } from '../../contract/fields.ts';
import { SYSTEM_TYPES } from '../access/rule.ts';
import type { ColumnType } from '../expression/scope.ts';
import { valueTypeOf } from '../expression/scope.ts';
import { isStored } from '../schema/columns.ts';

/** A value's type; `any` for what shows only at run time; an object by its keys; a list by its one element. */
export type Shape = ColumnType | { readonly [name: string]: Shape } | readonly [Shape];

/** Names at the top. */
export interface Vocabulary {
  readonly [name: string]: Shape;
}

export type Path = readonly (string | number)[];

const isObject = (shape: Shape): shape is { readonly [name: string]: Shape } =>
  typeof shape === 'object' && !Array.isArray(shape);

/** What a path leads to; undefined where it leads nowhere. */
export function shapeAt(vocabulary: Vocabulary, path: Path): Shape | undefined {
  let at: Shape = vocabulary;
  for (const key of path) {
    if (at === 'any' || at === 'json') return 'any';
    if (Array.isArray(at)) {
      if (typeof key !== 'number' && !/^\d+$/.test(key)) return undefined;
      at = at[0] as Shape;
    } else if (at === 'text[]' || at === 'number[]') {
      if (typeof key !== 'number' && !/^\d+$/.test(key)) return undefined;
      at = at === 'text[]' ? 'text' : 'number';
    } else if (isObject(at)) {
      const name = String(key);
      const next: Shape | undefined = Object.hasOwn(at, name) ? at[name] : undefined;
      if (next === undefined) return undefined;
      at = next;
    } else return undefined;
  }
  return at;
}

/** The type that a condition compares; objects and lists are `any` there, and so never equal to anything. */
export const typeAt = (vocabulary: Vocabulary, path: Path): ColumnType | undefined => {
  const shape = shapeAt(vocabulary, path);
  return shape === undefined || typeof shape === 'string' ? shape : 'any';
};

/** All names down to a few levels, for hints. */
export function namesOf(shape: Shape, prefix = '', levels = 3): string[] {
  if (Array.isArray(shape)) return levels === 0 ? [] : namesOf(shape[0] as Shape, `${prefix}[0]`, levels - 1);
  if (!isObject(shape)) return [];
  return Object.entries(shape).flatMap(([name, below]) => {
    const full = prefix === '' ? name : `${prefix}.${name}`;
    return [full, ...(levels <= 1 ? [] : namesOf(below, full, levels - 1))];
  });
}

/** A record of these fields. */
export const recordShape = (fields: readonly Field[]): Shape => ({
  ...SYSTEM_TYPES,
  ...Object.fromEntries(
    fields.map((field) => [field.name, isStored(field) ? (valueTypeOf(field.type) ?? 'any') : 'any']),
  ),
});

/** Who is behind a run; all null where nobody is. */
export const AUTH: Shape = {
  id: 'text',
  user_id: 'text',
  email: 'text',
  role: 'text',
  account_id: 'text',
  groups: 'text[]',
};
