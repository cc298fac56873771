// The story of examples/orders: a customer orders, rules and hooks hold, the trail remembers, a webhook arrives, a workflow ships, an endpoint
// counts. Run setup.mjs first; WEBHOOK_SECRET is what it printed, and this program is the receiver at RECEIVER.
import { createServer } from 'node:http';
import { isCode, SnackBaseClient, verifyWebhook } from '@snackbase/sdk';

const { SNACKBASE_URL: url = 'http://localhost:8000', ACCOUNT, EMAIL, PASSWORD, CUSTOMER } = process.env;
const { RECEIVER, WEBHOOK_SECRET } = process.env;

// Answers when it has the message; what is not signed by our server never counts.
const received = new Promise((resolve, reject) => {
  const receiver = createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray());
    try {
      resolve(await verifyWebhook(body, request.headers, WEBHOOK_SECRET));
      response.end('thank you');
    } catch (error) {
      response.writeHead(400).end();
      reject(error);
    }
    receiver.close();
  }).listen(new URL(RECEIVER).port, '127.0.0.1');
});

const customer = new SnackBaseClient({ url });
const session = await customer.auth.login({ account: ACCOUNT, email: CUSTOMER, password: PASSWORD });

const sb = new SnackBaseClient({
  url,
  token: session.token,
});

// Collection-centric records API with automatic tenant scoping
const { items, total } = await sb.records.list('products', {
  filter: { active: true },
  sort: ['-created_at'],
  perPage: 20,
});
console.log(`${total} products, the newest is "${items[0].name}"`);

const order = await sb.records.create('orders', {
  product_id: items[0].id,
  quantity: 3,
});
console.log(`ordered ${order.quantity}, status "${order.status}"`);

try {
  await sb.records.create('orders', { product_id: items[0].id, quantity: 1000 });
} catch (error) {
  if (!isCode(error, 'HOOK_ABORTED')) throw error;
  console.log(`${error.status}: ${error.message}`);
}
try {
  await sb.records.create('orders', { product_id: items[0].id, quantity: 1, status: 'confirmed' });
} catch (error) {
  if (!isCode(error, 'INVALID_FIELDS')) throw error;
  console.log('a customer confirms nothing himself');
}

const message = await received;
console.log(`webhook ${message.type}: ${message.record.quantity} pieces, signed by our server`);

const admin = new SnackBaseClient({ url });
await admin.auth.login({ account: ACCOUNT, email: EMAIL, password: PASSWORD });
const trail = await admin.audit.list({ record_id: order.id });
console.log(`${trail.total} entries in the trail, by ${trail.items[0].user_email === CUSTOMER ? 'the customer' : '?'}`);

// Trigger a workflow manually
const { instance_id } = await admin.workflows.trigger('wf-order-processing', {
  order_id: order.id,
});
let instance;
do {
  await new Promise((resolve) => setTimeout(resolve, 50));
  instance = await admin.workflowInstances.get(instance_id);
} while (!['completed', 'failed'].includes(instance.status));
const shipments = await admin.records.list('shipments', { filter: { order_id: order.id } });
const { status } = await sb.records.get('orders', order.id);
console.log(`workflow ${instance.status}: ${shipments.items[0].pieces} pieces shipped, the order is ${status}`);

const summary = await sb.endpoints.call('order-summary');
console.log(`${summary.orders} order of ${summary.pieces} pieces`);
