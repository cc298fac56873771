// What must compile against the client, and planted mistakes that must not. `types.test.ts` runs tsc over it; nothing runs it.
import {
  type Call,
  type Collection,
  type CollectionInput,
  CoreClient,
  isCode,
  type LiveList,
  NotFoundError,
  RateLimitError,
  type Session,
  SnackBaseClient,
  type StoredRecord,
  type StoredTokens,
  type Subscription,
  type SystemFields,
  type User,
} from '../../sdk/src/index.ts';

interface Product {
  id: string;
  name: string;
  price: number;
  active: boolean;
  kind: 'book' | 'toy';
  tags: string[];
}
interface Post {
  title: string;
  views: number | null;
}
type Is<A, B> = [A] extends [B] ? ([B] extends [A] ? true : false) : false;
const same = <A, B>(_: Is<A, B>): void => {};

/** The system fields as the contract has them. */
same<SystemFields, { [K in keyof StoredRecord as string extends K ? never : K]: StoredRecord[K] }>(true);

export async function untyped(sb: SnackBaseClient): Promise<void> {
  const { items, total } = await sb.records.list('products', {
    filter: { active: true },
    sort: ['-created_at'],
    perPage: 20,
  });
  const first = items[0];
  const id: string | undefined = first?.id;
  const unknown: unknown = first?.whatever;
  const count: number = total;
  await sb.records.create('orders', { product_id: id, quantity: 3, at: unknown, count });
  const body: Post = { title: 'a', views: 1 };
  await sb.records.update('posts', 'x', body);
  // @ts-expect-error the fields of an undescribed collection are unknown
  const text: string = first?.whatever;
  // @ts-expect-error there is no option per_page
  await sb.records.list('products', { per_page: 20, text });
  await sb.records.list('products', { filter: { price: { $gt: 1 }, $or: [{ a: null }, { b: { $in: [1] } }] } });
  // @ts-expect-error a record needs an id to be fetched
  await sb.records.get('products');
  // @ts-expect-error a body is an object
  await sb.records.create('products', 'text');
}

/** S000-19: items are typed. */
export async function perCall(sb: SnackBaseClient): Promise<void> {
  const { items } = await sb.records.list<Product>('products', {
    filter: { active: true, kind: 'book', price__gte: 5 },
    sort: ['-price', 'created_at', '+name'],
    fields: ['name', 'updated_at'],
  });
  const products: Product[] = items;
  const added: string | undefined = items[0]?.created_at;
  // @ts-expect-error S000-19 a wrong field of an item
  products[0]?.prize;
  // @ts-expect-error S000-19 a wrong field of an item with its system fields
  items[0]?.prize;
  // @ts-expect-error price is a number
  const price: string | undefined = items[0]?.price;
  // @ts-expect-error a filter on a field that is not there
  await sb.records.list<Product>('products', { filter: { actve: true } });
  // @ts-expect-error a filter of the wrong type
  await sb.records.list<Product>('products', { filter: { active: 'yes' } });
  // @ts-expect-error a filter outside of the choice
  await sb.records.list<Product>('products', { filter: { kind: 'car' } });
  // @ts-expect-error a sort by a field that is not there
  await sb.records.list<Product>('products', { sort: ['-prize'] });
  // @ts-expect-error a projection on a field that is not there
  await sb.records.get<Product>('products', 'x', { fields: ['prize'] });
  // @ts-expect-error a wrong field in a body
  await sb.records.create<Product>('products', { nam: added });
  // @ts-expect-error a wrong type in a body
  await sb.records.patch<Product>('products', 'x', { price: price ?? 'free' });
  await sb.records.patch<Product>('products', 'x', { price: 4, tags: [] });
}

export async function withSchema(sb: SnackBaseClient<{ posts: Post; products: Product }>): Promise<void> {
  const page = await sb.records.list('posts', { filter: { title: 'x', views: 3 }, sort: '-views,title' });
  const title: string | undefined = page.items[0]?.title;
  const post = await sb.records.create('posts', { title: title ?? '', views: null });
  same<typeof post.id, string>(true);
  same<typeof post.views, number | null>(true);
  const product = await sb.records.get('products', post.id);
  same<typeof product.kind, 'book' | 'toy'>(true);
  // @ts-expect-error a collection that the schema does not have
  await sb.records.list('pots');
  // @ts-expect-error a field of another collection
  await sb.records.create('posts', { price: 3 });
  // @ts-expect-error a field of another collection in a filter
  await sb.records.list('posts', { filter: { price: 3 } });
  // @ts-expect-error system fields are the server's
  await sb.records.update('posts', 'x', { id: 'y' });
  // @ts-expect-error a collection that the schema does not have
  await sb.records.delete('pots', 'x');
}

export async function services(sb: SnackBaseClient): Promise<void> {
  const user: User = await sb.users.create({ email: 'a@b.c', password: 'x', account_id: 'acme', role_id: '2' });
  await sb.users.update(user.id, { role_id: 3 }, { timeout: 5 });
  const input: CollectionInput = { name: 'posts', schema: [{ name: 'title', type: 'text' }] };
  const collection: Collection = await sb.collections.create(input);
  for (const field of collection.schema)
    if (field.type === 'reference') field.on_delete satisfies 'restrict' | 'cascade' | 'set_null';
  const me = await sb.request('auth.me');
  const created = await sb.request('records.create', { params: { collection: 'posts' }, body: { title: me.email } });
  same<typeof created.id, string>(true);
  const { data, response, requestId } = await sb.users.get(user.id).withResponse();
  same<typeof data, User>(true);
  same<typeof requestId, string | undefined>(true);
  response.headers.get('etag');
  // @ts-expect-error a field type that does not exist
  await sb.collections.create({ name: 'posts', schema: [{ name: 'title', type: 'txt' }] });
  // @ts-expect-error an option of another field type
  await sb.collections.create({ name: 'posts', schema: [{ name: 'n', type: 'boolean', min: 3 }] });
  // @ts-expect-error account_id is missing
  await sb.users.create({ email: 'a@b.c', password: 'x' });
  // @ts-expect-error an order that does not exist
  await sb.users.list({ sort: 'name' });
  // @ts-expect-error a route that does not exist
  await sb.request('records.creat', {});
  // @ts-expect-error path parameters are missing
  await sb.request('users.get');
  // @ts-expect-error there is no room of that name
  sb.nothing;
  const gone: Call<void> = sb.collections.delete('posts');
  await gone;
}

export async function tokens(): Promise<void> {
  const stored: StoredTokens[] = [];
  const sb = new SnackBaseClient({
    baseUrl: 'http://x',
    token: async () => null,
    onTokens: (t) => void (t && stored.push(t)),
  });
  const session: Session = await sb.auth.login({ email: 'a', password: 'b' });
  await sb.auth.refresh();
  await sb.auth.logout({}, { signal: AbortSignal.timeout(session.expires_in) });
  // @ts-expect-error retries is a number
  await sb.auth.me({ retries: 'many' });
}

export function errors(error: unknown): number | undefined {
  if (isCode(error, 'RESOURCE_NOT_FOUND')) {
    error.code satisfies 'RESOURCE_NOT_FOUND';
    return error.status;
  }
  if (error instanceof NotFoundError) return error.errors.length;
  // @ts-expect-error a code that does not exist
  if (isCode(error, 'RESOURCE_NOT_FUND')) return 0;
  return error instanceof RateLimitError ? error.retryAfter : undefined;
}

export async function live(sb: SnackBaseClient<{ posts: Post; products: Product }>): Promise<void> {
  const options = { events: ['created', 'updated'], filter: { views: { $gt: 3 } }, fields: ['title'] } as const;
  for await (const event of sb.records.subscribe('posts', { events: ['created', 'updated', 'deleted'] })) {
    if (event.type === 'reset') {
      // @ts-expect-error a reset is of no record
      event.new;
      continue;
    }
    const title: string | undefined = event.new?.title;
    // @ts-expect-error of a record that is deleted nothing is left
    const always: string = event.new.title;
    if (event.type === 'created') {
      same<typeof event.old, null>(true);
      const views: number | null = event.new.views;
      // @ts-expect-error a field of another collection
      event.new.price;
      event.new.created_at satisfies typeof title;
      void views;
    } else if (event.type === 'deleted') same<typeof event.new, null>(true);
    else same<typeof event.new.title, string>(true);
    void always;
  }
  const sub = sb.records.subscribe('posts', options, (event) => {
    // @ts-expect-error deletions were not asked for
    if (event.type === 'deleted') sub.close();
    if (event.type !== 'reset') same<typeof event.new.views, number | null>(true);
  });
  const since: string | undefined = sub.lastEventId;
  if (sub.status.state === 'waiting') sub.status.retryIn satisfies number;
  // @ts-expect-error a connection that stands waits for nothing
  if (sub.status.state === 'open') sub.status.retryIn;
  await sub.opened;
  await sub.closed;
  // @ts-expect-error a collection that the schema does not have
  sb.records.subscribe('pots');
  // @ts-expect-error a kind of event that does not exist
  sb.records.subscribe('posts', { events: ['create'] });
  // @ts-expect-error a field of another collection in a filter
  sb.records.subscribe('posts', { filter: { price: 3 } });
  // @ts-expect-error a projection on a field that is not there
  sb.records.subscribe('posts', { fields: ['price'] });
  // @ts-expect-error a stream has no order
  sb.records.subscribe('posts', { sort: 'title', since });
  const own: Subscription<{ price: number } & SystemFields> = sb.records.subscribe<{ price: number }>('products');
  own.close();

  const list = sb.records.live('posts', { filter: { views: 3 }, sort: ['-views', 'title'], limit: 50, onChange: show });
  await list.ready;
  const first: string | undefined = list.items[0]?.title;
  for await (const items of list) same<(typeof items)[number]['views'], number | null>(true);
  function show(items: readonly Post[]): void {
    void [items.length, first];
  }
  // @ts-expect-error the items of a list are not to be changed
  list.items.push({ title: 'x', views: 1 });
  // @ts-expect-error a sort by a field that is not there
  sb.records.live('posts', { sort: ['-price'] });
  // @ts-expect-error a live list cannot search
  sb.records.live('posts', { search: 'words' });
  // @ts-expect-error items of another collection
  sb.records.live('products', { onChange: show });
  const untyped: LiveList<StoredRecord> = new SnackBaseClient({ url: 'http://x' }).records.live('anything');
  untyped.close();
  // @ts-expect-error the small client has no live events
  new CoreClient({ url: 'http://x' }).records.live('posts');
}
