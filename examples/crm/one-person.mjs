// One person in two apps: a contact of the CRM and a customer of the support desk are the same by their address. First deploy both:
// npx snackbase deploy examples/crm/crm.yaml && npx snackbase deploy examples/crm/support.yaml
// then, as the admin of an account:
// SNACKBASE_URL=http://localhost:8000 ACCOUNT=acme EMAIL=ada@acme.com PASSWORD=… node examples/crm/one-person.mjs
import { SnackBaseClient } from '@snackbase/sdk';

const { SNACKBASE_URL = 'http://localhost:8000', ACCOUNT, EMAIL, PASSWORD } = process.env;
const sb = new SnackBaseClient({ url: SNACKBASE_URL });
await sb.auth.login({ account: ACCOUNT, email: EMAIL, password: PASSWORD });

const email = 'grace@example.com';
const contact = await sb.records.create('crm.contacts', { first_name: 'Grace', email, amount: 1200 });
const customer = await sb.records.create('support.customers', { email, plan: 'gold' });
await sb.records.create('support.tickets', { title: 'Where is my invoice?', customer: customer.id });

const [grace] = await sb.appRecords.list('crm', 'contacts', { id: contact.id, linked: 'true' });
console.log(`${grace.first_name} is on the plan "${grace._linked.support.data.plan}"`);

const { data, total } = await sb.federation.query('contact', { where: { email }, orderBy: 'created_at', order: 'asc' });
console.log(
  `${total} records of ${email}: ${data.map((one) => `${one._source.app}.${one._source.entity}`).join(', ')}`,
);
