// Generated from contract/ by sdk/generate.ts: edit the contract and run `npm run gen`.
import type { Call } from './call.ts';
import type { CallOptions } from './options.ts';

/** Every code of the server's error catalogue. */
export type ServerCode =
  | 'NO_RESOURCE_NAME'
  | 'INVALID_JSON'
  | 'INVALID_YAML'
  | 'INVALID_FIELDS'
  | 'INVALID_QUERY_PARAMS'
  | 'INVALID_HEADER'
  | 'INVALID_RESOURCE_DATA'
  | 'INVALID_URL'
  | 'RELATION_REFERENCE_ERROR'
  | 'INVALID_TOKEN'
  | 'ACCOUNT_REQUIRED'
  | 'EMAIL_ALREADY_VERIFIED'
  | 'RESULT_TOO_LARGE'
  | 'CALL_REFUSED'
  | 'HOOK_ABORTED'
  | 'UNAUTHORIZED'
  | 'INVALID_CREDENTIALS'
  | 'EMAIL_NOT_VERIFIED'
  | 'TOKEN_EXPIRED'
  | 'INVALID_SIGNATURE'
  | 'INVALID_REFRESH_TOKEN'
  | 'FORBIDDEN'
  | 'CROSS_SITE_REQUEST'
  | 'KEY_PERMISSION_DENIED'
  | 'ADMIN_TOKEN_NOT_ALLOWED'
  | 'RESOURCE_NOT_FOUND'
  | 'RESOURCE_DISABLED'
  | 'ROUTE_NOT_FOUND'
  | 'METHOD_NOT_ALLOWED'
  | 'NOT_ACCEPTABLE'
  | 'CONFLICT'
  | 'RESOURCE_CONFLICT'
  | 'RELATION_RESTRICTED'
  | 'BUILTIN_ROLE'
  | 'LIMIT_REACHED'
  | 'WRONG_STATE'
  | 'MACRO_IN_USE'
  | 'COLLECTION_REFERENCED'
  | 'APP_MANAGED'
  | 'SCHEMA_SYNC_FAILED'
  | 'WRITE_CONFLICT'
  | 'DELIVERY_UNFINISHED'
  | 'WEBHOOK_DISABLED'
  | 'IDEMPOTENCY_IN_FLIGHT'
  | 'WORKFLOW_STATE'
  | 'DEPTH_LIMIT'
  | 'PRECONDITION_FAILED'
  | 'PAYLOAD_TOO_LARGE'
  | 'UNSUPPORTED_MEDIA_TYPE'
  | 'INVALID_REQUEST'
  | 'IDEMPOTENCY_MISMATCH'
  | 'UPGRADE_REQUIRED'
  | 'RATE_LIMITED'
  | 'ACTION_TIMEOUT'
  | 'ENDPOINT_FAILED'
  | 'ENDPOINT_TIMEOUT'
  | 'INTERNAL_ERROR'
  | 'HOOK_FAILED'
  | 'RESOURCE_FETCH_ERROR'
  | 'RESOURCE_FIND_ERROR'
  | 'RESOURCE_STORE_ERROR'
  | 'RESOURCE_UPDATE_ERROR'
  | 'RESOURCE_DELETE_ERROR'
  | 'RESOURCE_SCHEMA_ERROR'
  | 'SERVICE_UNAVAILABLE'
  | 'STATEMENT_TIMEOUT';

export interface Account {
  /** Two letters and four digits. */
  id: string;
  /** The same as id. */
  account_code: string;
  slug: string;
  name: string;
  user_count: number;
  /** RFC 3339, UTC, ends in Z. */
  created_at: string;
  /** RFC 3339, UTC, ends in Z. */
  updated_at: string;
}

export interface AccountBrief {
  /** Two letters and four digits. */
  id: string;
  slug: string;
  name: string;
  /** RFC 3339, UTC, ends in Z. */
  created_at: string;
  [key: string]: unknown;
}

export interface AccountChange {
  name: string;
}

export interface AccountInput {
  name: string;
  slug?: string | undefined;
}

export interface AccountsListQuery {
  /** Items to skip. */
  skip?: number | undefined;
  /** Items per page, 1 to 100, default 25. */
  limit?: number | undefined;
  /** Page number from 1; used when skip is absent. */
  page?: number | undefined;
  /** Same as limit. */
  page_size?: number | undefined;
  /** Part of the name, the slug or the id. */
  search?: string | undefined;
  sort_by?: "id" | "account_code" | "slug" | "name" | "created_at" | undefined;
  sort_order?: "asc" | "desc" | undefined;
}

export interface AccountsListReply {
  items: Account[];
  total: number;
  skip: number;
  limit: number;
  page: number;
  page_size: number;
  total_pages: number;
}

export interface AccountsUsersQuery {
  /** Items to skip. */
  skip?: number | undefined;
  /** Items per page, 1 to 100, default 25. */
  limit?: number | undefined;
  /** Page number from 1; used when skip is absent. */
  page?: number | undefined;
  /** Same as limit. */
  page_size?: number | undefined;
}

export interface AccountsUsersReply {
  items: User[];
  total: number;
  skip: number;
  limit: number;
  page: number;
  page_size: number;
  total_pages: number;
}

/** One thing to do. */
export type Action = {
  /** Letters, digits, _ and -, beginning with a letter. */
  name?: string | undefined;
  /** An expression in the language of rules, over the names that templates know. `@request.auth` and macros such as `@has_role` ask about whoever is behind the run, as `auth` tells. Empty: always. */
  condition?: string | undefined;
  /** What follows where it fails; default stop. */
  on_error?: "stop" | "continue" | undefined;
} & (
  | {
      type: "send_webhook";
      /** Where to, http or https. Private addresses are refused: one that is written out when the definition is stored, every one when it is called. */
      url: string;
      /** Default POST. */
      method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | undefined;
      headers?: {
        [key: string]: string;
      } | undefined;
      /** Any JSON. `{{record.total}}` alone in a string becomes the value itself, with its type; within other text it becomes text. */
      body?: unknown | undefined;
      /** The body as text. Where it is JSON, templates in it are values of JSON, so that no value can break it. */
      body_template?: string | undefined;
      /** Default 30. */
      timeout_seconds?: number | undefined;
    }
  | {
      type: "send_email";
      to: string | string[];
      subject?: string | undefined;
      /** The text. */
      body?: string | undefined;
      html?: string | undefined;
    }
  | {
      type: "create_record";
      /** Name of a collection, `orders` or `crm.contacts`. */
      collection: string;
      /** Fields of the record; values may be templates. What is none is judged when the definition is stored. */
      data: {
        [key: string]: unknown;
      };
    }
  | {
      type: "update_record";
      /** Name of a collection, `orders` or `crm.contacts`. */
      collection: string;
      /** The id of the record, as a rule a template. */
      record_id: string;
      /** Fields of the record; values may be templates. What is none is judged when the definition is stored. */
      data: {
        [key: string]: unknown;
      };
    }
  | {
      type: "delete_record";
      /** Name of a collection, `orders` or `crm.contacts`. */
      collection: string;
      /** The id of the record, as a rule a template. */
      record_id: string;
    }
  | {
      type: "query_records";
      /** Name of a collection, `orders` or `crm.contacts`. */
      collection: string;
      /** As text or as a where. Templates in it are values, never syntax. */
      filter?: string | {
        [key: string]: unknown;
      } | undefined;
      sort?: string | string[] | undefined;
      fields?: string | string[] | undefined;
      expand?: string | string[] | undefined;
      /** Default 50. */
      limit?: number | string | undefined;
      offset?: number | string | undefined;
    }
  | {
      type: "aggregate_records";
      /** Name of a collection, `orders` or `crm.contacts`. */
      collection: string;
      function?: "count" | "sum" | "avg" | "min" | "max" | undefined;
      field?: string | undefined;
      /** Several at once, as `count(),sum(total)`. */
      functions?: string | undefined;
      group_by?: string | string[] | undefined;
      filter?: string | undefined;
      /** Over the results and groups, as `sum_total > 100`. */
      having?: string | undefined;
      sort?: string | string[] | undefined;
      limit?: number | undefined;
    }
  | {
      type: "transform";
      /** Any JSON. `{{record.total}}` alone in a string becomes the value itself, with its type; within other text it becomes text. */
      output?: unknown | undefined;
    }
  | {
      type: "enqueue_job";
      /** Name of a handler of jobs. */
      handler: string;
      /** Fields of the record; values may be templates. */
      payload?: {
        [key: string]: unknown;
      } | undefined;
      queue?: string | undefined;
      delay_seconds?: number | undefined;
      /** Tries after the first. A try whose process ended on the way counts like one that failed, because nobody knows how far it came; so 0 means at most once. */
      retries?: number | undefined;
    }
  | {
      type: "trigger_workflow";
      /** Id or slug of a workflow. */
      workflow: string;
      /** Fields of the record; values may be templates. */
      input?: {
        [key: string]: unknown;
      } | undefined;
    }
  | {
      type: "set_fields";
      /** What is stored instead, by hooks before a record is created or updated. */
      fields: {
        [key: string]: unknown;
      };
    }
  | {
      type: "abort";
      /** What the caller is told. */
      message: string;
      /** Default 400. */
      status?: number | undefined;
    }
);

export interface ActionOutcome {
  type: string;
  name: string | null;
  status: "success" | "failed" | "skipped";
  result?: unknown | undefined;
  error: {
    code: string;
    message: string;
  } | null;
  duration_ms: number;
}

export interface AdminToken {
  /** UUID version 7. */
  id: string;
  name: string;
  /** Whole in the reply to its creation; afterwards only its beginning. */
  key: string;
  /** False once it is revoked or expired. */
  is_active: boolean;
  /** RFC 3339, UTC, ends in Z. */
  created_at: string;
  expires_at: string | null;
  /** To the minute. */
  last_used_at: string | null;
  revoked_at: string | null;
  /** The user it acts for. */
  created_by: string;
}

export interface AdminTokenInput {
  name: string;
  /** When the key stops working; left out or null: never. */
  expires_at?: string | null | undefined;
  kind?: "admin" | undefined;
}

export interface AdminTokensListQuery {
  /** Items to skip. */
  skip?: number | undefined;
  /** Items per page, 1 to 100, default 25. */
  limit?: number | undefined;
  /** Page number from 1; used when skip is absent. */
  page?: number | undefined;
  /** Same as limit. */
  page_size?: number | undefined;
  /** Same as skip. */
  offset?: number | undefined;
}

export interface AdminTokensListReply {
  items: AdminToken[];
  total: number;
  skip: number;
  limit: number;
  page: number;
  page_size: number;
  total_pages: number;
}

export interface Aggregates {
  results: Array<{
    [key: string]: unknown;
  }>;
  /** All groups, whatever skip and limit are. */
  total_groups: number;
}

export interface ApiKey {
  /** UUID version 7. */
  id: string;
  name: string;
  /** Whole in the reply to its creation; afterwards only its beginning. */
  key: string;
  /** False once it is revoked or expired. */
  is_active: boolean;
  /** RFC 3339, UTC, ends in Z. */
  created_at: string;
  expires_at: string | null;
  /** To the minute. */
  last_used_at: string | null;
  revoked_at: string | null;
  /** The user it acts for. */
  created_by: string;
  kind: "user";
  /** Two letters and four digits. */
  account_id: string;
  scopes: KeyScopes;
}

export interface ApiKeyInput {
  name: string;
  scopes: KeyScopes;
  /** When the key stops working; left out or null: never. */
  expires_at?: string | null | undefined;
  kind?: "user" | undefined;
}

export interface ApiKeysListQuery {
  /** Items to skip. */
  skip?: number | undefined;
  /** Items per page, 1 to 100, default 25. */
  limit?: number | undefined;
  /** Page number from 1; used when skip is absent. */
  page?: number | undefined;
  /** Same as limit. */
  page_size?: number | undefined;
}

export interface ApiKeysListReply {
  items: ApiKey[];
  total: number;
  skip: number;
  limit: number;
  page: number;
  page_size: number;
  total_pages: number;
}

export interface App {
  id: string;
  name: string;
  version: string | null;
  description: string | null;
  type: string;
  /** Names of its collections. */
  entities: string[];
  /** Grows with each deploy that changed something. */
  revision: number;
  /** RFC 3339, UTC, ends in Z. */
  created_at: string;
  /** RFC 3339, UTC, ends in Z. */
  updated_at: string;
}

export interface AppRecordsListQuery {
  /** Brought into 1 to 1000. Left out: all records. */
  limit?: number | undefined;
  /** Records to skip. */
  offset?: number | undefined;
  /** A field; an unknown one is created_at. */
  sort?: string | undefined;
  order?: "asc" | "desc" | undefined;
  /** `true` adds `_linked` with the same person or thing in all other apps, a comma list of app ids in these. */
  linked?: string | undefined;
  [key: string]: string | number | undefined | "asc" | "desc";
}

export interface AppWithManifest {
  id: string;
  name: string;
  version: string | null;
  description: string | null;
  type: string;
  /** Names of its collections. */
  entities: string[];
  /** Grows with each deploy that changed something. */
  revision: number;
  /** RFC 3339, UTC, ends in Z. */
  created_at: string;
  /** RFC 3339, UTC, ends in Z. */
  updated_at: string;
  manifest: {
    [key: string]: unknown;
  };
}

export interface AppsDeployQuery {
  /** Checks and plans; changes nothing. */
  dry_run?: boolean | undefined;
  /** false leaves columns and tables that the manifest no longer names. Default true. */
  allow_destructive?: boolean | undefined;
  /** Tells of each change how many rows it touches. */
  count_rows?: boolean | undefined;
}

export interface AppsDeploymentsQuery {
  /** Items to skip. */
  skip?: number | undefined;
  /** Items per page, 1 to 100, default 25. */
  limit?: number | undefined;
  /** Page number from 1; used when skip is absent. */
  page?: number | undefined;
  /** Same as limit. */
  page_size?: number | undefined;
}

export interface AppsDeploymentsReply {
  items: Deployment[];
  total: number;
  skip: number;
  limit: number;
  page: number;
  page_size: number;
  total_pages: number;
}

export interface AppsListQuery {
  /** Items to skip. */
  skip?: number | undefined;
  /** Items per page, 1 to 100, default 25. */
  limit?: number | undefined;
  /** Page number from 1; used when skip is absent. */
  page?: number | undefined;
  /** Same as limit. */
  page_size?: number | undefined;
}

export interface AppsListReply {
  items: App[];
  total: number;
  skip: number;
  limit: number;
  page: number;
  page_size: number;
  total_pages: number;
}

export interface AppsReplaceQuery {
  /** Checks and plans; changes nothing. */
  dry_run?: boolean | undefined;
  /** false leaves columns and tables that the manifest no longer names. Default true. */
  allow_destructive?: boolean | undefined;
  /** Tells of each change how many rows it touches. */
  count_rows?: boolean | undefined;
}

export interface AppsVerifyQuery {
  /** Checks and plans; changes nothing. */
  dry_run?: boolean | undefined;
  /** false leaves columns and tables that the manifest no longer names. Default true. */
  allow_destructive?: boolean | undefined;
  /** Tells of each change how many rows it touches. */
  count_rows?: boolean | undefined;
}

/** One changed column of one row. */
export interface AuditEntry {
  /** Grows with each entry of the server; known from the moment of the change. */
  id: number;
  account_id: string;
  /** Place in the chain of the account, from 1 without gaps. */
  seq: number;
  /** RFC 3339, UTC, ends in Z. */
  occurred_at: string;
  operation: AuditOperation;
  /** Name of the collection, or of one of the server's own tables. */
  table_name: string;
  /** Name of the collection, null for the server's own tables. */
  collection: string | null;
  record_id: string;
  column_name: string;
  /** The value before as text, null when there was none. */
  old_value: string | null;
  /** The value after as text, null when there is none. */
  new_value: string | null;
  /** How the column is masked, null when it is not personal data. */
  mask_type: string | null;
  /** True when the values are masked for you. */
  masked: boolean;
  /** user, key, admin_token, anonymous, system (the server itself) or database (past the server). */
  actor_kind: string;
  /** The user, also behind a key. */
  user_id: string | null;
  /** His address at that time. */
  user_email: string | null;
  /** His name at that time. */
  user_name: string | null;
  /** Who signed, after his password was checked again. */
  es_username: string | null;
  /** Why: X-Audit-Reason of the request, or the reason of the signature. */
  es_reason: string | null;
  /** When it was signed. */
  es_timestamp: string | null;
  /** Address of the client. */
  ip_address: string | null;
  /** User-Agent of the request. */
  user_agent: string | null;
  /** X-Correlation-ID of the request. */
  request_id: string | null;
  extra_metadata: {
    [key: string]: unknown;
  } | null;
  /** Random text that enters the checksum, so that a masked value cannot be found by trying; null where the values are masked for you. */
  salt: string | null;
  /** SHA-256, lower-case hexadecimal, over the entry without id, checksum and masked, as RFC 8785 writes it: keys in order, no white space, nulls kept, UTF-8. */
  checksum: string;
  /** The checksum of the entry with the seq before, null at 1. */
  previous_hash: string | null;
}

export interface AuditExportQuery {
  /** Id or slug; only superadmins name another than their own. */
  account_id?: string | undefined;
  /** A collection, or one of the server's own tables. */
  table_name?: string | undefined;
  /** A collection, as posts or crm.contacts. */
  collection?: string | undefined;
  record_id?: string | undefined;
  user_id?: string | undefined;
  operation?: AuditOperation | undefined;
  /** Only entries of this column. */
  column?: string | undefined;
  /** RFC 3339, or a date, which means the whole day in UTC. */
  from_date?: string | undefined;
  /** RFC 3339, or a date, which means the whole day in UTC. */
  to_date?: string | undefined;
  /** false does not wait until the newest changes are chained, and leaves them out. */
  sealed?: boolean | undefined;
  format?: "json" | "ndjson" | "csv" | undefined;
}

export interface AuditListQuery {
  /** Id or slug; only superadmins name another than their own. */
  account_id?: string | undefined;
  /** A collection, or one of the server's own tables. */
  table_name?: string | undefined;
  /** A collection, as posts or crm.contacts. */
  collection?: string | undefined;
  record_id?: string | undefined;
  user_id?: string | undefined;
  operation?: AuditOperation | undefined;
  /** Only entries of this column. */
  column?: string | undefined;
  /** RFC 3339, or a date, which means the whole day in UTC. */
  from_date?: string | undefined;
  /** RFC 3339, or a date, which means the whole day in UTC. */
  to_date?: string | undefined;
  /** false does not wait until the newest changes are chained, and leaves them out. */
  sealed?: boolean | undefined;
  skip?: number | undefined;
  limit?: number | undefined;
  sort_by?: "occurred_at" | "id" | "seq" | "operation" | "table_name" | "record_id" | undefined;
  sort_order?: "asc" | "desc" | undefined;
}

export interface AuditListReply {
  items: AuditEntry[];
  total: number;
  skip: number;
  limit: number;
  audit_logging_enabled: true;
}

export type AuditOperation = "CREATE" | "UPDATE" | "DELETE" | "RESTORE" | "LOGIN" | "LOGOUT" | "SIGN";

export interface AuditSignBody {
  collection: string;
  record_id: string;
  reason: string;
  password: string;
}

export interface AuditSignReply {
  collection: string;
  /** UUID version 7. */
  record_id: string;
  es_username: string;
  es_reason: string;
  /** RFC 3339, UTC, ends in Z. */
  es_timestamp: string;
  signed_checksum: string;
}

export interface AuditVerifyQuery {
  /** Id or slug; only superadmins name another than their own. */
  account_id?: string | undefined;
}

export interface AuditVerifyReply {
  valid: boolean;
  /** Entries found good. */
  checked: number;
  /** Chains found good. */
  accounts: number;
  first_bad: {
    account_id: string | null;
    seq: number | null;
    id: number | null;
    reason: "missing" | "order" | "content" | "end" | "signature" | "total";
  } | null;
}

export interface AuthLogoutBody {
  refresh_token?: string | undefined;
}

export interface AuthResendVerificationBody {
  account?: string | undefined;
  email?: string | undefined;
}

export interface AuthSendVerificationBody {
  account?: string | undefined;
  email?: string | undefined;
}

export interface AuthVerifyEmailLinkQuery {
  token: string;
}

export interface AuthVerifyEmailLinkReply {
  message: string;
  user: UserBrief;
}

export interface AuthVerifyEmailReply {
  message: string;
  user: UserBrief;
}

export interface AvailablePermissions {
  items: Array<{
    /** `app:{app}:{collection}.{operation}`, `app:{app}:{collection}.*`, `app:{app}:*` for every collection of an app, or `*`. */
    name: string;
    collection: string;
    /** `read` means list and view. */
    operation: "list" | "view" | "read" | "create" | "update" | "delete";
  }>;
  total: number;
}

export interface BuiltinHook {
  event: string;
  name: string;
  /** Before all hooks of the event, or after them. */
  runs: "before_hooks" | "after_hooks";
  description: string;
}

export interface Collection {
  /** UUID version 7. */
  id: string;
  app: string;
  name: string;
  qualified_name: string;
  table_name: string;
  description: string | null;
  display_name: string | null;
  schema: Field[];
  /** The same array as schema. */
  fields: Field[];
  soft_delete: boolean;
  /** The same as soft_delete. */
  enableSoftDelete: boolean;
  enabled: boolean;
  indexes: TableIndex[];
  checks: TableCheck[];
  identity_kind: string | null;
  identity_key: string | null;
  /** null: not set, only admins; "": public; else an expression such as @owns_record(). */
  list_rule: string | null;
  /** null: not set, only admins; "": public; else an expression such as @owns_record(). */
  view_rule: string | null;
  /** null: not set, only admins; "": public; else an expression such as @owns_record(). */
  create_rule: string | null;
  /** null: not set, only admins; "": public; else an expression such as @owns_record(). */
  update_rule: string | null;
  /** null: not set, only admins; "": public; else an expression such as @owns_record(). */
  delete_rule: string | null;
  /** "*" for all fields, or a list of names. */
  list_fields: "*" | string[];
  /** "*" for all fields, or a list of names. */
  view_fields: "*" | string[];
  /** "*" for all fields, or a list of names. */
  create_fields: "*" | string[];
  /** "*" for all fields, or a list of names. */
  update_fields: "*" | string[];
  /** Permissions of exactly this collection; those of patterns are with their roles. */
  permissions: Array<{
    role: string;
    /** `read` means list and view. */
    operation: "list" | "view" | "read" | "create" | "update" | "delete";
    rule: string;
    /** "*" for all fields, or a list of names. */
    fields: "*" | string[];
    filters?: PermissionConstraint[] | undefined;
    checks?: PermissionConstraint[] | undefined;
  }>;
  /** Grows with each change of the definition. */
  revision: number;
  /** RFC 3339, UTC, ends in Z. */
  created_at: string;
  /** RFC 3339, UTC, ends in Z. */
  updated_at: string;
}

/** What is sent changes; what is left out stays. `schema` is the whole list of fields. */
export interface CollectionChange {
  /** Letters, digits and underscore, at most 100; starts with a letter or underscore. */
  name?: string | undefined;
  description?: string | undefined;
  display_name?: string | undefined;
  /** The fields. `fields` is accepted as well. */
  schema?: FieldInput[] | undefined;
  /** Deleting sets deleted_at instead of removing the row. */
  soft_delete?: boolean | undefined;
  /** A disabled collection answers 404 RESOURCE_DISABLED and keeps its data. */
  enabled?: boolean | undefined;
  /** Replaces all declared indexes when it is sent. */
  indexes?: TableIndexInput[] | undefined;
  /** Replaces all declared checks when it is sent. */
  checks?: TableCheck[] | undefined;
  /** What the records are, in a word that apps share: `contact`. Goes with identity_key. */
  identity_kind?: string | null | undefined;
  /** The field by whose value records of several apps are the same: `email`. */
  identity_key?: string | null | undefined;
  /** null: not set, only admins; "": public; else an expression such as @owns_record(). */
  list_rule?: string | null | undefined;
  /** null: not set, only admins; "": public; else an expression such as @owns_record(). */
  view_rule?: string | null | undefined;
  /** null: not set, only admins; "": public; else an expression such as @owns_record(). */
  create_rule?: string | null | undefined;
  /** null: not set, only admins; "": public; else an expression such as @owns_record(). */
  update_rule?: string | null | undefined;
  /** null: not set, only admins; "": public; else an expression such as @owns_record(). */
  delete_rule?: string | null | undefined;
  /** "*" for all fields, or a list of names. */
  list_fields?: "*" | string[] | undefined;
  /** "*" for all fields, or a list of names. */
  view_fields?: "*" | string[] | undefined;
  /** "*" for all fields, or a list of names. */
  create_fields?: "*" | string[] | undefined;
  /** "*" for all fields, or a list of names. */
  update_fields?: "*" | string[] | undefined;
  /** What roles may do. When sent, it replaces the permissions of exactly this collection. */
  permissions?: CollectionPermission[] | undefined;
}

export interface CollectionInput {
  /** Letters, digits and underscore, at most 100; starts with a letter or underscore. */
  name: string;
  description?: string | undefined;
  display_name?: string | undefined;
  /** The fields. `fields` is accepted as well. */
  schema: FieldInput[];
  /** Deleting sets deleted_at instead of removing the row. */
  soft_delete?: boolean | undefined;
  /** A disabled collection answers 404 RESOURCE_DISABLED and keeps its data. */
  enabled?: boolean | undefined;
  /** Replaces all declared indexes when it is sent. */
  indexes?: TableIndexInput[] | undefined;
  /** Replaces all declared checks when it is sent. */
  checks?: TableCheck[] | undefined;
  /** What the records are, in a word that apps share: `contact`. Goes with identity_key. */
  identity_kind?: string | null | undefined;
  /** The field by whose value records of several apps are the same: `email`. */
  identity_key?: string | null | undefined;
  /** null: not set, only admins; "": public; else an expression such as @owns_record(). */
  list_rule?: string | null | undefined;
  /** null: not set, only admins; "": public; else an expression such as @owns_record(). */
  view_rule?: string | null | undefined;
  /** null: not set, only admins; "": public; else an expression such as @owns_record(). */
  create_rule?: string | null | undefined;
  /** null: not set, only admins; "": public; else an expression such as @owns_record(). */
  update_rule?: string | null | undefined;
  /** null: not set, only admins; "": public; else an expression such as @owns_record(). */
  delete_rule?: string | null | undefined;
  /** "*" for all fields, or a list of names. */
  list_fields?: "*" | string[] | undefined;
  /** "*" for all fields, or a list of names. */
  view_fields?: "*" | string[] | undefined;
  /** "*" for all fields, or a list of names. */
  create_fields?: "*" | string[] | undefined;
  /** "*" for all fields, or a list of names. */
  update_fields?: "*" | string[] | undefined;
  /** What roles may do. When sent, it replaces the permissions of exactly this collection. */
  permissions?: CollectionPermission[] | undefined;
}

/** `action` is accepted for operation. */
export interface CollectionPermission {
  /** Name of the role. */
  role: string;
  /** `read` means list and view. */
  operation: "list" | "view" | "read" | "create" | "update" | "delete";
  /** Which rows; all when left out. */
  rule?: string | undefined;
  /** "*" for all fields, or a list of names. */
  fields?: "*" | string[] | undefined;
  /** Conditions that rows must satisfy besides the rule; not for create. Of several permissions that apply (of the collection, of `app.*`, of `*`) a row has to satisfy one. */
  filters?: PermissionConstraintInput[] | undefined;
  /** Conditions on what create and update write, on one collection. With eq the field is set to the value or claim when it is not sent, and another value is refused with 403; it needs not be among the fields. Other operators judge the value that is written. They hold whichever permission lets the caller in. */
  checks?: PermissionConstraintInput[] | undefined;
}

export interface CollectionsListQuery {
  /** Items to skip. */
  skip?: number | undefined;
  /** Items per page, 1 to 100, default 25. */
  limit?: number | undefined;
  /** Page number from 1; used when skip is absent. */
  page?: number | undefined;
  /** Same as limit. */
  page_size?: number | undefined;
  sort_by?: "created_at" | "updated_at" | "name" | undefined;
  sort_order?: "asc" | "desc" | undefined;
  /** Part of the name. */
  search?: string | undefined;
}

export interface CollectionsListReply {
  items: Collection[];
  total: number;
  skip: number;
  limit: number;
  page: number;
  page_size: number;
  total_pages: number;
}

export interface CollectionsNamesReply {
  names: string[];
  total: number;
}

export interface DeployOutcome {
  app: string;
  revision: number;
  /** False for a dry run. */
  applied: boolean;
  /** The tables were already as the manifest says. */
  compliant: boolean;
  /** Of the tables, in the order in which they are made. */
  changes: SchemaChange[];
  /** What changes beside the tables: access, state, what the server itself judges values by. */
  settings: Array<{
    entity: string;
    /** list_rule, enabled, permissions, fields.email.max_length … */
    setting: string;
    /** What it becomes, as JSON where that is short. */
    detail: string | null;
  }>;
}

export interface Deployment {
  /** UUID version 7. */
  id: string;
  app: string;
  revision: number;
  changes: SchemaChange[];
  /** Who: {kind, user_id, …}. */
  deployed_by: {
    [key: string]: unknown;
  } | null;
  /** RFC 3339, UTC, ends in Z. */
  created_at: string;
}

export interface Endpoint {
  /** UUID version 7. */
  id: string;
  account_id: string;
  name: string;
  description: string | null;
  path: string;
  /** Of a path of one literal segment. */
  slug: string | null;
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Where its account calls it. */
  url: string;
  /** Where callers without an account call it. */
  public_url: string;
  auth_required: boolean;
  condition: string | null;
  input_schema: {
    [key: string]: unknown;
  } | null;
  query_schema: {
    [key: string]: unknown;
  } | null;
  actions: Array<{
    [key: string]: unknown;
  }>;
  response_template: {
    [key: string]: unknown;
  } | null;
  failure_status: number | null;
  timeout_seconds: number;
  run_as: string;
  atomic: boolean | null;
  enabled: boolean;
  /** RFC 3339, UTC, ends in Z. */
  created_at: string;
  /** RFC 3339, UTC, ends in Z. */
  updated_at: string;
  created_by: string | null;
}

export interface EndpointChange {
  name?: string | undefined;
  description?: string | null | undefined;
  /** Below /api/v1/x; `:name` stands for one segment and is read as request.params.name. */
  path?: string | undefined;
  /** Short for a path of one segment. */
  slug?: string | undefined;
  /** Default GET. */
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | undefined;
  /** Default true. False: whoever knows the address. */
  auth_required?: boolean | undefined;
  condition?: string | null | undefined;
  /** JSON Schema 2020-12 of the body. What it does not know is refused when the endpoint is stored. */
  input_schema?: {
    [key: string]: unknown;
  } | null | undefined;
  /** JSON Schema of the query, an object of scalars; numbers and booleans are read from their texts. */
  query_schema?: {
    [key: string]: unknown;
  } | null | undefined;
  actions?: Action[] | undefined;
  response_template?: EndpointResponse | null | undefined;
  /** The status where an action fails. Default: its own where the caller is to blame, else 502. */
  failure_status?: number | null | undefined;
  /** Default 30. */
  timeout_seconds?: number | undefined;
  /** `caller` (default): under the rules of whoever calls; `account`: as the account itself; or a role with whose rights it acts. */
  run_as?: string | undefined;
  /** All actions in one transaction, calls out after it. Default: where no action calls out. */
  atomic?: boolean | null | undefined;
  enabled?: boolean | undefined;
}

export interface EndpointExecution {
  /** UUID version 7. */
  id: string;
  /** UUID version 7. */
  endpoint_id: string;
  /** partial: an action failed and was passed over. denied: the condition or the input. */
  status: "success" | "partial" | "failed" | "denied";
  http_status: number;
  duration_ms: number;
  /** Method, path, params, query and body, without values of secrets, cut at 8 KB; personal_data: true where the caller saw personal data unmasked. */
  request_data: {
    [key: string]: unknown;
  };
  /** The same; withheld from whoever sees no personal data where the caller did. */
  response_body?: unknown | undefined;
  error_message: string | null;
  user_id: string | null;
  /** RFC 3339, UTC, ends in Z. */
  executed_at: string;
  /** Same as executed_at. */
  created_at: string;
  /** RFC 3339, UTC, ends in Z. */
  completed_at: string;
}

export interface EndpointInput {
  name: string;
  description?: string | null | undefined;
  /** Below /api/v1/x; `:name` stands for one segment and is read as request.params.name. */
  path?: string | undefined;
  /** Short for a path of one segment. */
  slug?: string | undefined;
  /** Default GET. */
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | undefined;
  /** Default true. False: whoever knows the address. */
  auth_required?: boolean | undefined;
  condition?: string | null | undefined;
  /** JSON Schema 2020-12 of the body. What it does not know is refused when the endpoint is stored. */
  input_schema?: {
    [key: string]: unknown;
  } | null | undefined;
  /** JSON Schema of the query, an object of scalars; numbers and booleans are read from their texts. */
  query_schema?: {
    [key: string]: unknown;
  } | null | undefined;
  actions?: Action[] | undefined;
  response_template?: EndpointResponse | null | undefined;
  /** The status where an action fails. Default: its own where the caller is to blame, else 502. */
  failure_status?: number | null | undefined;
  /** Default 30. */
  timeout_seconds?: number | undefined;
  /** `caller` (default): under the rules of whoever calls; `account`: as the account itself; or a role with whose rights it acts. */
  run_as?: string | undefined;
  /** All actions in one transaction, calls out after it. Default: where no action calls out. */
  atomic?: boolean | null | undefined;
  enabled?: boolean | undefined;
}

/** What is answered; without it the result of the last action. */
export interface EndpointResponse {
  /** 200 to 299 or 400 to 499, default 200. */
  status?: number | undefined;
  /** Any JSON with templates. A text is sent as it is where Content-Type is not JSON. */
  body?: unknown | undefined;
  /** Values may hold templates. */
  headers?: {
    [key: string]: string;
  } | undefined;
}

export interface EndpointToggle {
  enabled?: boolean | undefined;
}

export interface EndpointsExecutionsQuery {
  /** Items to skip. */
  skip?: number | undefined;
  /** Items per page, 1 to 200, default 50. */
  limit?: number | undefined;
  /** Page number from 1; used when skip is absent. */
  page?: number | undefined;
  /** Same as limit. */
  page_size?: number | undefined;
  /** Same as skip. */
  offset?: number | undefined;
  /** partial: an action failed and was passed over. denied: the condition or the input. */
  status?: "success" | "partial" | "failed" | "denied" | undefined;
}

export interface EndpointsExecutionsReply {
  items: EndpointExecution[];
  total: number;
  skip: number;
  limit: number;
  page: number;
  page_size: number;
  total_pages: number;
}

export interface EndpointsListQuery {
  /** Items to skip. */
  skip?: number | undefined;
  /** Items per page, 1 to 200, default 50. */
  limit?: number | undefined;
  /** Page number from 1; used when skip is absent. */
  page?: number | undefined;
  /** Same as limit. */
  page_size?: number | undefined;
  /** Same as skip. */
  offset?: number | undefined;
  enabled?: boolean | undefined;
  method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | undefined;
}

export interface EndpointsListReply {
  items: Endpoint[];
  total: number;
  skip: number;
  limit: number;
  page: number;
  page_size: number;
  total_pages: number;
}

export interface EntityPage {
  data: ProjectedRecord[];
  /** All records that match, whatever limit and offset are. */
  total: number;
}

export interface EntityQueryInput {
  /** Conditions by field with operators, or $and, $or, $not. */
  where?: {
    [key: string]: unknown;
  } | undefined;
  /** A field; created_at when left out or unknown. */
  orderBy?: string | undefined;
  order?: "asc" | "desc" | undefined;
  /** Brought into 1 to 1000. */
  limit?: number | undefined;
  offset?: number | undefined;
  linked?: boolean | string[] | undefined;
}

export interface Explanation {
  operation: "list" | "view" | "create" | "update" | "delete";
  /** Whether the caller gets as far as the rows at all. */
  allowed: boolean;
  reason: string;
  collection_rule: string | null;
  /** What the permissions of the role grant, filters and rule in one; one of these must hold. */
  permissions: Array<{
    rule: string;
    fields: string[] | null;
    checks: PermissionConstraint[];
  }>;
  /** Every macro that the rules call, with what it stands for. */
  macros: Array<{
    call: string;
    means: string;
  }>;
  /** The whole expression that rows must satisfy, in canonical form; null: every row of the account. */
  predicate: string | null;
  /** The same as SQL, values left out. */
  sql: string | null;
  /** Fields that the operation reads or writes; null: all. System fields can always be read. */
  fields: string[] | null;
  /** Personal data that the user sees masked. */
  masked_fields: string[];
  /** With record_id: whether that row passes, and what each rule says about it. */
  record: {
    passes: boolean;
    parts: Array<{
      rule: string;
      source: "account" | "collection_rule" | "permission";
      /** null: unknown, because a value is missing. */
      result: boolean | null;
    }>;
  } | null;
}

export interface Explanations {
  collection: string;
  user_id: string | null;
  role: string;
  operations: Explanation[];
}

export interface FederatedPage {
  data: FederatedRecord[];
  total: number;
}

export interface FederatedRecord {
  /** UUID version 7. */
  id: string;
  /** Where the record is. */
  _source: {
    app: string;
    entity: string;
  };
  [key: string]: unknown;
}

/** One field of a collection. */
export type Field = {
  /** Letters, digits and underscore, at most 100; starts with a letter or underscore. */
  name: string;
  /** A value must be there and not null. A default satisfies it. */
  required: boolean;
  /** No two live records of one account share the value. */
  unique: boolean;
  description?: string | undefined;
  display_name?: string | undefined;
  /** A hint for user interfaces; it changes nothing. */
  content_type?: string | undefined;
  /** Its words are found by search=. */
  searchable?: boolean | undefined;
  sortable?: boolean | undefined;
  /** Personal data, masked for callers outside the group pii_access. */
  pii?: boolean | undefined;
  mask_type?: "email" | "ssn" | "phone" | "name" | "full" | "custom" | undefined;
} & (
  | {
      type: "text";
      min_length?: number | undefined;
      max_length?: number | undefined;
      /** A regular expression (RE2 syntax) that the whole value must match. */
      pattern?: string | undefined;
      default?: string | undefined;
      enum?: string[] | undefined;
    }
  | {
      type: "number";
      min?: number | undefined;
      max?: number | undefined;
      integer?: boolean | undefined;
      default?: number | undefined;
      enum?: number[] | undefined;
    }
  | {
      type: "boolean";
      default?: boolean | undefined;
    }
  | {
      type: "datetime";
      default?: string | undefined;
    }
  | {
      type: "date";
      default?: string | undefined;
    }
  | {
      type: "email";
      min_length?: number | undefined;
      max_length?: number | undefined;
      /** A regular expression (RE2 syntax) that the whole value must match. */
      pattern?: string | undefined;
      default?: string | undefined;
    }
  | {
      type: "url";
      min_length?: number | undefined;
      max_length?: number | undefined;
      /** A regular expression (RE2 syntax) that the whole value must match. */
      pattern?: string | undefined;
      default?: string | undefined;
    }
  | {
      type: "uuid";
      default?: string | undefined;
    }
  | {
      type: "json";
      default?: unknown | undefined;
    }
  | {
      type: "enum";
      default?: string | undefined;
      enum: string[];
    }
  | {
      type: "reference";
      /** The collection that the value points into. */
      collection: string;
      on_delete: "restrict" | "cascade" | "set_null";
      default?: string | undefined;
    }
  | {
      type: "text[]";
      default?: string[] | undefined;
      enum?: string[] | undefined;
    }
  | {
      type: "number[]";
      default?: number[] | undefined;
      enum?: number[] | undefined;
    }
  | {
      type: "computed";
      /** Of stored fields of the same collection and system fields, as `price * quantity`. */
      expression: string;
      /** What the expression answers; found out when it is left out, checked when it is there. */
      return_type?: "text" | "number" | "boolean" | "datetime" | "date" | "uuid" | undefined;
    }
);

/** One field of a collection. */
export type FieldInput = {
  /** Letters, digits and underscore, at most 100; starts with a letter or underscore. */
  name: string;
  /** A value must be there and not null. A default satisfies it. */
  required?: boolean | undefined;
  /** No two live records of one account share the value. */
  unique?: boolean | undefined;
  description?: string | undefined;
  display_name?: string | undefined;
  /** A hint for user interfaces; it changes nothing. */
  content_type?: string | undefined;
  /** Its words are found by search=. */
  searchable?: boolean | undefined;
  sortable?: boolean | undefined;
  /** Personal data, masked for callers outside the group pii_access. */
  pii?: boolean | undefined;
  mask_type?: "email" | "ssn" | "phone" | "name" | "full" | "custom" | undefined;
} & (
  | {
      type: "text";
      min_length?: number | undefined;
      max_length?: number | undefined;
      /** A regular expression (RE2 syntax) that the whole value must match. */
      pattern?: string | undefined;
      default?: string | undefined;
      enum?: string[] | undefined;
    }
  | {
      type: "number";
      min?: number | undefined;
      max?: number | undefined;
      integer?: boolean | undefined;
      default?: number | undefined;
      enum?: number[] | undefined;
    }
  | {
      type: "boolean";
      default?: boolean | undefined;
    }
  | {
      type: "datetime";
      default?: string | undefined;
    }
  | {
      type: "date";
      default?: string | undefined;
    }
  | {
      type: "email";
      min_length?: number | undefined;
      max_length?: number | undefined;
      /** A regular expression (RE2 syntax) that the whole value must match. */
      pattern?: string | undefined;
      default?: string | undefined;
    }
  | {
      type: "url";
      min_length?: number | undefined;
      max_length?: number | undefined;
      /** A regular expression (RE2 syntax) that the whole value must match. */
      pattern?: string | undefined;
      default?: string | undefined;
    }
  | {
      type: "uuid";
      default?: string | undefined;
    }
  | {
      type: "json";
      default?: unknown | undefined;
    }
  | {
      type: "enum";
      default?: string | undefined;
      enum: string[];
    }
  | {
      type: "reference";
      /** The collection that the value points into. */
      collection: string;
      on_delete?: "restrict" | "cascade" | "set_null" | undefined;
      default?: string | undefined;
    }
  | {
      type: "text[]";
      default?: string[] | undefined;
      enum?: string[] | undefined;
    }
  | {
      type: "number[]";
      default?: number[] | undefined;
      enum?: number[] | undefined;
    }
  | {
      type: "computed";
      /** Of stored fields of the same collection and system fields, as `price * quantity`. */
      expression: string;
      /** What the expression answers; found out when it is left out, checked when it is there. */
      return_type?: "text" | "number" | "boolean" | "datetime" | "date" | "uuid" | undefined;
    }
);

export interface Group {
  /** UUID version 7. */
  id: string;
  /** Two letters and four digits. */
  account_id: string;
  /** The same as account_id. */
  account_code: string;
  name: string;
  description: string | null;
  member_count: number;
  /** RFC 3339, UTC, ends in Z. */
  created_at: string;
  /** RFC 3339, UTC, ends in Z. */
  updated_at: string;
}

export interface GroupChange {
  /** Unique in the account, without regard to case. */
  name?: string | undefined;
  description?: string | null | undefined;
}

export interface GroupDetail {
  /** UUID version 7. */
  id: string;
  /** Two letters and four digits. */
  account_id: string;
  /** The same as account_id. */
  account_code: string;
  name: string;
  description: string | null;
  member_count: number;
  /** RFC 3339, UTC, ends in Z. */
  created_at: string;
  /** RFC 3339, UTC, ends in Z. */
  updated_at: string;
  users: GroupMember[];
}

export interface GroupInput {
  /** Unique in the account, without regard to case. */
  name: string;
  description?: string | null | undefined;
  /** Superadmins: the account (id or slug). */
  account_id?: string | undefined;
}

export interface GroupMember {
  /** UUID version 7. */
  id: string;
  email: string;
  role: string;
  is_active: boolean;
  /** RFC 3339, UTC, ends in Z. */
  added_at: string;
}

export interface GroupMemberInput {
  user_id: string;
}

export interface GroupsListQuery {
  /** Items to skip. */
  skip?: number | undefined;
  /** Items per page, 1 to 100, default 25. */
  limit?: number | undefined;
  /** Page number from 1; used when skip is absent. */
  page?: number | undefined;
  /** Same as limit. */
  page_size?: number | undefined;
  /** Part of the name. */
  search?: string | undefined;
  /** Superadmins: only this account (id or slug). */
  account_id?: string | undefined;
}

export interface GroupsListReply {
  items: Group[];
  total: number;
  skip: number;
  limit: number;
  page: number;
  page_size: number;
  total_pages: number;
}

export interface Health {
  status: "healthy" | "unhealthy";
  service: string;
  version: string;
}

export interface Hook {
  /** UUID version 7. */
  id: string;
  /** Two letters and four digits. */
  account_id: string;
  name: string;
  description: string | null;
  trigger: HookTrigger;
  condition: string | null;
  actions: Array<{
    type: string;
    [key: string]: unknown;
  }>;
  enabled: boolean;
  priority: number;
  run_as: string;
  timeout_seconds: number;
  cron: string | null;
  cron_description: string | null;
  last_run_at: string | null;
  /** Of schedules that are enabled. */
  next_run_at: string | null;
  /** RFC 3339, UTC, ends in Z. */
  created_at: string;
  /** RFC 3339, UTC, ends in Z. */
  updated_at: string;
  created_by: string | null;
}

export interface HookChange {
  name?: string | undefined;
  description?: string | null | undefined;
  trigger?: HookTrigger | undefined;
  condition?: string | null | undefined;
  /** Default: none. */
  actions?: Action[] | undefined;
  /** Default true. */
  enabled?: boolean | undefined;
  /** Of hooks before an event: higher ones run first, equal ones in the order of their creation. Default 0. */
  priority?: number | undefined;
  /** As whom it acts: `account`, the account itself, to which its own rules close nothing but what is locked; or a role, with whose rules and permissions. Rules of collections see the id of the definition as @request.auth.id; personal data stays masked. */
  run_as?: string | undefined;
  /** For all actions together; default 60. Hooks before a write have 10 at most, all that run in one transaction together. */
  timeout_seconds?: number | undefined;
}

export interface HookEvent {
  name: string;
  category: "app" | "model" | "record" | "collection" | "auth" | "request" | "realtime" | "mailer" | "job" | "workflow" | "webhook";
  phase: "before" | "after";
  /** A hook may end what is going on, with a message and a status. */
  abortable: boolean;
  /** Hooks that are defined by API may name it. */
  api: boolean;
  /** The same, shorter. */
  api_name: string | null;
  description: string;
}

export interface HookEvents {
  items: HookEvent[];
  total: number;
  builtin: BuiltinHook[];
}

export interface HookExecution {
  /** UUID version 7. */
  id: string;
  /** UUID version 7. */
  hook_id: string;
  /** What set it off: `manual` where somebody did. */
  trigger_type: "event" | "schedule" | "manual";
  event: string | null;
  /** partial: something failed after something was done. aborted: a hook before an event stopped it, so nothing of it is left. skipped: it was not run, and why is told. */
  status: "pending" | "running" | "success" | "partial" | "failed" | "aborted" | "skipped";
  actions_executed: number;
  actions: ActionOutcome[];
  error_code: string | null;
  error_message: string | null;
  duration_ms: number | null;
  /** How often it was taken up; more than 1 where a server died meanwhile. */
  attempt: number;
  /** What set it off, as its role sees it; without records where these are large. */
  execution_context: {
    [key: string]: unknown;
  };
  executed_at: string | null;
  finished_at: string | null;
  /** RFC 3339, UTC, ends in Z. */
  created_at: string;
}

export interface HookInput {
  name: string;
  description?: string | null | undefined;
  trigger: HookTrigger;
  condition?: string | null | undefined;
  /** Default: none. */
  actions?: Action[] | undefined;
  /** Default true. */
  enabled?: boolean | undefined;
  /** Of hooks before an event: higher ones run first, equal ones in the order of their creation. Default 0. */
  priority?: number | undefined;
  /** As whom it acts: `account`, the account itself, to which its own rules close nothing but what is locked; or a role, with whose rules and permissions. Rules of collections see the id of the definition as @request.auth.id; personal data stays masked. */
  run_as?: string | undefined;
  /** For all actions together; default 60. Hooks before a write have 10 at most, all that run in one transaction together. */
  timeout_seconds?: number | undefined;
}

export interface HookInputData {
  [key: string]: unknown;
}

/** What sets the hook off. Any hook can be set off by hand as well. */
export type HookTrigger = {
  type: "event";
  /** An event that GET /api/v1/hooks/events marks with `api`, under either name. Those named `before` are part of the write and may stop or change it; all others follow its commit. */
  event: string;
  /** Of events of records: only of this collection. Left out: of all. */
  collection?: string | null | undefined;
} | {
  type: "schedule";
  /** Five fields: minute, hour, day of the month, month, day of the week (0 and 7 are Sunday). */
  cron: string;
  /** Default UTC. */
  timezone?: string | undefined;
} | {
  type: "manual";
};

export interface HookTriggered {
  message: string;
  /** UUID version 7. */
  execution_id: string;
  /** Same as execution_id. */
  job_id: string;
}

export interface HooksExecutionsQuery {
  status?: "pending" | "running" | "success" | "partial" | "failed" | "aborted" | "skipped" | undefined;
  /** Items to skip. */
  skip?: number | undefined;
  /** Items per page, 1 to 200, default 50. */
  limit?: number | undefined;
  /** Page number from 1; used when skip is absent. */
  page?: number | undefined;
  /** Same as limit. */
  page_size?: number | undefined;
  /** Same as skip. */
  offset?: number | undefined;
}

export interface HooksExecutionsReply {
  items: HookExecution[];
  total: number;
  skip: number;
  limit: number;
  page: number;
  page_size: number;
  total_pages: number;
}

export interface HooksListQuery {
  trigger_type?: "event" | "schedule" | "manual" | undefined;
  enabled?: boolean | undefined;
  /** Items to skip. */
  skip?: number | undefined;
  /** Items per page, 1 to 200, default 50. */
  limit?: number | undefined;
  /** Page number from 1; used when skip is absent. */
  page?: number | undefined;
  /** Same as limit. */
  page_size?: number | undefined;
  /** Same as skip. */
  offset?: number | undefined;
}

export interface HooksListReply {
  items: Hook[];
  total: number;
  skip: number;
  limit: number;
  page: number;
  page_size: number;
  total_pages: number;
}

export interface HooksTriggerQuery {
  dry_run?: boolean | undefined;
}

export interface ImportSummary {
  dry_run: boolean;
  /** Rows that were read. */
  rows: number;
  created: number;
  updated: number;
  rejected: number;
  /** The first 100; with progress=true all are told. */
  rejects: Array<{
    /** Where the row begins, from 1. */
    line: number;
    errors: ProblemEntry[];
  }>;
}

export interface Invitation {
  /** UUID version 7. */
  id: string;
  /** Two letters and four digits. */
  account_id: string;
  /** The same as account_id. */
  account_code: string;
  email: string;
  role_id: number;
  role: string;
  invited_by: string | null;
  status: "pending" | "accepted" | "expired" | "cancelled";
  /** RFC 3339, UTC, ends in Z. */
  expires_at: string;
  accepted_at: string | null;
  /** RFC 3339, UTC, ends in Z. */
  created_at: string;
}

export interface InvitationAcceptance {
  password: string;
}

export interface InvitationInput {
  email: string;
  /** Default: the role user. */
  role_id?: number | string | undefined;
  /** Superadmins only: id or slug of the account. */
  account_id?: string | undefined;
}

export interface InvitationNotice {
  email: string;
  account_name: string;
  invited_by_name: string | null;
  /** RFC 3339, UTC, ends in Z. */
  expires_at: string;
  is_valid: boolean;
}

export interface InvitationsCreateReply {
  /** UUID version 7. */
  id: string;
  /** Two letters and four digits. */
  account_id: string;
  /** The same as account_id. */
  account_code: string;
  email: string;
  role_id: number;
  role: string;
  invited_by: string | null;
  status: "pending" | "accepted" | "expired" | "cancelled";
  /** RFC 3339, UTC, ends in Z. */
  expires_at: string;
  accepted_at: string | null;
  /** RFC 3339, UTC, ends in Z. */
  created_at: string;
  token: string;
}

export interface InvitationsListQuery {
  /** Items to skip. */
  skip?: number | undefined;
  /** Items per page, 1 to 100, default 25. */
  limit?: number | undefined;
  /** Page number from 1; used when skip is absent. */
  page?: number | undefined;
  /** Same as limit. */
  page_size?: number | undefined;
  status_filter?: "pending" | "accepted" | "expired" | "cancelled" | undefined;
  /** Superadmins only: id or slug of an account. */
  account_id?: string | undefined;
}

export interface InvitationsListReply {
  items: Invitation[];
  total: number;
  skip: number;
  limit: number;
  page: number;
  page_size: number;
  total_pages: number;
  /** The same array as items. */
  invitations: Invitation[];
}

export interface InvitationsResendBody {
  [key: string]: unknown;
}

export interface InvitationsResendReply {
  message: string;
  token: string;
}

export interface Job {
  /** UUID. */
  id: string;
  /** A label that whoever enqueued it has chosen; `default` without one. */
  queue: string;
  /** The name of what works on it. */
  handler: string;
  /** Secrets in it are shown as ***. */
  payload: {
    [key: string]: unknown;
  };
  /** retrying: waits for its next try · dead: failed as often as it may be tried · failed: given up at once, because trying again would not help. */
  status: "pending" | "running" | "completed" | "failed" | "retrying" | "dead" | "cancelled";
  /** Higher ones of a handler come first. */
  priority: number;
  /** Not before that. */
  run_at: string;
  /** When the last try began. */
  started_at: string | null;
  completed_at: string | null;
  failed_at: string | null;
  /** Tries that have begun. */
  attempt_number: number;
  /** Tries after the first; one whose process ended on the way counts. */
  max_retries: number;
  /** Before the first retry; doubled for each further one, and lengthened at random. */
  retry_delay_seconds: number;
  /** Why the last try failed. */
  error_message: string | null;
  /** null: the server’s own. */
  account_id: string | null;
  /** RFC 3339, UTC, ends in Z. */
  created_at: string;
  /** The user or the definition that enqueued it; null: the server. */
  created_by: string | null;
}

/** Of the jobs that are kept: 7 days after they ended, failed ones 30 days. */
export interface JobStats {
  pending: number;
  running: number;
  completed: number;
  failed: number;
  retrying: number;
  dead: number;
  cancelled: number;
  /** Of completed jobs; null when there is none. */
  avg_duration_seconds: number | null;
  /** Failed and dead ones among all that came to an end, 0 to 1. */
  failure_rate: number;
}

export interface JobsListQuery {
  status?: "pending" | "running" | "completed" | "failed" | "retrying" | "dead" | "cancelled" | undefined;
  queue?: string | undefined;
  handler?: string | undefined;
  /** Two letters and four digits. */
  account_id?: string | undefined;
  /** Items to skip. */
  skip?: number | undefined;
  /** Items per page, 1 to 200, default 50. */
  limit?: number | undefined;
  /** Page number from 1; used when skip is absent. */
  page?: number | undefined;
  /** Same as limit. */
  page_size?: number | undefined;
  /** Same as skip. */
  offset?: number | undefined;
}

export interface JobsListReply {
  items: Job[];
  total: number;
  skip: number;
  limit: number;
  page: number;
  page_size: number;
  total_pages: number;
}

/** By collection (`posts`, `main.*` or `*`) and operation (`read` means list and view): the fields, or "*". Anything else is refused. */
export interface KeyScopes {
  [key: string]: {
    list?: "*" | string[] | undefined;
    view?: "*" | string[] | undefined;
    read?: "*" | string[] | undefined;
    create?: "*" | string[] | undefined;
    update?: "*" | string[] | undefined;
    delete?: "*" | string[] | undefined;
    /** Of `apps` alone: deploying manifests, for keys of superadmins. */
    deploy?: "*" | undefined;
  };
}

export interface LiveSchema {
  tables: LiveTable[];
}

export interface LiveTable {
  name: string;
  physical_name: string;
  /** Of the database; a replaced object has a new one. */
  object_id: number;
  columns: Array<{
    name: string;
    /** As definitions spell it. */
    type: string;
    required: boolean;
    /** As SQL. */
    default: string | null;
  }>;
  primary_key: {
    /** As it was declared; as physical_name where it has no name of its own. */
    name: string;
    physical_name: string;
    /** Of the database; a replaced object has a new one. */
    object_id: number;
    /** Made and kept by the schema sync; others are never touched. */
    managed: boolean;
    columns: string[];
    /** As the database prints it. */
    definition: string;
  } | null;
  foreign_keys: Array<{
    /** As it was declared; as physical_name where it has no name of its own. */
    name: string;
    physical_name: string;
    /** Of the database; a replaced object has a new one. */
    object_id: number;
    /** Made and kept by the schema sync; others are never touched. */
    managed: boolean;
    columns: string[];
    /** As the database prints it. */
    definition: string;
    target: string;
    on_delete: "restrict" | "cascade" | "set_null";
  }>;
  indexes: Array<{
    /** As it was declared; as physical_name where it has no name of its own. */
    name: string;
    physical_name: string;
    /** Of the database; a replaced object has a new one. */
    object_id: number;
    /** Made and kept by the schema sync; others are never touched. */
    managed: boolean;
    columns: string[];
    /** As the database prints it. */
    definition: string;
    unique: boolean;
    method: string;
  }>;
  checks: Array<{
    /** As it was declared; as physical_name where it has no name of its own. */
    name: string;
    physical_name: string;
    /** Of the database; a replaced object has a new one. */
    object_id: number;
    /** Made and kept by the schema sync; others are never touched. */
    managed: boolean;
    columns: string[];
    /** As the database prints it. */
    definition: string;
  }>;
}

export interface LoginInput {
  /** Slug or id of the account. `system` for superadmins. */
  account?: string | undefined;
  email: string;
  password: string;
  session?: boolean | undefined;
}

export interface Macro {
  id: number;
  name: string;
  description: string | null;
  /** In canonical form. */
  expression: string;
  /** The same as expression, for clients that know it by this name. */
  sql_query: string;
  /** Always empty: a macro holds one expression. */
  parameters: string[];
  /** RFC 3339, UTC, ends in Z. */
  created_at: string;
  /** RFC 3339, UTC, ends in Z. */
  updated_at: string;
}

export interface MacroChange {
  /** Letters, digits and underscore, at most 100; not that of a built-in macro. */
  name?: string | undefined;
  description?: string | null | undefined;
  /** A rule expression; it may call other macros. */
  expression?: string | undefined;
  /** Accepted when empty. */
  parameters?: string[] | undefined;
}

export interface MacroInput {
  /** Letters, digits and underscore, at most 100; not that of a built-in macro. */
  name: string;
  description?: string | null | undefined;
  /** A rule expression; it may call other macros. */
  expression: string;
  /** Accepted when empty. */
  parameters?: string[] | undefined;
}

export interface MacroResult {
  /** null: unknown, because a value is missing. */
  result: boolean | null;
  errors: ProblemEntry[];
  /** Milliseconds. */
  execution_time: number;
  rows_affected: 0;
}

export interface MacroToTest {
  /** Accepted when empty. */
  parameters?: string[] | undefined;
  context?: RuleContext | undefined;
}

export interface MacrosListQuery {
  skip?: number | undefined;
  limit?: number | undefined;
}

export interface MacrosListReply {
  items: Macro[];
  total: number;
  skip: number;
  limit: number;
}

/** account_id (id or slug, mandatory) and the fields of the collection. */
export interface ManagedRecordBody {
  [key: string]: unknown;
}

/** Keys may be written as in collections or in camel case: `entityName`, `identityKind`, `softDelete`. */
export interface ManifestEntityInput {
  /** Letters, digits and underscore, at most 100; starts with a letter or underscore. */
  entity_name: string;
  /** The fields. `fields` is accepted as well. */
  fields: FieldInput[];
  description?: string | undefined;
  display_name?: string | undefined;
  /** Deleting sets deleted_at instead of removing the row. */
  soft_delete?: boolean | undefined;
  /** A disabled collection answers 404 RESOURCE_DISABLED and keeps its data. */
  enabled?: boolean | undefined;
  /** Replaces all declared indexes when it is sent. */
  indexes?: TableIndexInput[] | undefined;
  /** Replaces all declared checks when it is sent. */
  checks?: TableCheck[] | undefined;
  /** What the records are, in a word that apps share: `contact`. Goes with identity_key. */
  identity_kind?: string | null | undefined;
  /** The field by whose value records of several apps are the same: `email`. */
  identity_key?: string | null | undefined;
  /** null: not set, only admins; "": public; else an expression such as @owns_record(). */
  list_rule?: string | null | undefined;
  /** null: not set, only admins; "": public; else an expression such as @owns_record(). */
  view_rule?: string | null | undefined;
  /** null: not set, only admins; "": public; else an expression such as @owns_record(). */
  create_rule?: string | null | undefined;
  /** null: not set, only admins; "": public; else an expression such as @owns_record(). */
  update_rule?: string | null | undefined;
  /** null: not set, only admins; "": public; else an expression such as @owns_record(). */
  delete_rule?: string | null | undefined;
  /** "*" for all fields, or a list of names. */
  list_fields?: "*" | string[] | undefined;
  /** "*" for all fields, or a list of names. */
  view_fields?: "*" | string[] | undefined;
  /** "*" for all fields, or a list of names. */
  create_fields?: "*" | string[] | undefined;
  /** "*" for all fields, or a list of names. */
  update_fields?: "*" | string[] | undefined;
  /** What roles may do. When sent, it replaces the permissions of exactly this collection. */
  permissions?: CollectionPermission[] | undefined;
}

/** `appId` and `dataContract` are accepted for app_id and data_contract. */
export interface ManifestInput {
  /** Names the app in addresses and permissions. */
  app_id: string;
  name?: string | undefined;
  /** For people; the server counts revisions itself. */
  version?: string | undefined;
  description?: string | undefined;
  type?: "app" | "integration" | "agent" | undefined;
  icon?: string | undefined;
  /** For agents that work with the app. */
  instructions?: string | undefined;
  /** The entities. `entities` is accepted too. */
  data_contract?: ManifestEntityInput[] | undefined;
}

/** A message of JSON-RPC 2.0. */
export interface McpMessage {
  jsonrpc: "2.0";
  id?: string | number | undefined;
  method?: string | undefined;
  params?: {
    [key: string]: unknown;
  } | undefined;
  [key: string]: unknown;
}

/** A response of JSON-RPC 2.0: `result`, or `error`. */
export interface McpReply {
  jsonrpc: "2.0";
  id: string | number | null;
  result?: {
    [key: string]: unknown;
  } | undefined;
  error?: {
    code: number;
    message: string;
    data?: unknown | undefined;
    [key: string]: unknown;
  } | undefined;
  [key: string]: unknown;
}

export interface Me {
  id: string;
  /** The same as id. */
  user_id: string;
  email: string;
  role: string;
  /** Two letters and four digits. */
  account_id: string;
  is_superadmin: boolean;
  user: UserBrief;
  account: AccountBrief;
}

export interface Message {
  message: string;
}

export interface OpenApiDocument {
  openapi: string;
  info: {
    title: string;
    version: string;
    [key: string]: unknown;
  };
  [key: string]: unknown;
}

export interface OpsLiveReply {
  status: "alive";
  service: string;
  version: string;
}

export interface OpsReadyReply {
  status: "ready";
  service: string;
  version: string;
  database: "connected";
}

export interface OpsVersionReply {
  name: string;
  version: string;
  api_version: string;
}

export interface OwnPermissions {
  role: string;
  roles: string[];
  is_superadmin: boolean;
  permissions: string[];
}

export interface PasswordInput {
  new_password: string;
}

export interface Permission {
  id: number;
  role_id: number;
  collection: string;
  /** `read` means list and view. */
  operation: "list" | "view" | "read" | "create" | "update" | "delete";
  rule: string;
  /** `"*"` for all fields, or a list of names. System fields can always be read. */
  fields: "*" | string[];
  filters?: PermissionConstraint[] | undefined;
  checks?: PermissionConstraint[] | undefined;
  /** RFC 3339, UTC, ends in Z. */
  created_at: string;
  /** RFC 3339, UTC, ends in Z. */
  updated_at: string;
}

export interface PermissionConstraint {
  field: string;
  /** eq neq gt gte lt lte like ilike match in nin contains is_null is_not_null, or as in rules: `=`. */
  operator: string;
  /** What to compare with; a list for in, nin and contains. `$user.id` is the claim id. */
  value?: string | number | boolean | null | Array<string | number | boolean | null> | undefined;
  /** Instead of value: a property of the caller (id, email, role, account_id). */
  claim?: string | undefined;
}

export interface PermissionConstraintInput {
  field: string;
  /** eq neq gt gte lt lte like ilike match in nin contains is_null is_not_null, or as in rules: `=`. */
  operator: string;
  /** What to compare with; a list for in, nin and contains. `$user.id` is the claim id. */
  value?: string | number | boolean | null | Array<string | number | boolean | null> | undefined;
  /** Instead of value: a property of the caller (id, email, role, account_id). */
  claim?: string | undefined;
}

/** By collection and operation; null where nothing is granted. */
export interface PermissionMatrix {
  [key: string]: {
    create: {
      rule: string;
      /** `"*"` for all fields, or a list of names. System fields can always be read. */
      fields: "*" | string[];
      filters?: PermissionConstraint[] | undefined;
      checks?: PermissionConstraint[] | undefined;
    } | null;
    read: {
      rule: string;
      /** `"*"` for all fields, or a list of names. System fields can always be read. */
      fields: "*" | string[];
      filters?: PermissionConstraint[] | undefined;
      checks?: PermissionConstraint[] | undefined;
    } | null;
    update: {
      rule: string;
      /** `"*"` for all fields, or a list of names. System fields can always be read. */
      fields: "*" | string[];
      filters?: PermissionConstraint[] | undefined;
      checks?: PermissionConstraint[] | undefined;
    } | null;
    delete: {
      rule: string;
      /** `"*"` for all fields, or a list of names. System fields can always be read. */
      fields: "*" | string[];
      filters?: PermissionConstraint[] | undefined;
      checks?: PermissionConstraint[] | undefined;
    } | null;
    list?: {
      rule: string;
      /** `"*"` for all fields, or a list of names. System fields can always be read. */
      fields: "*" | string[];
      filters?: PermissionConstraint[] | undefined;
      checks?: PermissionConstraint[] | undefined;
    } | null | undefined;
    view?: {
      rule: string;
      /** `"*"` for all fields, or a list of names. System fields can always be read. */
      fields: "*" | string[];
      filters?: PermissionConstraint[] | undefined;
      checks?: PermissionConstraint[] | undefined;
    } | null | undefined;
  };
}

/** `rule` is true, `fields` is "*" and the lists are empty when left out. */
export interface PermissionUpdate {
  /** A collection (`posts`, `crm.contacts`), every one of an app (`main.*`), or `*`. */
  collection: string;
  /** `read` means list and view. */
  operation: "list" | "view" | "read" | "create" | "update" | "delete";
  /** Which rows: `true` for all, or an expression. */
  rule?: string | undefined;
  fields?: "*" | string[] | null | undefined;
  /** Conditions that rows must satisfy besides the rule; not for create. Of several permissions that apply (of the collection, of `app.*`, of `*`) a row has to satisfy one. */
  filters?: PermissionConstraintInput[] | undefined;
  /** Conditions on what create and update write, on one collection. With eq the field is set to the value or claim when it is not sent, and another value is refused with 403; it needs not be among the fields. Other operators judge the value that is written. They hold whichever permission lets the caller in. */
  checks?: PermissionConstraintInput[] | undefined;
}

export interface PermissionUpdates {
  updates: PermissionUpdate[];
}

export interface PermissionsUpdated {
  success_count: number;
  failure_count: number;
  errors: string[];
}

/** One finding about one field of the input. */
export interface ProblemEntry {
  field: string;
  message: string;
  code: string;
  type?: string | undefined;
  expected?: string | undefined;
  received?: string | undefined;
  index?: number | undefined;
  /** In a rule or filter: characters before the mistake. */
  position?: number | undefined;
  /** In a rule or filter: what to write instead. */
  hint?: string | undefined;
}

export interface ProjectedRecord {
  /** UUID version 7. */
  id: string;
  [key: string]: unknown;
}

export interface RealtimeSubscribeQuery {
  /** Collections, each with `:` and the operations that matter if not all do. Send it once for each. */
  collections?: string[] | undefined;
  /** Same as collections. */
  collection?: string[] | undefined;
  /** The id of the last event that was received: what came after it is sent first. As the header Last-Event-ID. */
  last_event_id?: string | undefined;
  /** A ticket instead of a credential, for clients that cannot send headers. */
  ticket?: string | undefined;
  /** An access token, where a header cannot be sent. A ticket is safer: addresses get logged. */
  token?: string | undefined;
}

export interface RealtimeTicket {
  ticket: string;
  expires_in: number;
}

export interface RealtimeWsQuery {
  /** An access token, where a header cannot be sent. */
  token?: string | undefined;
  /** A ticket instead of a credential, for clients that cannot send headers. */
  ticket?: string | undefined;
}

/** The fields of the collection. */
export interface RecordBody {
  [key: string]: unknown;
}

/** Newest first. */
export interface RecordHistory {
  items: RecordVersion[];
  total: number;
  skip: number;
  limit: number;
}

export interface RecordPage {
  items: ProjectedRecord[];
  /** All records that match, whatever skip and limit are; null with count=false. */
  total: number | null;
  skip: number;
  limit: number;
  /** For the next page; null at the end. */
  next_cursor: string | null;
  /** For cursor_before; null at the beginning. */
  prev_cursor: string | null;
  has_more: boolean;
}

export interface RecordQuery {
  /** Conditions by field, or $and, $or, $not. */
  where?: {
    [key: string]: unknown;
  } | undefined;
  /** The same as text; both must hold. */
  filter?: string | undefined;
  /** Words that the searchable fields hold: all of them, `"a phrase"`, `this or that`, `-not`, `begin*`. Without a sort the best come first. */
  search?: string | undefined;
  /** A field or several, as sort. */
  orderBy?: string | string[] | undefined;
  /** Direction of orderBy fields without a sign. */
  order?: "asc" | "desc" | undefined;
  /** As in the list: `-` before a name descends. */
  sort?: string | string[] | undefined;
  fields?: string | string[] | undefined;
  expand?: string | string[] | undefined;
  skip?: number | undefined;
  /** Same as skip. */
  offset?: number | undefined;
  /** 1 to 100, default 30. */
  limit?: number | undefined;
  cursor?: string | undefined;
  cursor_before?: string | undefined;
  count?: boolean | "exact" | "estimated" | undefined;
  linked?: boolean | string[] | undefined;
  deleted?: "without" | "with" | "only" | undefined;
}

/** `author.id`: a field of what the operation named `author` answered. */
export interface RecordRef {
  $from: string;
}

export interface RecordVersion {
  /** From 1, the oldest that the trail knows. */
  version: number;
  /** RFC 3339, UTC, ends in Z. */
  at: string;
  operation: "CREATE" | "UPDATE" | "DELETE" | "RESTORE";
  actor: {
    kind: string;
    user_id: string | null;
    user_email: string | null;
  };
  /** X-Audit-Reason of the request. */
  reason: string | null;
  request_id: string | null;
  /** By field: the value before and after. */
  changes: {
    [key: string]: {
      old?: unknown | undefined;
      new?: unknown | undefined;
    };
  };
  /** The record from then on, null once it was deleted. */
  record: ProjectedRecord | null;
}

export interface RecordsAggregateQuery {
  /** Comma list of count(), count(f), sum(f), avg(f), min(f), max(f). A result is called count, count_f, sum_f … */
  functions: string;
  /** Comma list of fields, or of year(f), month(f), week(f), day(f), hour(f) of a moment (in UTC). */
  group_by?: string | undefined;
  /** As in the list. */
  filter?: string | undefined;
  /** A condition on results and groups. */
  having?: string | undefined;
  /** Comma list of results or groups, `-` descends. */
  sort?: string | undefined;
  skip?: number | undefined;
  limit?: number | undefined;
  [key: string]: string | undefined | number;
}

export interface RecordsCreated {
  created: ProjectedRecord[];
  count: number;
}

export interface RecordsDeleteQuery {
  purge?: boolean | undefined;
}

export interface RecordsDeleted {
  deleted: string[];
  count: number;
}

export interface RecordsExportQuery {
  /** One JSON object a line, or CSV with a header. */
  format?: "ndjson" | "csv" | undefined;
  /** Comma list of the fields, all without it. */
  fields?: string | undefined;
  /** As in the list. */
  filter?: string | undefined;
  /** As in the list. */
  search?: string | undefined;
  /** As in the list; in the order of creation without it. */
  sort?: string | undefined;
  /** As in the list. */
  deleted?: "without" | "with" | "only" | undefined;
  [key: string]: string | "ndjson" | "csv" | undefined | "without" | "with" | "only";
}

export interface RecordsGetQuery {
  /** Comma list of the fields to answer. */
  fields?: string | undefined;
  /** Comma list of references to show as records in place, nested to 4 (`author,author.company`); and of those that refer here: `comments_via_post(limit=5;sort=-created_at)`. */
  expand?: string | undefined;
}

export interface RecordsHistoryQuery {
  /** The record as it was at this moment. */
  at?: string | undefined;
  skip?: number | undefined;
  limit?: number | undefined;
}

export interface RecordsImportQuery {
  /** Where the content type does not say it. */
  format?: "ndjson" | "csv" | undefined;
  /** Comma list of `column:field`, for columns of other names; `column:` leaves one out. */
  map?: string | undefined;
  /** A unique field: rows whose value is there change that record, and need the right to update. */
  upsert_by?: string | undefined;
  /** Of CSV; a comma without it. */
  delimiter?: string | undefined;
  /** Text of CSV that means null. An empty cell means that the field is not sent. */
  null?: string | undefined;
  /** All rows or none. Without it good rows are stored, bad ones reported. */
  atomic?: boolean | undefined;
  /** Tries everything and stores nothing. */
  dry_run?: boolean | undefined;
  /** Answers events while it works, one JSON object a line: progress, reject, done or error. */
  progress?: boolean | undefined;
  /** Rows to leave out at the beginning. */
  skip?: number | undefined;
}

export interface RecordsListQuery {
  /** Records to skip. */
  skip?: number | undefined;
  /** Records per page. */
  limit?: number | undefined;
  /** Comma list of fields; `-` before a name descends, `+` or nothing ascends. Default -created_at. */
  sort?: string | undefined;
  /** Comma list of the fields to answer; id always stays. */
  fields?: string | undefined;
  /** A condition as text (`rank > 3 && title ~ "a"`), or the JSON of a where. */
  filter?: string | undefined;
  /** Words that the searchable fields hold: all of them, `"a phrase"`, `this or that`, `-not`, `begin*`. Without a sort the best come first. */
  search?: string | undefined;
  /** Comma list of references to show as records in place, nested to 4 (`author,author.company`); and of those that refer here: `comments_via_post(limit=5;sort=-created_at)`. */
  expand?: string | undefined;
  /** next_cursor of the page before; empty for the first. The sort must be the same. */
  cursor?: string | undefined;
  /** prev_cursor of a page: answers the page in front of it. */
  cursor_before?: string | undefined;
  /** How total is found: exact (the default), estimated from statistics, or false for not at all. */
  count?: "exact" | "estimated" | "false" | undefined;
  /** Same as count: true is exact, false is false. */
  include_count?: boolean | undefined;
  /** `true` adds `_linked`: the records of all other apps that are the same person or thing (identity_kind and identity_key); a comma list of app ids, those of these. */
  linked?: string | undefined;
  /** Records that are softly deleted: without (the default), with, only. The others need the right to delete. */
  deleted?: "without" | "with" | "only" | undefined;
  [key: string]: string | number | undefined | "exact" | "estimated" | "false" | boolean | "without" | "with" | "only";
}

export interface RecordsStreamQuery {
  /** Comma list of created, updated, deleted; all without it. */
  events?: string | undefined;
  /** Comma list of the fields to send; id always stays. */
  fields?: string | undefined;
  /** As in the list. */
  filter?: string | undefined;
  /** The id of the last event that was received: what came after it is sent first. As the header Last-Event-ID. */
  last_event_id?: string | undefined;
  /** A ticket instead of a credential, for clients that cannot send headers. */
  ticket?: string | undefined;
  [key: string]: string | undefined;
}

export interface RecordsToCreate {
  records: RecordBody[];
}

export interface RecordsToDelete {
  ids: string[];
}

export interface RecordsToUpdate {
  records: Array<{
    id: string;
    data: RecordBody;
  }>;
}

export interface RecordsUpdated {
  updated: ProjectedRecord[];
  count: number;
}

export interface RefreshInput {
  refresh_token: string;
}

export interface RegisterInput {
  account_name: string;
  /** 3 to 32 characters: a letter, then letters, digits and hyphens. Derived from the name when missing. */
  account_slug?: string | undefined;
  /** Compared without regard to case. */
  email: string;
  /** At least 12 characters with an upper-case and a lower-case letter, a digit and a special character. */
  password: string;
}

export interface Registration {
  message: string;
  account: AccountBrief;
  user: UserBrief;
}

export interface ResourcesCreateReply {
  data: StoredRecord;
  meta: {
    resource: string;
  };
}

export interface ResourcesDeleteQuery {
  purge?: boolean | undefined;
}

export interface ResourcesGetQuery {
  /** Comma list of the fields to answer; id always stays. */
  fields?: string | undefined;
  /** Comma list of references whose records to show too: `property` for the field `property_id` adds the record under that name, the name of the field itself puts it in its place. */
  include?: string | undefined;
}

export interface ResourcesGetReply {
  data: ProjectedRecord;
  meta: {
    resource: string;
  };
}

export interface ResourcesListQuery {
  /** Records per page, 1 to 1000; 50 when left out. */
  _limit?: number | undefined;
  /** Same as _limit. */
  limit?: number | undefined;
  /** Records to skip. */
  _offset?: number | undefined;
  /** Same as _offset. */
  offset?: number | undefined;
  /** Same as _offset, by its name on the first face. */
  skip?: number | undefined;
  /** Comma list of fields; `-` before a name descends. Default -created_at. */
  _sort?: string | undefined;
  /** Same as _sort. */
  sort?: string | undefined;
  /** Comma list of the fields to answer; id always stays. */
  fields?: string | undefined;
  /** Comma list of references whose records to show too: `property` for the field `property_id` adds the record under that name, the name of the field itself puts it in its place. */
  include?: string | undefined;
  /** A condition as text; it must hold too. */
  filter?: string | undefined;
  /** Words that the searchable fields hold. */
  search?: string | undefined;
  /** Records that are softly deleted: without (the default), with, only. The others need the right to delete. */
  deleted?: "without" | "with" | "only" | undefined;
  [key: string]: string | number | undefined | "without" | "with" | "only";
}

export interface ResourcesListReply {
  data: ProjectedRecord[];
  meta: {
    resource: string;
    /** All records that match, whatever limit and offset are. */
    total: number;
    limit: number;
    offset: number;
  };
}

export interface ResourcesPatchReply {
  data: StoredRecord;
  meta: {
    resource: string;
  };
}

export interface ResourcesReplaceReply {
  data: StoredRecord;
  meta: {
    resource: string;
  };
}

export interface ResourcesRestoreReply {
  data: StoredRecord;
  meta: {
    resource: string;
  };
}

export interface ResourcesStreamQuery {
  /** Comma list of created, updated, deleted; all without it. */
  events?: string | undefined;
  /** Comma list of the fields to send; id always stays. */
  fields?: string | undefined;
  /** As in the list. */
  filter?: string | undefined;
  /** The id of the last event that was received: what came after it is sent first. As the header Last-Event-ID. */
  last_event_id?: string | undefined;
  /** A ticket instead of a credential, for clients that cannot send headers. */
  ticket?: string | undefined;
  [key: string]: string | undefined;
}

export interface Role {
  id: number;
  name: string;
  description: string | null;
  is_builtin: boolean;
  /** A disabled role grants nothing. */
  enabled: boolean;
  /** What it may do, by name; rules may leave out rows. */
  permissions: string[];
  /** RFC 3339, UTC, ends in Z. */
  created_at: string;
  /** RFC 3339, UTC, ends in Z. */
  updated_at: string;
}

export interface RoleChange {
  /** Letters, digits and underscore, at most 100; starts with a letter or underscore. */
  name?: string | undefined;
  description?: string | null | undefined;
  enabled?: boolean | undefined;
  /** Names of everything that the role may do. What is named and granted already keeps its rule, fields, filters and checks, what is new is granted without limits, the rest is taken away. */
  permissions?: string[] | undefined;
}

export interface RoleInput {
  /** Letters, digits and underscore, at most 100; starts with a letter or underscore. */
  name: string;
  description?: string | null | undefined;
  enabled?: boolean | undefined;
  /** Names of everything that the role may do. What is named and granted already keeps its rule, fields, filters and checks, what is new is granted without limits, the rest is taken away. */
  permissions?: string[] | undefined;
}

export interface RolePermissions {
  permissions: PermissionMatrix;
  items: Permission[];
}

export interface RolesListReply {
  items: Role[];
  total: number;
}

export interface RuleContext {
  /** id, email, role, account_id, groups of the caller. */
  auth?: {
    [key: string]: unknown;
  } | null | undefined;
  record?: {
    [key: string]: unknown;
  } | undefined;
  data?: {
    [key: string]: unknown;
  } | undefined;
}

export interface RuleResult {
  result: boolean | null;
  allowed: boolean;
  errors: ProblemEntry[];
}

export interface RuleToTest {
  rule: string;
  collection?: string | undefined;
  context?: RuleContext | undefined;
}

export interface RuleToValidate {
  rule: string;
  operation?: "list" | "view" | "create" | "update" | "delete" | undefined;
  /** Check against the fields of this collection. */
  collection?: string | undefined;
  /** Without a collection: the names of its fields. */
  collectionFields?: string[] | undefined;
}

export interface RuleVerdict {
  valid: boolean;
  canonical: string | null;
  errors: ProblemEntry[];
}

export interface Rules {
  id: string;
  collection_id: string;
  collection: string;
  /** null: not set, only admins; "": public; else an expression such as @owns_record(). */
  list_rule: string | null;
  /** null: not set, only admins; "": public; else an expression such as @owns_record(). */
  view_rule: string | null;
  /** null: not set, only admins; "": public; else an expression such as @owns_record(). */
  create_rule: string | null;
  /** null: not set, only admins; "": public; else an expression such as @owns_record(). */
  update_rule: string | null;
  /** null: not set, only admins; "": public; else an expression such as @owns_record(). */
  delete_rule: string | null;
  /** "*" for all fields, or a list of names. */
  list_fields: "*" | string[];
  /** "*" for all fields, or a list of names. */
  view_fields: "*" | string[];
  /** "*" for all fields, or a list of names. */
  create_fields: "*" | string[];
  /** "*" for all fields, or a list of names. */
  update_fields: "*" | string[];
  /** RFC 3339, UTC, ends in Z. */
  created_at: string;
  /** RFC 3339, UTC, ends in Z. */
  updated_at: string;
}

export interface RulesChange {
  /** null: not set, only admins; "": public; else an expression such as @owns_record(). */
  list_rule?: string | null | undefined;
  /** null: not set, only admins; "": public; else an expression such as @owns_record(). */
  view_rule?: string | null | undefined;
  /** null: not set, only admins; "": public; else an expression such as @owns_record(). */
  create_rule?: string | null | undefined;
  /** null: not set, only admins; "": public; else an expression such as @owns_record(). */
  update_rule?: string | null | undefined;
  /** null: not set, only admins; "": public; else an expression such as @owns_record(). */
  delete_rule?: string | null | undefined;
  /** "*" for all fields, or a list of names. */
  list_fields?: "*" | string[] | undefined;
  /** "*" for all fields, or a list of names. */
  view_fields?: "*" | string[] | undefined;
  /** "*" for all fields, or a list of names. */
  create_fields?: "*" | string[] | undefined;
  /** "*" for all fields, or a list of names. */
  update_fields?: "*" | string[] | undefined;
}

export interface SchemaChange {
  entity: string;
  /** create_table, add_column, alter_type, drop_index … */
  change_type: string;
  /** The field; empty where the change is about the whole table. */
  column: string;
  detail: string | null;
  /** Data goes with it. Told when rows are counted. */
  destructive?: boolean | undefined;
  /** Rows that it touches, with count_rows=true. */
  rows?: number | null | undefined;
}

export interface Session {
  /** Access token: a JWT signed with HS256. */
  token: string;
  /** Works once; each refresh answers the next one. */
  refresh_token: string;
  /** Seconds until the access token expires. */
  expires_in: number;
  account: AccountBrief;
  user: UserBrief;
}

/** System fields and the fields of the collection. */
export interface StoredRecord {
  /** UUID version 7. */
  id: string;
  account_id: string;
  /** RFC 3339, UTC, ends in Z. */
  created_at: string;
  /** RFC 3339, UTC, ends in Z. */
  updated_at: string;
  created_by: string | null;
  updated_by: string | null;
  [key: string]: unknown;
}

export interface TableCheck {
  /** A name of your own; one is made from the columns when it is left out. */
  name?: string | undefined;
  /** What every record must satisfy, as `ends_at > starts_at`; unknown passes. */
  expr: string;
}

export interface TableIndex {
  /** A name of your own; one is made from the columns when it is left out. */
  name?: string | undefined;
  columns: Array<{
    column?: string | undefined;
    /** An expression instead of a column, as `lower(email)`. */
    expr?: string | undefined;
    sort: "asc" | "desc";
    /** Where records without a value stand. */
    nulls?: "first" | "last" | undefined;
  }>;
  /** No two live records of one account are equal in it. */
  unique: boolean;
  /** btree and brin lead with the account by themselves; hash and spgist (text) take one column; gin takes json, text[] and number[] fields; gist has no operators for the types of fields and is refused. */
  method: "btree" | "hash" | "gin" | "gist" | "spgist" | "brin";
  /** Only records for which this holds, as `status = "open"`; no variables, no macros, no now(). */
  where?: string | undefined;
}

export interface TableIndexInput {
  /** A name of your own; one is made from the columns when it is left out. */
  name?: string | undefined;
  columns: Array<{
    column?: string | undefined;
    /** An expression instead of a column, as `lower(email)`. */
    expr?: string | undefined;
    sort?: "asc" | "desc" | undefined;
    /** Where records without a value stand. */
    nulls?: "first" | "last" | undefined;
  }>;
  /** No two live records of one account are equal in it. */
  unique?: boolean | undefined;
  /** btree and brin lead with the account by themselves; hash and spgist (text) take one column; gin takes json, text[] and number[] fields; gist has no operators for the types of fields and is refused. */
  method?: "btree" | "hash" | "gin" | "gist" | "spgist" | "brin" | undefined;
  /** Only records for which this holds, as `status = "open"`; no variables, no macros, no now(). */
  where?: string | undefined;
}

export interface ToExplain {
  collection: string;
  /** Default: yourself. Account admins: users of their account. */
  user_id?: string | undefined;
  operation?: "list" | "view" | "create" | "update" | "delete" | undefined;
  record_id?: string | undefined;
}

export interface Transaction {
  operations: TransactionOperation[];
}

export type TransactionOperation = {
  /** Name of the collection. */
  collection: string;
  /** A name for later operations to refer by; without one its place, from 0. */
  as?: string | undefined;
} & (
  | {
      op: "create";
      data: RecordBody;
    }
  | {
      op: "update";
      /** Id of the record. */
      id: string | RecordRef;
      data: RecordBody;
    }
  | {
      op: "replace";
      /** Id of the record. */
      id: string | RecordRef;
      data: RecordBody;
    }
  | {
      op: "delete";
      /** Id of the record. */
      id: string | RecordRef;
    }
);

export interface TransactionResults {
  results: Array<{
    op: "create" | "update" | "replace" | "delete";
    collection: string;
    as?: string | undefined;
    /** UUID version 7. */
    id: string;
    /** As stored; null where it was deleted. */
    record: ProjectedRecord | null;
  }>;
  count: number;
}

export interface User {
  /** UUID version 7. */
  id: string;
  email: string;
  /** Two letters and four digits. */
  account_id: string;
  /** The same as account_id. */
  account_code: string;
  account_name: string;
  role: string;
  role_id: number;
  /** The same as role. */
  role_name: string;
  groups: string[];
  is_active: boolean;
  auth_provider: string;
  email_verified: boolean;
  email_verified_at: string | null;
  /** RFC 3339, UTC, ends in Z. */
  created_at: string;
  /** RFC 3339, UTC, ends in Z. */
  updated_at: string;
  last_login: string | null;
}

export interface UserBrief {
  id: string;
  email: string;
  role: string;
  /** Two letters and four digits. */
  account_id: string;
  groups: string[];
  is_active: boolean;
  email_verified: boolean;
  /** RFC 3339, UTC, ends in Z. */
  created_at: string;
  last_login: string | null;
  [key: string]: unknown;
}

export interface UserChange {
  email?: string | undefined;
  /** A role id, as a number or as text. */
  role_id?: number | string | undefined;
  is_active?: boolean | undefined;
}

export interface UserInput {
  email: string;
  password: string;
  /** Id or slug of the account. */
  account_id: string;
  /** A role id, as a number or as text. Default: the role user. */
  role_id?: number | string | undefined;
  is_active?: boolean | undefined;
  email_verified?: boolean | undefined;
}

export interface UsersListQuery {
  /** Items to skip. */
  skip?: number | undefined;
  /** Items per page, 1 to 100, default 25. */
  limit?: number | undefined;
  /** Page number from 1; used when skip is absent. */
  page?: number | undefined;
  /** Same as limit. */
  page_size?: number | undefined;
  /** Only users of this account (id or slug). */
  account_id?: string | undefined;
  role_id?: number | undefined;
  is_active?: boolean | undefined;
  /** Part of the e-mail address. */
  search?: string | undefined;
  sort?: "created_at" | "-created_at" | "email" | "-email" | undefined;
  sort_by?: "created_at" | "email" | undefined;
  sort_order?: "asc" | "desc" | undefined;
}

export interface UsersListReply {
  items: User[];
  total: number;
  skip: number;
  limit: number;
  page: number;
  page_size: number;
  total_pages: number;
}

export interface UsersResendVerificationBody {
  [key: string]: unknown;
}

export interface UsersVerifyBody {
  [key: string]: unknown;
}

export interface UsersVerifyReply {
  message: string;
  user: User;
}

export interface VerifyEmailInput {
  token: string;
}

export interface Webhook {
  /** UUID version 7. */
  id: string;
  /** Two letters and four digits. */
  account_id: string;
  url: string;
  description: string | null;
  /** Where it is exactly one. */
  collection: string | null;
  collections: string[];
  events: string[];
  fields: string[] | null;
  filter: string | null;
  headers: {
    [key: string]: string;
  };
  enabled: boolean;
  /** Why the server disabled it; null where a person did. */
  disabled_reason: string | null;
  /** Failed attempts since the last success. */
  failures: number;
  failing_since: string | null;
  /** Until then two secrets sign. */
  former_secret_until: string | null;
  /** RFC 3339, UTC, ends in Z. */
  created_at: string;
  /** RFC 3339, UTC, ends in Z. */
  updated_at: string;
  created_by: string | null;
}

export interface WebhookAttempt {
  /** RFC 3339, UTC, ends in Z. */
  at: string;
  status: number | null;
  duration_ms: number;
  error: string | null;
  response_body: string | null;
}

export interface WebhookChange {
  /** http or https (https alone in production), on a public address. Redirects are not followed. */
  url?: string | undefined;
  description?: string | null | undefined;
  /** One collection. */
  collection?: string | null | undefined;
  /** Several. */
  collections?: string[] | undefined;
  /** create, update, delete and restore of the collections named beside it (also as created or records.create), or patterns: `posts.*`, `posts.created`, `crm.contacts.updated`, `crm.*.*`, `*.deleted`, `*`. */
  events?: string[] | undefined;
  /** What of the record is sent; id always is. Left out or null: all that there is. */
  fields?: string[] | null | undefined;
  /** A condition on the record, on the former one of a delete. Without it, or empty: every one. For patterns of several collections it may name system fields only. */
  filter?: string | null | undefined;
  /** Left out: one is made. `whsec_` and base64 is decoded as Standard Webhooks says. */
  secret?: string | undefined;
  headers?: {
    [key: string]: string;
  } | null | undefined;
  enabled?: boolean | undefined;
}

export interface WebhookDelivery {
  /** UUID version 7. */
  id: string;
  /** UUID version 7. */
  webhook_id: string;
  /** Sent as webhook-id. */
  message_id: string;
  redelivery_of: string | null;
  event: string;
  collection: string;
  record_id: string;
  /** dead: given up, and can be sent again. */
  status: "pending" | "retrying" | "delivered" | "dead";
  /** Attempts so far. */
  attempt_number: number;
  /** Of the last attempt; null where no answer came. */
  response_status: number | null;
  /** Its beginning. */
  response_body: string | null;
  error: string | null;
  next_retry_at: string | null;
  delivered_at: string | null;
  /** RFC 3339, UTC, ends in Z. */
  created_at: string;
  /** In lists; null where it has more than 100,000 characters: the delivery by its id has it. */
  payload?: WebhookPayload | null | undefined;
}

export interface WebhookDeliveryInFull {
  /** UUID version 7. */
  id: string;
  /** UUID version 7. */
  webhook_id: string;
  /** Sent as webhook-id. */
  message_id: string;
  redelivery_of: string | null;
  event: string;
  collection: string;
  record_id: string;
  /** dead: given up, and can be sent again. */
  status: "pending" | "retrying" | "delivered" | "dead";
  /** Attempts so far. */
  attempt_number: number;
  /** Of the last attempt; null where no answer came. */
  response_status: number | null;
  /** Its beginning. */
  response_body: string | null;
  error: string | null;
  next_retry_at: string | null;
  delivered_at: string | null;
  /** RFC 3339, UTC, ends in Z. */
  created_at: string;
  payload: WebhookPayload;
  attempts: WebhookAttempt[];
}

export interface WebhookInput {
  /** http or https (https alone in production), on a public address. Redirects are not followed. */
  url: string;
  description?: string | null | undefined;
  /** One collection. */
  collection?: string | null | undefined;
  /** Several. */
  collections?: string[] | undefined;
  /** create, update, delete and restore of the collections named beside it (also as created or records.create), or patterns: `posts.*`, `posts.created`, `crm.contacts.updated`, `crm.*.*`, `*.deleted`, `*`. */
  events: string[];
  /** What of the record is sent; id always is. Left out or null: all that there is. */
  fields?: string[] | null | undefined;
  /** A condition on the record, on the former one of a delete. Without it, or empty: every one. For patterns of several collections it may name system fields only. */
  filter?: string | null | undefined;
  /** Left out: one is made. `whsec_` and base64 is decoded as Standard Webhooks says. */
  secret?: string | undefined;
  headers?: {
    [key: string]: string;
  } | null | undefined;
  enabled?: boolean | undefined;
}

export interface WebhookPayload {
  /** records.create, records.update, records.delete, records.restore or test. */
  event: string;
  /** `{collection}.created`, `.updated`, `.deleted` or `.restored`. */
  type: string;
  /** Of the message; the same when it is sent again. */
  id: string;
  collection: string;
  /** As it is now; empty when it is deleted. */
  record: {
    [key: string]: unknown;
  };
  /** As it was; null where there was none. */
  previous: {
    [key: string]: unknown;
  } | null;
  /** Names of fields that got a value, another value, or lost theirs. */
  changes: {
    added: string[];
    updated: string[];
    removed: string[];
  };
  /** RFC 3339, UTC, ends in Z. */
  timestamp: string;
  /** UUID version 7. */
  webhook_id: string;
  /** Two letters and four digits. */
  account_id: string;
}

export interface WebhookRedelivered {
  count: number;
}

export interface WebhookRedelivery {
  /** Created at or after. */
  from?: string | undefined;
  /** Created at or before. */
  to?: string | undefined;
  /** Default dead. */
  status?: "dead" | "delivered" | undefined;
}

export interface WebhookRotation {
  /** How long the old secret still signs; default 24, 0: no longer. */
  expires_in_hours?: number | undefined;
}

export interface WebhookTest {
  success: boolean;
  status_code: number | null;
  response_body: string | null;
  error: string | null;
  duration_ms: number;
}

export interface WebhookWithSecret {
  /** UUID version 7. */
  id: string;
  /** Two letters and four digits. */
  account_id: string;
  url: string;
  description: string | null;
  /** Where it is exactly one. */
  collection: string | null;
  collections: string[];
  events: string[];
  fields: string[] | null;
  filter: string | null;
  headers: {
    [key: string]: string;
  };
  enabled: boolean;
  /** Why the server disabled it; null where a person did. */
  disabled_reason: string | null;
  /** Failed attempts since the last success. */
  failures: number;
  failing_since: string | null;
  /** Until then two secrets sign. */
  former_secret_until: string | null;
  /** RFC 3339, UTC, ends in Z. */
  created_at: string;
  /** RFC 3339, UTC, ends in Z. */
  updated_at: string;
  created_by: string | null;
  /** Shown in this reply and never again. */
  secret: string;
}

export interface WebhooksDeliveriesQuery {
  /** Items to skip. */
  skip?: number | undefined;
  /** Items per page, 1 to 200, default 50. */
  limit?: number | undefined;
  /** Page number from 1; used when skip is absent. */
  page?: number | undefined;
  /** Same as limit. */
  page_size?: number | undefined;
  /** Same as skip. */
  offset?: number | undefined;
  status?: "pending" | "retrying" | "delivered" | "dead" | undefined;
  /** As `records.create`, or `create`. */
  event?: string | undefined;
  record_id?: string | undefined;
}

export interface WebhooksDeliveriesReply {
  items: WebhookDelivery[];
  total: number;
  skip: number;
  limit: number;
  page: number;
  page_size: number;
  total_pages: number;
}

export interface WebhooksListQuery {
  /** Items to skip. */
  skip?: number | undefined;
  /** Items per page, 1 to 200, default 50. */
  limit?: number | undefined;
  /** Page number from 1; used when skip is absent. */
  page?: number | undefined;
  /** Same as limit. */
  page_size?: number | undefined;
  /** Same as skip. */
  offset?: number | undefined;
}

export interface WebhooksListReply {
  items: Webhook[];
  total: number;
  skip: number;
  limit: number;
  page: number;
  page_size: number;
  total_pages: number;
}

export interface Workflow {
  /** UUID version 7. */
  id: string;
  /** Two letters and four digits. */
  account_id: string;
  name: string;
  slug: string;
  description: string | null;
  trigger_type: "event" | "schedule" | "manual" | "webhook";
  /** The trigger without its type; of a webhook with its token. */
  trigger_config: {
    [key: string]: unknown;
  };
  trigger: {
    type: string;
    [key: string]: unknown;
  };
  steps: Array<{
    type: string;
    name: string;
    [key: string]: unknown;
  }>;
  enabled: boolean;
  run_as: string;
  timeout_seconds: number | null;
  /** Grows with each change of what it does; instances keep theirs. */
  version: number;
  last_run_at: string | null;
  /** Of a schedule. */
  next_run_at: string | null;
  /** RFC 3339, UTC, ends in Z. */
  created_at: string;
  /** RFC 3339, UTC, ends in Z. */
  updated_at: string;
  created_by: string | null;
}

export interface WorkflowChange {
  name?: string | undefined;
  /** Left out when it is made: derived from the name. */
  slug?: string | undefined;
  description?: string | null | undefined;
  trigger?: WorkflowTrigger | undefined;
  /** Default: none. */
  steps?: WorkflowStep[] | undefined;
  /** Default true. */
  enabled?: boolean | undefined;
  /** As whom it acts: `account`, the account itself, to which its own rules close nothing but what is locked; or a role, with whose rules and permissions. Rules of collections see the id of the definition as @request.auth.id; personal data stays masked. */
  run_as?: string | undefined;
  /** Seconds after which an instance that is not done fails; null: never. */
  timeout_seconds?: number | null | undefined;
}

export interface WorkflowInnerStep {
  type?: "action" | undefined;
  /** Up to 62 characters that are not . " ' { } [ ] or a backslash; it begins with no digit. Templates read `steps["Send mail"].output`, conditions `steps.Send_mail.output`. */
  name?: string | undefined;
  action: Action;
  on_error?: "fail" | "continue" | undefined;
}

/** A step is followed by its `next` (`end`: nothing), else by the one behind it in the list. Steps that a condition or switch names are alternatives: from one of them the order goes on behind the others. A step that is named by on_error or on_timeout is passed over by the order. A branch that is not named (on_true, on_false, default) goes on in the order. Steps that nothing leads to, circles without a wait, and orders that would lead from one branch into another are refused. */
export interface WorkflowInput {
  name: string;
  /** Left out when it is made: derived from the name. */
  slug?: string | undefined;
  description?: string | null | undefined;
  trigger: WorkflowTrigger;
  /** Default: none. */
  steps?: WorkflowStep[] | undefined;
  /** Default true. */
  enabled?: boolean | undefined;
  /** As whom it acts: `account`, the account itself, to which its own rules close nothing but what is locked; or a role, with whose rules and permissions. Rules of collections see the id of the definition as @request.auth.id; personal data stays masked. */
  run_as?: string | undefined;
  /** Seconds after which an instance that is not done fails; null: never. */
  timeout_seconds?: number | null | undefined;
}

export interface WorkflowInstance {
  /** UUID version 7. */
  id: string;
  /** UUID version 7. */
  workflow_id: string;
  /** Two letters and four digits. */
  account_id: string;
  version: number;
  status: "pending" | "running" | "waiting" | "completed" | "failed" | "cancelled";
  current_step: string | null;
  /** `trigger`, and `steps` by name with output, status and error. */
  context: {
    [key: string]: unknown;
  };
  /** What the step `end` said. */
  output?: unknown | undefined;
  /** manual, event, schedule, webhook, action or workflow. */
  source: string;
  parent_id: string | null;
  depth: number;
  /** Failed tries of the current step. */
  attempt: number;
  error_code: string | null;
  error_message: string | null;
  /** Of one that waits: until when at most. */
  wake_at: string | null;
  /** Instances wake by themselves: no job of the queue does it. */
  resume_job_id: null;
  started_at: string | null;
  completed_at: string | null;
  /** RFC 3339, UTC, ends in Z. */
  created_at: string;
}

export interface WorkflowInstanceDetail {
  /** UUID version 7. */
  id: string;
  /** UUID version 7. */
  workflow_id: string;
  /** Two letters and four digits. */
  account_id: string;
  version: number;
  status: "pending" | "running" | "waiting" | "completed" | "failed" | "cancelled";
  current_step: string | null;
  /** `trigger`, and `steps` by name with output, status and error. */
  context: {
    [key: string]: unknown;
  };
  /** What the step `end` said. */
  output?: unknown | undefined;
  /** manual, event, schedule, webhook, action or workflow. */
  source: string;
  parent_id: string | null;
  depth: number;
  /** Failed tries of the current step. */
  attempt: number;
  error_code: string | null;
  error_message: string | null;
  /** Of one that waits: until when at most. */
  wake_at: string | null;
  /** Instances wake by themselves: no job of the queue does it. */
  resume_job_id: null;
  started_at: string | null;
  completed_at: string | null;
  /** RFC 3339, UTC, ends in Z. */
  created_at: string;
  /** In their order; of more than 1000 the last ones. */
  step_logs: WorkflowStepLog[];
}

export interface WorkflowRetry {
  /** How often it is tried in all. */
  max_attempts: number;
  /** Before the second try; default 5. */
  delay_seconds?: number | undefined;
  /** By what the delay grows each time; default 2. */
  backoff?: number | undefined;
}

export interface WorkflowStarted {
  message: string;
  /** UUID version 7. */
  instance_id: string;
}

/** One step. */
export type WorkflowStep = {
  /** Kept for editors; the workflow does not look at it. */
  id?: string | undefined;
  /** Kept for editors; the workflow does not look at it. */
  position_x?: number | undefined;
  /** Kept for editors; the workflow does not look at it. */
  position_y?: number | undefined;
  /** Unique in the workflow; later steps read `steps.<name>.output`. */
  name: string;
  /** Which step follows; `end`: none. Left out or null: the one behind it. */
  next?: string | null | undefined;
} & (
  | {
      type: "action";
      action: Action;
      retry?: WorkflowRetry | undefined;
      /** `fail` (default) fails the workflow, `continue` goes on; else the step that follows a failure. */
      on_error?: string | undefined;
      /** Stops the step, which counts as a failure. Default 300. */
      timeout_seconds?: number | undefined;
    }
  | {
      type: "condition";
      /** An expression in the language of rules, over the names that templates know. `@request.auth` and macros such as `@has_role` ask about whoever is behind the run, as `auth` tells. Empty: always. */
      expression: string;
      /** Name of a step; `end` ends the workflow. */
      on_true?: string | undefined;
      /** Name of a step; `end` ends the workflow. */
      on_false?: string | undefined;
    }
  | {
      type: "switch";
      cases: Array<{
        /** An expression in the language of rules, over the names that templates know. `@request.auth` and macros such as `@has_role` ask about whoever is behind the run, as `auth` tells. Empty: always. */
        when: string;
        /** Name of a step; `end` ends the workflow. */
        next: string;
      }>;
      /** Name of a step; `end` ends the workflow. */
      default?: string | undefined;
    }
  | {
      type: "wait_delay";
      /** Seconds, or a text as 30s, 5m, 2h, 1d; may be a template. */
      duration: number | string;
      /** `fail` (default) fails the workflow, `continue` goes on; else the step that follows a failure. */
      on_error?: string | undefined;
    }
  | {
      type: "wait_until";
      /** A moment, RFC 3339, or a template that becomes one. */
      at: string;
      /** `fail` (default) fails the workflow, `continue` goes on; else the step that follows a failure. */
      on_error?: string | undefined;
    }
  | {
      type: "wait_event";
      /** As of triggers. */
      event: string;
      collection?: string | undefined;
      /** Over `event.record`, `event.old`, `trigger` and `steps`. */
      condition?: string | undefined;
      /** Seconds, or a text as 30s, 5m, 2h, 1d; may be a template. */
      timeout?: number | string | undefined;
      /** Name of a step; `end` ends the workflow. */
      on_timeout?: string | undefined;
      /** `fail` (default) fails the workflow, `continue` goes on; else the step that follows a failure. */
      on_error?: string | undefined;
    }
  | {
      type: "wait_condition";
      /** Over `query`, `trigger` and `steps`. */
      expression: string;
      /** query_records or aggregate_records, asked at each look; its result is `query`. */
      query?: Action | undefined;
      /** Default 1m. */
      poll_interval?: number | string | undefined;
      /** Seconds, or a text as 30s, 5m, 2h, 1d; may be a template. */
      timeout?: number | string | undefined;
      /** Name of a step; `end` ends the workflow. */
      on_timeout?: string | undefined;
      /** `fail` (default) fails the workflow, `continue` goes on; else the step that follows a failure. */
      on_error?: string | undefined;
    }
  | {
      type: "loop";
      /** A list, or a template that becomes one. */
      items: string | unknown[];
      /** An action, or the name of an action step, which then is part of this one alone. */
      step?: string | WorkflowInnerStep | undefined;
      steps?: Array<string | WorkflowInnerStep> | undefined;
      /** More items than this fail the step. */
      max?: number | undefined;
      retry?: WorkflowRetry | undefined;
      /** `fail` (default) fails the workflow, `continue` goes on; else the step that follows a failure. */
      on_error?: string | undefined;
      /** Stops the step, which counts as a failure. Default 300. */
      timeout_seconds?: number | undefined;
    }
  | {
      type: "parallel";
      branches: Array<Array<string | WorkflowInnerStep>>;
      retry?: WorkflowRetry | undefined;
      /** `fail` (default) fails the workflow, `continue` goes on; else the step that follows a failure. */
      on_error?: string | undefined;
      /** Stops the step, which counts as a failure. Default 300. */
      timeout_seconds?: number | undefined;
    }
  | {
      type: "workflow";
      /** Id or slug of a workflow of the account. */
      workflow: string;
      input?: {
        [key: string]: unknown;
      } | undefined;
      /** Whether its end is waited for; default true. */
      wait?: boolean | undefined;
      retry?: WorkflowRetry | undefined;
      /** `fail` (default) fails the workflow, `continue` goes on; else the step that follows a failure. */
      on_error?: string | undefined;
      /** Stops the step, which counts as a failure. Default 300. */
      timeout_seconds?: number | undefined;
    }
  | {
      type: "end";
      /** What the workflow results in. */
      output?: unknown | undefined;
    }
  | {
      type: "fail";
      message: string;
    }
);

export interface WorkflowStepLog {
  /** UUID version 7. */
  id: string;
  /** UUID version 7. */
  instance_id: string;
  /** UUID version 7. */
  workflow_id: string;
  /** Two letters and four digits. */
  account_id: string;
  step_name: string;
  step_type: string;
  status: "success" | "failed" | "skipped";
  attempt: number;
  input?: unknown | undefined;
  output?: unknown | undefined;
  error_message: string | null;
  /** RFC 3339, UTC, ends in Z. */
  started_at: string;
  /** RFC 3339, UTC, ends in Z. */
  completed_at: string;
}

export type WorkflowTrigger = {
  type: "event";
  /** records.create, records.update or records.delete (or on_record_after_create …). */
  event: string;
  /** Left out: of any collection. */
  collection?: string | null | undefined;
  /** Over the record, bare and as `trigger.record`. */
  condition?: string | null | undefined;
} | {
  type: "schedule";
  /** Five fields. */
  cron: string;
  /** IANA name; default UTC. */
  timezone?: string | undefined;
} | {
  type: "manual";
} | {
  type: "webhook";
  /** With it only signed requests start the workflow: Standard Webhooks headers, or X-SnackBase-Timestamp (Unix seconds) and X-SnackBase-Signature: sha256=<hex HMAC-SHA256 of `<timestamp>.<body>`>, at most 5 minutes away. Never shown; null takes it away. */
  secret?: string | null | undefined;
  /** Made by the server; ignored when sent. */
  token?: string | undefined;
  /** Told by the server; ignored when sent. */
  url?: string | undefined;
  /** Told by the server; ignored when sent. */
  signed?: boolean | undefined;
};

export interface WorkflowTriggerInput {
  [key: string]: unknown;
}

export interface WorkflowsInstancesQuery {
  /** Items to skip. */
  skip?: number | undefined;
  /** Items per page, 1 to 200, default 50. */
  limit?: number | undefined;
  /** Page number from 1; used when skip is absent. */
  page?: number | undefined;
  /** Same as limit. */
  page_size?: number | undefined;
  /** Same as skip. */
  offset?: number | undefined;
  status?: "pending" | "running" | "waiting" | "completed" | "failed" | "cancelled" | undefined;
}

export interface WorkflowsInstancesReply {
  items: WorkflowInstance[];
  total: number;
  skip: number;
  limit: number;
  page: number;
  page_size: number;
  total_pages: number;
}

export interface WorkflowsListQuery {
  /** Items to skip. */
  skip?: number | undefined;
  /** Items per page, 1 to 200, default 50. */
  limit?: number | undefined;
  /** Page number from 1; used when skip is absent. */
  page?: number | undefined;
  /** Same as limit. */
  page_size?: number | undefined;
  /** Same as skip. */
  offset?: number | undefined;
  enabled?: boolean | undefined;
  trigger_type?: "event" | "schedule" | "manual" | "webhook" | undefined;
}

export interface WorkflowsListReply {
  items: Workflow[];
  total: number;
  skip: number;
  limit: number;
  page: number;
  page_size: number;
  total_pages: number;
}

export interface WorkflowsTriggerQuery {
  dry_run?: boolean | undefined;
}

export interface XDeleteQuery {
  [key: string]: string;
}

export interface XGetQuery {
  [key: string]: string;
}

export interface XPatchQuery {
  [key: string]: string;
}

export interface XPostQuery {
  [key: string]: string;
}

export interface XPutQuery {
  [key: string]: string;
}

/** Every route by its name: what it takes and what it answers. */
export interface Calls {
  'auth.register': { input: { body: RegisterInput }; reply: Registration };
  'auth.login': { input: { body: LoginInput }; reply: Session };
  'auth.refresh': { input: { body: RefreshInput }; reply: Session };
  'auth.logout': { input: { body?: AuthLogoutBody | undefined }; reply: Message };
  'auth.me': { input: object; reply: Me };
  'auth.verifyEmail': { input: { body: VerifyEmailInput }; reply: AuthVerifyEmailReply };
  'auth.verifyEmailLink': { input: { query: AuthVerifyEmailLinkQuery }; reply: AuthVerifyEmailLinkReply };
  'auth.sendVerification': { input: { body?: AuthSendVerificationBody | undefined }; reply: Message };
  'auth.resendVerification': { input: { body?: AuthResendVerificationBody | undefined }; reply: Message };
  'collections.list': { input: { query?: CollectionsListQuery | undefined }; reply: CollectionsListReply };
  'collections.create': { input: { body: CollectionInput }; reply: Collection };
  'collections.names': { input: object; reply: CollectionsNamesReply };
  'collections.get': { input: { params: { id: string } }; reply: Collection };
  'collections.update': { input: { params: { id: string }; body: CollectionChange }; reply: Collection };
  'collections.patch': { input: { params: { id: string }; body: CollectionChange }; reply: Collection };
  'collections.delete': { input: { params: { id: string } }; reply: void };
  'rules.get': { input: { params: { id: string } }; reply: Rules };
  'rules.update': { input: { params: { id: string }; body: RulesChange }; reply: Rules };
  'rules.validate': { input: { body: RuleToValidate }; reply: RuleVerdict };
  'rules.test': { input: { body: RuleToTest }; reply: RuleResult };
  'rules.explain': { input: { body: ToExplain }; reply: Explanations };
  'macros.list': { input: { query?: MacrosListQuery | undefined }; reply: MacrosListReply };
  'macros.create': { input: { body: MacroInput }; reply: Macro };
  'macros.get': { input: { params: { id: string } }; reply: Macro };
  'macros.update': { input: { params: { id: string }; body: MacroChange }; reply: Macro };
  'macros.delete': { input: { params: { id: string } }; reply: void };
  'macros.test': { input: { params: { id: string }; body: MacroToTest }; reply: MacroResult };
  'roles.list': { input: object; reply: RolesListReply };
  'roles.create': { input: { body: RoleInput }; reply: Role };
  'roles.get': { input: { params: { id: string } }; reply: Role };
  'roles.update': { input: { params: { id: string }; body: RoleChange }; reply: Role };
  'roles.change': { input: { params: { id: string }; body: RoleChange }; reply: Role };
  'roles.delete': { input: { params: { id: string } }; reply: void };
  'roles.permissions': { input: { params: { id: string } }; reply: RolePermissions };
  'roles.permissionsMatrix': { input: { params: { id: string } }; reply: RolePermissions };
  'roles.updatePermissions': { input: { params: { id: string }; body: PermissionUpdates }; reply: PermissionsUpdated };
  'permissions.own': { input: object; reply: OwnPermissions };
  'permissions.available': { input: object; reply: AvailablePermissions };
  'permissions.delete': { input: { params: { id: string } }; reply: void };
  'users.list': { input: { query?: UsersListQuery | undefined }; reply: UsersListReply };
  'users.create': { input: { body: UserInput }; reply: User };
  'users.get': { input: { params: { id: string } }; reply: User };
  'users.update': { input: { params: { id: string }; body: UserChange }; reply: User };
  'users.delete': { input: { params: { id: string } }; reply: void };
  'users.setPassword': { input: { params: { id: string }; body: PasswordInput }; reply: Message };
  'users.verify': { input: { params: { id: string }; body?: UsersVerifyBody | undefined }; reply: UsersVerifyReply };
  'users.resendVerification': { input: { params: { id: string }; body?: UsersResendVerificationBody | undefined }; reply: Message };
  'accounts.list': { input: { query?: AccountsListQuery | undefined }; reply: AccountsListReply };
  'accounts.create': { input: { body: AccountInput }; reply: Account };
  'accounts.get': { input: { params: { id: string } }; reply: Account };
  'accounts.update': { input: { params: { id: string }; body: AccountChange }; reply: Account };
  'accounts.delete': { input: { params: { id: string } }; reply: void };
  'accounts.users': { input: { params: { id: string }; query?: AccountsUsersQuery | undefined }; reply: AccountsUsersReply };
  'groups.list': { input: { query?: GroupsListQuery | undefined }; reply: GroupsListReply };
  'groups.create': { input: { body: GroupInput }; reply: GroupDetail };
  'groups.get': { input: { params: { id: string } }; reply: GroupDetail };
  'groups.update': { input: { params: { id: string }; body: GroupChange }; reply: GroupDetail };
  'groups.delete': { input: { params: { id: string } }; reply: void };
  'groups.addUser': { input: { params: { id: string }; body: GroupMemberInput }; reply: Message };
  'groups.removeUser': { input: { params: { id: string; user_id: string } }; reply: void };
  'groups.addMember': { input: { params: { id: string }; body: GroupMemberInput }; reply: Message };
  'groups.removeMember': { input: { params: { id: string; user_id: string } }; reply: void };
  'invitations.list': { input: { query?: InvitationsListQuery | undefined }; reply: InvitationsListReply };
  'invitations.create': { input: { body: InvitationInput }; reply: InvitationsCreateReply };
  'invitations.show': { input: { params: { id: string } }; reply: InvitationNotice };
  'invitations.accept': { input: { params: { id: string }; body: InvitationAcceptance }; reply: Session };
  'invitations.resend': { input: { params: { id: string }; body?: InvitationsResendBody | undefined }; reply: InvitationsResendReply };
  'invitations.cancel': { input: { params: { id: string } }; reply: void };
  'apiKeys.list': { input: { query?: ApiKeysListQuery | undefined }; reply: ApiKeysListReply };
  'apiKeys.create': { input: { body: ApiKeyInput }; reply: ApiKey };
  'apiKeys.get': { input: { params: { id: string } }; reply: ApiKey };
  'apiKeys.revoke': { input: { params: { id: string } }; reply: void };
  'adminTokens.list': { input: { query?: AdminTokensListQuery | undefined }; reply: AdminTokensListReply };
  'adminTokens.create': { input: { body: AdminTokenInput }; reply: AdminToken };
  'adminTokens.get': { input: { params: { id: string } }; reply: AdminToken };
  'adminTokens.revoke': { input: { params: { id: string } }; reply: void };
  'apps.list': { input: { query?: AppsListQuery | undefined }; reply: AppsListReply };
  'apps.deploy': { input: { body: ManifestInput; query?: AppsDeployQuery | undefined }; reply: DeployOutcome };
  'apps.verify': { input: { body: ManifestInput; query?: AppsVerifyQuery | undefined }; reply: DeployOutcome };
  'apps.get': { input: { params: { appId: string } }; reply: AppWithManifest };
  'apps.replace': { input: { params: { appId: string }; body: ManifestInput; query?: AppsReplaceQuery | undefined }; reply: DeployOutcome };
  'apps.schema': { input: { params: { appId: string } }; reply: LiveSchema };
  'apps.deployments': { input: { params: { appId: string }; query?: AppsDeploymentsQuery | undefined }; reply: AppsDeploymentsReply };
  'apps.delete': { input: { params: { appId: string } }; reply: void };
  'records.list': { input: { params: { collection: string }; query?: RecordsListQuery | undefined }; reply: RecordPage };
  'records.create': { input: { params: { collection: string }; body: RecordBody }; reply: StoredRecord };
  'records.schema': { input: { params: { collection: string } }; reply: {
  [key: string]: unknown;
} };
  'records.openapi': { input: { params: { collection: string } }; reply: OpenApiDocument };
  'records.openapiYaml': { input: { params: { collection: string } }; reply: string };
  'records.aggregate': { input: { params: { collection: string }; query: RecordsAggregateQuery }; reply: Aggregates };
  'records.export': { input: { params: { collection: string }; query?: RecordsExportQuery | undefined }; reply: string };
  'records.import': { input: { params: { collection: string }; body: Blob; query?: RecordsImportQuery | undefined }; reply: ImportSummary };
  'records.stream': { input: { params: { collection: string }; query?: RecordsStreamQuery | undefined }; reply: ReadableStream<Uint8Array> };
  'records.get': { input: { params: { collection: string; id: string }; query?: RecordsGetQuery | undefined }; reply: ProjectedRecord };
  'records.history': { input: { params: { collection: string; id: string }; query?: RecordsHistoryQuery | undefined }; reply: RecordHistory | ProjectedRecord };
  'records.query': { input: { params: { collection: string }; body: RecordQuery }; reply: RecordPage };
  'records.transaction': { input: { body: Transaction }; reply: TransactionResults };
  'records.batchCreate': { input: { params: { collection: string }; body: RecordsToCreate }; reply: RecordsCreated };
  'records.bulkCreate': { input: { params: { collection: string }; body: RecordBody[] }; reply: ProjectedRecord[] };
  'records.batchUpdate': { input: { params: { collection: string }; body: RecordsToUpdate }; reply: RecordsUpdated };
  'records.batchDelete': { input: { params: { collection: string }; body: RecordsToDelete }; reply: RecordsDeleted };
  'records.replace': { input: { params: { collection: string; id: string }; body: RecordBody }; reply: StoredRecord };
  'records.patch': { input: { params: { collection: string; id: string }; body: RecordBody }; reply: StoredRecord };
  'records.restore': { input: { params: { collection: string; id: string } }; reply: StoredRecord };
  'records.delete': { input: { params: { collection: string; id: string }; query?: RecordsDeleteQuery | undefined }; reply: void };
  'appRecords.list': { input: { params: { appId: string; entity: string }; query?: AppRecordsListQuery | undefined }; reply: ProjectedRecord[] };
  'appRecords.create': { input: { params: { appId: string; entity: string }; body: RecordBody }; reply: ProjectedRecord };
  'appRecords.query': { input: { params: { appId: string; entity: string }; body: EntityQueryInput }; reply: EntityPage };
  'appRecords.bulkCreate': { input: { params: { appId: string; entity: string }; body: RecordBody[] }; reply: ProjectedRecord[] };
  'appRecords.get': { input: { params: { appId: string; entity: string; id: string } }; reply: ProjectedRecord };
  'appRecords.patch': { input: { params: { appId: string; entity: string; id: string }; body: RecordBody }; reply: ProjectedRecord };
  'appRecords.delete': { input: { params: { appId: string; entity: string; id: string } }; reply: Message };
  'federation.query': { input: { params: { identityKind: string }; body: EntityQueryInput }; reply: FederatedPage };
  'adminRecords.create': { input: { params: { collection: string }; body: ManagedRecordBody }; reply: StoredRecord };
  'adminRecords.replace': { input: { params: { collection: string; id: string }; body: ManagedRecordBody }; reply: StoredRecord };
  'adminRecords.patch': { input: { params: { collection: string; id: string }; body: ManagedRecordBody }; reply: StoredRecord };
  'resources.list': { input: { params: { resource: string }; query?: ResourcesListQuery | undefined }; reply: ResourcesListReply };
  'resources.create': { input: { params: { resource: string }; body: RecordBody }; reply: ResourcesCreateReply };
  'resources.stream': { input: { params: { resource: string }; query?: ResourcesStreamQuery | undefined }; reply: ReadableStream<Uint8Array> };
  'resources.schema': { input: { params: { resource: string } }; reply: {
  [key: string]: unknown;
} };
  'resources.openapi': { input: { params: { resource: string } }; reply: OpenApiDocument };
  'resources.openapiYaml': { input: { params: { resource: string } }; reply: string };
  'resources.get': { input: { params: { resource: string; id: string }; query?: ResourcesGetQuery | undefined }; reply: ResourcesGetReply };
  'resources.replace': { input: { params: { resource: string; id: string }; body: RecordBody }; reply: ResourcesReplaceReply };
  'resources.patch': { input: { params: { resource: string; id: string }; body: RecordBody }; reply: ResourcesPatchReply };
  'resources.restore': { input: { params: { resource: string; id: string } }; reply: ResourcesRestoreReply };
  'resources.delete': { input: { params: { resource: string; id: string }; query?: ResourcesDeleteQuery | undefined }; reply: void };
  'realtime.ticket': { input: object; reply: RealtimeTicket };
  'realtime.subscribe': { input: { query?: RealtimeSubscribeQuery | undefined }; reply: ReadableStream<Uint8Array> };
  'realtime.ws': { input: { query?: RealtimeWsQuery | undefined }; reply: void };
  'mcp.message': { input: { body: McpMessage | McpMessage[] }; reply: McpReply | McpReply[] };
  'mcp.listen': { input: object; reply: ReadableStream<Uint8Array> };
  'mcp.messageShort': { input: { body: McpMessage | McpMessage[] }; reply: McpReply | McpReply[] };
  'mcp.listenShort': { input: object; reply: ReadableStream<Uint8Array> };
  'endpoints.list': { input: { query?: EndpointsListQuery | undefined }; reply: EndpointsListReply };
  'endpoints.create': { input: { body: EndpointInput }; reply: Endpoint };
  'endpoints.get': { input: { params: { id: string } }; reply: Endpoint };
  'endpoints.replace': { input: { params: { id: string }; body: EndpointChange }; reply: Endpoint };
  'endpoints.update': { input: { params: { id: string }; body: EndpointChange }; reply: Endpoint };
  'endpoints.delete': { input: { params: { id: string } }; reply: void };
  'endpoints.toggle': { input: { params: { id: string }; body?: EndpointToggle | undefined }; reply: Endpoint };
  'endpoints.executions': { input: { params: { id: string }; query?: EndpointsExecutionsQuery | undefined }; reply: EndpointsExecutionsReply };
  'endpoints.execution': { input: { params: { id: string; execution_id: string } }; reply: EndpointExecution };
  'x.get': { input: { params: { path: string }; query?: XGetQuery | undefined }; reply: unknown };
  'x.post': { input: { params: { path: string }; body?: unknown | undefined; query?: XPostQuery | undefined }; reply: unknown };
  'x.put': { input: { params: { path: string }; body?: unknown | undefined; query?: XPutQuery | undefined }; reply: unknown };
  'x.patch': { input: { params: { path: string }; body?: unknown | undefined; query?: XPatchQuery | undefined }; reply: unknown };
  'x.delete': { input: { params: { path: string }; body?: unknown | undefined; query?: XDeleteQuery | undefined }; reply: unknown };
  'hooks.events': { input: object; reply: HookEvents };
  'hooks.list': { input: { query?: HooksListQuery | undefined }; reply: HooksListReply };
  'hooks.create': { input: { body: HookInput }; reply: Hook };
  'hooks.get': { input: { params: { id: string } }; reply: Hook };
  'hooks.update': { input: { params: { id: string }; body: HookChange }; reply: Hook };
  'hooks.put': { input: { params: { id: string }; body: HookChange }; reply: Hook };
  'hooks.delete': { input: { params: { id: string } }; reply: void };
  'hooks.toggle': { input: { params: { id: string } }; reply: Hook };
  'hooks.trigger': { input: { params: { id: string }; body?: HookInputData | undefined; query?: HooksTriggerQuery | undefined }; reply: HookTriggered };
  'hooks.executions': { input: { params: { id: string }; query?: HooksExecutionsQuery | undefined }; reply: HooksExecutionsReply };
  'hooks.execution': { input: { params: { id: string; execution: string } }; reply: HookExecution };
  'webhooks.list': { input: { query?: WebhooksListQuery | undefined }; reply: WebhooksListReply };
  'webhooks.create': { input: { body: WebhookInput }; reply: WebhookWithSecret };
  'webhooks.get': { input: { params: { id: string } }; reply: Webhook };
  'webhooks.update': { input: { params: { id: string }; body: WebhookChange }; reply: Webhook };
  'webhooks.patch': { input: { params: { id: string }; body: WebhookChange }; reply: Webhook };
  'webhooks.delete': { input: { params: { id: string } }; reply: void };
  'webhooks.test': { input: { params: { id: string } }; reply: WebhookTest };
  'webhooks.rotateSecret': { input: { params: { id: string }; body?: WebhookRotation | undefined }; reply: WebhookWithSecret };
  'webhooks.deliveries': { input: { params: { id: string }; query?: WebhooksDeliveriesQuery | undefined }; reply: WebhooksDeliveriesReply };
  'webhooks.delivery': { input: { params: { id: string; delivery: string } }; reply: WebhookDeliveryInFull };
  'webhooks.redeliver': { input: { params: { id: string; delivery: string } }; reply: WebhookDelivery };
  'webhooks.redeliverMany': { input: { params: { id: string }; body?: WebhookRedelivery | undefined }; reply: WebhookRedelivered };
  'workflows.list': { input: { query?: WorkflowsListQuery | undefined }; reply: WorkflowsListReply };
  'workflows.create': { input: { body: WorkflowInput }; reply: Workflow };
  'workflows.get': { input: { params: { id: string } }; reply: Workflow };
  'workflows.update': { input: { params: { id: string }; body: WorkflowChange }; reply: Workflow };
  'workflows.patch': { input: { params: { id: string }; body: WorkflowChange }; reply: Workflow };
  'workflows.delete': { input: { params: { id: string } }; reply: void };
  'workflows.toggle': { input: { params: { id: string } }; reply: Workflow };
  'workflows.rotateToken': { input: { params: { id: string } }; reply: Workflow };
  'workflows.trigger': { input: { params: { id: string }; body?: WorkflowTriggerInput | undefined; query?: WorkflowsTriggerQuery | undefined }; reply: WorkflowStarted };
  'workflows.instances': { input: { params: { id: string }; query?: WorkflowsInstancesQuery | undefined }; reply: WorkflowsInstancesReply };
  'workflowInstances.get': { input: { params: { id: string } }; reply: WorkflowInstanceDetail };
  'workflowInstances.cancel': { input: { params: { id: string } }; reply: WorkflowInstance };
  'workflowInstances.resume': { input: { params: { id: string } }; reply: WorkflowInstance };
  'workflowWebhooks.receive': { input: { params: { token: string }; body: Blob }; reply: WorkflowStarted };
  'audit.list': { input: { query?: AuditListQuery | undefined }; reply: AuditListReply };
  'audit.export': { input: { query?: AuditExportQuery | undefined }; reply: string };
  'audit.verify': { input: { query?: AuditVerifyQuery | undefined }; reply: AuditVerifyReply };
  'audit.sign': { input: { body: AuditSignBody }; reply: AuditSignReply };
  'audit.get': { input: { params: { id: string } }; reply: AuditEntry };
  'jobs.list': { input: { query?: JobsListQuery | undefined }; reply: JobsListReply };
  'jobs.stats': { input: object; reply: JobStats };
  'jobs.get': { input: { params: { id: string } }; reply: Job };
  'jobs.retry': { input: { params: { id: string } }; reply: Job };
  'jobs.cancel': { input: { params: { id: string } }; reply: void };
  'ops.health': { input: object; reply: Health };
  'ops.live': { input: object; reply: OpsLiveReply };
  'ops.ready': { input: object; reply: OpsReadyReply };
  'ops.version': { input: object; reply: OpsVersionReply };
  'ops.openapi': { input: object; reply: OpenApiDocument };
  'ops.openapiYaml': { input: object; reply: string };
  'ops.openapiV1': { input: object; reply: OpenApiDocument };
  'ops.openapiYamlV1': { input: object; reply: string };
  'ops.docs': { input: object; reply: string };
}

/** The methods that each room's routes become. */
export interface Rooms {
  auth: {
    /** Register an account with its first user */
    register(body: RegisterInput, options?: CallOptions): Call<Registration>;
    /** Log in with e-mail and password */
    login(body: LoginInput, options?: CallOptions): Call<Session>;
    /** Exchange a refresh token for new tokens */
    refresh(body: RefreshInput, options?: CallOptions): Call<Session>;
    /** End the session */
    logout(body?: AuthLogoutBody, options?: CallOptions): Call<Message>;
    /** Who am I */
    me(options?: CallOptions): Call<Me>;
    /** Verify an address with the token from the message */
    verifyEmail(body: VerifyEmailInput, options?: CallOptions): Call<AuthVerifyEmailReply>;
    /** Verify an address by following the link in the message */
    verifyEmailLink(query: AuthVerifyEmailLinkQuery, options?: CallOptions): Call<AuthVerifyEmailLinkReply>;
    /** Send the verification message again */
    sendVerification(body?: AuthSendVerificationBody, options?: CallOptions): Call<Message>;
    /** Send the verification message again (same as send-verification) */
    resendVerification(body?: AuthResendVerificationBody, options?: CallOptions): Call<Message>;
  };
  collections: {
    /** List collections */
    list(query?: CollectionsListQuery, options?: CallOptions): Call<CollectionsListReply>;
    /** Create a collection */
    create(body: CollectionInput, options?: CallOptions): Call<Collection>;
    /** List the names of all collections */
    names(options?: CallOptions): Call<CollectionsNamesReply>;
    /** Get a collection by id or name */
    get(id: string, options?: CallOptions): Call<Collection>;
    /** Change a collection */
    update(id: string, body: CollectionChange, options?: CallOptions): Call<Collection>;
    /** Change a collection (same as PUT) */
    patch(id: string, body: CollectionChange, options?: CallOptions): Call<Collection>;
    /** Delete a collection and its records */
    delete(id: string, options?: CallOptions): Call<void>;
  };
  rules: {
    /** Get a collection's rules */
    get(id: string, options?: CallOptions): Call<Rules>;
    /** Change a collection's rules */
    update(id: string, body: RulesChange, options?: CallOptions): Call<Rules>;
    /** Check whether a rule could be stored */
    validate(body: RuleToValidate, options?: CallOptions): Call<RuleVerdict>;
    /** Evaluate a rule on a row that you give */
    test(body: RuleToTest, options?: CallOptions): Call<RuleResult>;
    /** Explain what hides rows and fields from a user */
    explain(body: ToExplain, options?: CallOptions): Call<Explanations>;
  };
  macros: {
    /** List macros */
    list(query?: MacrosListQuery, options?: CallOptions): Call<MacrosListReply>;
    /** Create a macro */
    create(body: MacroInput, options?: CallOptions): Call<Macro>;
    /** Get a macro */
    get(id: string, options?: CallOptions): Call<Macro>;
    /** Change a macro */
    update(id: string, body: MacroChange, options?: CallOptions): Call<Macro>;
    /** Delete a macro that no rule calls */
    delete(id: string, options?: CallOptions): Call<void>;
    /** Evaluate a macro on a row that you give */
    test(id: string, body: MacroToTest, options?: CallOptions): Call<MacroResult>;
  };
  roles: {
    /** List roles */
    list(options?: CallOptions): Call<RolesListReply>;
    /** Create a role */
    create(body: RoleInput, options?: CallOptions): Call<Role>;
    /** Get a role */
    get(id: string, options?: CallOptions): Call<Role>;
    /** Change a role */
    update(id: string, body: RoleChange, options?: CallOptions): Call<Role>;
    /** Change a role (the same as PUT) */
    change(id: string, body: RoleChange, options?: CallOptions): Call<Role>;
    /** Delete a role with its permissions */
    delete(id: string, options?: CallOptions): Call<void>;
    /** Get what a role may do */
    permissions(id: string, options?: CallOptions): Call<RolePermissions>;
    /** Get what a role may do (the same under another path) */
    permissionsMatrix(id: string, options?: CallOptions): Call<RolePermissions>;
    /** Grant permissions to a role */
    updatePermissions(id: string, body: PermissionUpdates, options?: CallOptions): Call<PermissionsUpdated>;
  };
  permissions: {
    /** List your own permissions */
    own(options?: CallOptions): Call<OwnPermissions>;
    /** List every permission that can be granted */
    available(options?: CallOptions): Call<AvailablePermissions>;
    /** Take a permission away from its role */
    delete(id: string, options?: CallOptions): Call<void>;
  };
  users: {
    /** List users */
    list(query?: UsersListQuery, options?: CallOptions): Call<UsersListReply>;
    /** Create a user in an account */
    create(body: UserInput, options?: CallOptions): Call<User>;
    /** Get a user */
    get(id: string, options?: CallOptions): Call<User>;
    /** Update a user */
    update(id: string, body: UserChange, options?: CallOptions): Call<User>;
    /** Deactivate a user */
    delete(id: string, options?: CallOptions): Call<void>;
    /** Set a password for a user */
    setPassword(id: string, body: PasswordInput, options?: CallOptions): Call<Message>;
    /** Mark a user's address as verified */
    verify(id: string, body?: UsersVerifyBody, options?: CallOptions): Call<UsersVerifyReply>;
    /** Send the verification message to a user again */
    resendVerification(id: string, body?: UsersResendVerificationBody, options?: CallOptions): Call<Message>;
  };
  accounts: {
    /** List accounts */
    list(query?: AccountsListQuery, options?: CallOptions): Call<AccountsListReply>;
    /** Create an account without users */
    create(body: AccountInput, options?: CallOptions): Call<Account>;
    /** Get an account by id or slug */
    get(id: string, options?: CallOptions): Call<Account>;
    /** Rename an account */
    update(id: string, body: AccountChange, options?: CallOptions): Call<Account>;
    /** Delete an account with its users and records */
    delete(id: string, options?: CallOptions): Call<void>;
    /** List the users of an account */
    users(id: string, query?: AccountsUsersQuery, options?: CallOptions): Call<AccountsUsersReply>;
  };
  groups: {
    /** List groups */
    list(query?: GroupsListQuery, options?: CallOptions): Call<GroupsListReply>;
    /** Create a group */
    create(body: GroupInput, options?: CallOptions): Call<GroupDetail>;
    /** Get a group with its users */
    get(id: string, options?: CallOptions): Call<GroupDetail>;
    /** Change a group */
    update(id: string, body: GroupChange, options?: CallOptions): Call<GroupDetail>;
    /** Delete a group; its users stay */
    delete(id: string, options?: CallOptions): Call<void>;
    /** Add a user of the account to a group (users) */
    addUser(id: string, body: GroupMemberInput, options?: CallOptions): Call<Message>;
    /** Take a user out of a group (users) */
    removeUser(id: string, user_id: string, options?: CallOptions): Call<void>;
    /** Add a user of the account to a group (members) */
    addMember(id: string, body: GroupMemberInput, options?: CallOptions): Call<Message>;
    /** Take a user out of a group (members) */
    removeMember(id: string, user_id: string, options?: CallOptions): Call<void>;
  };
  invitations: {
    /** List invitations */
    list(query?: InvitationsListQuery, options?: CallOptions): Call<InvitationsListReply>;
    /** Invite a person into the account */
    create(body: InvitationInput, options?: CallOptions): Call<InvitationsCreateReply>;
    /** What an invitation says, for its holder */
    show(id: string, options?: CallOptions): Call<InvitationNotice>;
    /** Accept an invitation and log in */
    accept(id: string, body: InvitationAcceptance, options?: CallOptions): Call<Session>;
    /** Send the message again, with a new token */
    resend(id: string, body?: InvitationsResendBody, options?: CallOptions): Call<InvitationsResendReply>;
    /** Cancel a pending invitation */
    cancel(id: string, options?: CallOptions): Call<void>;
  };
  apiKeys: {
    /** List the API keys of your account */
    list(query?: ApiKeysListQuery, options?: CallOptions): Call<ApiKeysListReply>;
    /** Create an API key */
    create(body: ApiKeyInput, options?: CallOptions): Call<ApiKey>;
    /** Get an API key without its secret */
    get(id: string, options?: CallOptions): Call<ApiKey>;
    /** Revoke an API key */
    revoke(id: string, options?: CallOptions): Call<void>;
  };
  adminTokens: {
    /** List admin tokens */
    list(query?: AdminTokensListQuery, options?: CallOptions): Call<AdminTokensListReply>;
    /** Create an admin token */
    create(body: AdminTokenInput, options?: CallOptions): Call<AdminToken>;
    /** Get an admin token without its secret */
    get(id: string, options?: CallOptions): Call<AdminToken>;
    /** Revoke an admin token */
    revoke(id: string, options?: CallOptions): Call<void>;
  };
  apps: {
    /** List apps */
    list(query?: AppsListQuery, options?: CallOptions): Call<AppsListReply>;
    /** Deploy an app */
    deploy(body: ManifestInput, query?: AppsDeployQuery, options?: CallOptions): Call<DeployOutcome>;
    /** Compare a manifest with the tables */
    verify(body: ManifestInput, query?: AppsVerifyQuery, options?: CallOptions): Call<DeployOutcome>;
    /** Get an app with its manifest */
    get(appId: string, options?: CallOptions): Call<AppWithManifest>;
    /** Deploy an app under its address */
    replace(appId: string, body: ManifestInput, query?: AppsReplaceQuery, options?: CallOptions): Call<DeployOutcome>;
    /** Get the tables of an app as they are */
    schema(appId: string, options?: CallOptions): Call<LiveSchema>;
    /** List what deploys changed */
    deployments(appId: string, query?: AppsDeploymentsQuery, options?: CallOptions): Call<AppsDeploymentsReply>;
    /** Delete an app with its collections and records */
    delete(appId: string, options?: CallOptions): Call<void>;
  };
  records: {
    /** List records */
    list(collection: string, query?: RecordsListQuery, options?: CallOptions): Call<RecordPage>;
    /** Create a record */
    create(collection: string, body: RecordBody, options?: CallOptions): Call<StoredRecord>;
    /** JSON Schema of a collection */
    schema(collection: string, options?: CallOptions): Call<{
  [key: string]: unknown;
}>;
    /** OpenAPI 3.1 of a collection (JSON) */
    openapi(collection: string, options?: CallOptions): Call<OpenApiDocument>;
    /** OpenAPI 3.1 of a collection (YAML) */
    openapiYaml(collection: string, options?: CallOptions): Call<string>;
    /** Totals over records */
    aggregate(collection: string, query: RecordsAggregateQuery, options?: CallOptions): Call<Aggregates>;
    /** Export records */
    export(collection: string, query?: RecordsExportQuery, options?: CallOptions): Call<string>;
    /** Import records */
    import(collection: string, body: Blob, query?: RecordsImportQuery, options?: CallOptions): Call<ImportSummary>;
    /** Stream of changes (SSE) */
    stream(collection: string, query?: RecordsStreamQuery, options?: CallOptions): Call<ReadableStream<Uint8Array>>;
    /** Get a record */
    get(collection: string, id: string, query?: RecordsGetQuery, options?: CallOptions): Call<ProjectedRecord>;
    /** Versions of a record */
    history(collection: string, id: string, query?: RecordsHistoryQuery, options?: CallOptions): Call<RecordHistory | ProjectedRecord>;
    /** Query records */
    query(collection: string, body: RecordQuery, options?: CallOptions): Call<RecordPage>;
    /** Write to several collections in one transaction */
    transaction(body: Transaction, options?: CallOptions): Call<TransactionResults>;
    /** Create many records */
    batchCreate(collection: string, body: RecordsToCreate, options?: CallOptions): Call<RecordsCreated>;
    /** Create many records (a bare list) */
    bulkCreate(collection: string, body: RecordBody[], options?: CallOptions): Call<ProjectedRecord[]>;
    /** Change many records */
    batchUpdate(collection: string, body: RecordsToUpdate, options?: CallOptions): Call<RecordsUpdated>;
    /** Delete many records */
    batchDelete(collection: string, body: RecordsToDelete, options?: CallOptions): Call<RecordsDeleted>;
    /** Replace a record */
    replace(collection: string, id: string, body: RecordBody, options?: CallOptions): Call<StoredRecord>;
    /** Update fields of a record */
    patch(collection: string, id: string, body: RecordBody, options?: CallOptions): Call<StoredRecord>;
    /** Restore a softly deleted record */
    restore(collection: string, id: string, options?: CallOptions): Call<StoredRecord>;
    /** Delete a record */
    delete(collection: string, id: string, query?: RecordsDeleteQuery, options?: CallOptions): Call<void>;
  };
  appRecords: {
    /** List the records of an entity */
    list(appId: string, entity: string, query?: AppRecordsListQuery, options?: CallOptions): Call<ProjectedRecord[]>;
    /** Create a record of an entity */
    create(appId: string, entity: string, body: RecordBody, options?: CallOptions): Call<ProjectedRecord>;
    /** Query the records of an entity */
    query(appId: string, entity: string, body: EntityQueryInput, options?: CallOptions): Call<EntityPage>;
    /** Create many records of an entity */
    bulkCreate(appId: string, entity: string, body: RecordBody[], options?: CallOptions): Call<ProjectedRecord[]>;
    /** Get a record of an entity */
    get(appId: string, entity: string, id: string, options?: CallOptions): Call<ProjectedRecord>;
    /** Update fields of a record of an entity */
    patch(appId: string, entity: string, id: string, body: RecordBody, options?: CallOptions): Call<ProjectedRecord>;
    /** Delete a record of an entity */
    delete(appId: string, entity: string, id: string, options?: CallOptions): Call<Message>;
  };
  federation: {
    /** Query the records of one kind in all apps */
    query(identityKind: string, body: EntityQueryInput, options?: CallOptions): Call<FederatedPage>;
  };
  adminRecords: {
    /** Create a record in an account */
    create(collection: string, body: ManagedRecordBody, options?: CallOptions): Call<StoredRecord>;
    /** Replace a record of an account */
    replace(collection: string, id: string, body: ManagedRecordBody, options?: CallOptions): Call<StoredRecord>;
    /** Change fields of a record of an account */
    patch(collection: string, id: string, body: ManagedRecordBody, options?: CallOptions): Call<StoredRecord>;
  };
  resources: {
    /** List records (resource) */
    list(resource: string, query?: ResourcesListQuery, options?: CallOptions): Call<ResourcesListReply>;
    /** Create a record (resource) */
    create(resource: string, body: RecordBody, options?: CallOptions): Call<ResourcesCreateReply>;
    /** Stream of changes (SSE, resource) */
    stream(resource: string, query?: ResourcesStreamQuery, options?: CallOptions): Call<ReadableStream<Uint8Array>>;
    /** JSON Schema of a resource */
    schema(resource: string, options?: CallOptions): Call<{
  [key: string]: unknown;
}>;
    /** OpenAPI 3.1 of a resource (JSON) */
    openapi(resource: string, options?: CallOptions): Call<OpenApiDocument>;
    /** OpenAPI 3.1 of a resource (YAML) */
    openapiYaml(resource: string, options?: CallOptions): Call<string>;
    /** Get a record (resource) */
    get(resource: string, id: string, query?: ResourcesGetQuery, options?: CallOptions): Call<ResourcesGetReply>;
    /** Replace a record (resource) */
    replace(resource: string, id: string, body: RecordBody, options?: CallOptions): Call<ResourcesReplaceReply>;
    /** Update fields of a record (resource) */
    patch(resource: string, id: string, body: RecordBody, options?: CallOptions): Call<ResourcesPatchReply>;
    /** Restore a softly deleted record (resource) */
    restore(resource: string, id: string, options?: CallOptions): Call<ResourcesRestoreReply>;
    /** Delete a record (resource) */
    delete(resource: string, id: string, query?: ResourcesDeleteQuery, options?: CallOptions): Call<void>;
  };
  realtime: {
    /** Ticket for a stream */
    ticket(options?: CallOptions): Call<RealtimeTicket>;
    /** Stream of changes of several collections (SSE) */
    subscribe(query?: RealtimeSubscribeQuery, options?: CallOptions): Call<ReadableStream<Uint8Array>>;
    /** WebSocket */
    ws(query?: RealtimeWsQuery, options?: CallOptions): Call<void>;
  };
  mcp: {
    /** Messages of an MCP client */
    message(body: McpMessage | McpMessage[], options?: CallOptions): Call<McpReply | McpReply[]>;
    /** Notifications for an MCP client (SSE) */
    listen(options?: CallOptions): Call<ReadableStream<Uint8Array>>;
    /** Messages of an MCP client */
    messageShort(body: McpMessage | McpMessage[], options?: CallOptions): Call<McpReply | McpReply[]>;
    /** Notifications for an MCP client (SSE) */
    listenShort(options?: CallOptions): Call<ReadableStream<Uint8Array>>;
  };
  endpoints: {
    /** List custom endpoints */
    list(query?: EndpointsListQuery, options?: CallOptions): Call<EndpointsListReply>;
    /** Define an endpoint */
    create(body: EndpointInput, options?: CallOptions): Call<Endpoint>;
    /** Get an endpoint */
    get(id: string, options?: CallOptions): Call<Endpoint>;
    /** Change an endpoint */
    replace(id: string, body: EndpointChange, options?: CallOptions): Call<Endpoint>;
    /** Change an endpoint */
    update(id: string, body: EndpointChange, options?: CallOptions): Call<Endpoint>;
    /** Delete an endpoint with its log */
    delete(id: string, options?: CallOptions): Call<void>;
    /** Switch an endpoint on or off */
    toggle(id: string, body?: EndpointToggle, options?: CallOptions): Call<Endpoint>;
    /** Calls of an endpoint, the newest first */
    executions(id: string, query?: EndpointsExecutionsQuery, options?: CallOptions): Call<EndpointsExecutionsReply>;
    /** One call of an endpoint */
    execution(id: string, execution_id: string, options?: CallOptions): Call<EndpointExecution>;
  };
  x: {
    /** Call a custom endpoint with GET */
    get(path: string, query?: XGetQuery, options?: CallOptions): Call<unknown>;
    /** Call a custom endpoint with POST */
    post(path: string, body?: unknown, query?: XPostQuery, options?: CallOptions): Call<unknown>;
    /** Call a custom endpoint with PUT */
    put(path: string, body?: unknown, query?: XPutQuery, options?: CallOptions): Call<unknown>;
    /** Call a custom endpoint with PATCH */
    patch(path: string, body?: unknown, query?: XPatchQuery, options?: CallOptions): Call<unknown>;
    /** Call a custom endpoint with DELETE */
    delete(path: string, body?: unknown, query?: XDeleteQuery, options?: CallOptions): Call<unknown>;
  };
  hooks: {
    /** List the lifecycle events */
    events(options?: CallOptions): Call<HookEvents>;
    /** List the hooks of your account */
    list(query?: HooksListQuery, options?: CallOptions): Call<HooksListReply>;
    /** Define a hook */
    create(body: HookInput, options?: CallOptions): Call<Hook>;
    /** Get a hook */
    get(id: string, options?: CallOptions): Call<Hook>;
    /** Change a hook */
    update(id: string, body: HookChange, options?: CallOptions): Call<Hook>;
    /** Change a hook, as with PATCH */
    put(id: string, body: HookChange, options?: CallOptions): Call<Hook>;
    /** Delete a hook with its executions */
    delete(id: string, options?: CallOptions): Call<void>;
    /** Enable a hook that is disabled, or the other way round */
    toggle(id: string, options?: CallOptions): Call<Hook>;
    /** Set a hook off by hand, also a disabled one */
    trigger(id: string, body?: HookInputData, query?: HooksTriggerQuery, options?: CallOptions): Call<HookTriggered>;
    /** List the executions of a hook, the newest first */
    executions(id: string, query?: HooksExecutionsQuery, options?: CallOptions): Call<HooksExecutionsReply>;
    /** Get an execution of a hook */
    execution(id: string, execution: string, options?: CallOptions): Call<HookExecution>;
  };
  webhooks: {
    /** List webhooks */
    list(query?: WebhooksListQuery, options?: CallOptions): Call<WebhooksListReply>;
    /** Create a webhook */
    create(body: WebhookInput, options?: CallOptions): Call<WebhookWithSecret>;
    /** Get a webhook without its secret */
    get(id: string, options?: CallOptions): Call<Webhook>;
    /** Change a webhook */
    update(id: string, body: WebhookChange, options?: CallOptions): Call<Webhook>;
    /** Change what is sent of a webhook */
    patch(id: string, body: WebhookChange, options?: CallOptions): Call<Webhook>;
    /** Delete a webhook and its deliveries */
    delete(id: string, options?: CallOptions): Call<void>;
    /** Send a test message now */
    test(id: string, options?: CallOptions): Call<WebhookTest>;
    /** Make a new secret */
    rotateSecret(id: string, body?: WebhookRotation, options?: CallOptions): Call<WebhookWithSecret>;
    /** List deliveries, the newest first */
    deliveries(id: string, query?: WebhooksDeliveriesQuery, options?: CallOptions): Call<WebhooksDeliveriesReply>;
    /** Get a delivery with its payload and attempts */
    delivery(id: string, delivery: string, options?: CallOptions): Call<WebhookDeliveryInFull>;
    /** Send a message again */
    redeliver(id: string, delivery: string, options?: CallOptions): Call<WebhookDelivery>;
    /** Send the messages of a span again */
    redeliverMany(id: string, body?: WebhookRedelivery, options?: CallOptions): Call<WebhookRedelivered>;
  };
  workflows: {
    /** List workflows */
    list(query?: WorkflowsListQuery, options?: CallOptions): Call<WorkflowsListReply>;
    /** Create a workflow */
    create(body: WorkflowInput, options?: CallOptions): Call<Workflow>;
    /** Get a workflow by id or slug */
    get(id: string, options?: CallOptions): Call<Workflow>;
    /** Change a workflow */
    update(id: string, body: WorkflowChange, options?: CallOptions): Call<Workflow>;
    /** Change a workflow (same as PUT) */
    patch(id: string, body: WorkflowChange, options?: CallOptions): Call<Workflow>;
    /** Delete a workflow with its instances */
    delete(id: string, options?: CallOptions): Call<void>;
    /** Enable or disable a workflow */
    toggle(id: string, options?: CallOptions): Call<Workflow>;
    /** Give a webhook trigger another token */
    rotateToken(id: string, options?: CallOptions): Call<Workflow>;
    /** Start a workflow by id or slug */
    trigger(id: string, body?: WorkflowTriggerInput, query?: WorkflowsTriggerQuery, options?: CallOptions): Call<WorkflowStarted>;
    /** List the instances of a workflow, the newest first */
    instances(id: string, query?: WorkflowsInstancesQuery, options?: CallOptions): Call<WorkflowsInstancesReply>;
  };
  workflowInstances: {
    /** Get an instance with the log of its steps */
    get(id: string, options?: CallOptions): Call<WorkflowInstanceDetail>;
    /** Cancel an instance */
    cancel(id: string, options?: CallOptions): Call<WorkflowInstance>;
    /** Take up an instance that failed or waits */
    resume(id: string, options?: CallOptions): Call<WorkflowInstance>;
  };
  workflowWebhooks: {
    /** Start a workflow from outside */
    receive(token: string, body: Blob, options?: CallOptions): Call<WorkflowStarted>;
  };
  audit: {
    /** List audit entries */
    list(query?: AuditListQuery, options?: CallOptions): Call<AuditListReply>;
    /** Export audit entries */
    export(query?: AuditExportQuery, options?: CallOptions): Call<string>;
    /** Verify the audit trail */
    verify(query?: AuditVerifyQuery, options?: CallOptions): Call<AuditVerifyReply>;
    /** Sign a record electronically */
    sign(body: AuditSignBody, options?: CallOptions): Call<AuditSignReply>;
    /** Get an audit entry */
    get(id: string, options?: CallOptions): Call<AuditEntry>;
  };
  jobs: {
    /** List background jobs, the newest first */
    list(query?: JobsListQuery, options?: CallOptions): Call<JobsListReply>;
    /** Count background jobs by status */
    stats(options?: CallOptions): Call<JobStats>;
    /** Get a background job */
    get(id: string, options?: CallOptions): Call<Job>;
    /** Run a job again that failed, died or was cancelled */
    retry(id: string, options?: CallOptions): Call<Job>;
    /** Cancel a job that waits or runs */
    cancel(id: string, options?: CallOptions): Call<void>;
  };
  ops: {
    /** Is the server up */
    health(options?: CallOptions): Call<Health>;
    /** Is the process alive */
    live(options?: CallOptions): Call<OpsLiveReply>;
    /** Can the server do its work (database reachable) */
    ready(options?: CallOptions): Call<OpsReadyReply>;
    /** Name and version of the API */
    version(options?: CallOptions): Call<OpsVersionReply>;
    /** This API as OpenAPI 3.1 (JSON) */
    openapi(options?: CallOptions): Call<OpenApiDocument>;
    /** This API as OpenAPI 3.1 (YAML) */
    openapiYaml(options?: CallOptions): Call<string>;
    /** This API as OpenAPI 3.1 (JSON) */
    openapiV1(options?: CallOptions): Call<OpenApiDocument>;
    /** This API as OpenAPI 3.1 (YAML) */
    openapiYamlV1(options?: CallOptions): Call<string>;
    /** Interactive documentation */
    docs(options?: CallOptions): Call<string>;
  };
}
