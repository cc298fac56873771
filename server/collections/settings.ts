// What a new definition changes beside the table: access, state, and the options of fields that the server judges by itself.
import type { Field } from '../../contract/fields.ts';
import { CLOSED, spelledAccess } from '../schema/collection-access.ts';
import type { CollectionRow } from './stored.ts';

/** One setting, for whoever decides about a deploy. */
export interface SettingChange {
  readonly entity: string;
  /** `list_rule`, `enabled`, `permissions`, `fields.email.max_length`. */
  readonly setting: string;
  /** What it becomes, as JSON; null where it is taken away or too long to show. */
  readonly detail: string | null;
}

/** Options whose change is a change of the table. */
const OF_TABLE: ReadonlySet<string> = new Set(
  'name type required default enum unique on_delete collection searchable expression return_type'.split(' '),
);
const SHOWN = 200;

const shown = (value: unknown): string | null => {
  const text = value === undefined || value === null ? null : JSON.stringify(value);
  return text !== null && text.length <= SHOWN ? text : null;
};

const settingsOf = (row: CollectionRow | null): Record<string, unknown> => ({
  ...spelledAccess(row?.access ?? CLOSED),
  display_name: row?.display_name ?? null,
  description: row?.description ?? null,
  enabled: row?.enabled ?? true,
  soft_delete: row?.soft_delete ?? false,
  identity_kind: row?.identity_kind ?? null,
});

function* fieldOptions(before: readonly Field[], after: readonly Field[]): Generator<readonly [string, unknown]> {
  const earlier = new Map(before.map((field) => [field.name, field as unknown as Record<string, unknown>]));
  for (const field of after as readonly unknown[] as readonly Record<string, unknown>[]) {
    const was = earlier.get(field.name as string);
    if (was === undefined) continue;
    for (const option of new Set([...Object.keys(was), ...Object.keys(field)]))
      if (!OF_TABLE.has(option) && JSON.stringify(was[option]) !== JSON.stringify(field[option]))
        yield [`fields.${field.name}.${option}`, field[option]];
  }
}

/** The settings that differ; of a new collection those that are not as they are when nothing is said. */
export function settingChanges(
  before: CollectionRow | null,
  after: CollectionRow | null,
  permissionsChanged: boolean,
): SettingChange[] {
  if (after === null) return [];
  const [was, becomes] = [settingsOf(before), settingsOf(after)];
  const changed: (readonly [string, unknown])[] = Object.entries(becomes).filter(
    ([setting, value]) => JSON.stringify(value) !== JSON.stringify(was[setting]),
  );
  const options = before === null ? [] : fieldOptions(before.definition, after.definition);
  const all = [...changed, ...options, ...(permissionsChanged ? [['permissions', undefined] as const] : [])];
  return all.map(([setting, value]) => ({ entity: after.name, setting, detail: shown(value) }));
}
