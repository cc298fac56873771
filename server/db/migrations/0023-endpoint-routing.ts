// What is asked of an endpoint before its definition is read stands in columns of its own: every process keeps these of all endpoints.
import type { Knex } from 'knex';

export const up = async (kx: Knex): Promise<void> => {
  await kx.raw(`
    alter table snackbase.endpoints
      add column auth_required boolean, add column run_as text, add column action_types text[];
    update snackbase.endpoints set auth_required = (settings ->> 'auth_required')::boolean, run_as = settings ->> 'run_as',
      action_types = array(select distinct a ->> 'type' from json_array_elements(settings -> 'actions') a);
    alter table snackbase.endpoints alter column auth_required set not null, alter column run_as set not null,
      alter column action_types set not null;
  `);
};
