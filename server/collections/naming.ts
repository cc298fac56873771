// What a collection and a field may be called.
import { SYSTEM_COLUMNS } from '../schema/columns.ts';

/** A finding about a definition: a stable code and a sentence that says what to do. */
export interface Finding {
  readonly code: string;
  readonly message: string;
  readonly received?: string;
}

const MAX = 100;
// Beside our own columns: what JavaScript would take for a prototype, and what replies and requests use themselves.
const RESERVED = new Set([...SYSTEM_COLUMNS.map((c) => c.name), '__proto__', '_linked', '_source', 'expand']);

/** Checks a name; codes name_required, name_too_long and name_invalid_format, with `field_` in front for a field. */
export function nameFinding(name: string, kind: 'collection' | 'field'): Finding | null {
  const prefix = kind === 'field' ? 'field_' : '';
  if (name === '') return { code: `${prefix}name_required`, message: `Give the ${kind} a name.` };
  if (name.length > MAX) {
    return { code: `${prefix}name_too_long`, message: `Use at most ${MAX} characters; this name has ${name.length}.` };
  }
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    return {
      code: `${prefix}name_invalid_format`,
      message: 'Use letters, digits and underscores only, and begin with a letter or an underscore.',
    };
  }
  return null;
}

/** Checks that a field's name is not one that every record has, or that replies use for something else. */
export const reservedFinding = (name: string): Finding | null =>
  RESERVED.has(name.toLowerCase())
    ? { code: 'field_name_reserved', message: `${name} is a reserved name: choose another one.` }
    : null;
