// What scopes of a key may say: known collections, known fields. Every problem is told at once.
import type { ProblemEntry } from '../../contract/problems.ts';
import type { KeyScopes } from '../context.ts';
import type { Transaction } from '../db/database.ts';
import { lookUp, resolve, unknownFields } from '../permissions/service.ts';

/** Not a collection: what `apps.deploy` opens. */
const APPS = 'apps';

/** The scopes under the full names of their collections. Throws nothing: `problems` says what is wrong with them. */
export async function readScopes(
  tx: Transaction,
  scopes: KeyScopes,
): Promise<{ readonly scopes: KeyScopes; readonly problems: ProblemEntry[] }> {
  const problems: ProblemEntry[] = [];
  const read = new Map<string, KeyScopes[string]>();
  const known = await lookUp(tx, Object.keys(scopes));
  for (const [collection, { deploy, ...operations }] of Object.entries(scopes)) {
    const field = `scopes.${collection}`;
    if (deploy !== undefined) {
      if (collection === APPS) read.set(APPS, { deploy });
      else problems.push({ field: `${field}.deploy`, code: 'invalid', message: 'Only the scope apps has deploy.' });
      if (Object.keys(operations).length === 0) continue;
    }
    const named = resolve(collection, known);
    if ('problem' in named) {
      problems.push({ field, code: 'unknown_collection', message: named.problem });
      continue;
    }
    if (read.has(named.full)) {
      problems.push({ field, code: 'duplicate', message: 'The same collection is named twice.' });
    }
    const granted: Record<string, readonly string[] | '*'> = {};
    for (const [operation, fields] of Object.entries(operations)) {
      granted[operation] = fields === '*' ? fields : [...new Set(fields)];
      const missing = fields === '*' ? [] : unknownFields(fields, known.collections.get(named.full) ?? null);
      for (const name of missing) {
        const message = `${collection} has no field ${name}.`;
        problems.push({ field: `${field}.${operation}`, code: 'unknown_field', message });
      }
    }
    read.set(named.full, granted);
  }
  if (read.size === 0 && problems.length === 0) {
    problems.push({ field: 'scopes', code: 'required', message: 'Say what the key may do.' });
  }
  return { scopes: Object.fromEntries(read), problems };
}
