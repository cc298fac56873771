// What a definition lists beside its fields, read into desired indexes and checks; whatever cannot be is an entry at its place, all at once.
import type { Field } from '../../contract/fields.ts';
import type { ProblemEntry } from '../../contract/problems.ts';
import type { TableCheck, TableIndex } from '../../contract/table-objects.ts';
import { ExpressionError, expressionEntry } from '../expression/error.ts';
import { print } from '../expression/print.ts';
import type { Checked } from '../expression/typed.ts';
import { fieldColumn, isStored, SYSTEM_COLUMNS } from './columns.ts';
import { spelledType } from './conversions.ts';
import { identityIndex } from './declared-identity.ts';
import { leadsWithAccount, methodFlaw, methodFlaws } from './declared-keys.ts';
import { definedSql, indexCondition, keyValue, recordCondition } from './definition-expression.ts';
import type { DesiredCheck, DesiredIndex, IndexKey } from './desired.ts';
import { digest, objectName, quoteIdent } from './names.ts';

/** The part of a definition that this file reads. */
export interface Declaring {
  readonly fields: readonly Field[];
  readonly indexes?: readonly TableIndex[] | undefined;
  readonly checks?: readonly TableCheck[] | undefined;
  readonly identity_kind?: string | null | undefined;
  readonly identity_key?: string | null | undefined;
}

export interface DeclaredObjects {
  readonly indexes: readonly DesiredIndex[];
  readonly checks: readonly DesiredCheck[];
  readonly problems: readonly ProblemEntry[];
}

const TAG = 16;
const SYSTEM: ReadonlyMap<string, string> = new Map(
  SYSTEM_COLUMNS.filter(({ name }) => name !== 'account_id').map(({ name, type }) => [name, spelledType(type)]),
);

/** The declared objects of a table, and every problem with them at its place in the definition (`indexes.2.columns.0.expr`). */
export function declaredObjects(table: string, definition: Declaring): DeclaredObjects {
  const problems: ProblemEntry[] = [];
  const reader = new Reader(table, definition.fields, problems);
  const indexes = (definition.indexes ?? []).flatMap((one, i) => reader.index(one, `indexes.${i}`) ?? []);
  const checks = (definition.checks ?? []).flatMap((one, i) => reader.check(one, `checks.${i}`) ?? []);
  const identity = identityIndex(table, definition, problems);
  return { indexes: identity === null ? indexes : [...indexes, identity], checks, problems };
}

interface Key extends IndexKey {
  readonly shown: string;
  readonly about: string;
  readonly fields: readonly string[];
  readonly compiled: boolean;
}

class Reader {
  private readonly stored: ReadonlyMap<string, ReturnType<typeof fieldColumn>>;
  private readonly seen = { indexes: new Map<string, string>(), checks: new Map<string, string>() };

  constructor(
    private readonly table: string,
    private readonly fields: readonly Field[],
    private readonly problems: ProblemEntry[],
  ) {
    this.stored = new Map(fields.filter(isStored).map((field) => [field.name, fieldColumn(field)]));
  }

  index(index: TableIndex, path: string): DesiredIndex | null {
    const before = this.problems.length;
    for (const [option, code, message] of methodFlaws(index)) this.refuse(`${path}.${option}`, code, message);
    const keys = index.columns.map((one, i) => this.key(index.method, one, `${path}.columns.${i}`));
    const where = index.where === undefined ? null : this.compiled(index.where, `${path}.where`, indexCondition);
    if (this.problems.length > before) {
      this.once('indexes', index.name, '', path);
      return null;
    }
    const known = keys as Key[];
    const { name = null, unique, method } = index;
    const live = [...(unique ? ['deleted_at is null'] : []), ...(where === null ? [] : [`(${where.sql})`])];
    const predicate = live.length === 0 ? null : live.join(' and ');
    const account: readonly IndexKey[] = leadsWithAccount(method) ? [{ sql: '"account_id"', order: '' }] : [];
    const sqlKeys = [...account, ...known.map(({ sql, order }) => ({ sql, order }))];
    const tag = digest([sqlKeys.map(({ sql, order }) => sql + order), unique, predicate, method, name], TAG);
    const shown = `${unique ? 'unique ' : ''}${method === 'btree' ? '' : `${method} `}(${known.map((k) => k.shown).join(', ')})`;
    const condition = where === null ? '' : ` where ${print(where.source)}`;
    if (!this.once('indexes', name ?? undefined, tag, path)) return null;
    const fields = [...new Set([...known.flatMap((key) => key.fields), ...(where?.fields ?? [])])];
    const about = known.map((key) => key.about);
    return {
      name: objectName(this.table, name === null ? [...about, tag] : [name], 'dx'),
      tag,
      field: null,
      declared: {
        path,
        key: name ?? `#${digest(about, 12)}`,
        name,
        fields: [...new Set(known.flatMap((key) => key.fields))],
        about: about.join(', '),
        detail: `${name === null ? '' : `${name} `}${shown}${condition}`,
      },
      columns: [
        ...(account.length > 0 ? ['account_id'] : []),
        ...(unique ? ['deleted_at'] : []),
        ...fields.map(this.column),
      ],
      keys: sqlKeys,
      unique,
      where: predicate,
      method,
      identity: false,
      compiled: where !== null || known.some((key) => key.compiled),
    };
  }

  check(check: TableCheck, path: string): DesiredCheck | null {
    const compiled = this.compiled(check.expr, `${path}.expr`, recordCondition);
    const { name = null } = check;
    if (compiled === null) {
      this.once('checks', check.name, '', path);
      return null;
    }
    const about = print(compiled.source);
    const tag = digest([compiled.sql, name], TAG);
    if (!this.once('checks', check.name, tag, path)) return null;
    const key = name ?? `#${digest([about], 12)}`;
    return {
      name: objectName(this.table, [key], 'dc'),
      tag,
      field: null,
      declared: {
        path,
        key,
        name,
        fields: [...compiled.fields],
        about: name === null ? about : `the check ${name}`,
        detail: name === null ? about : `${name}: ${about}`,
      },
      columns: [...compiled.fields].map(this.column),
      expression: compiled.sql,
    };
  }

  private readonly column = (field: string): string => this.stored.get(field)?.column ?? field;

  private key(method: TableIndex['method'], one: TableIndex['columns'][number], path: string): Key | null {
    // PostgreSQL's own order says nothing, so that it is no change to spell it out.
    const nulls = one.nulls === (one.sort === 'desc' ? 'first' : 'last') ? undefined : one.nulls;
    const order = `${one.sort === 'desc' ? ' desc' : ''}${nulls === undefined ? '' : ` nulls ${nulls}`}`;
    if (one.expr !== undefined) {
      const made = this.compiled(one.expr, `${path}.expr`, keyValue);
      const flaw = made === null || method === 'gin' || method === 'gist' ? null : methodFlaw(method, made.type);
      if (flaw !== null) this.refuse(`${path}.expr`, 'index_method_unsupported', flaw);
      if (made === null) return null;
      const about = print(made.source);
      return { sql: `(${made.sql})`, order, about, shown: about + order, fields: [...made.fields], compiled: true };
    }
    const name = one.column ?? '';
    const field = this.fields.find((candidate) => candidate.name === name);
    const type = field?.type ?? SYSTEM.get(name);
    if (type === undefined || type === 'computed') {
      const [code, message] = unusable(name, type === 'computed');
      this.refuse(`${path}.column`, code, message);
      return null;
    }
    const flaw = method === 'gist' ? null : methodFlaw(method, type);
    if (flaw !== null) this.refuse(`${path}.column`, 'index_method_unsupported', flaw);
    const sql = quoteIdent(this.column(name));
    return { sql, order, about: name, shown: name + order, fields: [name], compiled: false };
  }

  private compiled(text: string, path: string, read: (text: string, fields: readonly Field[]) => Checked) {
    try {
      const checked = read(text, this.fields);
      const { source, fields } = checked;
      return { sql: definedSql(checked, this.fields), source, fields, type: checked.root.type };
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      this.problems.push(expressionEntry(error, path));
      return null;
    }
  }

  /** False, and an entry, for a name that is there already, in any case, and for the same declaration without a name. */
  private once(kind: 'indexes' | 'checks', name: string | undefined, tag: string, path: string): boolean {
    const key = name === undefined ? `#${tag}` : name.toLowerCase();
    const first = this.seen[kind].get(key);
    if (first === undefined) {
      if (key !== '#') this.seen[kind].set(key, path);
      return true;
    }
    const what = kind === 'indexes' ? 'index' : 'check';
    if (name === undefined)
      this.refuse(path, `${what}_duplicate`, `This is the same as ${first}: leave one of them out.`);
    else
      this.refuse(
        `${path}.name`,
        `${what}_name_duplicate`,
        `${first} has this name: names must differ in more than case.`,
      );
    return false;
  }

  private refuse(field: string, code: string, message: string): void {
    this.problems.push({ field, code, message });
  }
}

function unusable(name: string, computed: boolean): [code: string, message: string] {
  if (computed) return ['index_column_computed', `${name} has no column: put its expression as expr instead.`];
  if (name === 'account_id')
    return ['index_column_unknown', 'account_id leads every btree and brin index by itself: leave it out.'];
  return ['index_column_unknown', `There is no field ${name}: name a stored field, or use expr for an expression.`];
}
