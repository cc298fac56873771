// Settings of the usual MCP clients: what to put where, as text to copy. Nothing is written to any file.
import { fileURLToPath } from 'node:url';

/** What the settings name: the server, and the headers of every request to it. */
export interface Connection {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

interface Settings {
  /** Where the text belongs. */
  readonly place: string;
  readonly text: string;
}

const json = (value: unknown): string => JSON.stringify(value, null, 2);
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
const endpoint = ({ url }: Connection): string => `${url}/api/v1/mcp`;

/** From the sources and from the bundle. */
const BIN = import.meta.url.endsWith('.ts') ? './bin.mjs' : '../server/cli/bin.mjs';

/** For clients that start a program: this one, by its path, so that nothing has to be installed for it. */
function bridge({ url, headers }: Connection) {
  const { Authorization: bearer = '', 'X-Account-ID': account } = headers;
  const actIn = account === undefined ? [] : ['--act-in', account];
  return {
    command: process.execPath,
    args: [fileURLToPath(new URL(BIN, import.meta.url)), 'mcp', 'stdio', '--url', url, ...actIn],
    env: { SNACKBASE_TOKEN: bearer.replace(/^Bearer /, '') },
  };
}

export const CLIENTS: Readonly<Record<string, (connection: Connection) => Settings>> = {
  'claude-desktop': (connection) => ({
    place: 'claude_desktop_config.json (Settings, Developer, Edit Config)',
    text: json({ mcpServers: { snackbase: bridge(connection) } }),
  }),
  'claude-code': (connection) => ({
    place: 'a terminal, in the folder of your project',
    text: [
      `claude mcp add --transport http snackbase ${quoted(endpoint(connection))}`,
      ...Object.entries(connection.headers).map(([name, value]) => `--header ${quoted(`${name}: ${value}`)}`),
    ].join(' '),
  }),
  cursor: (connection) => ({
    place: '.cursor/mcp.json of your project, or ~/.cursor/mcp.json',
    text: json({ mcpServers: { snackbase: { url: endpoint(connection), headers: connection.headers } } }),
  }),
  vscode: (connection) => ({
    place: '.vscode/mcp.json of your project',
    text: json({ servers: { snackbase: { type: 'http', url: endpoint(connection), headers: connection.headers } } }),
  }),
  windsurf: (connection) => ({
    place: '~/.codeium/windsurf/mcp_config.json',
    text: json({ mcpServers: { snackbase: { serverUrl: endpoint(connection), headers: connection.headers } } }),
  }),
  json: (connection) => ({
    place: 'the settings of your client',
    text: json({ mcpServers: { snackbase: { type: 'http', url: endpoint(connection), headers: connection.headers } } }),
  }),
};
