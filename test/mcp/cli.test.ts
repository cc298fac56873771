// `snackbase mcp`: settings that clients understand, and a bridge that a stock client starts and talks to.
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { ToolListChangedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { beforeAll, describe, expect, it } from 'vitest';
import { available, type Json, startApp, type Tenant, type TestApp } from '../helpers/app.ts';
import { until } from './agent.ts';

const bin = fileURLToPath(new URL('../../server/cli/bin.mjs', import.meta.url));
const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('SNACKBASE_')));
const snackbase = (args: string[], input = '') =>
  new Promise<{ code: number; out: string; err: string }>((resolve) => {
    const child = execFile(process.execPath, [bin, 'mcp', ...args], { env: clean }, (error, out, err) =>
      resolve({ code: ((error as { code?: number } | null)?.code as number) ?? 0, out, err }),
    );
    child.stdin?.end(input);
  });

describe.runIf(available)('snackbase mcp', () => {
  let t: TestApp;
  let acme: Tenant;
  beforeAll(async () => {
    t = await startApp();
    acme = await t.tenant('Acme');
  });

  it('prints settings for each client, with the address and the key', async () => {
    const printed = async (client: string) => {
      const { code, out, err } = await snackbase([
        'install',
        '--client',
        client,
        '--url',
        'https://api.example.com/',
        '--token',
        'sk1',
      ]);
      expect(code, err).toBe(0);
      return out;
    };
    const url = 'https://api.example.com/api/v1/mcp';
    const headers = { Authorization: 'Bearer sk1' };
    expect(JSON.parse(await printed('json'))).toEqual({ mcpServers: { snackbase: { type: 'http', url, headers } } });
    expect(JSON.parse(await printed('cursor'))).toEqual({ mcpServers: { snackbase: { url, headers } } });
    expect(JSON.parse(await printed('vscode'))).toEqual({ servers: { snackbase: { type: 'http', url, headers } } });
    expect(JSON.parse(await printed('windsurf'))).toEqual({ mcpServers: { snackbase: { serverUrl: url, headers } } });
    expect(await printed('claude-code')).toBe(
      `claude mcp add --transport http snackbase '${url}' --header 'Authorization: Bearer sk1'\n`,
    );
    expect(JSON.parse(await printed('claude-desktop')).mcpServers.snackbase.env).toEqual({ SNACKBASE_TOKEN: 'sk1' });
    const without = await snackbase(['install']);
    expect(JSON.parse(without.out).mcpServers.snackbase.headers.Authorization).toBe('Bearer YOUR_API_KEY');
    expect(without.err).toContain('POST /api/v1/api-keys');
    const hint = async (token: string) => (await snackbase(['install', '--token', token])).err;
    expect(await hint('eyJ.eyJ.x')).toMatch(/ends within an hour.*POST \/api\/v1\/api-keys/);
    expect(await hint('sb_uk.id.secret')).not.toMatch(/hour/);
  });

  it('says what it does, and what it did not understand', async () => {
    expect((await snackbase(['--help'])).out).toContain('claude-desktop, claude-code, cursor');
    for (const args of [
      [],
      ['instal'],
      ['install', '--client', 'emacs'],
      ['install', 'now'],
      ['stdio', '--port', '1'],
      ['install', '--url', 'x'],
    ]) {
      const { code, err } = await snackbase(args);
      expect([code, err.includes('Usage: snackbase mcp')], args.join(' ')).toEqual([2, true]);
    }
  });

  it('S004-108 the printed program joins a client on stdio to the server', async () => {
    const { name } = await t.collection({ schema: [{ name: 'title', type: 'text', required: true }] });
    const { out } = await snackbase(['install', '--client', 'claude-desktop', '--url', t.url, '--token', acme.token]);
    const { command, args, env } = JSON.parse(out).mcpServers.snackbase as {
      command: string;
      args: string[];
      env: Record<string, string>;
    };
    const client = new Client({ name: 'desktop', version: '1.0.0' });
    let changes = 0;
    client.setNotificationHandler(ToolListChangedNotificationSchema, () => {
      changes += 1;
    });
    await client.connect(new StdioClientTransport({ command, args, env }));
    const { tools } = await client.listTools();
    expect(tools.map((tool) => tool.name)).toContain(`${name}_create`);
    const made: Json = await client.callTool({ name: `${name}_create`, arguments: { data: { title: 'Desk' } } });
    const shown = await t.call('GET', `/api/v1/records/${name}/${made.structuredContent.id}`, undefined, {
      token: acme.token,
    });
    expect(shown.body.title).toBe('Desk');
    await expect(client.callTool({ name: 'nothing' })).rejects.toMatchObject({ code: -32602 });
    let made2 = 0;
    await until(async () => {
      if (changes === 0 && made2++ % 40 === 0) await t.collection({ schema: [{ name: 'x', type: 'text' }] });
      return changes > 0;
    }, 'the notification through the bridge');
    await client.close();
  });

  it('answers what the server refuses, and when there is no server', async () => {
    const messages = [
      { jsonrpc: '2.0', id: 1, method: 'ping' },
      { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 9 } },
      { jsonrpc: '2.0', id: 2, method: 'tools/list' },
    ];
    const input = messages.map((message) => `${JSON.stringify(message)}\n`).join('');
    const said = async (args: string[]) => {
      const { out, code } = await snackbase(['stdio', ...args], input);
      expect(code).toBe(0);
      return (
        out
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line)) as Json[]
      ).sort((a, b) => a.id - b.id);
    };
    const fine = await said(['--url', t.url, '--token', acme.token]);
    expect(fine.map(({ id, result }) => [id, Object.keys(result)])).toEqual([
      [1, []],
      [2, ['tools']],
    ]);
    const refused = await said(['--url', t.url, '--token', 'wrong']);
    expect(refused.map(({ id, error }) => [id, error.code])).toEqual([
      [1, -32000],
      [2, -32000],
    ]);
    expect(refused[0].error.message).toMatch(
      /^Send a valid credential: Authorization: Bearer <token>\. \(401 UNAUTHORIZED\)\n +Use --token/,
    );
    const nobody = await said(['--url', 'http://127.0.0.1:9', '--token', 'x']);
    expect(nobody[0].error.message).toContain('does not answer');
  });
});
