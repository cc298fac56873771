// `snackbase serve`: starts the server, says where it is, and drains on SIGTERM.
import { type AddressInfo, createServer } from 'node:net';
import { createApp } from '../app.ts';
import { unknownVariables } from '../config.ts';
import { type Command, readOptions, SHARED_USAGE, wholeNumber } from './command.ts';
import { untilStopped } from './until-stopped.ts';

const OPTIONS = {
  port: { type: 'string', short: 'p' },
  host: { type: 'string' },
  reload: { type: 'boolean' },
} as const;

export const command: Command = {
  summary: 'start the server',
  usage: `Usage: snackbase serve [--port 8000] [--host 127.0.0.1] [--reload]
  --port N             port to listen on; 0 takes a free one (default 8000)
  --host ADDRESS       address to listen on (default 127.0.0.1)
  --reload             restart when a source file changes
${SHARED_USAGE}`,
  async run(args) {
    const { values, config } = readOptions(args, OPTIONS);
    if (values.reload) {
      const { superviseReload } = await import('./reload.ts');
      return superviseReload(args.filter((a) => a !== '--reload'));
    }
    const settings = config({
      ...(values.port !== undefined && { port: await portFor(wholeNumber('port', values.port, 65535)) }),
      ...(values.host !== undefined && { host: values.host }),
    });
    for (const name of unknownVariables(process.env))
      console.error(`warning: ${name} is not a known variable; \`snackbase config\` lists them.`);
    const app = await createApp(settings);
    const { url } = await app.listen().catch(async (error) => {
      await app.close();
      throw error;
    });
    const { firstSuperadmin } = app;
    console.log(`SnackBase is ready (${settings.databaseUrl === null ? `embedded database in ${settings.dataDir}` : 'PostgreSQL'})

  API      ${url}/api/v1
  Docs     ${url}/docs
  OpenAPI  ${url}/openapi.json
  Health   ${url}/health
${
  firstSuperadmin === null
    ? ''
    : `
First superadmin (shown once, keep it):
  account   system
  e-mail    ${firstSuperadmin.email}
  password  ${firstSuperadmin.password ?? '(as configured)'}
`
}${
  settings.databaseUrl === null
    ? `
The embedded database serves one process. Set DATABASE_URL to use a PostgreSQL server.
`
    : ''
}`);
    return untilStopped(app);
  },
};

/** 0 becomes a free port here, because links in mails and documents are made of it before the server listens. */
function portFor(port: number): Promise<number> {
  if (port !== 0) return Promise.resolve(port);
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const found = (probe.address() as AddressInfo).port;
      probe.close(() => resolve(found));
    });
  });
}
