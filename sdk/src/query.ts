// A query put together step by step: every step answers a new one, so that a beginning can be shared.
import type { CallOptions } from './options.ts';
import type { Expanded, ExpandName, FieldName, Filter, ListOptions, Page, SortKey } from './schema.ts';

/** What a query needs of the records service. */
export interface Source {
  list(collection: string, options: object, call?: CallOptions): Promise<unknown>;
  all(collection: string, options: object, call?: CallOptions): AsyncIterable<unknown>;
}

/** A query of one collection. Nothing is sent before `list`, `first`, `count` or a loop over it. */
export class Query<Schema, C extends keyof Schema & string, R, E extends string = ExpandName<Schema, C>>
  implements AsyncIterable<Expanded<Schema, C, R, E>>
{
  constructor(
    private readonly source: Source,
    private readonly collection: C,
    private readonly options: ListOptions<R, E> = {},
  ) {}

  #with<F extends string = E>(more: object): Query<Schema, C, R, F> {
    return new Query(this.source, this.collection, { ...this.options, ...more } as ListOptions<R, F>);
  }

  /** Conditions; those of several calls must all hold. Texts and objects do not mix. */
  where(condition: string | Filter<R>): Query<Schema, C, R, E> {
    const { filter } = this.options;
    if (filter === undefined) return this.#with({ filter: condition });
    if (typeof filter === 'string' && typeof condition === 'string')
      return this.#with({ filter: `(${filter}) && (${condition})` });
    if (typeof filter === 'string' || typeof condition === 'string')
      throw new TypeError('where takes texts or objects, not both in one query');
    return this.#with({ filter: { $and: [filter, condition] } });
  }

  /** Fields to sort by, `-` descends; the first one decides first. */
  sort(...keys: SortKey<R>[]): Query<Schema, C, R, E> {
    return this.#with({ sort: keys });
  }

  search(words: string): Query<Schema, C, R, E> {
    return this.#with({ search: words });
  }

  /** References to show as records. */
  expand<const F extends ExpandName<Schema, C>>(...names: F[]): Query<Schema, C, R, F> {
    return this.#with<F>({ expand: names });
  }

  /** Only these fields, and id. */
  fields(...names: FieldName<R>[]): Query<Schema, C, R, E> {
    return this.#with({ fields: names });
  }

  limit(records: number): Query<Schema, C, R, E> {
    return this.#with({ limit: records });
  }

  skip(records: number): Query<Schema, C, R, E> {
    return this.#with({ skip: records });
  }

  /** One page. */
  list(call?: CallOptions): Promise<Page<Expanded<Schema, C, R, E>>> {
    return this.source.list(this.collection, this.options, call) as Promise<Page<Expanded<Schema, C, R, E>>>;
  }

  /** The first record, undefined when there is none. */
  async first(call?: CallOptions): Promise<Expanded<Schema, C, R, E> | undefined> {
    return (await this.#with({ limit: 1, count: false }).list(call)).items[0] as never;
  }

  /** How many records match. */
  async count(call?: CallOptions): Promise<number> {
    return (await this.#with({ limit: 1, fields: ['id'], expand: undefined, sort: undefined }).list(call)).total;
  }

  /** Every record that matches, page after page. */
  [Symbol.asyncIterator](): AsyncIterator<Expanded<Schema, C, R, E>> {
    return this.source.all(this.collection, this.options)[Symbol.asyncIterator]() as never;
  }
}
