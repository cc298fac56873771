// Types of an application's records: names, what is stored, what may be sent, filtered and sorted. No code.
import type { StoredRecord } from './types.gen.ts';

/** Collections that are not described: any name, records of unknown fields. */
export type AnySchema = { [collection: string]: StoredRecord };

/** The collection names of a schema. */
export type CollectionName<Schema> = keyof Schema & string;

/** Drops an index signature, so that only the names written out are left. */
type Named<T> = { [K in keyof T as string extends K ? never : K]: T[K] };

/** What the server adds to every record. */
export type SystemFields = Named<StoredRecord>;

/** A stored record: the fields of `T` and the system fields that `T` does not describe itself. */
export type Stored<T> = T & Omit<SystemFields, keyof T>;

/** `T`, but an argument of this type says nothing about `T`: it is given in angle brackets or not at all. */
type Fixed<T> = [T][T extends unknown ? 0 : never];

/** The record type of a call: `T` if it was given, else what the schema says about the collection. */
export type RecordOf<Schema, C extends keyof Schema, T> = Stored<[T] extends [never] ? Schema[C] : Fixed<T>>;

/** The field names of a record type; any text if it is not described. */
export type FieldName<R> = string extends keyof R ? string : keyof R & string;

/** The fields that a client may send, all optional because defaults and rules live on the server. */
export type RecordInput<R> = string extends keyof R ? object : Partial<Omit<R, keyof SystemFields>>;

type Scalar = string | number | boolean;
type Comparable<V> = unknown extends V ? Scalar : Extract<V, Scalar>;

/** Field → value, all of which must be equal. `{field}__{operator}` compares otherwise where the server knows the operator. */
export type Filter<R> = { readonly [K in FieldName<R>]?: Comparable<R[K & keyof R]> | undefined } & {
  readonly [K in `${FieldName<R>}__${string}`]?: Scalar | undefined;
};

/** A field to sort by, descending with `-`. */
export type SortKey<R> = FieldName<R> | `-${FieldName<R>}` | `+${FieldName<R>}`;

/** Options of `records.list`. */
export interface ListOptions<R> {
  /** An object of field → value, or a filter text that the server parses. Fields that are undefined do not filter. */
  readonly filter?: string | Filter<R> | undefined;
  /** One comma list, or several fields: the first one decides first. */
  readonly sort?: string | readonly SortKey<R>[] | undefined;
  /** Page from 1. */
  readonly page?: number | undefined;
  /** Records per page, 1 to 100; the same as `limit`. */
  readonly perPage?: number | undefined;
  /** Records to skip; wins over `page`. */
  readonly skip?: number | undefined;
  /** Records per page, 1 to 100, default 30. */
  readonly limit?: number | undefined;
  /** `next_cursor` of the page before: pages neither shift nor repeat when rows come and go. */
  readonly cursor?: string | undefined;
  /** `prev_cursor` of a page: the page in front of it. */
  readonly cursorBefore?: string | undefined;
  /** How the total is found; false leaves it null, which is faster. */
  readonly count?: 'exact' | 'estimated' | false | undefined;
  /** Softly deleted records: without (the default), with, only. */
  readonly deleted?: 'without' | 'with' | 'only' | undefined;
  /** References to show as records in place, nested to 4; `comments_via_post` for records that refer here. */
  readonly expand?: string | readonly string[] | undefined;
  /** Only these fields (and id) are answered. */
  readonly fields?: string | readonly FieldName<R>[] | undefined;
}

/** One page of records. */
export interface Page<R> {
  readonly items: R[];
  /** All records that match, whatever the page. */
  readonly total: number;
  readonly skip: number;
  readonly limit: number;
  /** For `cursor` of the next call; null at the end. */
  readonly next_cursor: string | null;
  /** For `cursorBefore`; null at the beginning. */
  readonly prev_cursor: string | null;
  readonly has_more: boolean;
}
