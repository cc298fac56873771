// A property site as its makers would set it up: visitors browse, users keep favourites, agents sell their own.
import { beforeAll, describe, expect, it } from 'vitest';
import { available, type Json, startApp, type Tenant, type TestApp, unique } from '../helpers/app.ts';
import { openStream } from '../helpers/stream.ts';

describe.runIf(available)('a property site', () => {
  let t: TestApp;
  let site: Tenant;
  let agent: { token: string; user: Json };
  let rival: { token: string; user: Json };
  let user: { token: string; user: Json };
  const properties = unique('properties_');
  const favorites = unique('favorites_');
  const call = (who: { token: string } | null, method: string, path: string, body?: unknown) =>
    t.call(method, `/v1/${path}`, body, { token: who?.token ?? null, headers: { 'X-Account-ID': site.account.slug } });

  beforeAll(async () => {
    t = await startApp();
    site = await t.tenant();
    const root = { token: t.root };
    const role = unique('agent_');
    const { id } = (await t.call('POST', '/api/v1/roles', { name: role }, root)).body;
    const own = [{ field: 'listed_by', operator: '=', claim: 'id' }];
    const mine = [{ field: 'user_id', operator: 'eq', value: '$user.id' }];
    await t.collection({
      name: properties,
      fields: [
        { name: 'title', type: 'string', required: true },
        { name: 'city', type: 'string' },
        { name: 'price', type: 'number', required: true, sortable: true },
        { name: 'bedrooms', type: 'number' },
        { name: 'property_type', type: 'enum', enumValues: ['house', 'flat', 'land'] },
        { name: 'status', type: 'enum', enumValues: ['active', 'sold'], defaultValue: 'active' },
        { name: 'listed_by', type: 'uuid', required: true },
      ],
      permissions: [
        { role: 'public', action: 'read' },
        { role: 'user', action: 'read' },
        { role, action: 'read' },
        { role, action: 'create', checks: own },
        { role, action: 'update', filters: own, checks: own },
        { role, action: 'delete', filters: own },
      ],
    });
    await t.collection({
      name: favorites,
      fields: [
        { name: 'property_id', type: 'relation', collection: properties, required: true },
        { name: 'user_id', type: 'uuid', required: true },
      ],
      permissions: [
        { role: 'user', action: 'read', filters: mine },
        { role: 'user', action: 'create', fields: ['property_id'], checks: mine },
        { role: 'user', action: 'delete', filters: mine },
      ],
    });
    agent = await t.member(site.account.id, id);
    rival = await t.member(site.account.id, id);
    user = await t.member(site.account.id);
    for (const [title, city, price, bedrooms, property_type] of [
      ['Mill', 'Ghent', 300, 4, 'house'],
      ['Loft', 'Bruges', 200, 1, 'flat'],
      ['Meadow', 'Ghent', 50, null, 'land'],
      ['Manor', 'Antwerp', 900, 8, 'house'],
    ])
      await call(agent, 'POST', properties, { title, city, price, bedrooms, property_type });
  });

  it('lets visitors browse, filter and sort', async () => {
    const titles = async (query: string) =>
      (await call(null, 'GET', `${properties}?${query}`)).body.data.map(({ title }: Json) => title);
    expect(await titles('_sort=price')).toEqual(['Meadow', 'Loft', 'Mill', 'Manor']);
    expect(await titles('_sort=-price&_limit=2&_offset=1')).toEqual(['Mill', 'Loft']);
    expect(await titles('price__gte=100&price__lte=500&_sort=price')).toEqual(['Loft', 'Mill']);
    expect(await titles('bedrooms__gte=4&city__ilike=%25ghent%25')).toEqual(['Mill']);
    const types = encodeURIComponent('["flat","land"]');
    expect(await titles(`property_type__in=${types}&status__eq=active&_sort=price`)).toEqual(['Meadow', 'Loft']);
    expect((await call(null, 'POST', properties, { title: 'x', price: 1 })).status).toBe(401);
    expect((await call(null, 'GET', favorites)).status).toBe(401);
    expect((await call(user, 'POST', properties, { title: 'x', price: 1 })).body.code).toBe('FORBIDDEN');
  });

  it('lets agents sell, each his own', async () => {
    const made = await call(agent, 'POST', properties, { title: 'Barn', price: 10 });
    expect(made.body.data.listed_by).toBe(agent.user.id);
    const path = `${properties}/${made.body.data.id}`;
    const forged = await call(rival, 'POST', properties, { title: 'Barn', price: 10, listed_by: agent.user.id });
    expect([forged.status, forged.body.errors[0].field]).toEqual([403, 'listed_by']);
    expect((await call(agent, 'PATCH', path, { price: 11 })).body.data.price).toBe(11);
    expect((await call(agent, 'PATCH', path, { listed_by: rival.user.id })).status).toBe(403);
    expect((await call(rival, 'PATCH', path, { price: 1 })).status).toBe(404);
    expect((await call(rival, 'DELETE', path)).status).toBe(404);
    expect((await call(rival, 'GET', path)).body.data.price).toBe(11);
    expect((await call(agent, 'DELETE', path)).status).toBe(204);
  });

  it('lets users keep favourites that nobody else sees', async () => {
    const [{ id: property_id }] = (await call(user, 'GET', `${properties}?title=Mill`)).body.data;
    const made = await call(user, 'POST', favorites, { property_id });
    expect([made.status, made.body.data.user_id]).toEqual([200, user.user.id]);
    const listed = await call(user, 'GET', `${favorites}?include=property`);
    expect(listed.body.data).toMatchObject([{ property_id, property: { id: property_id, title: 'Mill' } }]);
    const another = await t.member(site.account.id);
    expect((await call(another, 'GET', favorites)).body.meta.total).toBe(0);
    expect((await call(another, 'DELETE', `${favorites}/${made.body.data.id}`)).status).toBe(404);
    expect((await call(agent, 'GET', favorites)).status).toBe(403);
    expect((await call(user, 'DELETE', `${favorites}/${made.body.data.id}`)).status).toBe(204);
  });

  it('tells users of new offers as they come, and nobody of a favourite that is not his', async () => {
    const headers = (who: { token: string }) => ({ Authorization: `Bearer ${who.token}` });
    const offers = await openStream(`${t.url}/v1/${properties}/stream?events=created,updated`, headers(user));
    const another = await t.member(site.account.id);
    const kept = await openStream(`${t.url}/v1/${favorites}/stream`, headers(user));
    const { id } = (await call(agent, 'POST', properties, { title: 'Tower', price: 70 })).body.data;
    const [event] = await offers.take(1, 5000);
    expect(event).toMatchObject({ event: `${properties}.created`, data: { new: { title: 'Tower', price: 70 } } });
    await call(another, 'POST', favorites, { property_id: id });
    await call(user, 'POST', favorites, { property_id: id });
    const [own] = await kept.take(1, 5000);
    expect(own?.data.new.user_id).toBe(user.user.id);
    offers.close();
    kept.close();
  });
});
