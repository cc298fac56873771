// When a message is sent again, and which subscriptions stand for which changes.
import { describe, expect, it } from 'vitest';
import { micros } from '../../server/automation/webhooks/definition.ts';
import { pauseBefore, retryAfter } from '../../server/automation/webhooks/schedule.ts';
import { asksFor, continued, readSubscriptions } from '../../server/automation/webhooks/subscriptions.ts';
import { ConfigError, loadConfig } from '../../server/config.ts';

const config = loadConfig({}, { secretKey: 's'.repeat(40), encryptionKey: 'e'.repeat(40) });

describe('the schedule', () => {
  it('is 0, 5 s, 5 m, 30 m, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h, each 15 % more or less', () => {
    const { webhookSchedule: schedule } = config;
    const minutes = [0, 5 / 60, 5, 30, 120, 300, 600, 840, 1200, 1440];
    expect(schedule.map((seconds) => seconds / 60)).toEqual(minutes);
    for (const [i, pause] of minutes.entries()) {
      expect(pauseBefore(schedule, i, null, () => 0.5)).toBe(pause * 60_000);
      expect(pauseBefore(schedule, i, null, () => 0)).toBe(Math.round(pause * 51_000));
      expect(pauseBefore(schedule, i, null, () => 1)).toBe(Math.round(pause * 69_000));
    }
    expect(pauseBefore(schedule, 10, null)).toBeNull();
    expect(pauseBefore(schedule, 10, 60)).toBeNull();
  });

  it('is read from SNACKBASE_WEBHOOK_SCHEDULE', () => {
    const keys = { secretKey: 's'.repeat(40), encryptionKey: 'e'.repeat(40) };
    expect(loadConfig({ SNACKBASE_WEBHOOK_SCHEDULE: '0, 1,2' }, keys).webhookSchedule).toEqual([0, 1, 2]);
    expect(loadConfig({ SNACKBASE_WEBHOOK_ALLOW_PRIVATE: '1' }, keys).webhookAllowPrivate).toBe(true);
    expect(config.webhookAllowPrivate).toBe(false);
    for (const bad of ['soon', '1,,2', '-1', '1.5', Array(31).fill('1').join()])
      expect(() => loadConfig({ SNACKBASE_WEBHOOK_SCHEDULE: bad }, keys), bad).toThrow(ConfigError);
    expect(() => loadConfig({ SNACKBASE_WEBHOOK_ALLOW_PRIVATE: 'yes' }, keys)).toThrow(ConfigError);
  });

  it('never comes earlier than Retry-After asks, in seconds or as a date, and waits no longer than a day for it', () => {
    const now = new Date('2026-01-02T03:04:05Z');
    expect(retryAfter('120', now)).toBe(120);
    expect(retryAfter('Fri, 02 Jan 2026 03:05:05 GMT', now)).toBe(60);
    expect(retryAfter('Fri, 02 Jan 2026 03:00:00 GMT', now)).toBe(0);
    expect(retryAfter('999999', now)).toBe(86_400);
    expect(retryAfter(undefined, now)).toBeNull();
    expect(retryAfter('later', now)).toBeNull();
    expect(pauseBefore([0, 5], 1, 60, () => 0)).toBe(60_000);
    expect(pauseBefore([0, 600], 1, 60, () => 0.5)).toBe(600_000);
  });

  it('moments are compared to the microsecond', () => {
    expect(micros('2026-01-02T03:04:05.678901Z') - micros('2026-01-02T03:04:05.678Z')).toBe(901);
    expect(micros('2026-01-02T03:04:05Z')).toBe(Date.parse('2026-01-02T03:04:05Z') * 1000);
  });
});

describe('subscriptions', () => {
  const known = ['main.posts', 'main.crm', 'crm.contacts', 'crm.deals', 'shop.orders'];
  const read = (collections: string[], ...events: string[]) => readSubscriptions(collections, events, known);

  it.each([
    [['posts'], ['create'], ['create'], ['main.posts created']],
    [
      ['main.posts'],
      ['records.update', 'deleted', 'restore'],
      ['update', 'delete', 'restore'],
      ['main.posts updated', 'main.posts deleted', 'main.posts restored'],
    ],
    [['posts', 'crm.deals'], ['*'], ['*'], ['main.posts *', 'crm.deals *']],
    [[], ['*'], ['*'], ['* *']],
    [[], ['posts.*', 'posts.create'], ['posts.*', 'posts.created'], ['main.posts *', 'main.posts created']],
    [[], ['crm.contacts.updated'], ['crm.contacts.updated'], ['crm.contacts updated']],
    [
      [],
      ['crm.*.*', 'shop.*', '*.deleted'],
      ['crm.*.*', 'shop.*.*', '*.deleted'],
      ['crm.* *', 'shop.* *', '* deleted'],
    ],
    // A collection of that name wins over an app.
    [[], ['crm.*'], ['crm.*'], ['main.crm *']],
  ])('%j %j', (collections, events, canonical, subscriptions) => {
    const found = read(collections, ...events);
    expect(found.problems).toEqual([]);
    expect(found.events).toEqual(canonical);
    expect(found.subscriptions.map(({ collection, type }) => `${collection} ${type}`)).toEqual(subscriptions);
    // What was answered can be sent back.
    const again = read([...found.collections], ...found.events);
    expect(again).toEqual(found);
  });

  it.each([
    'explode',
    'posts.explode',
    'nothing.created',
    'a.b.c.created',
    '.created',
    'posts.',
    '',
    'sh op.*',
    'crmm.*.*',
    '*.*.*',
  ])('refuses %j', (event) => expect(read(['posts'], event).problems).toMatchObject([{ field: 'events.0' }]));

  it('say what was probably meant', () => {
    expect(read(['post'], 'create').problems[0]?.hint).toBe('Did you mean posts?');
    expect(read(['posts'], 'creat').problems[0]?.hint).toBe('Did you mean create?');
  });

  it('go on where they stood before; what is new begins now', () => {
    const before = [{ collection: 'main.*', type: 'created' as const, since: 5 }];
    const { subscriptions } = read(['posts'], 'create', 'update', 'crm.*.*');
    expect(continued(before, subscriptions, 9)).toEqual([
      { collection: 'main.posts', type: 'created', since: 5 },
      { collection: 'main.posts', type: 'updated', since: 9 },
      { collection: 'crm.*', type: '*', since: 9 },
    ]);
    expect(continued(subscriptions, subscriptions, 9)).toEqual(subscriptions);
    const [created] = continued(before, subscriptions, 9);
    expect([4, 5].map((at) => asksFor([created as never], 'main.posts', 'created', at))).toEqual([false, true]);
  });

  it('stand for what they name', () => {
    const { subscriptions } = read(['posts'], 'create', 'crm.*.updated', '*.restored');
    expect(asksFor(subscriptions, 'main.posts', 'created', 0)).toBe(true);
    expect(asksFor(subscriptions, 'main.posts', 'updated', 0)).toBe(false);
    expect(asksFor(subscriptions, 'crm.contacts', 'updated', 0)).toBe(true);
    expect(asksFor(subscriptions, 'main.crm', 'updated', 0)).toBe(false);
    expect(asksFor(subscriptions, 'crmx.contacts', 'updated', 0)).toBe(false);
    expect(asksFor(subscriptions, 'shop.orders', 'restored', 0)).toBe(true);
  });
});
