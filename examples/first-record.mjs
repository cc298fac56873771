// A first program: log in, create a record, list, change and delete it. Run it against a server that has the collection `posts`:
// SNACKBASE_URL=http://localhost:8000 ACCOUNT=acme EMAIL=ada@acme.com PASSWORD=… node examples/first-record.mjs
import { isCode, SnackBaseClient } from '@snackbase/sdk';

const { SNACKBASE_URL = 'http://localhost:8000', ACCOUNT, EMAIL, PASSWORD } = process.env;
const sb = new SnackBaseClient({ url: SNACKBASE_URL });
const { user, account } = await sb.auth.login({ account: ACCOUNT, email: EMAIL, password: PASSWORD });
console.log(`${user.email} of ${account.name}`);

const post = await sb.records.create('posts', { title: 'Hello', content: 'From a program.', published: true });
const { items, total } = await sb.records.list('posts', {
  filter: { published: true },
  sort: ['-created_at'],
  perPage: 5,
});
console.log(`${total} published, the newest is "${items[0].title}"`);

const changed = await sb.records.patch('posts', post.id, { title: 'Hello again' });
console.log(`now "${changed.title}", changed at ${changed.updated_at}`);

await sb.records.delete('posts', post.id);
try {
  await sb.records.get('posts', post.id);
} catch (error) {
  if (!isCode(error, 'RESOURCE_NOT_FOUND')) throw error;
  console.log('deleted');
}
