// The identity of a definition: the field by which records of several apps are the same, and the index that finds them.
import type { Field } from '../../contract/fields.ts';
import type { ProblemEntry } from '../../contract/problems.ts';
import { cut } from '../text.ts';
import { fieldColumn, isStored } from './columns.ts';
import type { DesiredIndex } from './desired.ts';
import { digest, objectName } from './names.ts';

const IDENTIFYING: readonly Field['type'][] = ['text', 'email', 'url', 'uuid', 'enum', 'number', 'reference'];

interface Identified {
  readonly fields: readonly Field[];
  readonly identity_kind?: string | null | undefined;
  readonly identity_key?: string | null | undefined;
}

/** The index over account and key, not unique; null where there is no identity, or where an entry says why it cannot be. */
export function identityIndex(table: string, definition: Identified, problems: ProblemEntry[]): DesiredIndex | null {
  const { identity_kind: kind = null, identity_key: key = null, fields } = definition;
  if (kind === null && key === null) return null;
  const refuse = (field: string, code: string, message: string): null => {
    problems.push({ field, code, message });
    return null;
  };
  if (kind === null) return refuse('identity_kind', 'identity_incomplete', 'Give identity_kind as well, or neither.');
  if (key === null) return refuse('identity_key', 'identity_incomplete', 'Give identity_key as well, or neither.');
  const field = fields.find((one) => one.name === key);
  if (field === undefined)
    return refuse('identity_key', 'identity_key_unknown', `There is no field ${cut(key, 100)}: name a stored field.`);
  if (!isStored(field) || !IDENTIFYING.includes(field.type)) {
    const message = `A ${field.type} field cannot tell which records are the same: use one of ${IDENTIFYING.join(', ')}.`;
    return refuse('identity_key', 'identity_key_unsupported', message);
  }
  const { column, quoted } = fieldColumn(field);
  return {
    name: objectName(table, [column], 'id'),
    // The kind is a word of the definition alone: another one changes nothing in the database.
    tag: digest(['identity', column], 16),
    field: null,
    declared: { path: 'identity_key', key: column, name: null, fields: [key], about: key, detail: kind },
    columns: ['account_id', column],
    keys: [
      { sql: '"account_id"', order: '' },
      { sql: quoted, order: '' },
    ],
    unique: false,
    where: null,
    method: 'btree',
    identity: true,
    compiled: false,
  };
}
