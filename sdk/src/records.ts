// Records of any collection: list, get, create, update, patch, delete.
import { asCall, type Call } from './call.ts';
import { filterParams } from './filter.ts';
import type { CallOptions } from './options.ts';
import { Query, type Source } from './query.ts';
import { records as routes } from './routes.gen.ts';
import type {
  BodyOf,
  CollectionName,
  Expanded,
  ExpandName,
  ListOptions,
  Operation,
  Page,
  QueryBody,
  RecordOf,
} from './schema.ts';
import type { Send } from './transport.ts';
import type { Calls } from './types.gen.ts';

/** The server's default, sent along with `page` so that both sides count in the same steps. */
const PER_PAGE = 30;

/**
 * Records service. Types: `list<Product>('products')` for one call, or a schema on the client for all of them.
 * Every method rejects with a SnackBaseError, and with a TypeError for an empty collection or id.
 */
export class Records<Schema> {
  readonly #send: Send;

  constructor(send: Send) {
    this.#send = send;
  }

  /** One page of the records that match, with the total of all that match. `expand` shows references as records, typed. */
  list<
    T = never,
    C extends CollectionName<Schema> = CollectionName<Schema>,
    const E extends ExpandName<Schema, C> = ExpandName<Schema, C>,
  >(
    collection: C,
    options: ListOptions<RecordOf<Schema, C, T>, E> = {},
    call?: CallOptions,
  ): Call<Page<Expanded<Schema, C, RecordOf<Schema, C, T>, E>>> {
    return asCall(this.#list(collection, options, call));
  }

  /** Every record that matches, page after page by cursor: `for await (const post of sb.records.all('posts'))`. */
  async *all<
    T = never,
    C extends CollectionName<Schema> = CollectionName<Schema>,
    const E extends ExpandName<Schema, C> = ExpandName<Schema, C>,
  >(
    collection: C,
    options: ListOptions<RecordOf<Schema, C, T>, E> = {},
    call?: CallOptions,
  ): AsyncGenerator<Expanded<Schema, C, RecordOf<Schema, C, T>, E>, void> {
    for await (const { items } of this.pages<T, C, E>(collection, options, call)) yield* items;
  }

  /** The same by pages. Without `limit` they hold 100 records; without `count` only the first knows the total. */
  async *pages<
    T = never,
    C extends CollectionName<Schema> = CollectionName<Schema>,
    const E extends ExpandName<Schema, C> = ExpandName<Schema, C>,
  >(
    collection: C,
    options: ListOptions<RecordOf<Schema, C, T>, E> = {},
    call?: CallOptions,
  ): AsyncGenerator<Page<Expanded<Schema, C, RecordOf<Schema, C, T>, E>>, void> {
    const { page: _page, skip: _skip, ...rest } = options;
    let given: ListOptions<RecordOf<Schema, C, T>, E> = { ...options, limit: options.limit ?? options.perPage ?? 100 };
    for (;;) {
      const found = await this.list<T, C, E>(collection, given, call);
      yield found;
      if (found.next_cursor === null) return;
      given = { ...rest, limit: found.limit, count: rest.count ?? false, cursor: found.next_cursor };
    }
  }

  /** A query to put together: `sb.records.from('posts').where({ rank: { $gt: 3 } }).sort('-rank').list()`. */
  from<T = never, C extends CollectionName<Schema> = CollectionName<Schema>>(
    collection: C,
  ): Query<Schema, C, RecordOf<Schema, C, T>> {
    return new Query(this as unknown as Source, collection);
  }

  // Async, so that a bad filter rejects like every other failure instead of throwing.
  async #list<R>(collection: string, options: object, call?: CallOptions) {
    const {
      filter,
      page,
      perPage,
      skip: from,
      limit: most,
      cursorBefore: cursor_before,
      ...rest
    } = options as ListOptions<R>;
    const limit = perPage ?? most ?? (page && PER_PAGE);
    const skip = from ?? (page && (page - 1) * (limit as number));
    const query = { ...filterParams(filter), skip, limit, ...rest, cursor_before };
    return this.#send<Page<R>>(routes.list, { params: { collection }, query }, call) as never;
  }

  /** Records by conditions as JSON: `{ where: { $or: [{ published: true }, { rank: { $gt: 3 } }] }, orderBy: 'title' }`. */
  query<T = never, C extends CollectionName<Schema> = CollectionName<Schema>>(
    collection: C,
    body: QueryBody<RecordOf<Schema, C, T>>,
    call?: CallOptions,
  ): Call<Page<RecordOf<Schema, C, T>>> {
    return asCall(this.#send<Page<RecordOf<Schema, C, T>>>(routes.query, { params: { collection }, body }, call));
  }

  /** One record. @throws NotFoundError when it is not there or not visible */
  get<
    T = never,
    C extends CollectionName<Schema> = CollectionName<Schema>,
    const E extends ExpandName<Schema, C> = ExpandName<Schema, C>,
  >(
    collection: C,
    id: string,
    { fields, expand }: Pick<ListOptions<RecordOf<Schema, C, T>, E>, 'fields' | 'expand'> = {},
    call?: CallOptions,
  ): Call<Expanded<Schema, C, RecordOf<Schema, C, T>, E>> {
    return asCall(this.#send(routes.get, { params: { collection, id }, query: { fields, expand } }, call));
  }

  /** Stores a new record and answers it with its id. @throws ValidationError naming the fields; ConflictError for a unique value */
  create<T = never, C extends CollectionName<Schema> = CollectionName<Schema>>(
    collection: C,
    data: BodyOf<Schema, C, T, 'create'>,
    call?: CallOptions,
  ): Call<RecordOf<Schema, C, T>> {
    return asCall(this.#send(routes.create, { params: { collection }, body: data }, call));
  }

  /** Replaces a record: fields that are left out take their default or null. */
  update<T = never, C extends CollectionName<Schema> = CollectionName<Schema>>(
    collection: C,
    id: string,
    data: BodyOf<Schema, C, T, 'create'>,
    call?: CallOptions,
  ): Call<RecordOf<Schema, C, T>> {
    return asCall(this.#send(routes.replace, { params: { collection, id }, body: data }, call));
  }

  /** Changes the fields that are sent and no others. */
  patch<T = never, C extends CollectionName<Schema> = CollectionName<Schema>>(
    collection: C,
    id: string,
    data: BodyOf<Schema, C, T, 'update'>,
    call?: CallOptions,
  ): Call<RecordOf<Schema, C, T>> {
    return asCall(this.#send(routes.patch, { params: { collection, id }, body: data }, call));
  }

  /** The collection as JSON Schema 2020-12, as far as you may read or write it. */
  schema(collection: CollectionName<Schema>, call?: CallOptions): Call<Record<string, unknown>> {
    return asCall(this.#send(routes.schema, { params: { collection } }, call));
  }

  /** The operations on the collection that you may call, as OpenAPI 3.1. */
  openapi(collection: CollectionName<Schema>, call?: CallOptions): Call<Calls['records.openapi']['reply']> {
    return asCall(this.#send(routes.openapi, { params: { collection } }, call));
  }

  /** The same as YAML. */
  openapiYaml(collection: CollectionName<Schema>, call?: CallOptions): Call<string> {
    return asCall(this.#send(routes.openapiYaml, { params: { collection } }, call));
  }

  /** All records that match as text: NDJSON, or CSV with `format: 'csv'`. */
  export(
    collection: CollectionName<Schema>,
    query: Calls['records.export']['input']['query'] = {},
    call?: CallOptions,
  ): Call<string> {
    return asCall(this.#send(routes.export, { params: { collection }, query }, call));
  }

  /** Stores the rows of NDJSON or CSV (`format: 'csv'`) and answers how many, and which were rejected and why. */
  import(
    collection: CollectionName<Schema>,
    rows: string | Blob,
    query: Calls['records.import']['input']['query'] = {},
    call?: CallOptions,
  ): Call<Calls['records.import']['reply']> {
    const body = typeof rows === 'string' ? new Blob([rows]) : rows;
    return asCall(
      this.#send(routes.import, { params: { collection }, query: { format: 'ndjson', ...query }, body }, call),
    );
  }

  /** Totals: `aggregate('orders', { functions: 'count(),sum(total)', group_by: 'status', having: 'count > 2' })`. */
  aggregate(
    collection: CollectionName<Schema>,
    query: Calls['records.aggregate']['input']['query'],
    call?: CallOptions,
  ): Call<Calls['records.aggregate']['reply']> {
    return asCall(this.#send(routes.aggregate, { params: { collection }, query }, call));
  }

  /** Stores many records, all or none, at most 1000. @throws ValidationError whose entries name the item as `index` */
  batchCreate<T = never, C extends CollectionName<Schema> = CollectionName<Schema>>(
    collection: C,
    records: readonly BodyOf<Schema, C, T, 'create'>[],
    call?: CallOptions,
  ): Call<{ created: RecordOf<Schema, C, T>[]; count: number }> {
    return asCall(this.#send(routes.batchCreate, { params: { collection }, body: { records } }, call));
  }

  /** The same with a bare list as its answer. */
  bulkCreate<T = never, C extends CollectionName<Schema> = CollectionName<Schema>>(
    collection: C,
    records: readonly BodyOf<Schema, C, T, 'create'>[],
    call?: CallOptions,
  ): Call<RecordOf<Schema, C, T>[]> {
    return asCall(this.#send(routes.bulkCreate, { params: { collection }, body: records }, call));
  }

  /** Changes many records, all or none, at most 1000. */
  batchUpdate<T = never, C extends CollectionName<Schema> = CollectionName<Schema>>(
    collection: C,
    records: readonly { readonly id: string; readonly data: BodyOf<Schema, C, T, 'update'> }[],
    call?: CallOptions,
  ): Call<{ updated: RecordOf<Schema, C, T>[]; count: number }> {
    return asCall(this.#send(routes.batchUpdate, { params: { collection }, body: { records } }, call));
  }

  /** Deletes many records, all or none, at most 1000. */
  batchDelete(
    collection: CollectionName<Schema>,
    ids: readonly string[],
    call?: CallOptions,
  ): Call<{ deleted: string[]; count: number }> {
    return asCall(this.#send(routes.batchDelete, { params: { collection }, body: { ids } }, call));
  }

  /**
   * Writes on several collections, all or none: `[{ op: 'create', collection: 'authors', as: 'a', data }, { op: 'create',
   * collection: 'posts', data: { author: { $from: 'a.id' } } }]`. @throws ValidationError whose entries name the operation as `index`
   */
  transaction(
    operations: readonly Operation<Schema>[],
    call?: CallOptions,
  ): Call<Calls['records.transaction']['reply']> {
    return asCall(this.#send(routes.transaction, { body: { operations } }, call));
  }

  /** The versions of a record, newest first; with `at` the record as it was then. @throws NotFoundError */
  history(
    collection: CollectionName<Schema>,
    id: string,
    options: NonNullable<Calls['records.history']['input']['query']> = {},
    call?: CallOptions,
  ): Call<Calls['records.history']['reply']> {
    return asCall(this.#send(routes.history, { params: { collection, id }, query: options }, call));
  }

  /** Deletes a record; with `purge` for good where deleting is soft. @throws ConflictError while others refer to it */
  delete(
    collection: CollectionName<Schema>,
    id: string,
    { purge, ...call }: CallOptions & { readonly purge?: boolean } = {},
  ): Call<void> {
    return asCall(this.#send<void>(routes.delete, { params: { collection, id }, query: { purge } }, call));
  }

  /** Brings a softly deleted record back. @throws NotFoundError */
  restore<T = never, C extends CollectionName<Schema> = CollectionName<Schema>>(
    collection: C,
    id: string,
    call?: CallOptions,
  ): Call<RecordOf<Schema, C, T>> {
    return asCall(this.#send(routes.restore, { params: { collection, id } }, call));
  }
}
