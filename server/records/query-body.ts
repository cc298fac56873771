// The body of a query as the query of a list: one meaning behind two spellings.
import { invalidParameter } from '../../contract/problems.ts';
import { ListQuery, type RecordQueryBody } from '../../contract/records.ts';

/** Throws INVALID_QUERY_PARAMS naming the key that is out of range. */
export function listQueryOf(body: RecordQueryBody): ListQuery {
  const { fields, search, expand, skip, offset, limit, count, cursor, cursor_before, deleted, filter, linked } = body;
  const asked = {
    skip: text(skip ?? offset),
    limit: text(limit),
    sort: sortOf(body),
    fields: Array.isArray(fields) ? fields.join() : fields,
    filter,
    search,
    expand: Array.isArray(expand) ? expand.join() : expand,
    cursor,
    cursor_before,
    count: count === true ? 'exact' : count === false ? 'false' : count,
    deleted,
    linked: linked === undefined ? undefined : String(linked),
  };
  const given = Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined));
  const parsed = ListQuery.safeParse(given);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const name = String(issue?.path[0] ?? 'body');
  const message = issue?.message ?? 'is not valid';
  throw invalidParameter(name, message);
}

const text = (value: number | undefined): string | undefined => (value === undefined ? undefined : String(value));

function sortOf({ sort, orderBy, order }: RecordQueryBody): string | undefined {
  if (sort !== undefined) return Array.isArray(sort) ? sort.join() : sort;
  if (orderBy === undefined) return undefined;
  const parts = Array.isArray(orderBy) ? orderBy : orderBy.split(',');
  return parts.map((part) => (order === 'desc' && !/^\s*[-+]/.test(part) ? `-${part.trim()}` : part)).join();
}
