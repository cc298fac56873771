// `snackbase mcp`: how agents reach a running server: settings to copy, and a bridge for clients that speak over stdin and stdout.
import { type Command, UsageError } from './command.ts';
import { CLIENTS } from './mcp-clients.ts';
import { REMOTE_USAGE, readRemoteOptions } from './remote.ts';

const PLACEHOLDER = 'YOUR_API_KEY';

export const command: Command = {
  summary: 'connect AI agents: settings for clients, a bridge to stdio',
  usage: `Usage: snackbase mcp install [--client NAME] | mcp stdio
  install              prints what to put into the settings of a client; writes no file
  stdio                speaks MCP over stdin and stdout and passes it on to the server
  --client NAME        ${Object.keys(CLIENTS).join(', ')} (default json)
${REMOTE_USAGE}`,
  async run([action, ...args]) {
    if (action === '--help' || action === '-h' || action === 'help') {
      console.log(command.usage);
      return 0;
    }
    if (action === 'install') return install(args);
    if (action !== 'stdio') throw new UsageError('Say what to do: mcp install or mcp stdio.');
    const { connect } = readRemoteOptions(args, {}, { least: 0, most: 0 });
    const remote = await connect();
    const { bridge } = await import('./mcp-bridge.ts');
    await bridge(remote, (line) => console.error(line));
    return 0;
  },
};

async function install(args: readonly string[]): Promise<number> {
  const options = { client: { type: 'string' } } as const;
  const { values, connect } = readRemoteOptions(args, options, { least: 0, most: 0 });
  const name = values.client ?? 'json';
  const settings = Object.hasOwn(CLIENTS, name) ? CLIENTS[name] : undefined;
  if (settings === undefined)
    throw new UsageError(`--client must be one of ${Object.keys(CLIENTS).join(', ')}, not "${name}".`);
  const { url, headers } = await connect();
  const { place, text } = settings({ url, headers: { Authorization: `Bearer ${PLACEHOLDER}`, ...headers } });
  console.error(`For ${place}:`);
  console.log(text);
  console.error(advice(headers.Authorization));
  return 0;
}

/** What to know about the credential of the settings. */
function advice(authorization: string | undefined): string {
  const how = 'make one with POST /api/v1/api-keys (apiKeys.create of the SDK), with the scopes that the agent needs';
  if (authorization === undefined) return `Put an API key where it says ${PLACEHOLDER}: ${how}.`;
  const open = 'Whoever reads this text can do what its credential can';
  if (authorization.startsWith('Bearer sb_')) return `${open}: give the key no more scopes than the agent needs.`;
  return `This text holds an access token, which ends within an hour: the agent is refused from then on. For settings that last, use an API key instead: ${how}.\n${open}.`;
}
