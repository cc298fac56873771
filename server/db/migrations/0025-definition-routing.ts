// What every process keeps of definitions: which accounts' have changed since it last looked, and of an endpoint what is asked before its definition is read.
import type { Knex } from 'knex';

export const up = async (kx: Knex): Promise<void> => {
  await kx.raw(`
    -- The last change of an account's definitions of a kind, by the number in automation_versions.
    create table snackbase.automation_changes (
      kind text not null references snackbase.automation_versions,
      account_id char(6) not null,
      number bigint not null,
      primary key (kind, account_id)
    );
    create index on snackbase.automation_changes (kind, number);
    insert into snackbase.automation_changes (kind, account_id, number)
      select 'hooks', account_id, 0 from snackbase.hooks union select 'webhooks', account_id, 0 from snackbase.webhooks
      union select 'workflows', account_id, 0 from snackbase.workflows
      union select 'endpoints', account_id, 0 from snackbase.endpoints;

    alter table snackbase.endpoints
      add column auth_required boolean, add column run_as text, add column action_types text[];
    update snackbase.endpoints set auth_required = (settings ->> 'auth_required')::boolean, run_as = settings ->> 'run_as',
      action_types = array(select distinct a ->> 'type' from json_array_elements(settings -> 'actions') a);
    alter table snackbase.endpoints alter column auth_required set not null, alter column run_as set not null,
      alter column action_types set not null;
  `);
};
