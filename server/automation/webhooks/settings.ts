// A webhook as a body describes it, alone or as a change of one that is there, checked: every problem is told at once.
import { Failure, type ProblemEntry } from '../../../contract/problems.ts';
import { MOST_WEBHOOK_BYTES, type WebhookChange } from '../../../contract/webhook-shapes.ts';
import { NO_MACROS, ruleScope } from '../../access/rule.ts';
import { expressionEntry } from '../../access/rule-check.ts';
import { check } from '../../expression/check.ts';
import { ExpressionError } from '../../expression/error.ts';
import { parseRule } from '../../expression/parse-rule.ts';
import type { Records } from '../../records/service.ts';
import { sizeProblems } from '../definition-size.ts';
import type { Outbound } from '../outbound/call.ts';
import type { Collections } from './feed.ts';
import { headerProblems, unmaskedHeaders } from './headers.ts';
import type { Sealed } from './sealed.ts';
import { webhookCtx } from './sight.ts';
import { makeSecret, secretProblem } from './signature.ts';
import type { WebhookSettings } from './store/webhooks.ts';
import { readSubscriptions, singlesOf } from './subscriptions.ts';

export interface SettingsOptions {
  readonly outbound: Outbound;
  readonly collections: Collections;
  readonly watch: Records['watch'];
  readonly sealed: Sealed;
}

export interface ReadSettings {
  readonly settings: WebhookSettings;
  /** Null where it stays as it is. */
  readonly secret: string | null;
}

/** What is judged together: none of it is where nothing of it is sent. */
const SUBSCRIBING = ['collection', 'collections', 'events', 'fields', 'filter'] as const;

export function createSettings({ outbound, collections, watch, sealed }: SettingsOptions) {
  /** Throws INVALID_REQUEST. `before` null: of a new one. */
  return async function read(
    accountId: string,
    before: WebhookSettings | null,
    sent: WebhookChange,
  ): Promise<ReadSettings> {
    const problems: ProblemEntry[] = [];
    const url = sent.url ?? before?.url ?? '';
    const refused = sent.url === undefined ? null : outbound.checkUrl(url);
    if (refused !== null) problems.push({ field: 'url', code: refused.reason, message: refused.message });

    const stored = before === null ? {} : sealed.headers(before.headers);
    const headers = sent.headers === undefined ? stored : unmaskedHeaders(sent.headers ?? {}, stored);
    problems.push(...headerProblems(headers));

    const secret = sent.secret ?? (before === null ? makeSecret() : null);
    const unusable = secret === null ? null : secretProblem(secret);
    if (unusable !== null) problems.push({ field: 'secret', code: 'invalid', message: unusable });

    const fields = sent.fields === undefined ? (before?.fields ?? null) : sent.fields && [...new Set(sent.fields)];
    const filter = sent.filter === undefined ? (before?.filter ?? null) : sent.filter?.trim() || null;
    const description = sent.description === undefined ? (before?.description ?? null) : sent.description;
    const asked = { ...subscribed(before, sent), fields, filter };
    const { subscriptions: _, ...named } = asked;
    const judged = before === null || SUBSCRIBING.some((name) => sent[name] !== undefined);
    const large = judged ? sizeProblems({ url, description, ...named }, MOST_WEBHOOK_BYTES, 'fields') : [];
    problems.push(...large);
    if (judged && large.length === 0) {
      const read = readSubscriptions(asked.collections, asked.events, known());
      problems.push(...read.problems);
      if (read.problems.length === 0) problems.push(...(await conditionProblems(accountId, { ...asked, ...read })));
      Object.assign(asked, { ...read, problems: undefined });
    }
    if (problems.length > 0) throw new Failure('INVALID_REQUEST', {}, problems);
    const { collections, events, subscriptions } = asked;
    const settings: WebhookSettings = {
      url,
      description,
      collections,
      events,
      subscriptions,
      fields,
      filter,
      headers: before !== null && sent.headers === undefined ? before.headers : sealed.sealHeaders(headers),
      secret: secret === null ? (before as WebhookSettings).secret : sealed.seal(secret),
      enabled: sent.enabled ?? before?.enabled ?? true,
    };
    return { settings, secret };
  };

  function known(): string[] {
    return collections.all().map(({ qualifiedName }) => qualifiedName);
  }

  /** Filter and fields, judged by the fields of each collection that is named. */
  async function conditionProblems(
    accountId: string,
    { subscriptions, fields, filter }: Pick<WebhookSettings, 'subscriptions' | 'fields' | 'filter'>,
  ): Promise<ProblemEntry[]> {
    const singles = singlesOf(subscriptions);
    if (singles === null) return filter === null ? [] : systemProblems(filter);
    const ctx = webhookCtx(accountId, NOBODY, NOBODY);
    const problems: ProblemEntry[] = [];
    for (const name of singles) {
      const judge = async (field: 'filter' | 'fields', query: Record<string, string>) => {
        await watch(ctx, name, query).catch((error) => {
          if (!(error instanceof Failure)) throw error;
          problems.push(...toldOf(field, name, error));
        });
      };
      if (filter !== null) await judge('filter', { filter });
      if (fields !== null && fields.length > 0) await judge('fields', { fields: fields.join(',') });
      if (filter === null && fields === null) await judge('filter', {});
    }
    return problems.filter((one, i) => problems.findIndex((o) => same(o, one)) === i);
  }
}

/** Stands for a webhook that has no id yet. */
const NOBODY = '00000000-0000-0000-0000-000000000000';

const same = (a: ProblemEntry, b: ProblemEntry) => a.field === b.field && a.message === b.message;

function subscribed(
  before: WebhookSettings | null,
  sent: WebhookChange,
): Pick<WebhookSettings, 'collections' | 'events' | 'subscriptions'> {
  const { collection, collections } = sent;
  const named =
    collection === undefined && collections === undefined
      ? (before?.collections ?? [])
      : [...new Set([...(collection == null ? [] : [collection]), ...(collections ?? [])])];
  return {
    collections: named,
    events: sent.events ?? before?.events ?? [],
    subscriptions: before?.subscriptions ?? [],
  };
}

function toldOf(field: 'filter' | 'fields', collection: string, { code, entries, message }: Failure): ProblemEntry[] {
  if (code === 'INVALID_FIELDS')
    return entries.map((entry) => ({
      field,
      code: 'unknown_field',
      message: `${collection} has no field ${entry.field} that can be sent.`,
    }));
  if (code === 'INVALID_QUERY_PARAMS') return entries.map((entry) => ({ ...entry, field }));
  // Not now, but it may be enabled again.
  if (code === 'RESOURCE_DISABLED') return [];
  return [{ field: 'collection', code: 'forbidden', message: `Nothing is told of ${collection}: ${message}` }];
}

/** A filter for collections that are not named one by one speaks of what all records have. */
function systemProblems(filter: string): ProblemEntry[] {
  try {
    check(parseRule(filter), { ...ruleScope(null, 'read', NO_MACROS), allow: { auth: false, data: false } });
    return [];
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    return [expressionEntry(error, 'filter')];
  }
}
