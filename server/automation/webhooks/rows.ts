// A stored webhook as replies show it and as the audit trail records it; its secrets in neither.
import type { Webhook } from '../../../contract/webhook-shapes.ts';
import type { Recorder } from '../../audit/service.ts';
import type { Ctx } from '../../context.ts';
import type { Transaction } from '../../db/database.ts';
import { maskedHeaders } from './headers.ts';
import type { Sealed } from './sealed.ts';
import type { WebhookRow } from './store/webhooks.ts';

export interface RowsOptions {
  readonly trail: Recorder;
  readonly sealed: Sealed;
  readonly clock: () => Date;
}

export type Rows = ReturnType<typeof createRows>;

export function createRows({ trail, sealed, clock }: RowsOptions) {
  /** Whether a former secret still counts. */
  const signs = (until: string | null): boolean => until !== null && Date.parse(until) > clock().getTime();

  /** That the secret has changed is told, which the trail shows as ***. */
  const traced = (row: WebhookRow) => ({
    url: row.url,
    description: row.description,
    collections: row.collections,
    events: row.events,
    fields: row.fields,
    filter: row.filter,
    headers: maskedHeaders(sealed.headers(row.headers)),
    secret: row.secret.toString('base64'),
    enabled: row.enabled,
    disabled_reason: row.disabled_reason,
  });

  return {
    signs,

    shown({ subscriptions: _, headers, secret: __, former_secret: ___, former_until, ...row }: WebhookRow): Webhook {
      const { collections } = row;
      return {
        ...row,
        collection: collections.length === 1 ? (collections[0] as string) : null,
        collections: [...collections],
        events: [...row.events],
        fields: row.fields && [...row.fields],
        headers: maskedHeaders(sealed.headers(headers)),
        former_secret_until: signs(former_until) ? former_until : null,
      };
    },

    /** Into the trail of its account; without `ctx` the server itself did it. */
    async told(tx: Transaction, ctx: Ctx | null, before: WebhookRow | null, after: WebhookRow | null): Promise<void> {
      const { id, account_id: accountId } = (after ?? before) as WebhookRow;
      const change = { before: before && traced(before), after: after && traced(after) };
      await trail.record(tx, ctx, { accountId, table: 'webhooks', id, ...change });
    },
  };
}
