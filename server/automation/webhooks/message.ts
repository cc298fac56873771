// The message that an event becomes: the very text that is signed, sent, kept and sent again.
import type { WebhookPayload } from '../../../contract/webhook-shapes.ts';
import type { Event } from '../../events/event.ts';
import { shortName } from '../../permissions/service.ts';
import type { Seen } from '../../records/service.ts';
import type { Subscribed } from './definition.ts';
import { VERBS } from './subscriptions.ts';

export const messageId = (id: string): string => `msg_${id.replaceAll('-', '')}`;

/** `records.create` … */
export const eventName = (type: Event['type']): string => `records.${VERBS[type]}`;

/** JSON of a WebhookPayload. */
export function payloadOf(webhook: Subscribed, event: Event, seen: Seen, id: string): string {
  const { fields } = webhook;
  const collection = shortName(event.collection);
  const record = event.type === 'deleted' ? '{}' : limited(seen.new, fields);
  const changes = fields === null ? seen.changes : limitedChanges(seen.changes, fields);
  const json = JSON.stringify;
  return `{"event":${json(eventName(event.type))},"type":${json(`${collection}.${event.type}`)},"id":${json(id)},"collection":${json(collection)},"record":${record},"previous":${limited(seen.old, fields)},"changes":${json(changes)},"timestamp":${json(event.at)},"webhook_id":${json(webhook.id)},"account_id":${json(event.accountId)}}`;
}

/** The record's JSON as it stands, or those fields of it. */
function limited(record: string | null, fields: ReadonlySet<string> | null): string {
  if (record === null || fields === null) return String(record);
  const kept = Object.entries(JSON.parse(record) as object).filter(([name]) => name === 'id' || fields.has(name));
  return JSON.stringify(Object.fromEntries(kept));
}

const limitedChanges = (changes: Seen['changes'], fields: ReadonlySet<string>): Seen['changes'] => ({
  added: changes.added.filter((name) => fields.has(name)),
  updated: changes.updated.filter((name) => fields.has(name)),
  removed: changes.removed.filter((name) => fields.has(name)),
});

/** What a webhook gets to try it out. */
export const testPayload = (webhookId: string, accountId: string, id: string, at: Date): WebhookPayload => ({
  event: 'test',
  type: 'test',
  id,
  collection: 'test',
  record: { id: 'test-record', example: 'data' },
  previous: null,
  changes: { added: ['example'], updated: [], removed: [] },
  timestamp: at.toISOString(),
  webhook_id: webhookId,
  account_id: accountId,
});
