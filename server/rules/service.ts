// Rules as managers work with them: the rules of a collection, trying one out, and explaining what hides rows and fields from a user.
import type { Collection, CollectionChange } from '../../contract/collections.ts';
import type { Parsed, Reply } from '../../contract/kit.ts';
import { Failure } from '../../contract/problems.ts';
import type { rules as contract, Rules as RulesReply } from '../../contract/rules.ts';
import type { Readable } from '../access/readable.ts';
import type { MacroSource } from '../access/rule.ts';
import { type Ctx, requireCaller } from '../context.ts';
import type { CollectionDef } from '../schema/collection-def.ts';
import type { Explainer } from './explain.ts';
import { outcome, scopeOf, verdict } from './try.ts';

export { createExplainer, type Explainer } from './explain.ts';
export { compiled, outcome, scopeOf } from './try.ts';

type C = typeof contract;

export interface Rules {
  /** Throws RESOURCE_NOT_FOUND. */
  get(collection: string): Promise<RulesReply>;
  /** Changes what is given. Throws RESOURCE_NOT_FOUND, INVALID_RESOURCE_DATA with place and hint of every mistake. */
  update(collection: string, change: Parsed<C['update']>['body'], ctx: Ctx): Promise<RulesReply>;
  validate(ctx: Ctx, input: Parsed<C['validate']>['body']): Promise<Reply<C['validate']>>;
  test(ctx: Ctx, input: Parsed<C['test']>['body']): Promise<Reply<C['test']>>;
  /** Throws RESOURCE_NOT_FOUND for a collection that is not there and for a user who is not the caller's to manage. */
  explain(ctx: Ctx, input: Parsed<C['explain']>['body']): Promise<Reply<C['explain']>>;
}

export interface RulesOptions {
  readonly macros: MacroSource;
  readonly definitions: { find(name: string): CollectionDef | undefined | Promise<CollectionDef | undefined> };
  readonly collections: {
    get(idOrName: string): Promise<Collection>;
    update(idOrName: string, change: CollectionChange, ctx?: Ctx): Promise<Collection>;
  };
  readonly explainer: Explainer;
  readonly readable: Readable;
}

export function createRules({ macros, definitions, collections, explainer, readable }: RulesOptions): Rules {
  /** The collection with the fields that the caller may view: hints must not name others. */
  async function named(ctx: Ctx, collection: string): Promise<Pick<CollectionDef, 'shown'>> {
    const def = await definitions.find(collection);
    if (def === undefined) throw new Failure('RESOURCE_NOT_FOUND');
    const open = readable(requireCaller(ctx), def.qualifiedName);
    return { shown: def.shown.filter(({ name }) => open === null || open.has(name)) };
  }

  return {
    get: async (collection) => shown(await collections.get(collection)),
    update: async (collection, change, ctx) => shown(await collections.update(collection, change, ctx)),

    async validate(ctx, { rule, operation = 'update', collection, collectionFields }) {
      const def = collection === undefined ? null : await named(ctx, collection);
      return verdict(rule, scopeOf(def, collectionFields, operation, macros));
    },

    async test(ctx, { rule, collection, context = {} }) {
      const def = collection === undefined ? null : await named(ctx, collection);
      return outcome(rule, scopeOf(def, undefined, 'any', macros), context);
    },

    explain: (ctx, question) => explainer(requireCaller(ctx), question),
  };
}

const shown = (collection: Collection): RulesReply => ({
  id: collection.id,
  collection_id: collection.id,
  collection: collection.name,
  list_rule: collection.list_rule,
  view_rule: collection.view_rule,
  create_rule: collection.create_rule,
  update_rule: collection.update_rule,
  delete_rule: collection.delete_rule,
  list_fields: collection.list_fields,
  view_fields: collection.view_fields,
  create_fields: collection.create_fields,
  update_fields: collection.update_fields,
  created_at: collection.created_at,
  updated_at: collection.updated_at,
});
