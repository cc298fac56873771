// Mail: one way to send a message, whatever carries it.
import type { Logger } from '../db/log.ts';
import { createLifecycle, type Lifecycle } from '../lifecycle/service.ts';
import type { Message } from './message.ts';
import { writeMessage } from './outbox.ts';

export type { Message, StoredMessage } from './message.ts';
export { listMessages as list } from './outbox.ts';

export interface Mail {
  /** Rejects when the message could not be handed over, or a hook did not let it. */
  send(message: Message): Promise<void>;
}

export interface MailOptions {
  readonly dataDir: string;
  readonly log?: Logger;
  readonly lifecycle?: Pick<Lifecycle, 'fire'>;
}

/** Until a mail server can be configured, every message goes to `<dataDir>/mail`, and the log says where. */
export function createMail({ dataDir, log, lifecycle = createLifecycle() }: MailOptions): Mail {
  return {
    async send(given) {
      const { message } = await lifecycle.fire('on_mailer_before_send', { message: { ...given } }, { ctx: null });
      const path = await writeMessage(dataDir, message);
      log?.info(
        { path, template: message.template },
        'No mail server is configured: the message is in a file (snackbase mail shows it).',
      );
      await lifecycle.fire('on_mailer_after_send', { message }, { ctx: null });
    },
  };
}
