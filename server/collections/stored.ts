// A stored collection in its three shapes: the row, the value the record path works with, and the reply.
import type { Collection } from '../../contract/collections.ts';
import type { Field } from '../../contract/fields.ts';
import type { TableCheck, TableIndex } from '../../contract/table-objects.ts';
import { type CollectionAccess, spelledAccess } from '../schema/collection-access.ts';
import type { CollectionDef, FieldColumn, Guarded } from '../schema/collection-def.ts';
import { fieldColumn, isStored } from '../schema/columns.ts';
import { computedColumn } from '../schema/computed.ts';
import { accountKeyName, type DesiredTable, define, primaryKeyName } from '../schema/define.ts';
import { type DesiredIndex, isOwnIndex } from '../schema/desired.ts';
import { qualified } from '../schema/names.ts';

/** What a role may do on the collection, as it is stored with the role. */
type GrantedPermission = Omit<Collection['permissions'][number], 'fields'> & { readonly fields: string[] | null };

/** A row of snackbase.collections. */
export interface CollectionRow {
  readonly id: string;
  readonly app: string;
  readonly name: string;
  readonly display_name: string | null;
  readonly description: string | null;
  readonly definition: Field[];
  readonly soft_delete: boolean;
  readonly enabled: boolean;
  readonly indexes: readonly TableIndex[];
  readonly checks: readonly TableCheck[];
  readonly identity_kind: string | null;
  readonly identity_key: string | null;
  readonly access: CollectionAccess;
  readonly permissions: readonly GrantedPermission[];
  readonly revision: number;
  readonly shape_revision: number;
  readonly created_at: string;
  readonly updated_at: string;
}

/** The table that the row asks for. */
export const desiredTable = (row: CollectionRow): DesiredTable => define({ ...row, fields: row.definition });

/** The collection as the record path works with it. */
export function collectionDef(row: CollectionRow): CollectionDef {
  const desired = desiredTable(row);
  const fields = row.definition.filter(isStored).map(fieldColumn);
  const computed = row.definition.flatMap((field) => (isStored(field) ? [] : [computedColumn(field, row.definition)]));
  const byName = new Map(fields.map((field) => [field.name, field]));
  return {
    id: row.id,
    app: row.app,
    name: row.name,
    qualifiedName: `${row.app}.${row.name}`,
    table: qualified(desired.schema, desired.table),
    schemaName: desired.schema,
    tableName: desired.table,
    revision: row.revision,
    shapeRevision: row.shape_revision,
    fields,
    computed,
    shown: row.definition.map((one) => [...fields, ...computed].find(({ name }) => name === one.name) as FieldColumn),
    byName,
    guards: guardsOf(desired, byName),
    identity:
      row.identity_kind === null || row.identity_key === null
        ? null
        : { kind: row.identity_kind, key: row.identity_key },
    description: row.description,
    softDelete: row.soft_delete,
    enabled: row.enabled,
    access: row.access,
  };
}

type Guarding = Pick<DesiredIndex, 'name' | 'field' | 'declared'>;

function guardsOf(desired: DesiredTable, byName: ReadonlyMap<string, FieldColumn>): Map<string, Guarded> {
  const of =
    (kind: Guarded['kind']) =>
    ({ name, field, declared }: Guarding): [string, Guarded] => {
      const told = declared && { fields: declared.fields, about: declared.about };
      const only = field ?? (told?.fields.length === 1 ? told.fields[0] : '') ?? '';
      return [name, { kind, field: byName.get(only) ?? null, declared: told }];
    };
  const own = (name: string): Guarding => ({ name, field: null, declared: null });
  return new Map([
    of('id')(own(primaryKeyName(desired.table))),
    of('account')(own(accountKeyName(desired.table))),
    ...desired.indexes.filter((index) => index.unique).map((index) => of(isOwnIndex(index) ? 'id' : 'unique')(index)),
    ...desired.foreignKeys.map(of('reference')),
    ...desired.checks.map((check) => of(check.declared === null ? 'enum' : 'check')(check)),
  ]);
}

/** The collection as the API shows it. */
export function collectionReply(row: CollectionRow): Collection {
  const { schema, table } = desiredTable(row);
  return {
    id: row.id,
    app: row.app,
    name: row.name,
    qualified_name: `${row.app}.${row.name}`,
    table_name: `${schema}.${table}`,
    description: row.description,
    display_name: row.display_name,
    schema: row.definition,
    fields: row.definition,
    soft_delete: row.soft_delete,
    enableSoftDelete: row.soft_delete,
    enabled: row.enabled,
    indexes: [...row.indexes],
    checks: [...row.checks],
    identity_kind: row.identity_kind,
    identity_key: row.identity_key,
    ...spelledAccess(row.access),
    permissions: row.permissions.map(({ fields, filters = [], checks = [], ...granted }) => ({
      ...granted,
      fields: fields ?? '*',
      ...(filters.length > 0 && { filters }),
      ...(checks.length > 0 && { checks }),
    })),
    revision: row.revision,
    created_at: row.created_at,
    updated_at: row.updated_at,
  };
}
