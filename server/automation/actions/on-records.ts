// Actions on records: through the record service, under the rules of whoever the run acts as.
import { Failure } from '../../../contract/problems.ts';
import type { ListQuery } from '../../../contract/records.ts';
import type { RawJson } from '../../context.ts';
import type { RecordVerbs } from '../../records/service.ts';
import { aggregateQuery, joinedNames } from './asked.ts';
import type { Situation } from './run.ts';

type Options = Record<string, unknown>;

const parsed = ({ json }: RawJson): unknown => JSON.parse(json);
/** A whole number of a range, also from a template. Throws INVALID_QUERY_PARAMS. */
function whole(name: string, value: unknown, fallback: number, most: number): number {
  if (value === undefined || value === null || value === '') return fallback;
  const number = typeof value === 'number' ? value : /^\d{1,9}$/.test(String(value)) ? Number(value) : Number.NaN;
  if (Number.isInteger(number) && number >= 0 && number <= most) return number;
  throw new Failure('INVALID_QUERY_PARAMS', { name, reason: `must be a whole number up to ${most}` });
}

/** The id that a template became. Throws RESOURCE_NOT_FOUND for none. */
function idOf(value: unknown): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new Failure('RESOURCE_NOT_FOUND');
}

export const onRecords: Readonly<
  Record<string, (records: RecordVerbs, options: Options, at: Situation) => Promise<unknown>>
> = {
  create_record: async (records, { collection, data }, { ctx }) =>
    parsed(await records.create(ctx, String(collection), data as Options)),

  update_record: async (records, { collection, record_id, data }, { ctx }) =>
    parsed(await records.patch(ctx, String(collection), idOf(record_id), data as Options)),

  async delete_record(records, { collection, record_id }, { ctx }) {
    const id = idOf(record_id);
    await records.delete(ctx, String(collection), id);
    return { id, deleted: true };
  },

  async query_records(records, options, { ctx }) {
    const limit = Math.max(1, whole('limit', options.limit, 50, 1000));
    const skip = whole('offset', options.offset, 0, 1_000_000_000);
    const query = {
      skip,
      limit,
      sort: joinedNames(options.sort),
      fields: joinedNames(options.fields),
      expand: joinedNames(options.expand),
      filter: joinedNames(options.filter),
    } as ListQuery;
    const { where, data } = options as { readonly where?: Options; readonly data?: Options };
    const { items, total } = await records.slice(ctx, String(options.collection), query, { where, data });
    return { items: items.map((item) => JSON.parse(item) as unknown), total, skip, limit };
  },

  async aggregate_records(records, options, { ctx }) {
    const { function: one, field } = options;
    const query = aggregateQuery(options);
    const more = { data: options.data as Options | undefined };
    const answer = parsed(await records.aggregate(ctx, String(options.collection), query, more)) as {
      readonly results: readonly Record<string, unknown>[];
      readonly total_groups: number;
    };
    if (one === undefined) return answer;
    const key = field === undefined ? String(one) : `${one}_${field}`;
    const named = answer.results.map(({ [key]: value, ...group }) => ({ ...group, value: value ?? null }));
    return query.group_by === undefined ? { value: named[0]?.value ?? null } : { groups: named };
  },
};
