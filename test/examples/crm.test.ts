// The manifests of examples/crm, the README's copy of one, and the program over them.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { available, PASSWORD, startApp } from '../helpers/app.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (file: string) => readFileSync(`${root}/${file}`, 'utf8');

describe.runIf(available)('examples/crm', () => {
  it('deploys, and finds one person in two apps', async () => {
    const t = await startApp();
    const a = await t.tenant('Acme');
    const headers = { 'Content-Type': 'application/yaml' };
    for (const file of ['crm', 'support']) {
      const raw = read(`examples/crm/${file}.yaml`);
      const reply = await t.call('POST', '/api/v1/apps', undefined, { token: t.root, raw, headers });
      expect([reply.status, reply.body.applied]).toEqual([200, true]);
    }
    const env = { ...process.env, SNACKBASE_URL: t.url, ACCOUNT: a.account.slug, EMAIL: a.email, PASSWORD };
    const run = promisify(execFile)(process.execPath, ['examples/crm/one-person.mjs'], { cwd: root, env });
    expect((await run).stdout.trim().split('\n')).toEqual([
      'Grace is on the plan "gold"',
      '2 records of grace@example.com: crm.contacts, support.customers',
    ]);
  });

  it('the README shows the manifest as it is', () => {
    expect(read('README.md')).toContain(read('examples/crm/crm.yaml').trim());
  });
});
