// The fields of a collection that a caller may view at all, for what shows values outside the record path.
import type { Caller } from '../context.ts';
import type { CollectionDef } from '../schema/collection-def.ts';
import { policyOf, type Sources } from './policy.ts';

export type Readable = (caller: Caller, collection: string) => ReadonlySet<string> | null;

const NONE: ReadonlySet<string> = new Set();

/** Answers null where all fields are open, and for what is no collection (any more). `find` takes a full name. */
export const createReadable =
  (sources: Sources, find: (collection: string) => CollectionDef | undefined): Readable =>
  (caller, collection) => {
    const def = caller.superadmin ? undefined : find(collection);
    if (def === undefined) return null;
    const policy = policyOf(def, 'view', caller, sources);
    return policy.allowed ? policy.fields : NONE;
  };
