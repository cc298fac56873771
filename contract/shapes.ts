// Shapes that several rooms share: ids, timestamps, pages and list parameters.
import { z } from './kit.ts';

export const Timestamp = z.iso
  .datetime({ offset: false })
  .meta({ description: 'RFC 3339, UTC, ends in Z.', example: '2026-01-02T03:04:05.678Z' });
export const AccountId = z
  .string()
  .regex(/^[A-Z]{2}[0-9]{4}$/)
  .meta({ description: 'Two letters and four digits.', example: 'AB1234' });
export const Id = z.uuid().meta({ description: 'UUID version 7.', example: '0198c0de-7a11-7000-8000-3b2f5c0ffee1' });

/** An id in a path: any non-empty text, because an id that cannot exist is a 404, not a 422. */
export const idParam = z.object({ id: z.string().min(1).meta({ description: 'Identifier.' }) });

export const Message = z.object({ message: z.string() }).meta({ id: 'Message' });

/** An OpenAPI document; only its head is described. */
export const OpenApiDocument = z
  .looseObject({ openapi: z.string(), info: z.looseObject({ title: z.string(), version: z.string() }) })
  .meta({ id: 'OpenApiDocument' });

/** A whole number in a query string. Plain digits only: `1e3`, `0x10`, ` 5` and `` are refused. */
export const intParam = (bounds: { min: number; max?: number }) =>
  z.preprocess(
    (v) => (typeof v === 'string' && /^-?\d{1,15}$/.test(v) ? Number(v) : v),
    z
      .int()
      .min(bounds.min)
      .max(bounds.max ?? Number.MAX_SAFE_INTEGER),
  );

/** `true`, `false`, `1` or `0` in a query string. */
export const boolParam = z.preprocess(
  (v) => (v === 'true' || v === '1' ? true : v === 'false' || v === '0' ? false : v),
  z.boolean(),
);

/** A parameter that may stand several times. The route's metadata names it in `repeated`. */
export const listParam = (item: z.ZodString) =>
  z.preprocess((v) => (typeof v === 'string' ? [v] : v), z.array(item).max(200));

/** Paging of management lists: `skip` and `limit`, or `page` and `page_size`; both spellings are documented by the products we serve. */
export const pageQuery = {
  skip: intParam({ min: 0 }).optional().meta({ description: 'Items to skip.' }),
  limit: intParam({ min: 1, max: 100 }).optional().meta({ description: 'Items per page, 1 to 100, default 25.' }),
  page: intParam({ min: 1 }).optional().meta({ description: 'Page number from 1; used when skip is absent.' }),
  page_size: intParam({ min: 1, max: 100 }).optional().meta({ description: 'Same as limit.' }),
};
export interface PageQuery {
  skip?: number | undefined;
  limit?: number | undefined;
  page?: number | undefined;
  page_size?: number | undefined;
}

/** The window that a page query asks for. */
export function pageWindow(q: PageQuery): { skip: number; limit: number } {
  const limit = q.limit ?? q.page_size ?? 25;
  return { limit, skip: q.skip ?? ((q.page ?? 1) - 1) * limit };
}

const upTo200 = intParam({ min: 1, max: 200 }).optional();

/** Paging of the lists of automation: longer pages than elsewhere, and `offset` is another name of `skip`. */
export const offsetQuery = {
  ...pageQuery,
  limit: upTo200.meta({ description: 'Items per page, 1 to 200, default 50.' }),
  page_size: upTo200.meta({ description: 'Same as limit.' }),
  offset: pageQuery.skip.meta({ description: 'Same as skip.' }),
};

/** The window that such a query asks for. */
export const offsetWindow = ({ offset, ...query }: PageQuery & { offset?: number | undefined }) =>
  pageWindow({ ...query, skip: query.skip ?? offset, limit: query.limit ?? query.page_size ?? 50 });

/** A page of a management list. */
export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({
    items: z.array(item),
    total: z.int().min(0),
    skip: z.int().min(0),
    limit: z.int().min(1),
    page: z.int().min(1),
    page_size: z.int().min(1),
    total_pages: z.int().min(0),
  });

/** Completes a page with the figures that follow from its window. */
export const page = <T>(items: T[], total: number, { skip, limit }: { skip: number; limit: number }) => ({
  items,
  total,
  skip,
  limit,
  page: Math.floor(skip / limit) + 1,
  page_size: limit,
  total_pages: Math.ceil(total / limit),
});
