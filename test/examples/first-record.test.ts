// The example program, run as its head says.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { available, PASSWORD, startApp } from '../helpers/app.ts';

describe.runIf(available)('examples/first-record', () => {
  it('logs in, creates, lists, changes and deletes', async () => {
    const t = await startApp();
    const a = await t.tenant('Acme');
    await t.collection({
      name: 'posts',
      schema: [
        { name: 'title', type: 'text', required: true },
        { name: 'content', type: 'text', required: true },
        { name: 'published', type: 'boolean', default: false },
      ],
    });
    const root = fileURLToPath(new URL('../..', import.meta.url));
    const env = { ...process.env, SNACKBASE_URL: t.url, ACCOUNT: a.account.slug, EMAIL: a.email, PASSWORD };
    const { stdout } = await promisify(execFile)(process.execPath, ['examples/first-record.mjs'], { cwd: root, env });
    const lines = [
      `${a.email} of Acme`,
      '1 published, the newest is "Hello"',
      /^now "Hello again", changed at .+Z$/,
      'deleted',
    ];
    for (const [i, line] of stdout.trim().split('\n').entries()) expect(line).toMatch(lines[i] as string | RegExp);
    expect(stdout.trim().split('\n')).toHaveLength(lines.length);
  });
});
