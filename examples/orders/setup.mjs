// Defines the shop of examples/orders: collections and rules (by a superadmin), then everything that is to happen by itself (by the account's
// admin). SNACKBASE_URL=… ROOT_PASSWORD=… ACCOUNT=acme EMAIL=ada@acme.com PASSWORD=… RECEIVER=http://… node examples/orders/setup.mjs
import { SnackBaseClient } from '@snackbase/sdk';

const { SNACKBASE_URL: url = 'http://localhost:8000', ROOT_EMAIL = 'superadmin@snackbase.local' } = process.env;
const { ROOT_PASSWORD, ACCOUNT, EMAIL, PASSWORD, RECEIVER } = process.env;

const root = new SnackBaseClient({ url });
await root.auth.login({ account: 'system', email: ROOT_EMAIL, password: ROOT_PASSWORD });

const everybody = { list_rule: '@request.auth.id != ""', view_rule: '@request.auth.id != ""' };
await root.collections.create({
  name: 'products',
  schema: [
    { name: 'name', type: 'text', required: true },
    { name: 'price', type: 'number', required: true },
    { name: 'active', type: 'boolean', default: true },
  ],
  ...everybody,
});
const own = '@owns_record() or @has_role("admin")';
await root.collections.create({
  name: 'orders',
  schema: [
    { name: 'product_id', type: 'reference', collection: 'products', required: true },
    { name: 'quantity', type: 'number', required: true, min: 1, integer: true },
    { name: 'status', type: 'text', default: 'new', enum: ['new', 'confirmed'] },
  ],
  list_rule: own,
  view_rule: own,
  create_rule: '@request.auth.id != ""',
  create_fields: ['product_id', 'quantity'],
});
await root.collections.create({
  name: 'shipments',
  schema: [
    { name: 'order_id', type: 'reference', collection: 'orders', required: true },
    { name: 'pieces', type: 'number', required: true },
  ],
});

const sb = new SnackBaseClient({ url });
await sb.auth.login({ account: ACCOUNT, email: EMAIL, password: PASSWORD });
for (const [name, price] of [
  ['Espresso machine', 399],
  ['Grinder', 149],
  ['Cup', 9],
])
  await sb.records.create('products', { name, price });

// Runs in the transaction of the order: what it refuses was never there.
await sb.hooks.create({
  name: 'Not more than a hundred',
  trigger: { type: 'event', event: 'on_record_before_create', collection: 'orders' },
  condition: 'quantity > 100',
  actions: [{ type: 'abort', message: 'We sell at most 100 pieces: {{record.quantity}} are too many.', status: 409 }],
});

const webhook = await sb.webhooks.create({ url: RECEIVER, collection: 'orders', events: ['create'] });

await sb.workflows.create({
  name: 'Order processing',
  slug: 'wf-order-processing',
  trigger: { type: 'manual' },
  steps: [
    {
      type: 'action',
      name: 'order',
      action_type: 'query_records',
      config: { collection: 'orders', filter: 'id = {{trigger.order_id}}' },
    },
    {
      type: 'condition',
      name: 'is_new',
      expression: "steps.order.output.items.0.status = 'new'",
      on_true: 'ship',
      on_false: 'end',
    },
    {
      type: 'action',
      name: 'ship',
      action_type: 'create_record',
      config: {
        collection: 'shipments',
        data: { order_id: '{{trigger.order_id}}', pieces: '{{steps.order.output.items[0].quantity}}' },
      },
    },
    {
      type: 'action',
      name: 'confirm',
      action_type: 'update_record',
      config: { collection: 'orders', record_id: '{{trigger.order_id}}', data: { status: 'confirmed' } },
    },
  ],
});

await sb.endpoints.create({
  name: 'Order summary',
  slug: 'order-summary',
  method: 'GET',
  actions: [
    { type: 'aggregate_records', name: 'orders', collection: 'orders', function: 'count' },
    { type: 'aggregate_records', name: 'pieces', collection: 'orders', function: 'sum', field: 'quantity' },
  ],
  response_template: {
    status: 200,
    body: { orders: '{{actions.orders.result.value}}', pieces: '{{actions.pieces.result.value}}' },
  },
});

console.log(webhook.secret);
