// `snackbase audit verify`: makes every checksum of the trail anew and says where it first differs.
import { createAccounts } from '../accounts/service.ts';
import { createTrail, verifyTrail } from '../audit/service.ts';
import { type Command, readOptions, SHARED_USAGE, UsageError } from './command.ts';
import { withDatabase } from './database.ts';

export const command: Command = {
  summary: 'verify the audit trail',
  usage: `Usage: snackbase audit verify [--account ID]
  --account ID         id or slug of one account (default: all of them and what they add up to)
${SHARED_USAGE}
Exits with 1 when an entry was changed, removed or added. Needs the encryption key that the server runs with.`,
  async run([action, ...args]) {
    if (action !== 'verify') throw new UsageError('Say what to do: audit verify.');
    const { values, config } = readOptions(args, { account: { type: 'string' } });
    const settings = config();
    return withDatabase(settings, async (db) => {
      const named = values.account;
      const accountId = named === undefined ? null : await createAccounts({ db }).resolve(named);
      // The trail of a removed account stays, and is found by its id.
      const chain = accountId ?? named?.toUpperCase() ?? null;
      if (chain !== null && !/^[A-Z]{2}\d{4}$/.test(chain)) throw new UsageError(`There is no account ${named}.`);
      const trail = createTrail({ db, encryptionKey: settings.encryptionKey });
      try {
        await trail.settle();
        const { valid, checked, accounts, first_bad: bad } = await verifyTrail(db, trail.signer, chain);
        if (valid) console.log(`The audit trail is whole: ${checked} entries in ${accounts} chains.`);
        else console.error(`The audit trail is BROKEN after ${checked} good entries: ${JSON.stringify(bad)}`);
        return valid ? 0 : 1;
      } finally {
        await trail.close();
      }
    });
  },
};
