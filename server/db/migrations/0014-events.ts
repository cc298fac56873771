// The outbox: one row a change, written by the statement that makes it, and the batches that say in which order changes became visible.
import type { Knex } from 'knex';

export const up = async (kx: Knex): Promise<void> => {
  await kx.raw(`
    create table snackbase.events (
      -- Which batch an event belongs to follows from this alone.
      xid xid8 not null default pg_current_xact_id(),
      -- Taken after the row was locked: of one record, the order of its changes.
      id bigint generated always as identity primary key,
      -- No foreign key: that an account's records went is told too.
      account_id char(6) not null,
      collection text not null,
      -- Which collection of that name it was, and in which state.
      collection_id uuid not null,
      revision integer not null,
      type text not null check (type in ('created', 'updated', 'deleted', 'restored')),
      record_id uuid not null,
      occurred_at timestamptz not null,
      -- Who, in which request; keys without a value are left out.
      actor json not null,
      -- Physical columns, comma separated, and their text: after the change, or before it for 'deleted'.
      columns text not null,
      cells text[] not null,
      -- Those that the change assigned, as they were. Null where nothing was before, or where cells tells it.
      assigned text,
      was text[],
      -- Of cells and was, in bytes, as they are and not as they are packed.
      size integer not null
    );
    -- Which events are in no batch yet, and which are in a few small ones; those of a large one are found by id.
    create index on snackbase.events (xid, id);

    -- A batch holds what its snapshot sees and the one before does not, in the order of ids. Cutting one never waits for writers,
    -- and a transaction that commits late is in a later batch, so a reader who has read a batch has missed nothing of it.
    create table snackbase.event_batches (
      number bigint primary key,
      snapshot pg_snapshot not null,
      -- The lowest and the highest id in it.
      first_id bigint not null,
      last_id bigint not null,
      -- Events up to here, all batches before it included.
      total bigint not null,
      cut_at timestamptz not null default clock_timestamp()
    );
    create index on snackbase.event_batches (total);
    create index on snackbase.event_batches (cut_at);
    insert into snackbase.event_batches (number, snapshot, first_id, last_id, total) values (0, pg_current_snapshot(), 0, 0, 0);

    -- How far each durable reader has come.
    create table snackbase.event_consumers (
      name text primary key,
      batch bigint not null,
      id bigint not null,
      updated_at timestamptz not null default now()
    );

    -- Credentials of streams whose clients cannot send headers, for one use.
    create table snackbase.realtime_tickets (
      hash bytea primary key,
      -- Encrypted: the credential that asked for it.
      sealed bytea not null,
      expires_at timestamptz not null
    );
    create index on snackbase.realtime_tickets (expires_at);

    -- Since this revision no field went away or became of another type: what was told of the collection before cannot be told in
    -- today's fields.
    alter table snackbase.collections add shape_revision integer not null default 1;
    update snackbase.collections set shape_revision = revision;

    do $$
    begin
      if exists (select from pg_roles where rolname = 'snackbase_runtime') then
        grant insert on snackbase.events to snackbase_runtime;
      end if;
    end $$;

    -- The event of what the database itself changes because of a delete: cascades and emptied references. What a statement of ours
    -- changes itself is appended there. Argument: the collection's qualified name.
    create function snackbase.append_event() returns trigger language plpgsql
    security definer set search_path to pg_catalog set timezone to 'UTC' set datestyle to 'ISO, MDY' as $$
    declare
      context json := coalesce(nullif(current_setting('snackbase.audit_context', true), ''), '{"actor_kind":"database"}')::json;
      names text;
      reading text;
      before text[];
      cells text[];
    begin
      select string_agg(attname, ',' order by attnum),
          'select array[' || string_agg(
            case when atttypid in ('text[]'::regtype, 'float8[]'::regtype) then format('to_jsonb(($1).%I)::text', attname)
              else format('($1).%I::text', attname) end, ', ' order by attnum) || ']'
        into names, reading
        from pg_attribute where attrelid = tg_relid and attnum > 0 and not attisdropped and attname <> 'search$';
      execute reading into before using old;
      if tg_op = 'UPDATE' then
        execute reading into cells using new;
      end if;
      insert into snackbase.events
        (account_id, collection, collection_id, revision, type, record_id, occurred_at, actor, columns, cells, assigned, was, size)
      select old.account_id, tg_argv[0], c.id, c.revision,
        case when tg_op = 'DELETE' or (to_jsonb(old) -> 'deleted_at' = 'null' and to_jsonb(new) -> 'deleted_at' <> 'null')
          then 'deleted' else 'updated' end,
        old.id, now(),
        json_strip_nulls(json_build_object('kind', context -> 'actor_kind', 'user_id', context -> 'user_id',
          'key_id', context -> 'extra_metadata' -> 'key_id', 'request_id', context -> 'request_id')),
        names, coalesce(cells, before), case tg_op when 'UPDATE' then names end, case tg_op when 'UPDATE' then before end,
        octet_length(array_to_string(before, '')) + coalesce(octet_length(array_to_string(cells, '')), 0)
      from snackbase.collections c where app || '.' || name = tg_argv[0];
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
          'create trigger append_event after update or delete on %I.%I for each row when (pg_trigger_depth() > 0)
           execute function snackbase.append_event(%L)',
          t.nspname, t.relname, substr(t.nspname, 5) || '.' || t.relname);
      end loop;
    end $$;
  `);
};
