// Verifying: every checksum is made anew from what is stored, link by link, and the end must be where it was signed.
import type { Runner } from '../db/database.ts';
import { checksumsOf, entryId } from './entry.ts';
import type { Signer } from './signature.ts';
import * as store from './store/verifying.ts';

/**
 * What is wrong: `missing` an entry's row is gone or was moved to another chain · `order` a number or seq is not the next one ·
 * `content` an entry or its checksum was changed · `end` the chain does not end where it was signed (cut, rewritten or lengthened)
 * · `signature` the signed end is not genuine · `total` a whole chain is gone, or a captured change is in no chain.
 */
export type Flaw = 'missing' | 'order' | 'content' | 'end' | 'signature' | 'total';

export interface FirstBad {
  readonly account_id: string | null;
  readonly seq: number | null;
  readonly id: number | null;
  readonly reason: Flaw;
}

export interface Verdict {
  readonly valid: boolean;
  /** Entries that were found good. */
  readonly checked: number;
  readonly accounts: number;
  readonly first_bad: FirstBad | null;
}

const PIECE = 1000;

/** Verifies one account's chain, or all of them and what they add up to. Memory stays flat; stops at the first bad entry. */
export async function verifyTrail(db: Runner, signer: Signer, accountId: string | null): Promise<Verdict> {
  const ends = await store.readEnds(db, accountId);
  let checked = 0;
  let accounts = 0;
  for (const end of ends) {
    const found = await verifyChain(db, signer, end);
    checked += found.checked;
    if (found.bad !== null) return { valid: false, checked, accounts, first_bad: found.bad };
    accounts += 1;
  }
  // Of a chain that is gone whole nothing tells but the sum of all chains.
  const empty = ends.every(({ seq, head_seq }) => seq === null && head_seq === null);
  const first_bad = accountId === null || empty ? await verifyWhole(db, signer) : null;
  return { valid: first_bad === null, checked, accounts, first_bad };
}

async function verifyChain(db: Runner, signer: Signer, end: store.End) {
  const { account_id } = end;
  let checked = 0;
  let number = 0;
  let previous: string | null = null;
  const bad = (reason: Flaw, at: { seq?: number | undefined; id?: number | undefined } = {}) => ({
    checked,
    bad: { account_id, seq: at.seq ?? null, id: at.id ?? null, reason },
  });
  while (number < (end.number ?? 0)) {
    const links = await store.readLinks(db, account_id, number, PIECE);
    if (links.length === 0) return bad('missing', { seq: checked + 1 });
    for (const link of links) {
      // What was sealed since the end was read is not verified now.
      if (link.number > (end.number ?? 0)) break;
      const first = { seq: checked + 1, id: entryId(link.position, 1) };
      if (link.number !== number + 1 || link.firstSeq !== checked + 1) return bad('order', first);
      if (link.change === null) return bad('missing', first);
      const made = checksumsOf(link.change, link.firstSeq, previous);
      for (let i = 0; i < Math.max(made.length, link.checksums.length); i++) {
        if (made[i] === undefined || made[i] !== link.checksums[i])
          return bad('content', { seq: checked + 1, id: entryId(link.position, i + 1) });
        checked += 1;
      }
      previous = made.at(-1) ?? previous;
      number = link.number;
    }
  }
  if (end.head_seq !== end.seq || end.head_checksum !== end.checksum) return bad('end', { seq: checked + 1 });
  if (end.seq === null || end.checksum === null) return { checked, bad: null };
  const genuine = signer.head({ account_id, seq: end.seq, checksum: end.checksum });
  return signer.same(end.head_signature, genuine) ? { checked, bad: null } : bad('signature', { seq: end.seq });
}

async function verifyWhole(db: Runner, signer: Signer): Promise<FirstBad | null> {
  const { entries, version, signature, sum, stray } = await store.readWhole(db);
  const bad = (reason: Flaw, id: number | null = null): FirstBad => ({ account_id: null, seq: null, id, reason });
  if (stray !== null) return bad('total', entryId(stray, 1));
  if (sum !== entries) return bad('total');
  if (version === 0 && entries === 0) return null;
  return signer.same(signature, signer.total(entries, version)) ? null : bad('signature');
}
