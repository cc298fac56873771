// The example that runs through the routes of webhooks.
export const id = '0198c0de-7a11-7000-8000-3b2f5c0ffee7';
export const one = '0198c0de-7a11-7000-8000-3b2f5c0ffee8';
export const at = '2026-01-02T03:04:05.678Z';
export const params = { id };
export const asked = {
  url: 'https://hooks.example.com/snackbase',
  collection: 'posts',
  events: ['create', 'update', 'delete'],
};
export const shown = {
  id,
  account_id: 'AB1234',
  ...asked,
  description: null,
  collections: ['posts'],
  fields: null,
  filter: null,
  headers: {},
  enabled: true,
  disabled_reason: null,
  failures: 0,
  failing_since: null,
  former_secret_until: null,
  created_at: at,
  updated_at: at,
  created_by: '0198c0de-7a11-7000-8000-3b2f5c0ffee2',
};
export const withSecret = { ...shown, secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw3pYz0Rk1x2c=' };
export const told = {
  id: one,
  webhook_id: id,
  message_id: 'msg_0198c0de7a1170008000',
  redelivery_of: null,
  event: 'records.create',
  collection: 'posts',
  record_id: '0198c0de-7a11-7000-8000-3b2f5c0ffee1',
  status: 'delivered' as const,
  attempt_number: 1,
  response_status: 200,
  response_body: 'ok',
  error: null,
  next_retry_at: null,
  delivered_at: at,
  created_at: at,
};
export const again = {
  ...told,
  redelivery_of: one,
  status: 'pending' as const,
  attempt_number: 0,
  response_status: null,
  response_body: null,
  next_retry_at: at,
  delivered_at: null,
};
export const payload = {
  event: 'records.create',
  type: 'posts.created',
  id: told.message_id,
  collection: 'posts',
  record: { id: told.record_id, title: 'Getting started' },
  previous: null,
  changes: { added: ['title'], updated: [], removed: [] },
  timestamp: at,
  webhook_id: id,
  account_id: 'AB1234',
};
