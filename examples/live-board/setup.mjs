// Makes what the board needs: the collection `cards`, open to the signed-in users of an account, and a demo account with two users.
// SNACKBASE_SUPERADMIN_PASSWORD='what npm start printed' node examples/live-board/setup.mjs
import { isCode, SnackBaseClient } from '@snackbase/sdk';

const {
  SNACKBASE_URL = 'http://localhost:8000',
  SNACKBASE_SUPERADMIN_EMAIL = 'superadmin@snackbase.local',
  SNACKBASE_SUPERADMIN_PASSWORD,
  DEMO_PASSWORD = 'SecurePass123!',
} = process.env;
if (!SNACKBASE_SUPERADMIN_PASSWORD) throw new Error('Set SNACKBASE_SUPERADMIN_PASSWORD: npm start printed it.');

const sb = new SnackBaseClient({ url: SNACKBASE_URL });
await sb.auth.login({
  account: 'system',
  email: SNACKBASE_SUPERADMIN_EMAIL,
  password: SNACKBASE_SUPERADMIN_PASSWORD,
});

/** Makes something, or leaves it as it is when it is there. */
async function once(what, make) {
  try {
    await make();
    console.log(`${what}: made`);
  } catch (error) {
    if (!isCode(error, 'CONFLICT')) throw error;
    console.log(`${what}: there already`);
  }
}

const signedIn = '@request.auth.id != null';
await once('collection cards', () =>
  sb.collections.create({
    name: 'cards',
    schema: [
      { name: 'title', type: 'text', required: true, max_length: 200 },
      { name: 'lane', type: 'text', required: true },
      { name: 'position', type: 'number', required: true },
    ],
    list_rule: signedIn,
    view_rule: signedIn,
    create_rule: signedIn,
    update_rule: signedIn,
    delete_rule: signedIn,
  }),
);
await once('account demo', () => sb.accounts.create({ name: 'Demo', slug: 'demo' }));
for (const email of ['ada@example.com', 'bob@example.com'])
  await once(email, () => sb.users.create({ email, password: DEMO_PASSWORD, account_id: 'demo' }));
await sb.auth.logout();
console.log(`Log in to the account demo as ada@example.com or bob@example.com with ${DEMO_PASSWORD}`);
