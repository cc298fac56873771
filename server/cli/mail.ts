// `snackbase mail`: the messages in the file outbox, newest first.
import { list } from '../mail/service.ts';
import { type Command, readOptions, SHARED_USAGE, wholeNumber } from './command.ts';

export const command: Command = {
  summary: 'show messages that were not sent because no mail server is configured',
  usage: `Usage: snackbase mail [--limit 10]
  --limit N            how many messages to show, newest first (default 10)
${SHARED_USAGE}`,
  async run(args) {
    const { values, config } = readOptions(args, { limit: { type: 'string' } });
    const limit = values.limit === undefined ? 10 : wholeNumber('limit', values.limit, 10_000);
    const { dataDir } = config();
    const messages = await list(dataDir);
    if (messages.length === 0) console.log(`No messages in ${dataDir}.`);
    for (const m of messages.slice(0, limit)) {
      console.log(`${m.created_at}  to ${m.to}\nSubject: ${m.subject}\n\n${m.text.trimEnd().replace(/^/gm, '  ')}\n`);
    }
    if (messages.length > limit) console.log(`${messages.length - limit} more: --limit ${messages.length}`);
    return 0;
  },
};
