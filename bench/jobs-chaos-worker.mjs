// A server process of the chaos of jobs: its handler writes down when each try began and ended, and takes its time in between.
import { setTimeout as delay } from 'node:timers/promises';
import { createApp, loadConfig } from '../dist/index.js';

const app = await createApp(loadConfig(process.env, { port: 0, log: 'error' }));
app.jobs.define('chaos', {
  async run({ ms, fails }, { id, attempt, signal }) {
    const began = await app.db.query(
      'insert into public.chaos (job, attempt, pid, began) values ($1, $2, $3, clock_timestamp()) returning id',
      [id, attempt, process.pid],
    );
    const end = (how) =>
      app.db.query('update public.chaos set ended = clock_timestamp(), how = $2 where id = $1', [began[0].id, how]);
    try {
      await delay(ms, undefined, { signal });
    } catch {
      await end('stopped');
      throw signal.reason;
    }
    await end(attempt <= fails ? 'failed' : 'done');
    if (attempt <= fails) throw new Error('as asked');
  },
});
await app.listen();
process.send?.('ready');
process.once('SIGTERM', () => app.close().then(() => process.exit(0)));
process.once('disconnect', () => process.exit(0));
