// `snackbase plan` and `snackbase deploy` against a running server: a table to decide by, and a deploy that is agreed to.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApp, type TestApp } from '../helpers/app.ts';

const bin = fileURLToPath(new URL('../../server/cli/bin.mjs', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'snackbase-deploy-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const manifest = (fields: string) => `
app_id: crm
name: CRM
entities:
  - name: contacts
    fields:
${fields}
`;

describe('snackbase plan and deploy', () => {
  let t: TestApp;
  const snackbase = (args: string[], env: Record<string, string> = {}) =>
    new Promise<{ code: number; out: string; err: string }>((resolve) => {
      const all = { ...process.env, SNACKBASE_URL: t.url, SNACKBASE_TOKEN: t.root, ...env };
      execFile(process.execPath, [bin, ...args], { env: all, cwd: folder }, (error, out, err) =>
        resolve({ code: (error as { code?: number } | null)?.code ?? 0, out, err }),
      );
    });
  const write = (fields: string) => writeFileSync(join(folder, 'crm.yaml'), manifest(fields));

  beforeAll(async () => {
    t = await startApp();
  });

  it('plans, asks, deploys, and says when there is nothing to do', async () => {
    write('      - {name: email, type: text, required: true}\n      - {name: score, type: text}');
    const planned = await snackbase(['plan', 'crm.yaml']);
    expect([planned.code, planned.out]).toEqual([
      0,
      expect.stringMatching(/^ +CHANGE +ENTITY +FIELD +ROWS +DETAIL\n +create_table +contacts/),
    ]);
    expect((await t.call('GET', '/api/v1/apps/crm', undefined, { token: t.root })).status).toBe(404);
    const unasked = await snackbase(['deploy', 'crm.yaml']);
    expect([unasked.code, unasked.err]).toEqual([2, expect.stringContaining('--yes')]);
    const done = await snackbase(['deploy', 'crm.yaml', '--yes']);
    expect([done.code, done.out]).toEqual([0, expect.stringMatching(/crm is at revision 1\.\n$/)]);
    const again = await snackbase(['deploy', 'crm.yaml', '--yes']);
    expect([again.code, again.out]).toEqual([0, 'crm: nothing to change.\ncrm is at revision 1.\n']);
  });

  it('shows what loses data and how many rows it touches', async () => {
    const a = await t.tenant();
    for (const score of ['1', '2', null])
      await t.call('POST', '/api/v1/records/crm.contacts', { email: `e${score}`, score }, { token: a.token });
    write(
      '      - {name: email, type: text, required: true}\n      - {name: grade, type: number, required: true, default: 1}',
    );
    const { out } = await snackbase(['plan', 'crm.yaml']);
    const lines = out.split('\n').map((line) => line.trim().split(/ {2,}/));
    expect(lines).toContainEqual(['add_column', 'contacts', 'grade', '3', expect.any(String)]);
    expect(lines).toContainEqual(['!', 'drop_column', 'contacts', 'score', '2', expect.any(String)]);
    expect(out).toContain('2 changes to crm.\n1 of these lose data (!).');
    const kept = await snackbase(['plan', 'crm.yaml', '--keep-removed']);
    expect(kept.out).not.toContain('drop_column');
    const json = JSON.parse((await snackbase(['plan', 'crm.yaml', '--json'])).out);
    expect(json).toMatchObject({ app: 'crm', applied: false, compliant: false });
  });

  it('tells of what changes beside the tables, and asks for it too', async () => {
    const fields =
      '      - {name: email, type: text, required: true, max_length: 50}\n      - {name: grade, type: number}';
    write(fields);
    await snackbase(['deploy', 'crm.yaml', '--yes']);
    const open = `${manifest(fields.replace('50', '60'))}    list_rule: ""\n    enabled: false\n    permissions: [{role: user, operation: read}]\n`;
    writeFileSync(join(folder, 'crm.yaml'), open);
    const { out } = await snackbase(['plan', 'crm.yaml']);
    const lines = out.split('\n').map((line) => line.trim().split(/ {2,}/));
    for (const [setting, detail] of [
      ['list_rule', '""'],
      ['enabled', 'false'],
      ['fields.email.max_length', '60'],
    ])
      expect(lines).toContainEqual(['set', 'contacts', setting, detail]);
    expect(lines).toContainEqual(['set', 'contacts', 'permissions']);
    expect((await snackbase(['deploy', 'crm.yaml'])).code).toBe(2);
    expect((await snackbase(['deploy', 'crm.yaml', '--yes'])).out).toContain('crm is at revision');
    expect((await snackbase(['plan', 'crm.yaml'])).out).toBe('crm: nothing to change.\n');
    expect((await snackbase(['plan', '--help'])).out).toContain('Usage: snackbase plan');
    expect((await snackbase(['help', 'deploy'])).out).toContain('Usage: snackbase deploy');
  });

  it('a manifest that cannot be is refused with every problem, and so is a caller who may not', async () => {
    write('      - {name: id, type: uuid}\n      - {name: email, type: txet}');
    const bad = await snackbase(['deploy', 'crm.yaml', '--yes']);
    expect([bad.code, bad.err]).toEqual([1, expect.stringContaining('entities.0.fields.1.type')]);
    expect((await snackbase(['plan', 'missing.yaml'])).code).toBe(1);
    const denied = await snackbase(['plan', 'crm.yaml'], { SNACKBASE_TOKEN: (await t.tenant()).token });
    expect([denied.code, denied.err]).toEqual([1, expect.stringContaining('403')]);
  });
});
