// @snackbase/sdk: the client, its errors and its types.
export type { Auth } from './auth.ts';
export type { Call, Reply } from './call.ts';
export { CoreClient, type RouteInput, type RouteName, type RouteReply, SnackBaseClient } from './client.ts';
export type { CallEndpoint, EndpointCall } from './endpoints.ts';
export {
  AuthenticationError,
  ConflictError,
  type ErrorCode,
  type ErrorFacts,
  isCode,
  NetworkError,
  NotFoundError,
  PermissionError,
  RateLimitError,
  ServerError,
  SnackBaseError,
  TimeoutError,
  ValidationError,
} from './errors.ts';
export type {
  ChangeType,
  LiveEvent,
  RecordEvent,
  ResetEvent,
  StreamOptions,
  StreamStatus,
  SubscribeOptions,
} from './events.ts';
export { type FilterValue, filter } from './filter.ts';
export type { LiveList, LiveOptions } from './live-list.ts';
export type { LiveRecords } from './live-records.ts';
export type { CallOptions, ClientOptions, StoredTokens, TokenSource } from './options.ts';
export type { Query } from './query.ts';
export type { Records } from './records.ts';
export type {
  AnySchema,
  CollectionName,
  CollectionTypes,
  Expanded,
  ExpandName,
  FieldName,
  Filter,
  From,
  ListOptions,
  Operation,
  Page,
  QueryBody,
  RecordInput,
  SortKey,
  Stored,
  SystemFields,
} from './schema.ts';
export type { Subscription } from './subscription.ts';
export type * from './types.gen.ts';
export {
  type VerifyOptions,
  verifyWebhook,
  type WebhookErrorCode,
  type WebhookHeaders,
  WebhookVerificationError,
} from './webhooks.ts';
