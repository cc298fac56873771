// The SQL that kinds of definitions share: those of the accounts where they changed, with the number that orders changes, and as whom they act.
import { AS_ACCOUNT } from '../context.ts';
import type { Plan, Runner } from '../db/database.ts';
import { plan } from '../db/plans.ts';

export type Kind = 'hooks' | 'webhooks' | 'workflows' | 'endpoints';

/** The rows that count, among those of an array of accounts, which is SQL; each becomes JSON by the names of its columns. */
export type SelectOf = (accounts: string) => string;

export function definitionStatements(kind: Kind, select: SelectOf) {
  const changed = `array(select c.account_id from snackbase.automation_changes c where c.kind = '${kind}' and c.number > $1)`;
  const behind = plan(`
    select v.number, json_build_object('accounts', ${changed},
      'rows', (select coalesce(json_agg(row_to_json(d)), '[]') from (${select(changed)}) d))::text
    from snackbase.automation_versions v where v.kind = '${kind}'`);
  const counted = plan(`select number from snackbase.automation_versions where kind = '${kind}'`);
  const next = plan(`
    with v as (update snackbase.automation_versions set number = number + 1 where kind = '${kind}' returning number),
      changed as (
        insert into snackbase.automation_changes as c (kind, account_id, number)
        select '${kind}', a, v.number from v, unnest($1::bpchar[]) a
        on conflict (kind, account_id) do update set number = excluded.number)
    select number from v`);
  const numberBy = async (run: Runner, statement: Plan, values: readonly unknown[]) =>
    Number((await run.run(statement, values)).rows[0]?.[0]);
  return {
    /** Of the accounts that changed after `since`; -1: of all that ever had any. */
    async read(run: Runner, since: number) {
      const [number, text] = (await run.run(behind, [since])).rows[0] as [string, string];
      return { number: Number(number), text };
    },
    number: (run: Runner) => numberBy(run, counted, []),
    /** Takes the next number for these accounts; its row stays locked until the transaction ends. */
    bump: (run: Runner, accounts: readonly string[]) => numberBy(run, next, [accounts]),
  };
}

export interface ActingRole {
  readonly id: number;
  readonly name: string;
}

/** The role that a definition acts as; null when it is gone or disabled. Nobody acts as anonymous callers. */
export async function actingRole(run: Runner, name: string): Promise<ActingRole | null> {
  if (name === AS_ACCOUNT.name) return AS_ACCOUNT;
  const sql = 'select id, name from snackbase.roles where name = $1 and id > 0 and enabled';
  return (await run.query<ActingRole>(sql, [name]))[0] ?? null;
}

/** Whether there is a role that a definition may act as, enabled or not. */
export async function isRole(run: Runner, name: string): Promise<boolean> {
  if (name === AS_ACCOUNT.name) return true;
  return (await run.query('select from snackbase.roles where name = $1 and id > 0', [name])).length > 0;
}

/** What definitions may act as now: the first of many, for hints. */
export async function actingNames(run: Runner): Promise<string[]> {
  const sql = 'select name from snackbase.roles where id > 0 and enabled order by id limit 500';
  return [AS_ACCOUNT.name, ...(await run.query<ActingRole>(sql, [])).map(({ name }) => name)];
}

/** The same as a column `role_id` of the name in another one, and where that is from. */
export const actingRoleOf = (column: string) => ({
  select: `case when ${column} = '${AS_ACCOUNT.name}' then ${AS_ACCOUNT.id} else acting.id end as role_id`,
  join: `left join snackbase.roles acting on acting.name = ${column} and acting.id > 0 and acting.enabled`,
});

export interface PersonRow {
  readonly id: string;
  readonly email: string;
  readonly role: string;
  readonly groups: readonly string[];
}

/** A user of the account; null for others, superadmins among them. */
export async function findPerson(run: Runner, accountId: string, userId: string): Promise<PersonRow | null> {
  const [row] = await run.query<PersonRow>(
    `select u.id, u.email, r.name as role, array(
         select g.name from snackbase.group_members m join snackbase.groups g on g.id = m.group_id
         where m.user_id = u.id order by g.name) as groups
       from snackbase.users u join snackbase.roles r on r.id = u.role_id where u.account_id = $1 and u.id = $2`,
    [accountId, userId],
  );
  return row ?? null;
}

/** Of all workflows of an account. */
export const workflowNames = (
  run: Runner,
  accountId: string,
): Promise<{ readonly id: string; readonly slug: string }[]> =>
  run.query('select id, slug from snackbase.workflows where account_id = $1', [accountId]);
