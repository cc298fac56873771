// Mail: one way to send a message, whatever carries it.
import type { Logger } from '../db/log.ts';
import type { Message } from './message.ts';
import { writeMessage } from './outbox.ts';

export type { Message, StoredMessage } from './message.ts';
export { listMessages as list } from './outbox.ts';

export interface Mail {
  /** Rejects when the message could not be handed over. */
  send(message: Message): Promise<void>;
}

export interface MailOptions {
  readonly dataDir: string;
  readonly log?: Logger;
}

/** Until a mail server can be configured, every message goes to `<dataDir>/mail`, and the log says where. */
export function createMail({ dataDir, log }: MailOptions): Mail {
  return {
    async send(message) {
      const path = await writeMessage(dataDir, message);
      log?.info(
        { path, template: message.template },
        'No mail server is configured: the message is in a file (snackbase mail shows it).',
      );
    },
  };
}
