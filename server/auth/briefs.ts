// How a user and his account look inside the replies of this room.
import type { AccountBrief, UserBrief } from '../../contract/auth.ts';
import type { z } from '../../contract/kit.ts';
import type { PersonRow } from './store.ts';

export const userBrief = (person: PersonRow): z.infer<typeof UserBrief> => ({
  id: person.id,
  email: person.email,
  role: person.role,
  account_id: person.account_id,
  groups: person.groups,
  is_active: person.is_active,
  email_verified: person.email_verified,
  created_at: person.created_at,
  last_login: person.last_login,
});

export const accountBrief = (person: PersonRow): z.infer<typeof AccountBrief> => ({
  id: person.account_id,
  slug: person.account_slug,
  name: person.account_name,
  created_at: person.account_created_at,
});
