// Soft delete and references: on_delete acts when a row is softly deleted, and no live record refers to a deleted one.
import { beforeAll, describe, expect, it } from 'vitest';
import { available, type Json, startApp, type Tenant, type TestApp, unique } from '../helpers/app.ts';

describe.runIf(available)('references and soft delete', () => {
  let t: TestApp;
  let acme: Tenant;
  const [parents, soft, hard, kept, cleared] = ['parents', 'soft', 'hard', 'kept', 'cleared'].map((n) =>
    unique(`${n}_`),
  ) as [string, string, string, string, string];
  const call = (method: string, path: string, body?: Json) =>
    t.call(method, `/api/v1/records/${path}`, body, { token: acme.token });
  const make = async (collection: string, body: Json): Promise<Json> => {
    const { status, body: made } = await call('POST', collection, body);
    expect(status).toBe(201);
    return made;
  };

  beforeAll(async () => {
    t = await startApp();
    acme = await t.tenant();
    const rules = { list_rule: '', view_rule: '', create_rule: '', update_rule: '', delete_rule: '' };
    const name = { name: 'name', type: 'text' };
    const to = (collection: string, on_delete: string) => ({
      name: 'parent',
      type: 'reference',
      collection,
      on_delete,
    });
    // One of them is there before its target deletes softly.
    await t.collection({ name: parents, schema: [name], ...rules });
    await t.collection({ name: soft, schema: [name, to(parents, 'cascade')], soft_delete: true, ...rules });
    await t.call('PUT', `/api/v1/collections/${parents}`, { soft_delete: true }, { token: t.root });
    await t.collection({ name: hard, schema: [name, to(parents, 'cascade')], ...rules });
    await t.collection({ name: kept, schema: [name, to(parents, 'restrict')], soft_delete: true, ...rules });
    await t.collection({ name: cleared, schema: [name, to(parents, 'set_null')], ...rules });
  });

  it('restrict refuses while a live record refers here', async () => {
    const parent = await make(parents, { name: 'p' });
    const child = await make(kept, { parent: parent.id });
    const refused = await call('DELETE', `${parents}/${parent.id}`);
    expect([refused.status, refused.body.code]).toEqual([409, 'RELATION_RESTRICTED']);
    expect((await call('GET', `${parents}/${parent.id}`)).status).toBe(200);
    expect((await call('DELETE', `${kept}/${child.id}`)).status).toBe(204);
    expect((await call('DELETE', `${parents}/${parent.id}`)).status).toBe(204);
  });

  it('cascade deletes softly or for good, as the other collection does; set_null clears; all of it is in the trail', async () => {
    const parent = await make(parents, { name: 'p' });
    const [a, b, c] = [
      await make(soft, { name: 'a', parent: parent.id }),
      await make(hard, { name: 'b', parent: parent.id }),
      await make(cleared, { name: 'c', parent: parent.id }),
    ];
    expect((await call('DELETE', `${parents}/${parent.id}`)).status).toBe(204);
    expect((await call('GET', `${soft}/${a.id}`)).status).toBe(404);
    expect((await call('GET', `${soft}?deleted=only&name=a`)).body.total).toBe(1);
    expect((await call('GET', `${hard}/${b.id}`)).status).toBe(404);
    expect((await call('GET', `${cleared}/${c.id}`)).body).toMatchObject({ parent: null, updated_by: acme.user.id });
    for (const [collection, id, operation] of [
      [soft, a.id, 'DELETE'],
      [hard, b.id, 'DELETE'],
      [cleared, c.id, 'UPDATE'],
    ]) {
      const { body } = await t.call(
        'GET',
        `/api/v1/audit-logs?table_name=main.${collection}&record_id=${id}`,
        undefined,
        {
          token: acme.token,
        },
      );
      expect(body.items.find((e: Json) => e.operation === operation)).toMatchObject({ user_id: acme.user.id });
    }
  });

  it('a deleted record takes no new references', async () => {
    const parent = await make(parents, { name: 'p' });
    const child = await make(cleared, { name: 'c' });
    await call('DELETE', `${parents}/${parent.id}`);
    for (const [method, path, body] of [
      ['POST', soft, { parent: parent.id }],
      ['POST', hard, { parent: parent.id }],
      ['PATCH', `${cleared}/${child.id}`, { parent: parent.id }],
      ['POST', `${cleared}/batch`, { records: [{ parent: parent.id }] }],
    ] as const) {
      const refused = await call(method, path, body);
      expect([refused.status, refused.body.code]).toEqual([400, 'RELATION_REFERENCE_ERROR']);
      expect(refused.body.errors[0]).toMatchObject({ field: 'parent', code: 'invalid_reference' });
    }
    expect((await call('POST', `${parents}/${parent.id}/restore`)).status).toBe(200);
    expect((await call('POST', soft, { parent: parent.id })).status).toBe(201);
  });

  it('a record is not restored while what it refers to is deleted', async () => {
    const parent = await make(parents, { name: 'p' });
    const child = await make(soft, { name: 'a', parent: parent.id });
    await call('DELETE', `${parents}/${parent.id}`);
    const refused = await call('POST', `${soft}/${child.id}/restore`);
    expect([refused.status, refused.body.code]).toEqual([400, 'RELATION_REFERENCE_ERROR']);
    await call('POST', `${parents}/${parent.id}/restore`);
    expect((await call('POST', `${soft}/${child.id}/restore`)).body.parent).toBe(parent.id);
  });

  it('a batch deletes records that refer to each other, and a tree of them by one', async () => {
    const tree = unique('tree_');
    const schema = [{ name: 'up', type: 'reference', collection: tree, on_delete: 'cascade' }];
    await t.collection({ name: tree, schema, soft_delete: true, list_rule: '', create_rule: '', delete_rule: '' });
    const root = await make(tree, { up: null });
    const middle = await make(tree, { up: root.id });
    const leaf = await make(tree, { up: middle.id });
    expect((await call('DELETE', `${tree}/${root.id}`)).status).toBe(204);
    expect((await call('GET', tree)).body.total).toBe(0);
    const parent = await make(parents, { name: 'x' });
    await make(kept, { parent: parent.id });
    const refused = await call('DELETE', `${parents}/batch`, { ids: [parent.id] });
    expect([refused.status, refused.body.code]).toEqual([409, 'RELATION_RESTRICTED']);
    expect(leaf.id).toBeDefined();
  });

  it('no reference is left to a deleted record under concurrent writers', async () => {
    for (let round = 0; round < 8; round++) {
      const parent = await make(parents, { name: 'race' });
      const calls = Array.from({ length: 8 }, (_, i) =>
        i === 4
          ? call('DELETE', `${parents}/${parent.id}`)
          : call('POST', kept, { name: `r${round}`, parent: parent.id }),
      );
      const replies = await Promise.all(calls);
      const gone = replies[4]?.status === 204;
      const stored = replies.filter((reply, i) => i !== 4 && reply.status === 201).length;
      expect(replies.every(({ status }) => [201, 204, 400, 409].includes(status))).toBe(true);
      // Whoever came first decides: a deleted parent has no child, a parent with a child is not deleted.
      expect(gone ? stored : 0).toBe(0);
    }
  });

  it('without soft delete again, keys alone decide', async () => {
    await t.call('PUT', `/api/v1/collections/${parents}`, { soft_delete: false }, { token: t.root });
    const parent = await make(parents, { name: 'p' });
    const child = await make(soft, { name: 'z', parent: parent.id });
    expect((await call('DELETE', `${parents}/${parent.id}`)).status).toBe(204);
    expect((await call('GET', `${soft}?deleted=with&name=z`)).body.items.map((r: Json) => r.id)).not.toContain(
      child.id,
    );
  });
});
