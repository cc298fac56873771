// Named macros in memory: rule expressions that other rules call, parsed once.
import type { Expr } from '../../contract/expression.ts';
import { parseRule } from '../expression/parse-rule.ts';
import type { MacroSource } from './rule.ts';
import { createSnapshot, type Snapshot, type SnapshotOptions } from './snapshot.ts';
import { bumpMacros, readMacros } from './store.ts';

export interface Macros extends MacroSource, Omit<Snapshot<unknown>, 'value' | 'current'> {}

/** A macro as it is stored. */
export interface NamedExpression {
  readonly name: string;
  readonly expression: string;
}

/** The source of these macros. Throws ExpressionError for one that does not parse. */
export function macroSource(all: readonly NamedExpression[], version = 0): MacroSource {
  const known = new Map<string, Expr>(all.map(({ name, expression }) => [name, parseRule(expression)]));
  return { version, names: [...known.keys()], find: (name) => known.get(name) };
}

const parse = (text: string): MacroSource => macroSource(JSON.parse(text) as NamedExpression[]);

/** Subscribes to changes and loads every macro. Rejects with DatabaseUnavailable. */
export async function createMacros({ db, log }: Pick<SnapshotOptions<unknown>, 'db' | 'log'>): Promise<Macros> {
  const channel = 'snackbase_macros';
  const kept = await createSnapshot({ db, log, channel, read: readMacros, bump: bumpMacros, parse });
  return {
    get version() {
      return kept.version;
    },
    get names() {
      return kept.value.names;
    },
    find: (name) => kept.value.find(name),
    publish: kept.publish,
    reload: kept.reload,
    close: kept.close,
  };
}
