// Soft delete and references: what on_delete says happens when a row is softly deleted, and no live row refers to one that is.
import type { Knex } from 'knex';

export const up = async (kx: Knex): Promise<void> => {
  await kx.raw(`
    -- After a row of a collection with soft delete was marked: the references to it, as their keys say.
    create function snackbase.soft_deleted() returns trigger language plpgsql security definer set search_path to pg_catalog as $$
    declare
      k record;
      referred boolean;
    begin
      -- Waits for those who are writing a reference to this row: their key check holds it until they commit.
      execute format('select 1 from %I.%I where id = $1 for update', tg_table_schema, tg_table_name) using new.id;
      for k in
        select c.conname, c.confdeltype, n.nspname, r.relname, a.attname,
          exists (select from pg_trigger t where t.tgrelid = c.conrelid and t.tgname = 'Z_soft_delete') as soft
        from pg_constraint c
        join pg_class r on r.oid = c.conrelid
        join pg_namespace n on n.oid = r.relnamespace
        join pg_attribute a on a.attrelid = c.conrelid and a.attnum = any (c.conkey) and a.attname <> 'account_id'
        where c.contype = 'f' and c.confrelid = tg_relid
        order by c.confdeltype <> 'r', c.conname
      loop
        if k.confdeltype = 'r' then
          execute format('select exists (select from %I.%I where account_id = $1 and %I = $2 and deleted_at is null)',
            k.nspname, k.relname, k.attname) into referred using new.account_id, new.id;
          if referred then
            raise exception 'Rows of % refer to this one.', k.relname
              using errcode = '23503', constraint = k.conname, schema = k.nspname, table = k.relname;
          end if;
        elsif k.confdeltype = 'c' and not k.soft then
          execute format('delete from %I.%I where account_id = $1 and %I = $2', k.nspname, k.relname, k.attname)
            using new.account_id, new.id;
        elsif k.confdeltype = 'c' then
          execute format('update %I.%I set deleted_at = now(), updated_by = $3,
              updated_at = greatest(now(), updated_at + interval ''1 microsecond'')
            where account_id = $1 and %I = $2 and deleted_at is null', k.nspname, k.relname, k.attname)
            using new.account_id, new.id, new.updated_by;
        else
          execute format('update %I.%I set %I = null, updated_by = $3,
              updated_at = greatest(now(), updated_at + interval ''1 microsecond'')
            where account_id = $1 and %I = $2 and deleted_at is null', k.nspname, k.relname, k.attname, k.attname)
            using new.account_id, new.id, new.updated_by;
        end if;
      end loop;
      return null;
    end $$;

    -- After a live row was written that refers into such a collection. Arguments: schema and table of the target, column, key.
    -- The key itself was checked before (triggers fire by name), which waited for whoever was deleting the target.
    create function snackbase.require_live() returns trigger language plpgsql security definer set search_path to pg_catalog as $$
    declare
      live boolean;
    begin
      execute format('select deleted_at is null from %I.%I where account_id = $1 and id = ($2).%I', tg_argv[0], tg_argv[1], tg_argv[2])
        into live using new.account_id, new;
      if live is false then
        raise exception 'The row that % refers to is deleted.', tg_argv[2]
          using errcode = '23503', constraint = tg_argv[3], schema = tg_table_schema, table = tg_table_name;
      end if;
      return null;
    end $$;

    create function snackbase.live_trigger(key text) returns text language sql immutable as $$
      select 'Z_live_' || substr(md5(key), 1, 16)
    $$;

    -- The trigger of one key, if its target deletes softly.
    create function snackbase.guard_reference(app_schema text, table_name text, key text) returns void language plpgsql as $$
    declare
      k record;
    begin
      select t.relname as target, n.nspname as target_schema, a.attname as col,
          exists (select from pg_trigger g where g.tgrelid = c.confrelid and g.tgname = 'Z_soft_delete') as soft
        into k
        from pg_constraint c
        join pg_class t on t.oid = c.confrelid
        join pg_namespace n on n.oid = t.relnamespace
        join pg_attribute a on a.attrelid = c.conrelid and a.attnum = any (c.conkey) and a.attname <> 'account_id'
        where c.contype = 'f' and c.conname = key and c.conrelid = format('%I.%I', app_schema, table_name)::regclass;
      execute format('drop trigger if exists %I on %I.%I', snackbase.live_trigger(key), app_schema, table_name);
      if k.soft then
        execute format(
          'create trigger %I after insert or update of %I, deleted_at on %I.%I for each row
             when (new.%I is not null and new.deleted_at is null)
             execute function snackbase.require_live(%L, %L, %L, %L)',
          snackbase.live_trigger(key), k.col, app_schema, table_name, k.col, k.target_schema, k.target, k.col, key);
      end if;
    end $$;

    -- Turns the two guards on or off for a table and all keys that point at it.
    create function snackbase.guard_soft_delete(app_schema text, table_name text, soft boolean) returns void language plpgsql as $$
    declare
      k record;
    begin
      execute format('drop trigger if exists "Z_soft_delete" on %I.%I', app_schema, table_name);
      if soft then
        execute format(
          'create trigger "Z_soft_delete" after update of deleted_at on %I.%I for each row
             when (old.deleted_at is null and new.deleted_at is not null) execute function snackbase.soft_deleted()',
          app_schema, table_name);
      end if;
      for k in
        select c.conname, n.nspname, r.relname from pg_constraint c
        join pg_class r on r.oid = c.conrelid join pg_namespace n on n.oid = r.relnamespace
        where c.contype = 'f' and c.confrelid = format('%I.%I', app_schema, table_name)::regclass
      loop
        perform snackbase.guard_reference(k.nspname, k.relname, k.conname);
      end loop;
    end $$;

    do $$
    declare
      c record;
    begin
      for c in select n.nspname, r.relname from snackbase.collections o
        join pg_namespace n on n.nspname = 'app_' || o.app
        join pg_class r on r.relnamespace = n.oid and r.relname = o.name
        where o.soft_delete
      loop
        perform snackbase.guard_soft_delete(c.nspname, c.relname, true);
      end loop;
    end $$;
  `);
};
