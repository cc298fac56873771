// Secrets and headers of webhooks as they are stored: sealed.
import { sealedBox } from '../../sealed-box.ts';

type Headers = Readonly<Record<string, string>>;

/** What is stored was sealed with another encryption key. */
export class Unreadable extends Error {}

export type Sealed = ReturnType<typeof createSealed>;

/** `text` and `headers` throw Unreadable. */
export function createSealed(encryptionKey: string) {
  const box = sealedBox(encryptionKey, 'webhooks');
  const open = (sealed: Buffer): string => {
    try {
      return box.open(sealed).toString();
    } catch (cause) {
      throw new Unreadable('The secret was stored with another SNACKBASE_ENCRYPTION_KEY.', { cause });
    }
  };
  return {
    seal: (text: string): Buffer => box.close(Buffer.from(text)),
    text: open,
    sealHeaders: (headers: Headers): Buffer => box.close(Buffer.from(JSON.stringify(headers))),
    headers: (sealed: Buffer): Headers => JSON.parse(open(sealed)) as Headers,
  };
}
