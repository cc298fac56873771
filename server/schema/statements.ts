// The SQL text of each change: names are quoted here, values became constants in literal.ts, and nothing else is spliced.
import { accountKeyName, primaryKeyName } from './define.ts';
import {
  type Declared,
  type DesiredCheck,
  type DesiredColumn,
  type DesiredForeignKey,
  type DesiredIndex,
  type DesiredTable,
  isOwnIndex,
} from './desired.ts';
import { quoteText } from './literal.ts';
import { clearingTrigger, digest, quoteIdent as q, qualified } from './names.ts';
import { tagComment } from './tags.ts';

interface Place {
  readonly schema: string;
  readonly table: string;
}
const on = ({ schema, table }: Place): string => qualified(schema, table);
const tagged = (what: string, tag: string, declared: Declared | null = null): string =>
  `comment on ${what} is ${quoteText(tagComment(tag, declared?.key))}`;

const columnText = (c: DesiredColumn): string =>
  [
    q(c.column),
    c.type,
    c.notNull ? 'not null' : '',
    c.default === null ? '' : `default ${c.default}`,
    c.generated === null ? '' : `generated always as (${c.generated}) stored`,
  ]
    .filter((part) => part !== '')
    .join(' ');
export const columnTag = (at: Place, c: DesiredColumn): string =>
  tagged(`column ${on(at)}.${q(c.column)}`, columnDigest(c));

/** The hash of a column's declaration, as its comment carries it. */
export const columnDigest = (c: DesiredColumn): string =>
  digest(c.generated === null ? [c.type, c.notNull, c.default] : [c.type, c.generated], 16);

/** The table with all its columns, and the key and indexes that every table has. */
export const createTable = (t: DesiredTable): string[] => [
  `create schema if not exists ${q(t.schema)}`,
  `create table ${on(t)} (${[
    ...t.columns.map(columnText),
    `constraint ${q(primaryKeyName(t.table))} primary key (id)`,
    `constraint ${q(accountKeyName(t.table))} foreign key (account_id) references snackbase.accounts (id) on delete cascade`,
  ].join(', ')})`,
  tagged(`table ${on(t)}`, t.tag),
  ...t.columns.map((c) => columnTag(t, c)),
  ...t.indexes.filter(isOwnIndex).flatMap((i) => addIndex(t, i)),
  ...captureCascades(t),
  `select snackbase.guard_tenancy(${quoteText(t.schema)}, ${quoteText(t.table)})`,
];

/** Statements tell what they change, to the audit trail and as events; these tell what the database changes because of them. */
const captureCascades = (t: DesiredTable): string[] =>
  ['audit_cascade', 'append_event'].map(
    (name) => `create trigger ${name} after update or delete on ${on(t)} for each row when (pg_trigger_depth() > 0)
   execute function snackbase.${name}(${quoteText(`${t.schema.slice('app_'.length)}.${t.entity}`)})`,
  );

/** One statement for column, default and NOT NULL: rows that exist get the default at once. */
export const addColumn = (at: Place, c: DesiredColumn): string[] => [
  `alter table ${on(at)} add column ${columnText(c)}`,
  columnTag(at, c),
];

export const dropColumn = (at: Place, column: string): string[] => [
  `alter table ${on(at)} drop column if exists ${q(column)} cascade`,
];

const alterColumn = (at: Place, c: DesiredColumn, action: string): string[] => [
  `alter table ${on(at)} alter column ${q(c.column)} ${action}`,
  columnTag(at, c),
];
export const setDefault = (at: Place, c: DesiredColumn): string[] => alterColumn(at, c, `set default ${c.default}`);
export const dropDefault = (at: Place, c: DesiredColumn): string[] => alterColumn(at, c, 'drop default');
export const dropNotNull = (at: Place, c: DesiredColumn): string[] => alterColumn(at, c, 'drop not null');

/** Rows without a value get the default first, if there is one. */
export const setNotNull = (at: Place, c: DesiredColumn): string[] => [
  ...(c.default === null ? [] : [`update ${on(at)} set ${q(c.column)} = ${c.default} where ${q(c.column)} is null`]),
  ...alterColumn(at, c, 'set not null'),
];

/** The values as `using` makes them; what a value of the old type was goes first. */
export const alterType = (at: Place, c: DesiredColumn, there: LiveColumnState, using: string): string[] => {
  const alter = (action: string) => `alter table ${on(at)} alter column ${q(c.column)} ${action}`;
  const filled = c.notNull && c.default !== null ? `coalesce(${using}, ${c.default})` : using;
  return [
    ...(there.default === null ? [] : [alter('drop default')]),
    ...(there.notNull && !c.notNull ? [alter('drop not null')] : []),
    alter(`type ${c.type} using ${filled}`),
    ...(there.default === null || c.default === null ? [] : [alter(`set default ${c.default}`)]),
    columnTag(at, c),
  ];
};

interface LiveColumnState {
  readonly notNull: boolean;
  readonly default: string | null;
}

/** For a column that stays although nobody declares it: records made from now on have nothing in it. */
export const relaxColumn = (at: Place, column: string, what: 'not null' | 'default'): string[] => [
  `alter table ${on(at)} alter column ${q(column)} drop ${what}`,
];

export const addCheck = (at: Place, check: DesiredCheck): string[] => [
  `alter table ${on(at)} add constraint ${q(check.name)} check (${check.expression})`,
  tagged(`constraint ${q(check.name)} on ${on(at)}`, check.tag, check.declared),
];

export const dropConstraint = (at: Place, name: string): string[] => [
  `alter table ${on(at)} drop constraint if exists ${q(name)}`,
];

export const addIndex = (at: Place, index: DesiredIndex): string[] => {
  const unique = index.unique ? 'unique ' : '';
  const method = index.method === 'btree' ? '' : `using ${index.method} `;
  const keys = index.keys.map(({ sql, order }) => sql + order).join(', ');
  const where = index.where === null ? '' : ` where ${index.where}`;
  return [
    `create ${unique}index ${q(index.name)} on ${on(at)} ${method}(${keys})${where}`,
    tagged(`index ${qualified(at.schema, index.name)}`, index.tag, index.declared),
  ];
};

export const dropIndex = (at: Place, name: string): string[] => [`drop index if exists ${qualified(at.schema, name)}`];

/**
 * SET NULL is NO ACTION with a trigger of ours: the native form would empty account_id as well, and its column list
 * needs PostgreSQL 15, two more than we ask for. The trigger runs after the row is gone and before the check.
 */
const DELETE_ACTION = { restrict: 'restrict', cascade: 'cascade', set_null: 'no action' } as const;

export const addForeignKey = (at: Place, key: DesiredForeignKey): string[] => [
  `alter table ${on(at)} add constraint ${q(key.name)} foreign key (account_id, ${q(key.column)})
   references ${on(key.target)} (account_id, id) on delete ${DELETE_ACTION[key.onDelete]}`,
  tagged(`constraint ${q(key.name)} on ${on(at)}`, key.tag),
  `select snackbase.guard_reference(${[at.schema, at.table, key.name].map(quoteText).join(', ')})`,
  ...(key.onDelete === 'set_null' ? addClearing(at, key) : []),
];

const addClearing = (at: Place, key: DesiredForeignKey): string[] => {
  const trigger = clearingTriggerOf(at, key.name);
  const where = [at.schema, at.table, key.column].map(quoteText).join(', ');
  return [
    ...dropClearing(key.target, trigger),
    `create trigger ${q(trigger)} after delete on ${on(key.target)} for each row execute function snackbase.clear_reference(${where})`,
  ];
};

/** The trigger of a set_null key of this table; two apps may have keys of the same name, so the schema counts. */
export const clearingTriggerOf = (at: Place, keyName: string): string => clearingTrigger(`${at.schema}.${keyName}`);

const dropClearing = (target: Place, trigger: string): string[] => [
  `drop trigger if exists ${q(trigger)} on ${on(target)}`,
];

interface StoredKey {
  readonly name: string;
  readonly target: Place;
  readonly triggers: readonly string[];
}

/** The triggers that live on the target because of this key. */
export const dropKeyTriggers = (at: Place, key: StoredKey): string[] => {
  const trigger = clearingTriggerOf(at, key.name);
  return key.triggers.includes(trigger) ? dropClearing(key.target, trigger) : [];
};

export const dropForeignKey = (at: Place, key: StoredKey): string[] => [
  ...dropLiveGuard(at, key.name),
  ...dropKeyTriggers(at, key),
  ...dropConstraint(at, key.name),
];

// Its name is made in the database (migration 0012); a column that is dropped takes the trigger along.
const dropLiveGuard = (at: Place, key: string): string[] => [
  `do $$ begin execute format('drop trigger if exists %I on %I.%I', snackbase.live_trigger(${quoteText(key)}), ${quoteText(at.schema)}, ${quoteText(at.table)}); end $$`,
];

export const dropTable = (at: Place): string[] => [`drop table ${on(at)} cascade`];
