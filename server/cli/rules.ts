// `snackbase rules explain`: what hides rows and fields of a collection from a user.
import type { Reply } from '../../contract/kit.ts';
import { Failure } from '../../contract/problems.ts';
import { type rules as contract, type Explanation, OperationName } from '../../contract/rules.ts';
import { createGrants } from '../access/grants.ts';
import { createMacros } from '../access/macros.ts';
import { createAccounts } from '../accounts/service.ts';
import { createRegistry } from '../collections/registry.ts';
import type { Config } from '../config.ts';
import type { Database } from '../db/database.ts';
import { createPeek } from '../records/service.ts';
import { createRoles } from '../roles/service.ts';
import { createExplainer } from '../rules/service.ts';
import { createUsers, type Users } from '../users/service.ts';
import { type Command, readOptions, SHARED_USAGE, UsageError } from './command.ts';
import { withDatabase } from './database.ts';
import { withAuth } from './superadmin.ts';

export const command: Command = {
  summary: 'explain what hides records from a user',
  usage: `Usage: snackbase rules explain --collection NAME --user ID|EMAIL [--account ID] [--operation NAME] [--record ID]
  --account ID         id or slug of the user's account; needed when he has several
  --operation NAME     list, view, create, update or delete (default: all five)
  --record ID          say also what the rules make of this record
  --json               as the endpoint /api/v1/rules/explain answers it
${SHARED_USAGE}`,
  async run([action, ...args]) {
    if (action !== 'explain') throw new UsageError('Say what to do: rules explain.');
    const text = { type: 'string' } as const;
    const options = { collection: text, user: text, account: text, operation: text, record: text } as const;
    const { values, config } = readOptions(args, { ...options, json: { type: 'boolean' } });
    const { collection, user, account, record } = values;
    if (collection === undefined || user === undefined) throw new UsageError('--collection and --user are required.');
    const operation = OperationName.optional().safeParse(values.operation);
    if (!operation.success) throw new UsageError(`--operation must be one of ${OperationName.options.join(', ')}.`);
    const settings = config();
    return withDatabase(settings, (db) =>
      withUsers(db, settings, async (users) => {
        try {
          const userId = await idOf(users, user, account);
          const question = { collection, user_id: userId, operation: operation.data, record_id: record };
          const found = await explained(db, users, question);
          console.log(values.json ? JSON.stringify(found, null, 2) : told(found, user));
          return 0;
        } catch (error) {
          if (!(error instanceof Failure)) throw error;
          console.error(error.code === 'RESOURCE_NOT_FOUND' ? `There is no such collection or user.` : error.message);
          return 1;
        }
      }),
    );
  },
};

type Found = Reply<(typeof contract)['explain']>;

async function explained(db: Database, users: Users, question: Parameters<ReturnType<typeof createExplainer>>[1]) {
  const grants = await createGrants({ db });
  const macros = await createMacros({ db });
  const definitions = await createRegistry({ db });
  try {
    const sources = { grants, macros };
    return await createExplainer({ sources, definitions, userOf: users.get, peek: createPeek(db) })(null, question);
  } finally {
    await Promise.all([grants.close(), macros.close(), definitions.close()]);
  }
}

const withUsers = <T>(db: Database, settings: Config, work: (users: Users) => Promise<T>): Promise<T> =>
  withAuth(db, settings, (auth) => {
    const roles = createRoles({ db, grants: { publish: async () => {} }, changed: auth.changed });
    return work(createUsers({ db, auth, accounts: createAccounts({ db }), roles }));
  });

/** The id of the user that an id or an address names. Throws UsageError. */
async function idOf(users: Users, user: string, account: string | undefined): Promise<string> {
  if (!user.includes('@')) return user;
  const { items } = await users.list({
    search: user,
    ...(account !== undefined && { account_id: account }),
    limit: 100,
  });
  const found = items.filter(({ email }) => email.toLowerCase() === user.toLowerCase());
  if (found.length > 1) {
    const accounts = found.map(({ account_id }) => account_id).join(', ');
    throw new UsageError(`${user} is in several accounts (${accounts}): name one with --account.`);
  }
  if (found[0] === undefined) throw new UsageError(`There is no user ${user}.`);
  return found[0].id;
}

const told = ({ collection, role, operations }: Found, user: string): string =>
  [`${collection} for ${user}, role ${role}`, ...operations.flatMap(lines)].join('\n');

function lines(e: Explanation): string[] {
  const line = (label: string, text: string) => `  ${label.padEnd(12)} ${text}`;
  const fields = (list: readonly string[] | null) => (list === null ? 'all' : list.join(', ') || 'none');
  return [
    '',
    `${e.operation}: ${e.allowed ? 'allowed' : 'REFUSED'}, ${e.reason}`,
    ...(e.collection_rule ? [line('rule', e.collection_rule)] : []),
    ...e.permissions.map(({ rule, fields: list }) => line('permission', `${rule}   (fields: ${fields(list)})`)),
    ...e.macros.map(({ call, means }) => line('macro', `${call} means ${means}`)),
    ...(e.allowed ? [line('rows', e.predicate ?? 'all of the account'), line('fields', fields(e.fields))] : []),
    ...(e.sql === null ? [] : [line('SQL', e.sql)]),
    ...(e.masked_fields.length === 0 ? [] : [line('masked', e.masked_fields.join(', '))]),
    ...(e.record === null ? [] : [line('record', e.record.passes ? 'passes' : 'does not pass')]),
    ...(e.record?.parts ?? []).map(({ rule, source, result }) =>
      line('', `${result === null ? 'unknown' : result}: ${rule} (${source})`),
    ),
  ];
}
