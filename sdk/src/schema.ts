// Types of an application's records: names, what is stored, what may be sent, filtered, sorted and expanded. No code.
import type { StoredRecord } from './types.gen.ts';

declare const described: unique symbol;

/** A collection as `snackbase gen types` describes it: its record, the bodies that write it, and where its references lead. */
export interface CollectionTypes<Rec, Create, Update, References> {
  readonly [described]: { record: Rec; create: Create; update: Update; references: References };
}

/** Collections that are not described: any name, records of unknown fields. */
export type AnySchema = { [collection: string]: StoredRecord };

/** The collection names of a schema. */
export type CollectionName<Schema> = keyof Schema & string;

/** What the server adds to every record. Written out and not derived, which would cost every program that uses it. */
export interface SystemFields {
  id: string;
  account_id: string;
  created_at: string;
  updated_at: string;
  created_by: string | null;
  updated_by: string | null;
}

/** A stored record: the fields of `T` and what the server adds. */
export type Stored<T> = T & SystemFields;

/** `T`, but an argument of this type says nothing about `T`: it is given in angle brackets or not at all. */
type Fixed<T> = [T][T extends unknown ? 0 : never];

// What a schema says about a collection, whether it was generated or maps to a plain record type: one question each, because the
// compiler answers every part of an object that is asked for one.
type Described<S> = S extends { readonly [described]: { record: infer R } } ? R : S;
type ReferencesOf<S> = S extends { readonly [described]: { references: infer F } } ? F : Record<string, string>;

/** The record type of a call: `T` if it was given, else what the schema says about the collection. */
export type RecordOf<Schema, C extends keyof Schema, T> = Stored<[T] extends [never] ? Described<Schema[C]> : Fixed<T>>;

/** The field names of a record type; any text if it is not described. */
export type FieldName<R> = string extends keyof R ? string : keyof R & string;

/** The fields that a client may send, all optional because defaults and rules live on the server. */
export type RecordInput<R> = string extends keyof R ? object : Partial<Omit<R, keyof SystemFields>>;

/** The body of a create or of a change. */
export type BodyOf<Schema, C extends keyof Schema, T, Kind extends 'create' | 'update'> = [T] extends [never]
  ? Schema[C] extends { readonly [described]: { [K in Kind]: infer B } }
    ? B
    : RecordInput<Schema[C]>
  : RecordInput<Fixed<T>>;

type Scalar = string | number | boolean;
type Comparable<V> = unknown extends V ? Scalar : Extract<V, Scalar>;

interface Equality<V> {
  readonly $eq?: V | null;
  readonly $ne?: V | null;
  readonly $in?: readonly V[];
  readonly $nin?: readonly V[];
  readonly $isNull?: boolean;
}
interface Order<V> extends Equality<V> {
  readonly $gt?: V;
  readonly $gte?: V;
  readonly $lt?: V;
  readonly $lte?: V;
}
interface Patterns {
  /** `%` is any text, `_` one character; case counts. */
  readonly $like?: string;
  /** The same, whatever the case. */
  readonly $ilike?: string;
  /** Contains the text, whatever the case. */
  readonly $match?: string;
}
interface Contents<V> {
  /** The array holds this, or all of these. */
  readonly $contains?: V | readonly V[];
  readonly $isNull?: boolean;
}

/** The operators that a field takes, by the type of its values; a choice of values is one type. */
type Operators<V> = unknown extends V
  ? Order<Scalar> & Patterns & Contents<Scalar>
  : [V] extends [readonly (infer Item)[]]
    ? Contents<Item>
    : [V] extends [boolean]
      ? Equality<boolean>
      : [V] extends [string]
        ? Order<V> & Patterns
        : [V] extends [number]
          ? Order<V>
          : { readonly $isNull?: boolean };

/**
 * Conditions that must all hold: field → value, null or operators (`{ rank: { $gt: 3 } }`), `$and`, `$or`, `$not`;
 * `{field}__{operator}` is the spelling of query parameters.
 */
export type Filter<R> = {
  readonly [K in FieldName<R>]?:
    | Comparable<R[K & keyof R]>
    | null
    | Operators<unknown extends R[K & keyof R] ? unknown : NonNullable<R[K & keyof R]>>
    | undefined;
} & {
  readonly [K in `${FieldName<R>}__${string}`]?: Scalar | undefined;
} & {
  readonly $and?: readonly Filter<R>[];
  readonly $or?: readonly Filter<R>[];
  readonly $not?: Filter<R>;
};

/** A field to sort by, descending with `-`. */
export type SortKey<R> = FieldName<R> | `-${FieldName<R>}` | `+${FieldName<R>}`;

type References<Schema, C extends keyof Schema> = ReferencesOf<Schema[C]>;

/** What can be expanded: references, those of the records they lead to, and `comments_via_post` for records that refer here. */
export type ExpandName<Schema, C extends keyof Schema> = string extends keyof References<Schema, C>
  ? string
  :
      | (keyof References<Schema, C> & string)
      | `${keyof References<Schema, C> & string}.${string}`
      | `${keyof Schema & string}_via_${string}`;

type Head<E extends string> = E extends `${infer First}.${string}` ? First : E;
type Tail<E extends string, H> = E extends `${infer First}.${infer Rest}` ? (First extends H ? Rest : never) : never;
type Target<Schema, F, K extends keyof F> = F[K] extends keyof Schema ? F[K] : never;

/** A record with references shown as records. Where the names are not known one by one, the record as it is. */
export type Expanded<Schema, C extends keyof Schema, R, E extends string> =
  ExpandName<Schema, C> extends E
    ? R
    : Omit<R, Head<E>> & {
        [K in Head<E> & keyof References<Schema, C>]: Expanded<
          Schema,
          Target<Schema, References<Schema, C>, K>,
          RecordOf<Schema, Target<Schema, References<Schema, C>, K>, never>,
          Tail<E, K>
        > | null;
      } & {
        [K in E as K extends `${string}.${string}`
          ? never
          : K extends `${string}_via_${string}`
            ? BackName<K>
            : never]: K extends `${infer Other extends keyof Schema & string}_via_${string}`
          ? RecordOf<Schema, Other, never>[]
          : never;
      };
type BackName<K extends string> = K extends `${infer Name}(${string}` ? Name : K;

/** Options of `records.list`. */
export interface ListOptions<R, E extends string = string> {
  /** Conditions as an object, or a filter text that the server parses (see `filter`). Fields that are undefined do not filter. */
  readonly filter?: string | Filter<R> | undefined;
  /** Words that the searchable fields hold; without a sort the best come first. */
  readonly search?: string | undefined;
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
  readonly expand?: E | readonly E[] | undefined;
  /** Only these fields (and id) are answered. */
  readonly fields?: string | readonly FieldName<R>[] | undefined;
}

/** The body of `records.query`: conditions as an object, and the options of a list. */
export interface QueryBody<R> {
  readonly where?: Filter<R> | undefined;
  readonly filter?: string | undefined;
  readonly search?: string | undefined;
  readonly orderBy?: FieldName<R> | readonly FieldName<R>[] | undefined;
  readonly order?: 'asc' | 'desc' | undefined;
  readonly sort?: string | readonly SortKey<R>[] | undefined;
  readonly fields?: string | readonly FieldName<R>[] | undefined;
  readonly expand?: string | readonly string[] | undefined;
  readonly skip?: number | undefined;
  readonly offset?: number | undefined;
  readonly limit?: number | undefined;
  readonly cursor?: string | undefined;
  readonly cursor_before?: string | undefined;
  readonly count?: boolean | 'exact' | 'estimated' | undefined;
  readonly deleted?: 'without' | 'with' | 'only' | undefined;
}

/** A field of what an earlier operation of the same transaction answered. */
export interface From {
  readonly $from: string;
}
type OrFrom<B> = { readonly [K in keyof B]: B[K] | From };

/** One operation of a transaction, its body typed by its collection. */
export type Operation<Schema> = {
  [C in CollectionName<Schema>]:
    | {
        readonly op: 'create';
        readonly collection: C;
        readonly as?: string;
        readonly data: OrFrom<BodyOf<Schema, C, never, 'create'>>;
      }
    | {
        readonly op: 'update' | 'replace';
        readonly collection: C;
        readonly as?: string;
        readonly id: string | From;
        readonly data: OrFrom<BodyOf<Schema, C, never, 'update'>>;
      }
    | { readonly op: 'delete'; readonly collection: C; readonly as?: string; readonly id: string | From };
}[CollectionName<Schema>];

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
