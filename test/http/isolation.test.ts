// Every route of the contract × every kind of caller: who may call it, and that nothing of one account reaches another.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contract } from '../../contract/index.ts';
import { type Contract, isUpload, type Route, successStatus, z } from '../../contract/kit.ts';
import { Problem } from '../../contract/problems.ts';
import {
  available,
  type Json,
  PASSWORD,
  type Reply,
  startApp,
  type Tenant,
  type TestApp,
  unique,
} from '../helpers/app.ts';

/** What a route's parameters, bodies and queries can be aimed at: one account with one of everything. */
interface Target {
  readonly account: Json;
  readonly user: Json;
  readonly collection: string;
  readonly record: string;
  readonly invitation: string;
  readonly group: string;
  readonly key: string;
  readonly role: number;
  readonly macro: number;
  readonly permission: string;
  readonly token: string;
  /** One that nothing fires, with a delivery that was given up. */
  readonly webhook: string;
  readonly hook: string;
  readonly execution: string;
  readonly delivery: string;
  readonly entry: number;
  readonly workflow: string;
  /** A workflow's instance that waits. */
  readonly instance: string;
  readonly endpoint: string;
  /** Of the endpoint. */
  readonly answered: string;
  /** Cancelled, so that it can be cancelled and run again. */
  readonly job: string;
  /** Users of the account: one in the group, one outside. */
  readonly member: string;
  readonly other: string;
  /** Texts that only this account may see. */
  readonly secrets: readonly string[];
}
interface Actor {
  readonly name: string;
  readonly token: string | null;
  readonly credentials: { account: string; email: string } | null;
  readonly home: Target | null;
  readonly superadmin?: boolean;
  readonly role?: string;
  readonly key?: boolean;
}

/** How a path parameter is filled, by room. A room that is not here fails the suite until it is. */
const PARAMS: Record<string, Record<string, (at: Target) => string>> = {
  collections: { id: (at) => at.collection },
  users: { id: (at) => at.user.id },
  accounts: { id: (at) => at.account.id },
  // Where the route wants a token, the id is a wrong one: a right one opens its invitation to whoever holds it.
  invitations: { id: (at) => at.invitation },
  records: { collection: (at) => at.collection, id: (at) => at.record },
  apps: { appId: () => 'crm' },
  appRecords: { appId: () => 'main', entity: (at) => at.collection, id: (at) => at.record },
  endpoints: { id: (at) => at.endpoint, execution_id: (at) => at.answered },
  x: { path: () => 'summary' },
  federation: { identityKind: () => 'contact' },
  adminRecords: { collection: (at) => at.collection, id: (at) => at.record },
  resources: { resource: (at) => at.collection, id: (at) => at.record },
  rules: { id: (at) => at.collection },
  macros: { id: (at) => String(at.macro) },
  roles: { id: (at) => String(at.role) },
  permissions: { id: (at) => at.permission },
  groups: { id: (at) => at.group, user_id: (at) => at.member },
  apiKeys: { id: (at) => at.key },
  adminTokens: { id: (at) => at.token },
  webhooks: { id: (at) => at.webhook, delivery: (at) => at.delivery },
  audit: { id: (at) => String(at.entry) },
  workflows: { id: (at) => at.workflow },
  workflowInstances: { id: (at) => at.instance },
  // A token opens its workflow to whoever holds it: what is no token.
  workflowWebhooks: { token: (at) => at.workflow },
  jobs: { id: (at) => at.job },
  hooks: { id: (at) => at.hook, execution: (at) => at.execution },
};
/** Keys of example bodies and queries that name an account or a person. */
const AIMED: Record<string, (at: Target) => string> = {
  account: (at) => at.account.slug,
  account_id: (at) => at.account.id,
  account_slug: (at) => at.account.slug,
  collection: (at) => at.collection,
  collections: (at) => at.collection,
  record_id: (at) => at.record,
  user_id: (at) => at.other,
  password: () => PASSWORD,
};
/** Bodies of records name records. */
const AIMED_IN_RECORDS = { id: (at: Target) => at.record, ids: (at: Target) => [at.record] };
/** Who guesses in the auth room has the address right and the password wrong. */
const AIMED_IN_AUTH = { email: (at: Target) => at.user.email as string, password: () => 'AnotherPass456!' };
const POSTS = [
  { name: 'title', type: 'text', required: true },
  { name: 'content', type: 'text', required: true },
  { name: 'published', type: 'boolean', default: false },
];

/** A delivery as the log keeps it. */
const ATTEMPTS = JSON.stringify([
  {
    at: '2026-01-02T03:04:05.678Z',
    status: 500,
    duration_ms: 1,
    error: 'The receiver answered 500.',
    response_body: '',
  },
]);
const payloadOf = (webhook: Json, collection: string, marker: string): string =>
  JSON.stringify({
    event: 'records.restore',
    type: `${collection}.restored`,
    id: `msg_${webhook.id}`,
    collection,
    record: { title: marker },
    previous: null,
    changes: { added: [], updated: [], removed: [] },
    timestamp: '2026-01-02T03:04:05.678Z',
    webhook_id: webhook.id,
    account_id: webhook.account_id,
  });

function pathOf(room: string, route: Route, at: Target): string {
  return route.path.replace(/[:*](\w+)/g, (_, param: string) => {
    const fill = PARAMS[room]?.[param];
    if (fill === undefined)
      throw new Error(`Say in PARAMS what :${param} of ${room} is: ${route.method} ${route.path}`);
    return encodeURIComponent(fill(at));
  });
}

function aimed<T>(room: string, value: T, at: Target): T {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => aimed(room, item, at)) as T;
  const aims: Record<string, (at: Target) => unknown> = {
    ...AIMED,
    ...(room === 'auth' && AIMED_IN_AUTH),
    ...(room === 'records' && AIMED_IN_RECORDS),
  };
  return Object.fromEntries(Object.entries(value).map(([key, v]) => [key, aims[key]?.(at) ?? aimed(room, v, at)])) as T;
}

/** Examples of the app face are of another collection than the one that is aimed at. */
const OF_POSTS: Record<string, Json> = {
  create: { title: 'x', content: 'y' },
  bulkCreate: [{ title: 'x', content: 'y' }],
  query: { where: { published: true }, orderBy: 'title', limit: 50 },
  patch: { title: 'z' },
};
/** Rooms whose every address is one of records. */
const OF_RECORDS = new Set(['records', 'appRecords']);

const bodyOf = (room: string, route: Route, at: Target): unknown => {
  const wantsBody = route.body instanceof z.ZodType && !route.body.safeParse(undefined).success;
  if (wantsBody && route.example.body === undefined)
    throw new Error(`${route.path} needs a body and its example has none`);
  return aimed(room, route.example.body, at);
};

const isStream = ({ responses }: Route): boolean =>
  (responses[200] as { contentType?: string } | undefined)?.contentType === 'text/event-stream';
/** Of a route whose success is another protocol, and of one that finds nothing: the records are not deleted. */
const answerOf = (route: Route): number =>
  successStatus(route) === 101 ? 426 : route.path.endsWith('/restore') ? 404 : successStatus(route);

const routes = Object.entries(contract as Contract).flatMap(([room, table]) =>
  Object.entries(table).map(([name, route]) => ({ room, name, route, id: `${room}.${name}` })),
);

describe.runIf(available)('isolation', () => {
  let t: TestApp;
  let a: Target;
  let b: Target;
  let strangers: Actor[];
  let adminB: Actor;
  let root: Actor;
  let secretsOf: Map<string, Target>;
  let bBefore: Json;
  let sent = 0;

  async function target(tenant: Tenant, collection: string): Promise<Target> {
    const marker = unique('marker-');
    const body = { title: marker, content: marker, published: true };
    const record = (await t.call('POST', `/api/v1/records/${collection}`, body, { token: tenant.token })).body.id;
    const guest = { email: `${unique('guest-')}@example.com` };
    const invited = await t.call('POST', '/api/v1/invitations', guest, { token: tenant.token });
    const invitation = invited.body.id;
    const { account, user } = tenant;
    const must = async (reply: Promise<Reply>) => {
      const { status, body: made, text } = await reply;
      if (status >= 300) throw new Error(text);
      return made;
    };
    const person = async () => {
      const email = `${unique('person-')}@example.com`;
      const input = { email, password: PASSWORD, account_id: account.id };
      return must(t.call('POST', '/api/v1/users', input, { token: t.root }));
    };
    const [member, other] = [await person(), await person()];
    const own = { token: tenant.token };
    const group = await must(t.call('POST', '/api/v1/groups', { name: unique('group-') }, own));
    await must(t.call('POST', `/api/v1/groups/${group.id}/members`, { user_id: member.id }, own));
    const scopes = { [collection]: { read: '*' } };
    const key = await must(t.call('POST', '/api/v1/api-keys', { name: unique('key-'), scopes }, own));
    const role = await must(t.call('POST', '/api/v1/roles', { name: unique('role_') }, { token: t.root }));
    const named = { name: unique('macro_'), expression: '@owns_record()' };
    const macro = await must(t.call('POST', '/api/v1/macros', named, { token: t.root }));
    const updates = [{ collection, operation: 'view' }];
    await must(t.call('PUT', `/api/v1/roles/${role.id}/permissions/bulk`, { updates }, { token: t.root }));
    const granted = await must(t.call('GET', `/api/v1/roles/${role.id}/permissions`, undefined, { token: t.root }));
    const token = await must(t.call('POST', '/api/v1/admin/api-keys', { name: 'a token' }, { token: t.root }));
    const subscription = {
      url: 'https://hooks.example.invalid/',
      collection,
      events: ['restore'],
      description: marker,
    };
    const webhook = await must(t.call('POST', '/api/v1/webhooks', subscription, own));
    const [delivery] = await t.app.db.query<{ id: string }>(
      `insert into snackbase.webhook_deliveries
         (id, webhook_id, message_id, event, collection, record_id, payload, status, finished_at, attempts, attempt_number)
       values (gen_random_uuid(), $1, 'msg_of_a_test', 'records.restore', $2, $3, $4, 'dead', now(), $5, 1) returning id`,
      [webhook.id, `main.${collection}`, record, payloadOf(webhook, collection, marker), ATTEMPTS],
    );
    const trail = await must(t.call('GET', `/api/v1/audit-logs?record_id=${record}`, undefined, own));
    const steps = [{ type: 'wait_delay', name: 'wait', duration: '1d' }];
    const waits = { name: unique('workflow-'), trigger: { type: 'webhook' }, steps };
    const workflow = await must(t.call('POST', '/api/v1/workflows', waits, own));
    const started = await must(t.call('POST', `/api/v1/workflows/${workflow.id}/trigger`, { marker }, own));
    const instance = started.instance_id;
    const hidden = [workflow.id, workflow.name, workflow.trigger_config.token, instance];
    // One for each method, which tells whose it is.
    const actions = [{ type: 'transform', output: { marker } }];
    let endpoint = '';
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'GET']) {
      const definition = { name: marker, path: '/summary', method, actions };
      endpoint = (await must(t.call('POST', '/api/v1/endpoints', definition, own))).id;
    }
    await must(t.call('GET', '/api/v1/x/summary', undefined, own));
    const calls = await must(t.call('GET', `/api/v1/endpoints/${endpoint}/executions`, undefined, own));
    const answered = calls.items[0].id;
    const defined = { name: marker, trigger: { type: 'manual' }, actions: [{ type: 'transform', output: marker }] };
    const hook = await must(t.call('POST', '/api/v1/hooks', defined, own));
    const { execution_id: execution } = await must(t.call('POST', `/api/v1/hooks/${hook.id}/trigger`, undefined, own));
    const inPayload = unique('payload-');
    const ordered = { handler: 'isolation', payload: { inPayload }, accountId: account.id, delaySeconds: 3600 };
    const job = await t.app.jobs.enqueue(null, ordered);
    await must(t.call('DELETE', `/api/v1/admin/jobs/${job}`, undefined, { token: t.root }));
    const told = [account.id, account.slug, user.id, user.email, member.id, member.email, other.id, other.email];
    return {
      account,
      user,
      collection,
      record,
      invitation,
      group: group.id,
      key: key.id,
      role: role.id,
      macro: macro.id,
      permission: String(granted.items[0].id),
      token: token.id,
      webhook: webhook.id,
      hook: hook.id,
      execution,
      delivery: (delivery as { id: string }).id,
      entry: trail.items[0].id,
      workflow: workflow.id,
      instance,
      endpoint,
      answered,
      job,
      member: member.id,
      other: other.id,
      secrets: [
        marker,
        record,
        endpoint,
        answered,
        hook.id,
        execution,
        invitation,
        guest.email,
        group.id,
        group.name,
        key.id,
        key.name,
        key.key,
        ...hidden,
        job,
        inPayload,
        webhook.id,
        webhook.secret,
        hook.id,
        ...told,
      ],
    };
  }

  /** Sends the route's example, aimed at a target; what the request itself says is no secret in its reply. */
  async function send(
    entry: (typeof routes)[number],
    actor: Actor,
    at: Target,
    more: Record<string, string> = {},
    injected: Json = {},
  ) {
    const { room, route, id, name } = entry;
    const ofPosts = room === 'appRecords';
    const asked = {
      ...(route.query && !ofPosts && aimed(room, route.example.query ?? {}, at)),
      ...(route.query && injected),
    };
    const query = Object.keys(asked).length === 0 ? '' : `?${new URLSearchParams(asked)}`;
    const path = pathOf(room, route, at) + query;
    const plain = ofPosts ? OF_POSTS[name] : bodyOf(room, route, at);
    const body =
      typeof plain === 'object' && plain !== null && !Array.isArray(plain) ? { ...plain, ...injected } : plain;
    let { token } = actor;
    // A stream is asked for everything that the log holds, of all accounts.
    const headers = isStream(route) ? { 'Last-Event-ID': '0-0', ...more } : more;
    if (id === 'auth.logout' && actor.credentials !== null)
      token = (await t.call('POST', '/api/v1/auth/login', { ...actor.credentials, password: PASSWORD })).body.token;
    const reply = isUpload(route.body)
      ? await t.call(route.method, path, undefined, {
          token,
          raw: body,
          headers: { 'Content-Type': route.body.uploads[0] as string, ...headers },
        })
      : await t.call(route.method, path, body, { token, headers });
    sent += 1;
    const said = `${path} ${JSON.stringify(body)} ${JSON.stringify(headers)}`;
    const label = `${actor.name} ${route.method} ${path} → ${reply.status} ${reply.text.slice(0, 300)}`;
    for (const [owner, { secrets }] of secretsOf) {
      if (actor.superadmin || actor.home?.account.id === owner) continue;
      for (const secret of secrets)
        if (!said.includes(secret)) expect(reply.text.includes(secret), `${secret} in ${label}`).toBe(false);
    }
    return { reply, label };
  }

  const isDeclared = ({ route }: (typeof routes)[number], reply: Reply, label: string) => {
    const schema = route.responses[reply.status];
    expect(schema, `not declared: ${label}`).toBeDefined();
    if (schema instanceof z.ZodType && reply.body !== undefined)
      expect(schema.safeParse(reply.body).error, label).toBeUndefined();
    if (reply.status >= 400) expect(Problem.safeParse(reply.body).success, label).toBe(true);
  };

  const hasRight = ({ id, route }: (typeof routes)[number], actor: Actor): string | true => {
    // Whoever signs a record must be able to view it.
    const who = id === 'audit.sign' ? 'rules' : route.metadata.who;
    if (who === 'anyone') return true;
    if (actor.home === null && !actor.superadmin) return '401 UNAUTHORIZED';
    // What these open is decided when it is opened.
    const decidedLater = ['realtime.ticket', 'realtime.ws', 'federation.query'];
    if (decidedLater.includes(id) || id.startsWith('mcp.') || id.startsWith('x.')) return true;
    // A key is for records, and may ask whose it is.
    if (actor.key && route.metadata.who !== 'rules' && !(who === 'user' && route.method === 'GET'))
      return '403 KEY_PERMISSION_DENIED';
    if (who === 'user' || actor.superadmin) return true;
    // Without rules or grants a collection is open to the account's admin alone.
    if (who === 'rules' && actor.role === 'editor') return true;
    return who !== 'superadmin' && actor.role === 'admin' ? true : '403 FORBIDDEN';
  };

  const isAnswered = (
    entry: (typeof routes)[number],
    actor: Actor,
    { reply, label }: { reply: Reply; label: string },
  ) => {
    const right = hasRight(entry, actor);
    isDeclared(entry, reply, label);
    if (right === true) expect(['UNAUTHORIZED', 'TOKEN_EXPIRED', 'FORBIDDEN'], label).not.toContain(reply.body?.code);
    else expect(`${reply.status} ${reply.body.code}`, label).toBe(right);
  };

  /** All that B has, as a superadmin and B's admin see it. */
  const stateOfB = async () => {
    const as = async (path: string) => (await t.call('GET', path, undefined, { token: t.root })).body;
    const { last_login: _, ...admin } = (await as(`/api/v1/users/${b.user.id}`)) as Json;
    return [
      admin,
      await as(`/api/v1/accounts/${b.account.id}`),
      (await as(`/api/v1/accounts/${b.account.id}/users`)).total,
      await t.app.db.query('select * from snackbase.invitations where account_id = $1 order by id', [b.account.id]),
      await t.app.db.query('select * from snackbase.groups where account_id = $1 order by id', [b.account.id]),
      await t.app.db.query('select * from snackbase.group_members where account_id = $1 order by user_id', [
        b.account.id,
      ]),
      await t.app.db.query('select id, revoked_at, scopes from snackbase.api_keys where account_id = $1 order by id', [
        b.account.id,
      ]),
      await t.app.db.query('select * from snackbase.workflows where account_id = $1 order by id', [b.account.id]),
      await t.app.db.query(
        `select id, workflow_id, version, context::text, completed_at from snackbase.workflow_instances where account_id = $1 order by id`,
        [b.account.id],
      ),
      await t.app.db.query('select * from snackbase.endpoints where account_id = $1 order by id', [b.account.id]),
      await t.app.db.query('select * from snackbase.webhooks where account_id = $1 order by id', [b.account.id]),
      await t.app.db.query(
        'select d.id, d.status, d.attempts from snackbase.webhook_deliveries d join snackbase.webhooks w on w.id = d.webhook_id where w.account_id = $1 order by number',
        [b.account.id],
      ),
      await t.app.db.query(`select * from app_main.${b.collection} where account_id = $1 order by id`, [b.account.id]),
    ];
  };

  beforeAll(async () => {
    // With the second belt on, so that what it refuses shows as a difference.
    t = await startApp({ rowSecurity: 'always' });
    t.app.jobs.define('isolation', { run: async () => {} });
    const [tenantA, tenantB] = [await t.tenant('Alpha'), await t.tenant('Beta')];
    const { name } = await t.collection({ schema: POSTS });
    [a, b] = [await target(tenantA, name), await target(tenantB, name)];
    secretsOf = new Map([a, b].map((at) => [at.account.id, at]));
    const member = await t.member(a.account.id);
    const all = ['read', 'create', 'update', 'delete'];
    const role = (await t.call('POST', '/api/v1/roles', { name: unique('editor_') }, { token: t.root })).body;
    const updates = all.map((operation) => ({ collection: name, operation }));
    await t.call('PUT', `/api/v1/roles/${role.id}/permissions/bulk`, { updates }, { token: t.root });
    const editor = await t.member(a.account.id, role.id);
    const scopes = { '*': Object.fromEntries(all.map((operation) => [operation, '*'])) };
    const key = (await t.call('POST', '/api/v1/api-keys', { name: 'all', scopes }, { token: tenantA.token })).body;
    const [head, , signature] = tenantA.token.split('.');
    const forged = `${head}.${tenantB.token.split('.')[1]}.${signature}`;
    const of = (at: Target, email = at.user.email) => ({ account: at.account.slug, email });
    strangers = [
      { name: 'anonymous', token: null, credentials: null, home: null },
      { name: 'forged token', token: forged, credentials: null, home: null },
      { name: 'user of A', token: member.token, credentials: of(a, member.email), home: a, role: 'user' },
      { name: 'admin of A', token: tenantA.token, credentials: of(a), home: a, role: 'admin' },
      { name: 'editor of A', token: editor.token, credentials: of(a, editor.email), home: a, role: 'editor' },
      { name: 'key of A', token: key.key, credentials: null, home: a, role: 'admin', key: true },
    ];
    adminB = { name: 'admin of B', token: tenantB.token, credentials: of(b), home: b, role: 'admin' };
    root = {
      name: 'superadmin',
      token: t.root,
      credentials: { account: 'system', email: 'root@example.com' },
      home: null,
      superadmin: true,
    };
    await t.call('POST', '/api/v1/apps', contract.apps.deploy.example.body, { token: t.root });
    bBefore = await stateOfB();
  });
  afterAll(() => console.log(`isolation: ${sent} requests over ${routes.length} routes`));

  /** A's record is gone after A's admin deletes it; each call gets its own. */
  const fresh = async (at: Target, actor: Actor): Promise<Target> => {
    const body = { title: 'fresh', content: 'fresh' };
    const made = await t.call('POST', `/api/v1/records/${at.collection}`, body, { token: actor.token });
    return { ...at, record: made.body.id };
  };

  describe.each(routes)('$id', (entry) => {
    it('answers strangers as its metadata says and shows and changes nothing of B', async () => {
      for (const actor of strangers) {
        for (const headers of [{}, { 'X-Account-ID': b.account.id }, { 'X-Account-ID': b.account.slug }] as const) {
          const worker = actor.role === 'admin' || actor.role === 'editor';
          const own = worker && OF_RECORDS.has(entry.room) ? await fresh(a, actor) : a;
          const mine = await send(entry, actor, own, headers as Record<string, string>);
          isAnswered(entry, actor, mine);
          if (OF_RECORDS.has(entry.room) && hasRight(entry, actor) === true)
            expect(mine.reply.status, mine.label).toBe(answerOf(entry.route));
          const other = await send(entry, actor, b, headers as Record<string, string>);
          isAnswered(entry, actor, other);
          if (entry.route.path === '/api/v1/records/:collection/:id' && worker)
            expect([other.reply.status, other.reply.body.code], other.label).toEqual([404, 'RESOURCE_NOT_FOUND']);
        }
      }
      expect(await stateOfB()).toEqual(bBefore);
    });

    it('does not take the account from a body or a query', async () => {
      for (const actor of strangers) {
        for (const injected of [{ account_id: b.account.id }, { account: b.account.slug, user_id: b.user.id }]) {
          for (const at of [a, b]) {
            const { reply, label } = await send(entry, actor, at, {}, injected);
            isDeclared(entry, reply, label);
          }
        }
      }
      expect(await stateOfB()).toEqual(bBefore);
    });
  });

  describe.each(routes)('$id', (entry) => {
    it("answers B's admin and a superadmin as its metadata says", async () => {
      const own = OF_RECORDS.has(entry.room) ? await fresh(b, adminB) : b;
      for (const at of [a, own]) isAnswered(entry, adminB, await send(entry, adminB, at));
      // What a superadmin does to a target may be its end.
      const tenant = await t.tenant('Gamma');
      const { name } = await t.collection({ schema: POSTS });
      const made = await target(tenant, name);
      const email = `${unique('pending')}@example.com`;
      const pending = { email, password: PASSWORD, account_id: tenant.account.id, email_verified: false };
      const user = (await t.call('POST', '/api/v1/users', pending, { token: t.root })).body;
      const result = await send(entry, root, { ...made, user }, { 'X-Account-ID': tenant.account.slug });
      isAnswered(entry, root, result);
      if (entry.route.metadata.who !== 'anyone') expect(result.reply.status, result.label).toBe(answerOf(entry.route));
      await t.call('DELETE', `/api/v1/admin/api-keys/${made.token}`, undefined, { token: t.root });
    });
  });

  describe.each(routes.filter(({ room }) => room === 'records'))('$id of a collection that is open to all', (entry) => {
    it('answers rows of the own account alone', async () => {
      const open = { list_rule: '', view_rule: '', create_rule: '', update_rule: '', delete_rule: '' };
      const { name } = await t.collection({ schema: POSTS, ...open });
      const at = { ...b, collection: name };
      const made = async (token: string) =>
        (await t.call('POST', `/api/v1/records/${name}`, { title: unique('marker-'), content: 'x' }, { token })).body;
      const theirs = await made(adminB.token as string);
      for (const actor of strangers) {
        const headers: Record<string, string> = actor.token === null ? { 'X-Account-ID': a.account.id } : {};
        const { reply, label } = await send(entry, actor, { ...at, record: theirs.id }, headers);
        expect(reply.text.includes(theirs.title), label).toBe(false);
        if (actor.home !== null && entry.route.path.includes(':id')) expect(reply.status, label).toBe(404);
      }
      const sql = `select title, updated_at = created_at as untouched from app_main.${name} where id = $1`;
      expect(await t.app.db.query(sql, [theirs.id])).toEqual([{ title: theirs.title, untouched: true }]);
    });
  });

  it('S000-28 no page of any list, filter, sort or window shows a row of another account', async () => {
    const token = strangers[3]?.token as string;
    const list = `/api/v1/records/${a.collection}`;
    for (const query of [
      '',
      '?limit=100',
      '?skip=1',
      '?sort=account_id',
      '?sort=-account_id,title',
      `?account_id=${b.account.id}`,
      `?account_id__eq=${b.account.id}`,
      `?id=${b.record}`,
      `?created_by=${b.user.id}`,
      `?title=${b.secrets[0]}`,
      `?X-Account-ID=${b.account.id}`,
      `?fields=account_id,title&limit=100`,
    ]) {
      const { text, body } = await t.call('GET', list + query, undefined, { token });
      const said = decodeURIComponent(query);
      for (const secret of b.secrets) if (!said.includes(secret)) expect(text.includes(secret), query).toBe(false);
      for (const item of body.items ?? [])
        if (item.account_id !== undefined) expect(item.account_id).toBe(a.account.id);
      if (
        /=(.*)$/.exec(query) &&
        [b.account.id, b.record, b.user.id, b.secrets[0]].some((s) => query.includes(s as string))
      )
        expect(body.total ?? 0, query).toBe(0);
    }
  });
});
