// Tickets: a credential for one stream within a minute, for clients that can send nothing but an address.
import { Failure } from '../../contract/problems.ts';
import { fingerprint, randomSecret } from '../auth/service.ts';
import { type Ctx, type Redeemed, requireCaller } from '../context.ts';
import type { Database } from '../db/database.ts';
import { sealedBox } from '../sealed-box.ts';
import * as store from './store.ts';

const SECONDS = 60;
const TEXT = /^sbt_[A-Za-z0-9_-]{43}$/;

export function createTickets({ db, encryptionKey }: { readonly db: Database; readonly encryptionKey: string }) {
  const box = sealedBox(encryptionKey, 'realtime tickets');
  return {
    /** Throws UNAUTHORIZED for an anonymous caller. */
    async issue(ctx: Ctx): Promise<{ ticket: string; expires_in: number }> {
      requireCaller(ctx);
      const ticket = `sbt_${randomSecret()}`;
      const behind = { credentials: ctx.credentials, account: ctx.accountHeader };
      await store.put(db, fingerprint(ticket), box.close(Buffer.from(JSON.stringify(behind))), SECONDS);
      return { ticket, expires_in: SECONDS };
    },

    /** Uses a ticket up. Throws UNAUTHORIZED for one that is unknown, used or too old. */
    async redeem(ticket: string): Promise<Redeemed> {
      const sealed = TEXT.test(ticket) ? await store.take(db, fingerprint(ticket)) : null;
      if (sealed === null) throw new Failure('UNAUTHORIZED');
      return JSON.parse(box.open(sealed).toString('utf8')) as Redeemed;
    },
  };
}
