// The second belt of tenancy: policies on every collection's table, and the role that is bound by them.
import type { Knex } from 'knex';

export const up = async (kx: Knex): Promise<void> => {
  await kx.raw(`
    -- Roles belong to the cluster: another database may have made it, perhaps this very moment. Who may not make roles goes without.
    do $$
    begin
      if not exists (select from pg_roles where rolname = 'snackbase_runtime') then
        create role snackbase_runtime nologin nosuperuser nobypassrls;
      end if;
      if not pg_has_role(current_user, 'snackbase_runtime', 'member') then
        execute format('grant snackbase_runtime to %I', current_user);
      end if;
    exception when duplicate_object or unique_violation or insufficient_privilege or undefined_object then
      null;
    end $$;

    -- The account is told for each transaction. Without one nothing is visible; '*' is every account, and has to be said.
    create function snackbase.guard_tenancy(app_schema text, table_name text) returns void language plpgsql as $$
    begin
      execute format('alter table %I.%I enable row level security', app_schema, table_name);
      execute format('drop policy if exists tenant on %I.%I', app_schema, table_name);
      execute format(
        'create policy tenant on %I.%I
         using (account_id = (select current_setting(''snackbase.account'', true)) or (select current_setting(''snackbase.account'', true)) = ''*'')',
        app_schema, table_name);
      if exists (select from pg_roles where rolname = 'snackbase_runtime') then
        execute format('grant usage on schema %I to snackbase_runtime', app_schema);
        execute format('grant select, insert, update, delete on %I.%I to snackbase_runtime', app_schema, table_name);
      end if;
    end $$;

    -- What the writer's own statement needs besides the table: to leave its entries.
    do $$
    begin
      if exists (select from pg_roles where rolname = 'snackbase_runtime') then
        grant usage on schema snackbase to snackbase_runtime;
        grant insert on snackbase.audit_changes to snackbase_runtime;
      end if;
    end $$;
    alter function snackbase.audit_cascade() security definer set search_path to pg_catalog;

    select snackbase.guard_tenancy(n.nspname, r.relname)
      from pg_class r join pg_namespace n on n.oid = r.relnamespace where r.relkind = 'r' and n.nspname ~ '^app_';
  `);
};
