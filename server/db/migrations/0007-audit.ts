// The audit trail: what was captured, how it was chained, the signed heads, and the database's refusal to change any of it.
import type { Knex } from 'knex';

export const up = async (kx: Knex): Promise<void> => {
  await kx.raw(`
    -- Written by the statement that makes the change. One row a change; its columns are in entries.
    create table snackbase.audit_changes (
      -- Which rows the sealer has not seen yet follows from this alone; it is no part of the trail.
      xid xid8 not null default pg_current_xact_id(),
      position bigint generated always as identity primary key,
      -- No foreign key: the trail outlives the account.
      account_id char(6) not null,
      occurred_at timestamptz not null default now(),
      operation text not null
        check (operation in ('CREATE', 'UPDATE', 'DELETE', 'RESTORE', 'LOGIN', 'LOGOUT', 'SIGN')),
      -- main.posts for records, which always has a dot; users for the server's own tables, which never has one.
      table_name text not null,
      record_id text not null,
      -- Who, from where, in which request; keys without a value are left out.
      context json not null,
      -- [[column, old, new, mask type if personal], …]
      entries json not null
    );
    create index on snackbase.audit_changes (xid, position);

    -- Written by the sealer. The key makes a fork of the chain impossible: two changes cannot follow the same one.
    create table snackbase.audit_seals (
      account_id char(6) not null,
      number bigint not null check (number > 0),
      position bigint not null unique,
      first_seq bigint not null check (first_seq > 0),
      occurred_at timestamptz not null,
      table_name text not null,
      record_id text not null,
      -- 32 bytes for each entry of the change.
      checksums bytea not null check (octet_length(checksums) > 0 and octet_length(checksums) % 32 = 0),
      primary key (account_id, number)
    );
    -- Lists go by the order of the chain or of the capture, which the keys have; a range of time needs no more than this.
    create index on snackbase.audit_seals using brin (occurred_at);
    create index on snackbase.audit_seals (record_id, position);

    -- Where each chain ends, signed with a key that is not in the database.
    create table snackbase.audit_heads (
      account_id char(6) primary key,
      seq bigint not null,
      checksum bytea not null,
      signature bytea not null
    );

    -- What is sealed: everything that this snapshot sees. Sealing exchanges the row for its next version, so only one sealer wins.
    create table snackbase.audit_sealer (
      singleton boolean primary key default true check (singleton),
      version bigint not null default 0,
      snapshot pg_snapshot not null default pg_current_snapshot(),
      -- Positions up to here were found without transaction numbers, after a restore into another cluster.
      floor bigint not null default 0,
      -- Entries of all chains together, signed like a head.
      entries bigint not null default 0,
      signature bytea
    );
    insert into snackbase.audit_sealer default values;

    create function snackbase.audit_refuse() returns trigger language plpgsql as $$
    begin
      raise exception 'The audit trail is append-only: % of % is refused.', lower(tg_op), tg_table_name
        using errcode = 'insufficient_privilege';
    end $$;
    create trigger append_only before update or delete or truncate on snackbase.audit_changes
      for each statement execute function snackbase.audit_refuse();
    create trigger append_only before update or delete or truncate on snackbase.audit_seals
      for each statement execute function snackbase.audit_refuse();
    create trigger keep before delete or truncate on snackbase.audit_heads
      for each statement execute function snackbase.audit_refuse();
    create trigger keep before delete or truncate on snackbase.audit_sealer
      for each statement execute function snackbase.audit_refuse();

    -- Captures what the database itself changes because of a delete: cascades and emptied references.
    -- Argument: the collection's qualified name. The statement that deletes says who it is in snackbase.audit_context.
    create function snackbase.audit_cascade() returns trigger language plpgsql set timezone to 'UTC' as $$
    declare
      stamps text[] := array(
        select attname from pg_attribute where attrelid = tg_relid and atttypid = 'timestamptz'::regtype and not attisdropped);
      was jsonb := to_jsonb(old);
      becomes jsonb := case tg_op when 'UPDATE' then to_jsonb(new) else '{}' end;
      gone boolean := tg_op = 'DELETE' or (was -> 'deleted_at' = 'null' and becomes -> 'deleted_at' <> 'null');
      found json;
    begin
      -- With an account all its records go; the account's own entry says so.
      if tg_op = 'DELETE' and not exists (select from snackbase.accounts where id = old.account_id) then
        return null;
      end if;
      if gone then
        becomes := '{}';
      end if;
      select json_agg(
          case when f.field ->> 'pii' = 'true'
            then json_build_array(c.name, c.old, c.new, coalesce(f.field ->> 'mask_type', 'full'))
            else json_build_array(c.name, c.old, c.new)
          end order by c.name <> 'id', c.name)
        into found
        from (
          select rtrim(k, '$') as name,
            case when k = any (stamps) then to_jsonb(replace(was ->> k, '+00:00', 'Z')) else was -> k end as old,
            case when k = any (stamps) then to_jsonb(replace(becomes ->> k, '+00:00', 'Z')) else becomes -> k end as new
          from jsonb_object_keys(was) k
          where k not in ('account_id', 'created_at', 'updated_at', 'created_by', 'updated_by', 'deleted_at', 'search$')
            and (gone or k <> 'id')
            and nullif(was -> k, 'null') is distinct from nullif(becomes -> k, 'null')
        ) c
        left join (
          select field from snackbase.collections, jsonb_array_elements(definition) field
          where app || '.' || name = tg_argv[0]
        ) f on f.field ->> 'name' = c.name;
      if found is not null then
        insert into snackbase.audit_changes (account_id, operation, table_name, record_id, context, entries)
        values (
          old.account_id, case when gone then 'DELETE' else 'UPDATE' end, tg_argv[0], old.id::text,
          coalesce(nullif(current_setting('snackbase.audit_context', true), ''), '{"actor_kind":"database"}')::json, found
        );
      end if;
      return null;
    end $$;

    do $$
    declare
      t record;
    begin
      for t in select n.nspname, r.relname from pg_class r join pg_namespace n on n.oid = r.relnamespace
        where r.relkind = 'r' and n.nspname ~ '^app_'
      loop
        execute format(
          'create trigger audit_cascade after update or delete on %I.%I for each row when (pg_trigger_depth() > 0)
           execute function snackbase.audit_cascade(%L)',
          t.nspname, t.relname, substr(t.nspname, 5) || '.' || t.relname);
      end loop;
    end $$;
  `);
};
