// When cron expressions are due: ranges, names, either day, clocks that are put forward and back, and what is refused.
import { describe, expect, test } from 'vitest';
import { cronProblems, describeCron, nextRun, timezoneProblems } from '../../server/automation/schedule.ts';

const next = (cron: string, after: string, timezone = 'UTC') =>
  nextRun(cron, timezone, new Date(after))?.toISOString().replace(':00.000Z', 'Z') ?? null;

function several(cron: string, after: string, count: number, timezone = 'UTC'): string[] {
  const found: string[] = [];
  let at = new Date(after);
  for (let i = 0; i < count; i++) {
    const one = nextRun(cron, timezone, at);
    if (one === null) break;
    found.push(one.toISOString().replace(':00.000Z', 'Z'));
    at = one;
  }
  return found;
}

describe('The next moment', () => {
  test.each([
    ['* * * * *', '2026-01-01T00:00:00Z', '2026-01-01T00:01Z'],
    ['* * * * *', '2026-01-01T00:00:59.999Z', '2026-01-01T00:01Z'],
    ['*/5 * * * *', '2026-01-01T00:05:00Z', '2026-01-01T00:10Z'],
    ['3/20 * * * *', '2026-01-01T00:44:00Z', '2026-01-01T01:03Z'],
    ['10-20/5 * * * *', '2026-01-01T00:15:30Z', '2026-01-01T00:20Z'],
    ['0 9 * * 1', '2026-01-01T00:00:00Z', '2026-01-05T09:00Z'],
    ['0 9 * * mon-FRI', '2026-01-02T09:00:00Z', '2026-01-05T09:00Z'],
    ['0 0 * * 7', '2026-01-01T00:00:00Z', '2026-01-04T00:00Z'],
    ['0 0 * * sun', '2026-01-01T00:00:00Z', '2026-01-04T00:00Z'],
    ['0 0 * * SAT-SUN', '2026-01-03T00:00:00Z', '2026-01-04T00:00Z'],
    ['0 0 1,15 * *', '2026-01-01T00:00:00Z', '2026-01-15T00:00Z'],
    ['0 0 29 2 *', '2026-01-01T00:00:00Z', '2028-02-29T00:00Z'],
    ['0 0 29 FEB *', '2096-03-01T00:00:00Z', '2104-02-29T00:00Z'],
    ['30 23 31 12 *', '2026-12-31T23:30:00Z', '2027-12-31T23:30Z'],
  ])('%s after %s', (cron, after, expected) => {
    expect(next(cron, after)).toBe(expected);
  });

  test('a day of the month and one of the week: either will do, but not where one begins with a star', () => {
    expect(several('0 0 13 * FRI', '2026-02-10T00:00:00Z', 4)).toEqual([
      '2026-02-13T00:00Z',
      '2026-02-20T00:00Z',
      '2026-02-27T00:00Z',
      '2026-03-06T00:00Z',
    ]);
    expect(several('0 0 */13 * FRI', '2026-01-01T00:00:00Z', 2)).toEqual(['2026-02-27T00:00Z', '2026-03-27T00:00Z']);
  });

  test('it is always later, and nothing between is left out', () => {
    const crons = ['*/7 * * * *', '15 3,15 * * *', '0 0 * * 1-5', '59 23 28-31 * *', '5 4 * 2-5 sun'];
    const zones = ['UTC', 'Asia/Kolkata', 'Pacific/Auckland', 'America/Sao_Paulo'];
    for (const cron of crons)
      for (const zone of zones) {
        const all = several(cron, '2026-01-20T11:11:11Z', 30, zone);
        expect([...all].sort()).toEqual(all);
        expect(new Set(all).size).toBe(30);
        // From anywhere before it, the same one comes next.
        for (let i = 1; i < all.length; i++) {
          const [a, b] = [Date.parse(all[i - 1] as string), Date.parse(all[i] as string)];
          expect(nextRun(cron, zone, new Date((a + b) / 2))?.getTime()).toBe(b);
          expect(nextRun(cron, zone, new Date(b - 1))?.getTime()).toBe(b);
        }
      }
  });
});

describe('Clocks that are changed', () => {
  test('a time that is skipped means the moment after the gap, once', () => {
    // Berlin, 29 March 2026: after 01:59 comes 03:00 (01:00 UTC).
    expect(several('30 2 * * *', '2026-03-27T12:00:00Z', 3, 'Europe/Berlin')).toEqual([
      '2026-03-28T01:30Z',
      '2026-03-29T01:00Z',
      '2026-03-30T00:30Z',
    ]);
    expect(several('0,15,30,45 2 * * *', '2026-03-28T02:00:00Z', 2, 'Europe/Berlin')).toEqual([
      '2026-03-29T01:00Z',
      '2026-03-30T00:00Z',
    ]);
    // Cairo puts clocks forward at midnight.
    expect(several('0 0 * * *', '2026-04-22T23:00:00Z', 2, 'Africa/Cairo')).toEqual([
      '2026-04-23T22:00Z',
      '2026-04-24T21:00Z',
    ]);
    // Lord Howe by half an hour: 02:00 is 02:30, at 15:30 UTC.
    expect(next('15 2 * * *', '2026-10-03T15:29:00Z', 'Australia/Lord_Howe')).toBe('2026-10-03T15:30Z');
  });

  test('a time that comes twice is taken once', () => {
    // Berlin, 25 October 2026: 02:00 to 02:59 come twice.
    expect(several('30 2 * * *', '2026-10-24T12:00:00Z', 2, 'Europe/Berlin')).toEqual([
      '2026-10-25T00:30Z',
      '2026-10-26T01:30Z',
    ]);
    expect(next('30 2 * * *', '2026-10-25T00:45:00Z', 'Europe/Berlin')).toBe('2026-10-26T01:30Z');
    expect(several('30 1 * * *', '2026-11-01T00:00:00Z', 2, 'America/New_York')).toEqual([
      '2026-11-01T05:30Z',
      '2026-11-02T06:30Z',
    ]);
  });

  test('where every hour is meant, minutes count as they pass', () => {
    const halves = several('*/30 * * * *', '2026-10-24T23:45:00Z', 6, 'Europe/Berlin');
    expect(halves).toEqual(
      [0, 30, 60, 90, 120, 150].map((m) =>
        new Date(Date.UTC(2026, 9, 25, 0, m)).toISOString().replace(':00.000Z', 'Z'),
      ),
    );
    expect(several('30 * * * *', '2026-03-29T00:00:00Z', 3, 'Europe/Berlin')).toEqual([
      '2026-03-29T00:30Z',
      '2026-03-29T01:30Z',
      '2026-03-29T02:30Z',
    ]);
  });
});

describe('In words', () => {
  test.each([
    ['* * * * *', 'Every minute'],
    ['*/5 * * * *', 'Every 5 minutes'],
    ['0 * * * *', 'Every hour'],
    ['0 */2 * * *', 'Every 2 hours'],
    ['0 9 * * *', 'Daily at 09:00'],
    ['0 9 * * 1', 'Every Monday at 09:00'],
    ['30 6 * * 1-5', 'Weekdays at 06:30'],
    ['30 6 * * MON-FRI', 'Weekdays at 06:30'],
    ['0 9 1 * *', 'Monthly on day 1 at 09:00'],
    ['0 9 1 1 *', 'Yearly on January 1 at 09:00'],
    ['0 0 1,15 * *', 'On day 1,15 of the month at 00:00'],
    ['1,2 3-5 * 2 *', '1,2 3-5 * 2 *'],
  ])('%s', (cron, words) => {
    expect(describeCron(cron)).toBe(words);
  });
});

describe('What is refused', () => {
  test.each([
    '',
    '* * * *',
    '* * * * * *',
    '60 * * * *',
    '* 24 * * *',
    '* * 0 * *',
    '* * 32 * *',
    '* * * 13 *',
    '* * * * 8',
    '*/0 * * * *',
    '*/90 * * * *',
    '5-1 * * * *',
    '1-2-3 * * * *',
    '1//2 * * * *',
    '1,,2 * * * *',
    'L * * * *',
    '* * * * MUN',
    '* * 15W * *',
    '* * * * 5#2',
    '0 0 30 2 *',
    '0 0 31 4,6,9,11 *',
    '@daily',
    '@reboot',
    '-1 * * * *',
    '1.5 * * * *',
    '٣ * * * *',
  ])('%j', (cron) => {
    expect(cronProblems(cron, 'trigger.cron')).toEqual([
      expect.objectContaining({ field: 'trigger.cron', code: 'invalid_cron', message: expect.any(String) }),
    ]);
  });

  test('with what was meant', () => {
    expect(cronProblems('@hourly')[0]?.message).toContain('0 * * * *');
    expect(cronProblems('0 0 * * TEU')[0]?.message).toContain('TUE');
    expect(cronProblems('0 0 9 * * *')[0]?.message).toContain('Seconds');
    expect(timezoneProblems('Europe/Berln', 'trigger.timezone')).toEqual([
      expect.objectContaining({
        field: 'trigger.timezone',
        code: 'invalid_timezone',
        hint: 'Did you mean Europe/Berlin?',
      }),
    ]);
    for (const bad of ['', '+02:00', 'Mars/Olympus', '../etc/passwd', 'Europe/Berlin\0'])
      expect(timezoneProblems(bad)).toHaveLength(1);
    for (const good of ['UTC', 'Europe/Berlin', 'Asia/Kolkata', 'America/Argentina/Buenos_Aires'])
      expect(timezoneProblems(good)).toEqual([]);
  });
});
