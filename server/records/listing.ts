// Lists: what of a collection a query means to its caller, with what expand and linked add to the rows.
import { Failure } from '../../contract/problems.ts';
import type { ListQuery } from '../../contract/records.ts';
import type { Decide } from '../access/decide.ts';
import type { CollectionDef } from '../schema/collection-def.ts';
import type { RecordColumn } from './columns.ts';
import { expanded } from './expand.ts';
import { type Branch, readExpand } from './expand-query.ts';
import { linkedTo, readLinked } from './linked.ts';
import { type ListOptions, type RecordQuery, readListQuery } from './list-query.ts';
import type { Call, Definitions, Opened, Opening } from './open.ts';
import { refuseHuge, type Slice } from './page.ts';
import type { QueryHooks } from './query-hooks.ts';
import type { RecordReads, RecordRows } from './store/read.ts';
import { walk } from './walk.ts';

export interface ListingParts {
  readonly reads: RecordReads;
  readonly definitions: Definitions;
  readonly decide: Decide;
  readonly opening: Opening;
  readonly hooks: QueryHooks;
}

export function createListing({ reads, definitions, decide, opening, hooks }: ListingParts) {
  const { on, viewOf } = opening;

  function askedOf({ ctx, def, scope }: Opened, query: ListQuery, more?: ListOptions): RecordQuery {
    const asked = readListQuery(def, query, scope, more);
    // Deleted records are for who may delete.
    if (asked.deleted !== 'without') decide(ctx, { def, operation: 'delete', namedAccount: scope.accountId });
    return asked;
  }

  /** Part of a collection. `query.limit` may be any number; each face has its own range. */
  const slice = (call: Call, read: ListQuery | (() => ListQuery), more?: ListOptions): Promise<Slice> =>
    on(call, 'fetch', async (opened) => {
      // What a face reads by itself is read after the decision.
      let query = typeof read === 'function' ? read() : read;
      let options = more;
      if (hooks.wantsBefore(opened)) ({ query, more: options } = await hooks.list(opened, 'list', query, more));
      const asked = askedOf(opened, query, options);
      const write = await writerOf(opened, asked, query);
      const [rows, total] = await Promise.all([reads.list(opened.def, opened.scope, asked), totalOf(opened, asked)]);
      const items = await write(rows);
      refuseHuge(items);
      return { asked, items, rows, total };
    });

  /** All of it. */
  const walkOf = (call: Call, sent: ListQuery, more?: ListOptions) =>
    on(call, 'fetch', async (opened) => {
      let query = sent;
      let options = more;
      if (hooks.wantsBefore(opened)) ({ query, more: options } = await hooks.list(opened, 'list', sent, more));
      const asked = askedOf(opened, query, options);
      return walk(reads, opened, asked, await writerOf(opened, asked, query));
    });

  /** What makes JSON of the rows of a list. */
  async function writerOf(opened: Opened, { columns }: RecordQuery, { expand, linked }: ListQuery) {
    const branches = await expandOf(opened, expand, columns);
    const apps = readLinked(linked);
    const write = async (found: RecordRows): Promise<readonly string[]> => {
      const rows = { ...found, columns };
      const [items, links] = await Promise.all([withBranches(opened, rows, branches), linksOf(opened, rows, apps)]);
      return links === null ? items : items.map((item, i) => `${item.slice(0, -1)}${links[i]}}`);
    };
    if (!hooks.wantsAfter(opened)) return write;
    return async (found: RecordRows) => hooks.answered(opened, 'list', await write(found));
  }

  type Rows = RecordRows & { readonly columns: readonly RecordColumn[] };

  const withBranches = (opened: Opened, rows: Rows, branches: readonly Branch[]) =>
    branches.length === 0
      ? rows.rows.map((row) => rows.write(row))
      : expanded(reads, (def) => viewOf({ ...opened, def }), rows, branches);

  const linksOf = (opened: Opened, { rows, columns }: Rows, apps: ReturnType<typeof readLinked>) =>
    apps === null ? null : linkedTo(linking(opened), { ...opened, columns, rows }, apps);

  const linking = (opened: Opened) => ({
    reads,
    all: () => definitions.all(),
    scopeOf: (def: CollectionDef) => viewOf({ ...opened, def }, 'list'),
  });

  /** What `expand` asks for. A field that is expanded must be among the columns that are shown. */
  async function expandOf({ ctx, def, scope }: Opened, text: string | undefined, columns: readonly RecordColumn[]) {
    if (text === undefined || text.trim() === '') return [];
    const sight = (of: CollectionDef) => viewOf({ ctx, def: of, scope });
    const branches = await readExpand(def, text, scope, { find: (of) => definitions.find(of), sight });
    for (const { name, via } of branches)
      if (via === null && !columns.some((column) => column.name === name))
        throw new Failure('INVALID_QUERY_PARAMS', { name: 'expand', reason: `name ${name} in fields too` }, [
          { field: 'expand', code: 'not_projected', message: `${name} is expanded but not among the fields.` },
        ]);
    return branches;
  }

  async function totalOf({ def, scope }: Opened, asked: RecordQuery): Promise<number | null> {
    if (asked.count === 'false') return null;
    return asked.count === 'exact' ? reads.count(def, scope, asked) : reads.estimate(def, scope, asked);
  }

  return { slice, walkOf, expandOf, askedOf, linking };
}
