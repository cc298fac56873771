// Masks: one table of values for each type, and who sees what.
import { describe, expect, it } from 'vitest';
import { mask, seesPersonalData } from '../../server/access/mask.ts';
import type { Caller } from '../../server/context.ts';

const CASES: readonly (readonly [type: string, value: string, masked: string])[] = [
  ['email', 'ada@example.com', 'a***@example.com'],
  ['email', 'a@b', 'a***@b'],
  ['email', '"x@y"@example.com', '"***@example.com'],
  ['email', 'no address', '**********'],
  ['email', '@example.com', '************'],
  ['ssn', '123-45-6789', '***-**-****'],
  ['ssn', '123456789', '***-**-****'],
  ['ssn', '12-34', '**-**'],
  ['phone', '+49 170 1234567', '+49-***-***-4567'],
  ['phone', '+1 (555) 123-4567', '+1-***-***-4567'],
  ['phone', '0170 1234567', '***-***-4567'],
  ['phone', '123', '***'],
  ['phone', '+4471', '+****'],
  ['phone', 'call me maybe', '*************'],
  ['ssn', 'A passport P-XYZ', '****************'],
  ['name', 'Ada Lovelace', 'A*** L***'],
  ['name', '  Ada   King ', '  A***   K*** '],
  ['name', '😀x', '😀***'],
  ['full', 'secret', '******'],
  ['full', '😀', '*'],
  ['full', '', ''],
  ['custom', 'abc', '***'],
  ['something new', 'abc', '***'],
];

describe('mask', () => {
  it.each(CASES)('%s: %s → %s', (type, value, masked) => {
    expect(mask(type, value)).toBe(masked);
  });

  it('superadmins and members of pii_access see clear values', () => {
    const caller = (superadmin: boolean, groups: string[]) => ({ superadmin, groups }) as unknown as Caller;
    expect(seesPersonalData(caller(true, []))).toBe(true);
    expect(seesPersonalData(caller(false, ['pii_access', 'x']))).toBe(true);
    expect(seesPersonalData(caller(false, ['pii_accessors']))).toBe(false);
    expect(seesPersonalData(null)).toBe(false);
  });
});
