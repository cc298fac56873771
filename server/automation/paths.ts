// Paths of templates: `record.items[0].name`, read from text and followed through values.
import type { Path } from './vocabulary.ts';

const STEP = /\.?([A-Za-z_][A-Za-z0-9_-]*|\d+)|\[(\d{1,9})\]|\["((?:[^"\\]|\\["\\])*)"\]/y;

/** The path that a text spells; null for what is none. */
export function parsePath(text: string): Path | null {
  const path: (string | number)[] = [];
  for (let at = 0; at < text.length; at = STEP.lastIndex) {
    STEP.lastIndex = at;
    const found = STEP.exec(text);
    if (found === null || (at === 0) !== /^[A-Za-z_]/.test(found[0])) return null;
    const [, word, index, quoted] = found;
    if (index !== undefined) path.push(Number(index));
    else if (quoted !== undefined) path.push(quoted.replace(/\\(["\\])/g, '$1'));
    else path.push(word as string);
  }
  return path.length === 0 ? null : path;
}

/** The value that a path leads to, null where there is none. Only own keys are read, so `constructor` leads nowhere. */
export function follow(values: unknown, path: Path): unknown {
  let value = values;
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return null;
    value = (value as Record<string | number, unknown>)[key];
  }
  return value === undefined ? null : value;
}
