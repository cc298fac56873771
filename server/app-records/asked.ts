// What the app face asks for, as the query of a list.
import type { EntityList, EntityQuery } from '../../contract/app-records.ts';
import { ListQuery } from '../../contract/records.ts';

const OWN: ReadonlySet<string> = new Set(Object.keys(ListQuery.shape));
const MOST = 1000;

/** The nearest number of records that a page may have. */
export const clamped = (limit: number): number => Math.min(MOST, Math.max(1, limit));

interface Window {
  readonly limit: number;
  readonly offset: number;
  readonly order: 'asc' | 'desc';
  readonly sort: string | undefined;
}

function listQuery({ limit, offset, order, sort }: Window, more: object): ListQuery {
  // One field and no list: whatever else stands there is no field, and the order is that of age.
  const by = sort !== undefined && /^\w+$/.test(sort) ? { sort: order === 'desc' ? `-${sort}` : sort } : {};
  return { ...more, ...by, skip: Math.max(0, offset), limit: clamped(limit) } as ListQuery;
}

/** The parameters of a list: all but these are fields, also those that are called like a parameter of the first face. */
export function listAsked({ limit = MOST, offset, sort, order, linked, ...rest }: EntityList): ListQuery {
  const fields = Object.entries(rest).map(([name, value]) => [OWN.has(name) ? `${name}__eq` : name, value]);
  return listQuery(
    { limit, offset, sort, order },
    { ...Object.fromEntries(fields), count: 'false', ...(linked !== undefined && { linked }) },
  );
}

/** The body of a query without its `where`. */
export const queryAsked = ({ limit, offset, orderBy, order, linked }: EntityQuery): ListQuery =>
  listQuery({ limit, offset, sort: orderBy, order }, linked === undefined ? {} : { linked: String(linked) });
