// Groups of users within an account, and the keys that programs call with.
import type { Knex } from 'knex';

export const up = async (kx: Knex): Promise<void> => {
  await kx.raw(`
    -- For composite references: whatever names a user with his account cannot name another account's.
    alter table snackbase.users add unique (account_id, id);

    create table snackbase.groups (
      id uuid primary key,
      account_id char(6) not null references snackbase.accounts on delete cascade,
      name text not null check (char_length(name) between 1 and 100),
      description text check (char_length(description) <= 500),
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      unique (account_id, id)
    );
    create unique index on snackbase.groups (account_id, lower(name));
    create index on snackbase.groups (created_at, id);

    create table snackbase.group_members (
      account_id char(6) not null,
      group_id uuid not null,
      user_id uuid not null,
      added_at timestamptz not null default now(),
      primary key (group_id, user_id),
      foreign key (account_id, group_id) references snackbase.groups (account_id, id) on delete cascade,
      foreign key (account_id, user_id) references snackbase.users (account_id, id) on delete cascade
    );
    create index on snackbase.group_members (user_id);

    insert into snackbase.groups (id, account_id, name, description)
      select gen_random_uuid(), id, 'pii_access', 'Sees personal data unmasked' from snackbase.accounts;
    insert into snackbase.group_members (account_id, group_id, user_id)
      select g.account_id, g.id, first.id from snackbase.groups g cross join lateral (
        select u.id from snackbase.users u where u.account_id = g.account_id order by u.created_at, u.id limit 1) first;

    create table snackbase.api_keys (
      id uuid primary key,
      account_id char(6) not null,
      user_id uuid not null,
      kind text not null check (kind in ('user', 'admin')),
      name text not null check (char_length(name) between 1 and 100),
      -- SHA-256 of the secret, which is stored nowhere.
      hash bytea not null check (octet_length(hash) = 32),
      prefix text not null,
      -- {collection: {operation: [fields] or "*"}}; admin tokens have none.
      scopes jsonb,
      created_at timestamptz not null default now(),
      expires_at timestamptz,
      last_used_at timestamptz,
      revoked_at timestamptz,
      check (kind = 'user' or account_id = 'SY0000'),
      check (case kind when 'admin' then scopes is null else coalesce(jsonb_typeof(scopes) = 'object', false) end),
      foreign key (account_id, user_id) references snackbase.users (account_id, id) on delete cascade
    );
    create index on snackbase.api_keys (account_id, created_at, id);
    create index on snackbase.api_keys (user_id);
  `);
};
