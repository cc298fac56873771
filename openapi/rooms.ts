// How the documents introduce each room of the contract. A new room does not compile until it has its line.
import type { AppContract } from '../contract/index.ts';

/** Tag descriptions, by room. */
export const ROOMS: Readonly<Record<keyof AppContract, string>> = {
  ops: 'Probes, version, and the documents of this API.',
  auth: 'Registering an account, logging in and out, refreshing tokens, verifying addresses.',
  collections: 'Definitions that become tables with validated endpoints.',
  roles: 'What a user is in his account; permissions hang on roles.',
  users: 'The users of all accounts.',
  accounts: 'The tenants of this server.',
  invitations: 'How a person joins an account that is there already.',
  records: 'The data: create, read, filter, change and delete the records of a collection.',
};
