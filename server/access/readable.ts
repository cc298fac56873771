// The fields of a collection that a caller may view at all, for what shows values outside the record path.
import type { Caller } from '../context.ts';
import type { CollectionDef } from '../schema/collection-def.ts';
import { policyOf, type Sources } from './policy.ts';

export type Readable = (caller: Caller, collection: string) => ReadonlySet<string> | null;

const NONE: ReadonlySet<string> = new Set();

/** Answers null where all fields are open, and for the server's own tables; nothing of a collection that is gone. `find` takes a full name. */
export const createReadable =
  (sources: Sources, find: (collection: string) => CollectionDef | undefined): Readable =>
  (caller, collection) => {
    if (caller.superadmin || !collection.includes('.')) return null;
    const def = find(collection);
    if (def === undefined) return NONE;
    const policy = policyOf(def, 'view', caller, sources);
    return policy.allowed ? policy.fields : NONE;
  };
