// Hashing passwords, ids and the mail outbox: the parts that need no database.
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createPasswords, generatePassword, passwordProblems } from '../../server/auth/passwords.ts';
import { isUuid, uuidV7 } from '../../server/ids.ts';
import { createMail, list } from '../../server/mail/service.ts';

describe('passwords', () => {
  const passwords = createPasswords();

  it('are stored as argon2id at OWASP cost, each with its own salt', async () => {
    const [one, two] = await Promise.all([passwords.hash('SecurePass123!'), passwords.hash('SecurePass123!')]);
    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(one).not.toBe(two);
    expect(await passwords.verify(one, 'SecurePass123!')).toBe(true);
    expect(await passwords.verify(one, 'SecurePass123?')).toBe(false);
    expect(await passwords.verify(null, 'SecurePass123!')).toBe(false);
  });

  it('a storm of logins leaves threads for others', async () => {
    const hash = await passwords.hash('SecurePass123!');
    const storm = Promise.all(Array.from({ length: 60 }, () => passwords.verify(hash, 'x')));
    const began = performance.now();
    const { readFile } = await import('node:fs/promises');
    await readFile(new URL(import.meta.url));
    expect(performance.now() - began).toBeLessThan(200);
    await storm;
  });

  it('RATE_LIMITED when hundreds wait, and goes on afterwards', async () => {
    const hash = await passwords.hash('SecurePass123!');
    const storm = await Promise.allSettled(Array.from({ length: 510 }, () => passwords.verify(hash, 'x')));
    const refused = storm.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []));
    expect(refused.length).toBeGreaterThan(0);
    expect(new Set(refused)).toEqual(new Set(['RATE_LIMITED']));
    expect(await passwords.verify(hash, 'SecurePass123!')).toBe(true);
  }, 60_000);

  it('generated ones obey the rules and differ', () => {
    const made = Array.from({ length: 50 }, generatePassword);
    for (const password of made) expect(passwordProblems(password)).toEqual([]);
    expect(new Set(made).size).toBe(50);
  });
});

it('ids are UUID v7, ascending and different', () => {
  const ids = Array.from({ length: 50_000 }, uuidV7);
  for (const id of ids.slice(0, 1000))
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(new Set(ids).size).toBe(ids.length);
  expect([...ids].sort()).toEqual(ids);
  expect(Math.abs(Number.parseInt((ids[0] as string).replace('-', '').slice(0, 12), 16) - Date.now())).toBeLessThan(
    5_000,
  );
  expect(isUuid(ids[0] as string)).toBe(true);
  expect(isUuid(`${ids[0]}\n`)).toBe(false);
});

it('the outbox keeps messages as private files, newest first', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'snackbase-mail-'));
  try {
    expect(await list(dataDir)).toEqual([]);
    const logged: object[] = [];
    const log = { info: (facts: object) => void logged.push(facts), warn() {}, error() {} };
    const mail = createMail({ dataDir, log });
    for (const subject of ['one', 'two']) {
      await mail.send({
        to: 'ada@example.com',
        subject,
        text: 'Hello',
        template: 'verify_email',
        links: ['https://x'],
      });
      await new Promise((resolve) => setTimeout(resolve, 3));
    }
    expect((await list(dataDir)).map((m) => m.subject)).toEqual(['two', 'one']);
    const [newest] = await list(dataDir);
    expect(newest).toMatchObject({
      to: 'ada@example.com',
      links: ['https://x'],
      created_at: expect.stringMatching(/Z$/),
    });
    expect(statSync(newest?.path ?? '').mode & 0o777).toBe(0o600);
    expect(statSync(join(dataDir, 'mail')).mode & 0o777).toBe(0o700);
    expect(readdirSync(join(dataDir, 'mail'))).toHaveLength(2);
    expect(logged).toHaveLength(2);
    expect(JSON.stringify(logged)).not.toContain('ada@');
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
});
