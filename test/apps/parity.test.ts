// One engine, four faces: the same callers, operations and records through each, and the same answers and refusals.
import { beforeAll, describe, expect, it } from 'vitest';
import { available, type Json, type Reply, startApp, type Tenant, type TestApp, unique } from '../helpers/app.ts';
import { type Agent, agent } from '../mcp/agent.ts';

const ABSENT = '0198c0de-7a11-7000-8000-00000000dead';
const FIELDS = [
  { name: 'title', type: 'text', required: true, max_length: 20 },
  { name: 'amount', type: 'number', min: 0 },
  { name: 'stage', type: 'enum', enum: ['lead', 'won', 'hidden'], default: 'lead' },
  { name: 'secret', type: 'text' },
  { name: 'email', type: 'email', pii: true, mask_type: 'email' },
  { name: 'sku', type: 'text', unique: true },
  { name: 'owner', type: 'uuid' },
  { name: 'tags', type: 'text[]' },
];
const SEEN = ['title', 'amount', 'stage', 'email', 'sku', 'owner', 'tags', 'parent'];
const mine = { field: 'owner', operator: 'eq', claim: 'id' };

/** What a list asks for, in words that each face spells in its own way. */
interface Asked {
  readonly filter?: Readonly<Record<string, string>>;
  readonly where?: Json;
  readonly sort?: string | undefined;
  readonly limit?: number;
  readonly offset?: number;
}
/** What came of a call: ok with records or one, or the code of its problem with the fields that it names. */
interface Outcome {
  readonly status: number | null;
  readonly code: string;
  readonly named?: readonly string[];
  readonly records?: Json;
}
interface Face {
  list(asked: Asked): Promise<Outcome> | null;
  get(id: string): Promise<Outcome>;
  create(body: Json): Promise<Outcome>;
  patch(id: string, body: Json): Promise<Outcome>;
  remove(id: string): Promise<Outcome>;
}
type FaceName = 'rest' | 'resource' | 'app' | 'mcp';
const FACES: readonly FaceName[] = ['rest', 'resource', 'app', 'mcp'];
const CALLERS = ['admin', 'reader', 'own', 'key', 'token', 'root', 'anonymous'] as const;
type CallerName = (typeof CALLERS)[number];

/** What the documents say differently of the faces. Anything else must be equal. */
const STATED = {
  /** The status of success. */
  status: {
    list: { rest: 200, resource: 200, app: 200, mcp: null },
    get: { rest: 200, resource: 200, app: 200, mcp: null },
    create: { rest: 201, resource: 200, app: 201, mcp: null },
    patch: { rest: 200, resource: 200, app: 200, mcp: null },
    remove: { rest: 204, resource: 204, app: 200, mcp: null },
  },
  /** The body of a successful delete. */
  removed: (id: string) => ({
    rest: '',
    resource: '',
    app: { message: `record '${id}' deleted` },
    mcp: { id, deleted: true },
  }),
  /** Records of a list without a limit, of 120. */
  usualLimit: { rest: 30, resource: 50, app: 120, mcp: 100 },
  /** Limits 0 and 5000: refused, or brought into the range. */
  limits: {
    rest: ['INVALID_QUERY_PARAMS', 'INVALID_QUERY_PARAMS'],
    resource: ['INVALID_QUERY_PARAMS', 'INVALID_QUERY_PARAMS'],
    app: [1, 120],
    mcp: [1, 120],
  },
  /** Anonymous callers on a public collection. */
  public: { rest: 'ok', resource: 'ok', app: 'UNAUTHORIZED', mcp: 'UNAUTHORIZED' },
  /** A list in the order of a field that is not there, or that the caller may not see. */
  unknownSort: { rest: 'INVALID_FIELDS', resource: 'INVALID_FIELDS', app: 'ok', mcp: 'INVALID_FIELDS' },
  /** A collection that is not there has no tools to call, so the protocol itself refuses. */
  unknownCollection: {
    rest: 'RESOURCE_NOT_FOUND',
    resource: 'RESOURCE_NOT_FOUND',
    app: 'RESOURCE_NOT_FOUND',
    mcp: '-32602',
  },
} as const;

describe.runIf(available)('parity of the faces', () => {
  let t: TestApp;
  let acme: Tenant;
  let other: Tenant;
  let things: string;
  let parents: string;
  let parent: string;
  let ids: Record<string, string>;
  const headers: Partial<Record<CallerName, Record<string, string>>> = {};
  const agents = new Map<CallerName, Promise<Agent>>();

  const problem = (status: number | null, body: Json): Outcome => ({
    status,
    code: body.code,
    named: (body.errors as Json[]).map((one) => `${one.field} ${one.code}`).sort(),
  });
  const replied = ({ status, body, text }: Reply, pick: (body: Json) => Json): Outcome =>
    status < 300
      ? { status, code: 'ok', records: body === undefined ? text : pick(body) }
      : problem(status, body ?? { code: text, errors: [] });

  const spelledOver = (names: { sort: string; limit: string; offset: string }, asked: Asked): string => {
    const { filter = {}, sort, limit, offset } = asked;
    const params = new URLSearchParams(filter as Record<string, string>);
    if (sort !== undefined) params.set(names.sort, sort);
    if (limit !== undefined) params.set(names.limit, String(limit));
    if (offset !== undefined) params.set(names.offset, String(offset));
    return `?${params}`;
  };
  /** Descending is a minus on the first faces, and a word of its own on the others. */
  const direction = ({ sort }: Asked) =>
    sort === undefined ? {} : { orderBy: sort.replace(/^-/, ''), order: sort.startsWith('-') ? 'desc' : 'asc' };
  const whereOf = ({ where, filter }: Asked) => where ?? filter;

  const faces = (who: CallerName, name: string): Record<FaceName, Face> => {
    const send = (method: string, path: string, body?: unknown) =>
      t.call(method, path, body, { headers: headers[who] ?? {} });
    const http = (at: string, unwrap: (body: Json) => Json, list: Face['list']): Face => ({
      list,
      get: async (id) => replied(await send('GET', `${at}/${id}`), unwrap),
      create: async (body) => replied(await send('POST', at, body), unwrap),
      patch: async (id, body) => replied(await send('PATCH', `${at}/${id}`, body), unwrap),
      remove: async (id) => replied(await send('DELETE', `${at}/${id}`), unwrap),
    });
    const rest = `/api/v1/records/${name}`;
    const resource = `/v1/${name}`;
    const app = `/api/v1/apps/main/collections/${name}`;
    const same = (body: Json) => body;
    const tool = async (verb: string, args: Json, pick: (value: Json) => Json = same): Promise<Outcome> => {
      try {
        const one = agents.get(who) ?? agent(t.url, null, { headers: headers[who] ?? {} });
        agents.set(who, one);
        const { failed, value } = await (await one).call(`${name}_${verb}`, args);
        return failed ? problem(null, value) : { status: null, code: 'ok', records: pick(value) };
      } catch (error) {
        const { message, code } = error as { message: string; code?: unknown };
        return { status: null, code: message.includes('UNAUTHORIZED') ? 'UNAUTHORIZED' : String(code), named: [] };
      }
    };
    return {
      rest: http(rest, same, async (asked) =>
        asked.where === undefined
          ? replied(
              await send('GET', rest + spelledOver({ sort: 'sort', limit: 'limit', offset: 'skip' }, asked)),
              ({ items }) => items,
            )
          : replied(
              await send('POST', `${rest}/query`, {
                where: asked.where,
                sort: asked.sort,
                limit: asked.limit,
                skip: asked.offset,
              }),
              ({ items }) => items,
            ),
      ),
      resource: http(
        resource,
        (body) => body.data,
        (asked) =>
          asked.where === undefined
            ? send('GET', resource + spelledOver({ sort: '_sort', limit: '_limit', offset: '_offset' }, asked)).then(
                (reply) => replied(reply, ({ data }) => data),
              )
            : null,
      ),
      app: http(app, same, async (asked) => {
        if (asked.where !== undefined)
          return replied(
            await send('POST', `${app}/query`, {
              where: asked.where,
              ...direction(asked),
              limit: asked.limit,
              offset: asked.offset,
            }),
            ({ data }) => data,
          );
        const { orderBy, order } = direction(asked);
        const path = spelledOver({ sort: 'sort', limit: 'limit', offset: 'offset' }, { ...asked, sort: orderBy });
        return replied(await send('GET', `${app}${path}${order === undefined ? '' : `&order=${order}`}`), same);
      }),
      mcp: {
        list: (asked) =>
          tool(
            'query',
            { where: whereOf(asked), ...direction(asked), limit: asked.limit, offset: asked.offset },
            ({ data }) => data,
          ),
        get: (id) => tool('get', { id }),
        create: (data) => tool('create', { data }),
        patch: (id, data) => tool('update', { id, data }),
        remove: (id) => tool('delete', { id }),
      },
    };
  };

  const asRoot = async (method: string, path: string, body?: unknown, account = acme) => {
    const reply = await t.call(method, path, body, {
      token: t.root,
      headers: { 'X-Account-ID': account.account.id },
    });
    expect(reply.status, reply.text).toBeLessThan(300);
    return reply.body;
  };
  const row = async (body: Json, account = acme, name = things): Promise<string> =>
    (await asRoot('POST', `/api/v1/records/${name}`, body, account)).id;

  beforeAll(async () => {
    t = await startApp();
    [acme, other] = [await t.tenant('Acme'), await t.tenant('Other')];
    parents = (await t.collection({ schema: [{ name: 'label', type: 'text' }] })).name;
    const [reads, owns] = [unique('reads_'), unique('owns_')];
    const roles: Record<string, number> = {};
    for (const name of [reads, owns]) roles[name] = (await asRoot('POST', '/api/v1/roles', { name })).id;
    const own = { role: owns, fields: SEEN };
    things = (
      await t.collection({
        schema: [...FIELDS, { name: 'parent', type: 'reference', collection: parents }],
        soft_delete: true,
        checks: [{ name: 'not_too_much', expr: 'amount < 1000' }],
        list_rule: 'stage != "hidden"',
        view_rule: 'stage != "hidden"',
        permissions: [
          ...['read', 'create', 'update', 'delete'].map((action) => ({ role: 'admin', action })),
          { role: reads, action: 'read', fields: SEEN },
          { ...own, action: 'read', filters: [mine] },
          { ...own, action: 'create', checks: [mine] },
          { ...own, action: 'update', filters: [mine], checks: [mine] },
          { role: owns, action: 'delete', filters: [mine] },
        ],
      })
    ).name;
    const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });
    const agentUser = await t.member(acme.account.id, roles[owns]);
    const scopes = { [things]: { read: ['title', 'stage', 'amount'], create: '*' } };
    const key = await t.call('POST', '/api/v1/api-keys', { name: unique('key'), scopes }, { token: acme.token });
    const token = await t.call('POST', '/api/v1/admin/api-keys', { name: unique('ops') }, { token: t.root });
    Object.assign(headers, {
      admin: bearer(acme.token),
      reader: bearer((await t.member(acme.account.id, roles[reads])).token),
      own: bearer(agentUser.token),
      key: { 'X-API-Key': key.body.key },
      token: { ...bearer(token.body.key ?? token.body.token), 'X-Account-ID': acme.account.id },
      root: { ...bearer(t.root), 'X-Account-ID': acme.account.id },
      anonymous: { 'X-Account-ID': acme.account.id },
    });
    parent = await row({ label: 'p' }, acme, parents);
    const owner = agentUser.user.id;
    ids = {
      owner,
      foreignParent: await row({ label: 'theirs' }, other, parents),
      a: await row({
        title: 'a',
        amount: 5,
        stage: 'won',
        secret: 's',
        email: 'ada@example.com',
        sku: 'A',
        owner,
        parent,
      }),
      b: await row({ title: 'b', amount: 50, stage: 'lead', email: 'bob@example.com', tags: ['x', 'y'], owner }),
      c: await row({ title: 'c', amount: 7, stage: 'won', secret: 't', owner: acme.user.id }),
      hidden: await row({ title: 'h', stage: 'hidden', owner }),
      gone: await row({ title: 'gone', owner }),
      foreign: await row({ title: 'foreign', stage: 'won', owner }, other),
      absent: ABSENT,
      malformed: 'no-id',
    };
    await asRoot('DELETE', `/api/v1/records/${things}/${ids.gone}`);
  });

  type Verb = keyof (typeof STATED)['status'];
  const OK = 'ok';
  const NO = 'FORBIDDEN';
  const KEY = 'KEY_PERMISSION_DENIED';
  const TOK = 'ADMIN_TOKEN_NOT_ALLOWED';
  const BAD = 'INVALID_RESOURCE_DATA';
  const FLD = 'INVALID_FIELDS';
  const PAR = 'INVALID_QUERY_PARAMS';
  const GON = 'RESOURCE_NOT_FOUND';
  const DUP = 'RESOURCE_CONFLICT';
  const REF = 'RELATION_REFERENCE_ERROR';
  /** What each caller gets: admin, reader, own, key, admin token, superadmin; anonymous is always refused. */
  type Row = readonly [what: string, verb: Verb, ask: () => Json | readonly [string, Json?], codes: readonly string[]];
  const all = (code: string) => CALLERS.slice(0, 6).map(() => code);
  const reading = (code: string) => all(code);
  const creating = (code: string) => [code, NO, code, code, TOK, code];
  const writing = (code: string) => [code, NO, code, KEY, TOK, code];

  const TABLE: readonly Row[] = [
    ['all', 'list', () => ({ sort: 'title', limit: 100 }), reading(OK)],
    ['filtered', 'list', () => ({ filter: { stage: 'won' }, sort: '-amount', limit: 100 }), reading(OK)],
    ['a page', 'list', () => ({ sort: 'amount', limit: 2, offset: 1 }), reading(OK)],
    ['past the end', 'list', () => ({ sort: 'amount', limit: 2, offset: 99 }), reading(OK)],
    ['by an unknown field', 'list', () => ({ filter: { nope: '1' }, limit: 9 }), reading(FLD)],
    ['by a hidden field', 'list', () => ({ filter: { secret: 's' }, limit: 9 }), [OK, FLD, FLD, FLD, OK, OK]],
    ['by a value of another type', 'list', () => ({ filter: { amount: 'much' }, limit: 9 }), reading(PAR)],
    [
      'where',
      'list',
      () => ({ where: { $or: [{ stage: 'won' }, { amount: { $gt: 10 } }] }, sort: 'title', limit: 9 }),
      reading(OK),
    ],
    [
      'where of lists',
      'list',
      () => ({ where: { title: { $in: ['a', 'b'] } }, sort: '-title', limit: 9 }),
      reading(OK),
    ],
    [
      'where a hidden field',
      'list',
      () => ({ where: { secret: { $ne: 's' } }, limit: 9 }),
      [OK, FLD, FLD, FLD, OK, OK],
    ],
    ['where with an unknown operator', 'list', () => ({ where: { amount: { $near: 1 } }, limit: 9 }), reading(PAR)],
    ['where of another type', 'list', () => ({ where: { amount: 'much' }, limit: 9 }), reading(PAR)],
    ['an own record', 'get', () => [ids.a as string], reading(OK)],
    ['a record of others', 'get', () => [ids.c as string], [OK, OK, GON, OK, OK, OK]],
    ['a record that a rule hides', 'get', () => [ids.hidden as string], [GON, GON, GON, GON, OK, OK]],
    ['a deleted record', 'get', () => [ids.gone as string], reading(GON)],
    ['a record of another account', 'get', () => [ids.foreign as string], reading(GON)],
    ['no record', 'get', () => [ABSENT], reading(GON)],
    ['a malformed id', 'get', () => ['no-id'], reading(GON)],
    ['valid', 'create', () => ({ title: 'new', amount: 1, email: 'n@example.com', parent }), creating(OK)],
    ['nothing', 'create', () => ({}), creating(BAD)],
    ['without what is required', 'create', () => ({ amount: 1 }), creating(BAD)],
    ['of wrong types', 'create', () => ({ title: 7, amount: 'x', tags: [1] }), creating(BAD)],
    ['out of bounds', 'create', () => ({ title: 'x'.repeat(21), amount: -1, stage: 'lost' }), creating(BAD)],
    ['an unknown field', 'create', () => ({ title: 'x', nope: 1 }), creating(FLD)],
    ['a hidden field', 'create', () => ({ title: 'hid', secret: 'x' }), [OK, NO, FLD, OK, TOK, OK]],
    ['a unique value again', 'create', () => ({ title: 'x', sku: 'A' }), creating(DUP)],
    ['a reference to nothing', 'create', () => ({ title: 'x', parent: ABSENT }), creating(REF)],
    ['a reference to another account', 'create', () => ({ title: 'x', parent: ids.foreignParent }), creating(REF)],
    ['against a declared check', 'create', () => ({ title: 'x', amount: 1000 }), creating(BAD)],
    ['against a check of the permission', 'create', () => ({ title: 'x', owner: ABSENT }), [OK, NO, NO, OK, TOK, OK]],
    ['an own record', 'patch', () => [ids.b as string, { amount: 51 }], writing(OK)],
    ['a record of others', 'patch', () => [ids.c as string, { amount: 8 }], [OK, NO, GON, KEY, TOK, OK]],
    ['a deleted record', 'patch', () => [ids.gone as string, { amount: 8 }], writing(GON)],
    ['another account’s record', 'patch', () => [ids.foreign as string, { amount: 8 }], writing(GON)],
    ['nothing', 'patch', () => [ids.b as string, {}], writing(BAD)],
    ['an unknown field', 'patch', () => [ids.b as string, { nope: 1 }], writing(FLD)],
    ['of wrong types', 'patch', () => [ids.b as string, { amount: 'x', title: null }], writing(BAD)],
    ['a unique value again', 'patch', () => [ids.b as string, { sku: 'A' }], writing(DUP)],
    ['a reference to nothing', 'patch', () => [ids.b as string, { parent: ABSENT }], writing(REF)],
    ['against a declared check', 'patch', () => [ids.b as string, { amount: 1000 }], writing(BAD)],
    ['to another owner', 'patch', () => [ids.a as string, { owner: ids.owner }], writing(OK)],
    ['out of one’s own sight', 'patch', () => [ids.b as string, { owner: ABSENT }], [OK, NO, NO, KEY, TOK, OK]],
    ['no record', 'remove', () => [ABSENT], [GON, NO, GON, KEY, GON, GON]],
    ['another account’s record', 'remove', () => [ids.foreign as string], [GON, NO, GON, KEY, GON, GON]],
    ['a deleted record', 'remove', () => [ids.gone as string], [GON, NO, GON, KEY, GON, GON]],
  ];

  const ask = (face: Face, verb: Verb, asked: Json): Promise<Outcome> | null => {
    if (verb === 'list') return face.list(asked);
    if (verb === 'create') return face.create(asked);
    const [id, body] = asked as readonly [string, Json?];
    return verb === 'patch' ? face.patch(id, body) : face[verb](id);
  };
  /** Without what every new row has of its own. */
  const plain = (verb: Verb, records: Json): Json => {
    if (records === undefined || verb === 'list' || verb === 'get') return records;
    const { updated_at: _, ...rest } = records;
    if (verb === 'patch') return rest;
    const { id: __, created_at: ___, ...made } = rest;
    return made;
  };

  it.each(TABLE)('%s: %s', async (what, verb, asked, codes) => {
    for (const who of CALLERS) {
      const expected = who === 'anonymous' ? 'UNAUTHORIZED' : (codes[CALLERS.indexOf(who)] as string);
      const doors = faces(who, things);
      const found: Partial<Record<FaceName, Outcome>> = {};
      for (const name of FACES) {
        const outcome = await ask(doors[name], verb, asked());
        if (outcome !== null) found[name] = outcome;
        // What was made is taken away again, so that each face meets the same rows.
        const made = verb === 'create' && outcome?.code === OK ? outcome.records?.id : undefined;
        if (made !== undefined) await asRoot('DELETE', `/api/v1/records/${things}/${made}`);
        if (verb === 'patch' && what === 'out of one’s own sight' && outcome?.code === OK)
          await asRoot('PATCH', `/api/v1/records/${things}/${ids.b}`, { owner: ids.owner });
      }
      const { rest } = found as Record<'rest', Outcome>;
      for (const [name, outcome] of Object.entries(found) as [FaceName, Outcome][]) {
        const label = `${who} ${verb} ${what} on ${name}: ${JSON.stringify(outcome)}`;
        expect(outcome.code, label).toBe(expected);
        if (expected === OK) {
          expect(outcome.status, label).toBe(STATED.status[verb][name]);
          expect(plain(verb, outcome.records), label).toEqual(plain(verb, rest.records));
        } else {
          if (name !== 'mcp') expect(outcome.status, label).toBe(rest.status);
          if (who !== 'anonymous') expect(outcome.named, label).toEqual(rest.named);
        }
      }
    }
  });

  it('what a caller sees is what his role says, on every face', async () => {
    const [plainly, masked] = ['ada@example.com', 'a***@example.com'];
    const SHOWN = { admin: plainly, root: plainly, reader: masked, own: masked, key: undefined };
    const seen: Record<string, Json> = {};
    for (const who of ['admin', 'reader', 'own', 'key', 'root'] as const)
      for (const name of FACES) {
        const outcome = await faces(who, things)[name].list({ sort: 'title', limit: 100 });
        seen[`${who} ${name}`] = outcome?.records.map((one: Json) => one.title).join('');
        const first = outcome?.records[0];
        expect('secret' in first, `${who} ${name}`).toBe(who === 'admin' || who === 'root');
        // Who registered an account is in its group pii_access; the scope of the key holds no such field.
        expect(first.email, `${who} ${name}`).toBe(SHOWN[who]);
      }
    for (const [who, titles] of Object.entries({ admin: 'abc', reader: 'abc', own: 'ab', key: 'abc', root: 'abch' }))
      for (const name of FACES) expect(seen[`${who} ${name}`], `${who} ${name}`).toBe(titles);
  });

  it('remove: a record once, then it is gone; with the body that each face has for it', async () => {
    for (const who of ['admin', 'own', 'token', 'root'] as const)
      for (const name of FACES) {
        const id = await row({ title: 'short life', owner: ids.owner });
        const door = faces(who, things)[name];
        const { status, code, records } = await door.remove(id);
        expect([who, name, code, status, records ?? '']).toEqual([
          who,
          name,
          OK,
          STATED.status.remove[name],
          name === 'resource' ? (records ?? '') : STATED.removed(id)[name],
        ]);
        expect([who, name, (await door.remove(id)).code]).toEqual([who, name, GON]);
        const kept = await t.call('GET', `/api/v1/records/${things}/${id}`, undefined, { token: t.root });
        expect(kept.status).toBe(404);
      }
  });

  it('a sort by a field that is unknown or hidden', async () => {
    for (const [who, sort] of [
      ['admin', 'nope'],
      ['reader', 'secret'],
    ] as const)
      for (const name of FACES)
        expect([name, (await faces(who, things)[name].list({ sort, limit: 9 }))?.code]).toEqual([
          name,
          STATED.unknownSort[name],
        ]);
  });

  it('limits', async () => {
    const many = (await t.collection({ schema: [{ name: 'title', type: 'text' }] })).name;
    const records = Array.from({ length: 120 }, (_, i) => ({ title: `${i}` }));
    await asRoot('POST', `/api/v1/records/${many}/batch`, { records });
    for (const name of FACES) {
      const { list } = faces('admin', many)[name];
      expect([name, (await list({}))?.records.length]).toEqual([name, STATED.usualLimit[name]]);
      const ends = [await list({ limit: 0 }), await list({ limit: 5000 })];
      expect([name, ...ends.map((one) => (one?.code === OK ? one.records.length : one?.code))]).toEqual([
        name,
        ...STATED.limits[name],
      ]);
    }
  });

  it('a disabled collection, one that is not there, and one that is public', async () => {
    const { name, id } = await t.collection({
      schema: [{ name: 'title', type: 'text' }],
      list_rule: '',
      view_rule: '',
    });
    const made = await row({ title: 'x' }, acme, name);
    const asked = (who: CallerName, collection: string, face: FaceName) => {
      const door = faces(who, collection)[face];
      return [
        () => door.list({ limit: 9 }),
        () => door.get(made),
        () => door.create({}),
        () => door.patch(made, {}),
        () => door.remove(made),
      ] as const;
    };
    for (const face of FACES) {
      for (const one of asked('anonymous', name, face).slice(0, 2))
        expect([face, (await one())?.code]).toEqual([face, STATED.public[face]]);
      expect([face, (await faces('anonymous', name)[face].create({ title: 'x' })).code]).toEqual([
        face,
        'UNAUTHORIZED',
      ]);
    }
    await asRoot('PATCH', `/api/v1/collections/${id}`, { enabled: false });
    for (const face of FACES)
      for (const who of ['admin', 'reader', 'root'] as const) {
        for (const one of asked(who, name, face))
          expect([face, who, (await one())?.code]).toEqual([face, who, 'RESOURCE_DISABLED']);
        for (const one of asked(who, 'not_there', face))
          expect([face, who, (await one())?.code]).toEqual([face, who, STATED.unknownCollection[face]]);
      }
  });
});
