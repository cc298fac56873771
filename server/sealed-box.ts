// Encryption of what is stored but is not for whoever reads the database.
import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';

const CIPHER = 'aes-256-gcm';

/** Seals bytes with a key of its own that is derived from the server's secret and a purpose. `open` throws for other bytes. */
export function sealedBox(secret: string, purpose: string) {
  const key = createHmac('sha256', secret).update(`snackbase ${purpose}`).digest();
  return {
    close(bytes: Buffer): Buffer {
      const nonce = randomBytes(12);
      const cipher = createCipheriv(CIPHER, key, nonce);
      return Buffer.concat([nonce, cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
    },
    open(sealed: Buffer): Buffer {
      const decipher = createDecipheriv(CIPHER, key, sealed.subarray(0, 12));
      decipher.setAuthTag(sealed.subarray(-16));
      return Buffer.concat([decipher.update(sealed.subarray(12, -16)), decipher.final()]);
    },
  };
}
