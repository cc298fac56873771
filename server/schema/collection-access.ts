// The rules and field lists that a collection carries, as they are stored and as the decision reads them.
import type { RulesChange } from '../../contract/rules.ts';

export type RuleOperation = 'list' | 'view' | 'create' | 'update' | 'delete';

export interface CollectionAccess {
  /** null: not set. "": public. Else an expression that was checked when it was stored. */
  readonly rules: Readonly<Record<RuleOperation, string | null>>;
  /** null: all fields. There is no list for delete. */
  readonly fields: Readonly<Record<Exclude<RuleOperation, 'delete'>, readonly string[] | null>>;
}

export const OPERATIONS: readonly RuleOperation[] = ['list', 'view', 'create', 'update', 'delete'];

/** A new collection: nothing set, so only admins may. */
export const CLOSED: CollectionAccess = {
  rules: { list: null, view: null, create: null, update: null, delete: null },
  fields: { list: null, view: null, create: null, update: null },
};

/** `access` with the keys of `change` that are there: `list_rule` … `delete_rule`, `list_fields` … `update_fields`. */
export function withChange(access: CollectionAccess, change: RulesChange): CollectionAccess {
  const rules = { ...access.rules };
  const fields = { ...access.fields };
  for (const operation of OPERATIONS) {
    const rule = change[`${operation}_rule`];
    if (rule !== undefined) rules[operation] = rule;
    if (operation === 'delete') continue;
    const list = change[`${operation}_fields`];
    if (list !== undefined) fields[operation] = list === '*' ? null : list;
  }
  return { rules, fields };
}

/** As replies spell it. */
export function spelledAccess({ rules, fields }: CollectionAccess) {
  return {
    list_rule: rules.list,
    view_rule: rules.view,
    create_rule: rules.create,
    update_rule: rules.update,
    delete_rule: rules.delete,
    list_fields: fields.list === null ? ('*' as const) : [...fields.list],
    view_fields: fields.view === null ? ('*' as const) : [...fields.view],
    create_fields: fields.create === null ? ('*' as const) : [...fields.create],
    update_fields: fields.update === null ? ('*' as const) : [...fields.update],
  };
}
