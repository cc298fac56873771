// Texts that can be stored, and rows that are stored in pieces: what one of them holds costs the others nothing.
import { describe, expect, it } from 'vitest';
import { storeInPieces } from '../../server/automation/in-pieces.ts';
import { DatabaseFault, DatabaseUnavailable } from '../../server/db/errors.ts';
import { cut, isStorable, storable, storableValue } from '../../server/text.ts';

const SMILE = '\u{1F600}';
const [HIGH, LOW] = [SMILE[0] as string, SMILE[1] as string];

describe('texts', () => {
  it('are cut between characters, wherever the limit is', () => {
    const text = `ab${SMILE}cd`;
    expect([...Array(7).keys()].map((most) => cut(text, most))).toEqual([
      '',
      'a',
      'ab',
      'ab',
      `ab${SMILE}`,
      `ab${SMILE}c`,
      text,
    ]);
    expect(cut(text, 100)).toBe(text);
    expect(isStorable(cut(SMILE.repeat(50), 33))).toBe(true);
  });

  it('become storable whatever they hold, and stay as they are where they were', () => {
    expect(storable(`a\0b${HIGH}c${LOW}`)).toBe('ab\ufffdc\ufffd');
    expect(cut(`${LOW}a\0b`, 3)).toBe('\ufffda');
    expect([`a${SMILE}`, 'a\0', HIGH, LOW].map(isStorable)).toEqual([true, false, false, false]);
    const value = { [`k${HIGH}`]: [`${LOW}`, 1, null, { deep: 'x\0' }], fine: SMILE };
    expect(storableValue(value)).toEqual({ 'k\ufffd': ['\ufffd', 1, null, { deep: 'x' }], fine: SMILE });
  });
});

describe('rows in pieces', () => {
  const refuse = () => new DatabaseFault('invalid input syntax for type json', { code: '22P02' });
  async function stored(rows: number[], bad: readonly number[], most = 8) {
    const kept: number[] = [];
    const refused: number[] = [];
    let statements = 0;
    await storeInPieces(rows, {
      most,
      async store(piece) {
        statements += 1;
        if (piece.some((one) => bad.includes(one))) throw refuse();
        kept.push(...piece);
      },
      refused: (one) => refused.push(one),
    });
    return { kept, refused, statements };
  }
  const numbers = (n: number) => Array.from({ length: n }, (_, i) => i);

  it('go at once where nothing is wrong', async () => {
    expect(await stored(numbers(20), [])).toEqual({ kept: numbers(20), refused: [], statements: 3 });
    expect(await stored([], [])).toEqual({ kept: [], refused: [], statements: 0 });
  });

  it('lose those alone that are refused, wherever they stand, in their order', async () => {
    for (const bad of [[0], [19], [7, 8], [3, 4, 11], numbers(20)]) {
      const rows = numbers(20);
      const { kept, refused, statements } = await stored(rows, bad);
      expect(refused).toEqual(bad);
      expect(kept).toEqual(numbers(20).filter((one) => !bad.includes(one)));
      expect(rows).toEqual([]);
      expect(statements).toBeLessThan(20 * 4);
    }
  });

  it('wait while the database is away', async () => {
    const rows = numbers(10);
    let away = false;
    const options = {
      most: 4,
      store: async () => {
        if (away) throw new DatabaseUnavailable('away');
        away = true;
      },
      refused: () => expect.unreachable(),
    };
    await expect(storeInPieces(rows, options)).rejects.toThrow('away');
    expect(rows).toEqual([4, 5, 6, 7, 8, 9]);
    for (const code of ['40P01', '40001', '57014']) {
      const store = () => Promise.reject(new DatabaseFault('for now', { code }));
      await expect(storeInPieces(rows, { ...options, store })).rejects.toThrow('for now');
    }
    expect(rows).toHaveLength(6);
  });
});
