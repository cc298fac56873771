// The arguments of tools, parsed into what the records service takes; what does not fit is refused as a body of REST would be.
import { entriesOf } from '../../contract/issues.ts';
import { z } from '../../contract/kit.ts';
import { Failure } from '../../contract/problems.ts';
import type { ListQuery } from '../../contract/records.ts';

const id = z.string().min(1).max(200);
const body = z.record(z.string(), z.unknown());
const names = z.union([z.string().max(8000), z.array(z.string().max(200)).max(200)]);

/** Records that a query answers at most, and without a limit. */
export const MOST_ROWS = 1000;
export const USUAL_ROWS = 100;

const ARGUMENTS = {
  query: z.strictObject({
    where: body.optional(),
    orderBy: names.optional(),
    order: z.enum(['asc', 'desc']).optional(),
    limit: z.int().default(USUAL_ROWS),
    offset: z.int().default(0),
    fields: names.optional(),
    linked: z.union([z.boolean(), z.array(z.string().max(200)).max(200)]).optional(),
  }),
  get: z.strictObject({ id, fields: names.optional() }),
  create: z.strictObject({ data: body }),
  update: z.strictObject({ id, data: body }),
  delete: z.strictObject({ id }),
  bulk_create: z.strictObject({ records: z.array(body) }),
};

export type ArgumentsOf<V extends keyof typeof ARGUMENTS> = z.output<(typeof ARGUMENTS)[V]>;

/** Parses the arguments of a tool. Throws, with every finding, what REST answers to such a body: INVALID_QUERY_PARAMS of a reading tool, else INVALID_RESOURCE_DATA. */
export function argumentsOf<V extends keyof typeof ARGUMENTS>(verb: V, given: unknown): ArgumentsOf<V> {
  const input = given ?? {};
  const parsed = ARGUMENTS[verb].safeParse(input);
  if (parsed.success) return parsed.data as ArgumentsOf<V>;
  const entries = entriesOf(parsed.error.issues, [], { input });
  const [first] = entries;
  const code = verb === 'query' || verb === 'get' ? 'INVALID_QUERY_PARAMS' : 'INVALID_RESOURCE_DATA';
  throw new Failure(code, { name: first?.field ?? '', reason: first?.message ?? 'is not valid' }, entries);
}

const listed = (list: string | readonly string[] | undefined): string | undefined =>
  typeof list === 'string' || list === undefined ? list : list.join();

/** The projection of a get. */
export const fieldsOf = ({ fields }: ArgumentsOf<'get'>): string | undefined => listed(fields);

/** The query of a list that the arguments of a query mean. Without `order` the greatest come first. */
export function listQueryOf({ orderBy, order, limit, offset, fields, linked }: ArgumentsOf<'query'>): ListQuery {
  const sort = listed(orderBy)
    ?.split(',')
    .map((part) => (order === 'asc' || /^\s*[-+]/.test(part) ? part : `-${part.trim()}`))
    .join();
  return {
    // Brought into range, as the query of the app face that the tool mirrors.
    skip: Math.max(0, offset),
    limit: Math.min(MOST_ROWS, Math.max(1, limit)),
    ...((sort ?? order) !== undefined && { sort: sort ?? (order === 'asc' ? 'created_at' : '-created_at') }),
    ...(fields !== undefined && { fields: listed(fields) }),
    ...(linked !== undefined && linked !== false && { linked: linked === true ? 'true' : linked.join() }),
  } as ListQuery;
}
