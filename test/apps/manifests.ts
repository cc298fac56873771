// Manifests that the tests of apps share.
import type { Json } from '../helpers/app.ts';

export const crm = (fields: readonly Json[] = []): Json => ({
  appId: 'crm',
  name: 'CRM',
  dataContract: [
    {
      entityName: 'contacts',
      identityKind: 'contact',
      identityKey: 'email',
      fields: [
        { name: 'first_name', type: 'text', required: true },
        { name: 'last_name', type: 'text' },
        { name: 'email', type: 'text' },
        { name: 'stage', type: 'text', enum_values: ['lead', 'qualified', 'customer'], default_value: 'lead' },
        { name: 'source', type: 'text' },
        { name: 'amount', type: 'number' },
        { name: 'active', type: 'boolean', default_value: true },
        { name: 'born', type: 'date' },
        { name: 'tags', type: '[text]' },
        { name: 'scores', type: '[number]' },
        ...fields,
      ],
    },
  ],
});

export const support = (): Json => ({
  appId: 'support',
  name: 'Support',
  dataContract: [
    {
      entityName: 'contacts',
      identityKind: 'contact',
      identityKey: 'email',
      fields: [
        { name: 'email', type: 'text', required: true },
        { name: 'plan', type: 'text' },
        { name: 'amount', type: 'number' },
      ],
    },
    {
      entityName: 'tickets',
      fields: [
        { name: 'title', type: 'text', required: true },
        { name: 'contact', type: 'entity_link', references: { entity: 'contacts', field: 'id' }, on_delete: 'cascade' },
      ],
    },
  ],
});

export const CONTACTS = '/api/v1/apps/crm/collections/contacts';
