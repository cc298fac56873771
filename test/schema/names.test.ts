// Physical names: stable, apart, within 63 bytes.
import { describe, expect, it } from 'vitest';
import { isConstant, literal, quoteText } from '../../server/schema/literal.ts';
import {
  clearingTrigger,
  columnName,
  objectName,
  quoteIdent,
  schemaName,
  tableName,
} from '../../server/schema/names.ts';

describe('names', () => {
  it('keeps a name that fits and shortens one that does not (S003-13)', () => {
    expect(schemaName('main')).toBe('app_main');
    expect(tableName('posts')).toBe('posts');
    expect(tableName('Posts')).toBe('Posts');
    const long = 'a'.repeat(100);
    expect(tableName(long)).toHaveLength(63);
    expect(tableName(long)).toBe(tableName(long));
    expect(tableName(`${long.slice(0, 99)}b`)).not.toBe(tableName(long));
    expect(columnName(`${long.slice(0, 99)}b`)).not.toBe(columnName(long));
  });

  it('keeps the short form of one name apart from the long form of another', () => {
    const short = tableName('a'.repeat(100));
    expect(tableName(short)).not.toBe(short);
    expect(tableName('b'.repeat(63))).toBe('b'.repeat(63));
  });

  it('moves PostgreSQL system columns out of the way', () => {
    for (const name of ['ctid', 'xmin', 'xmax', 'cmin', 'cmax', 'tableoid', 'oid'])
      expect(columnName(name)).toBe(`${name}$`);
    expect(columnName('XMIN')).toBe('XMIN');
  });

  it('names objects so that no collection and no other object can meet them', () => {
    const names = [
      objectName('posts', ['account_id', 'title'], 'uq'),
      objectName('posts', ['account_id', 'title'], 'ix'),
      objectName('posts', ['account_id', 'titles'], 'ix'),
      objectName('posts_account', ['id', 'title'], 'ix'),
      objectName('p'.repeat(63), ['c'.repeat(63)], 'ix'),
      objectName('p'.repeat(63), ['d'.repeat(63)], 'ix'),
    ];
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) {
      expect(name.length).toBeLessThanOrEqual(63);
      expect(name).toContain('$');
    }
  });

  it('names the clearing trigger before the checks of PostgreSQL, which fire in byte order', () => {
    expect(clearingTrigger('x') < 'RI_ConstraintTrigger_a_1').toBe(true);
  });

  it('quotes', () => {
    expect(quoteIdent('a"b')).toBe('"a""b"');
    expect(quoteText("O'Neil")).toBe("'O''Neil'");
    expect(quoteText("\\'")).toBe("E'\\\\'''");
    expect(literal(['a"b', 'c\\d', 'null', ''], 'text[]')).toBe(`E'{"a\\\\"b","c\\\\\\\\d","null",""}'::text[]`);
    expect(literal(-0, 'double precision')).toBe("'0'::double precision");
    expect(literal('2026-01-02T03:04:05,5', 'timestamp with time zone')).toBe(
      "'2026-01-02T03:04:05.5Z'::timestamp with time zone",
    );
  });

  it('takes only constants for comparable', () => {
    for (const text of [
      "'a'::text",
      "E'a\\\\b'::text",
      "'-5'::integer",
      '-5',
      'true',
      "'{}'::jsonb",
      "'{a,b}'::text[]",
      "'it''s'::text",
    ]) {
      expect(isConstant(text), text).toBe(true);
    }
    for (const text of [
      'now()',
      "nextval('s'::regclass)",
      "('a'::text || 'b'::text)",
      'CURRENT_USER',
      "'a'::text; drop table x",
    ]) {
      expect(isConstant(text), text).toBe(false);
    }
  });
});
