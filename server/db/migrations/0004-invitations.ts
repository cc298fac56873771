// Invitations into accounts. Only the hash of a token is stored; one address has at most one open invitation an account.
import type { Knex } from 'knex';

export const up = async (kx: Knex): Promise<void> => {
  await kx.raw(`
    create table snackbase.invitations (
      id uuid primary key,
      account_id char(6) not null references snackbase.accounts(id) on delete cascade,
      email text not null,
      role_id integer not null references snackbase.roles(id),
      token_hash text not null unique,
      invited_by uuid references snackbase.users(id) on delete set null,
      created_at timestamptz not null,
      expires_at timestamptz not null,
      accepted_at timestamptz,
      cancelled_at timestamptz
    );
    create unique index on snackbase.invitations (account_id, lower(email)) where accepted_at is null and cancelled_at is null;
    create index on snackbase.invitations (account_id, created_at);
    create index on snackbase.invitations (invited_by);
    create index on snackbase.invitations (role_id);
  `);
};
