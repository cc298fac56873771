// Names of tools: what they are for real collections, and that they are unique, short and steady whatever collections there are.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toolNames } from '../../server/mcp/names.ts';
import { VERBS } from '../../server/mcp/verbs.ts';
import type { CollectionDef } from '../../server/schema/collection-def.ts';

const def = (qualifiedName: string): CollectionDef => {
  const [app, name] = qualifiedName.split('.');
  return { app, name, qualifiedName } as CollectionDef;
};
const named = (...collections: string[]) => {
  const defs = collections.map(def);
  const names = toolNames(defs);
  return {
    names,
    all: defs.flatMap((one) => VERBS.map((verb) => ({ tool: { def: one, verb }, name: names.of({ def: one, verb }) }))),
  };
};

describe('names of tools', () => {
  it('are the collection and the verb, with the app where it is not main', () => {
    const { all } = named('main.posts', 'crm.contacts');
    expect(all.map(({ name }) => name)).toEqual([
      ...['query', 'get', 'create', 'update', 'delete', 'bulk_create'].map((verb) => `posts_${verb}`),
      ...['query', 'get', 'create', 'update', 'delete', 'bulk_create'].map((verb) => `crm_contacts_${verb}`),
    ]);
  });

  it('get a hash where they are too long, and only there', () => {
    const long = 'a'.repeat(58);
    const { all } = named(`main.${long}`);
    const byVerb = Object.fromEntries(all.map(({ tool, name }) => [tool.verb, name]));
    expect(byVerb.query).toBe(`${long}_query`);
    expect(byVerb.bulk_create).toMatch(/^a{41}_[0-9a-f]{10}_bulk_create$/);
    expect(Math.max(...all.map(({ name }) => name.length))).toBe(64);
  });

  it('where two would have one name both get a hash, and neither answers to the old one', () => {
    const { names, all } = named('main.posts', 'main.posts_bulk', 'main.crm_contacts', 'crm.contacts');
    expect(new Set(all.map(({ name }) => name)).size).toBe(all.length);
    for (const gone of ['posts_bulk_create', 'crm_contacts_query']) expect(names.find(gone)).toBeUndefined();
    expect(
      all.filter(({ name }) => /^posts_bulk_[0-9a-f]{10}_create$|^posts_[0-9a-f]{10}_bulk_create$/.test(name)),
    ).toHaveLength(2);
    expect(names.find('posts_create')).toMatchObject({ verb: 'create', def: { name: 'posts' } });
  });

  it('are unique, at most 64 characters and lead back, also where somebody imitates a hash', () => {
    const word = fc.constantFrom(
      'posts',
      'bulk',
      'create',
      'a',
      'crm',
      '0123456789',
      'abcdef0123',
      'x'.repeat(30),
      'query',
      'get',
    );
    const name = fc.array(word, { minLength: 1, maxLength: 4 }).map((parts) => `c${parts.join('_')}`.slice(0, 100));
    const collection = fc.tuple(fc.constantFrom('main', 'c', 'cposts', 'crm'), name).map((parts) => parts.join('.'));
    fc.assert(
      fc.property(fc.uniqueArray(collection, { maxLength: 12 }), (collections) => {
        const first = named(...collections);
        // The name of a shortened tool as a collection of its own.
        const imitated = first.all
          .filter(({ name: n }) => /_[0-9a-f]{10}_create$/.test(n))
          .map(({ name: n }) => `main.${n.replace(/_create$/, '')}`);
        const { all, names } = named(...new Set([...collections, ...imitated]));
        expect(new Set(all.map(({ name: n }) => n)).size).toBe(all.length);
        for (const { tool, name: n } of all) {
          expect(n).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
          expect(names.find(n)).toEqual(tool);
        }
      }),
      { numRuns: 300 },
    );
  });
});
