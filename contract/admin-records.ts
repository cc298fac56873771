// Records as managers write them: with an admin token or as a superadmin, into the account that the body names.
import { writes } from './access.ts';
import { room, z } from './kit.ts';
import { errors } from './problems.ts';
import { inCollection, oneRecord, StoredRecord } from './records.ts';

const ManagedBody = z.record(z.string(), z.unknown()).meta({
  id: 'ManagedRecordBody',
  description: 'account_id (id or slug, mandatory) and the fields of the collection.',
});

const fields = { title: 'Getting started', content: 'A first post.' };
const at = '2026-01-02T03:04:05.678Z';
const by = '0198c0de-7a11-7000-8000-3b2f5c0ffee2';
const id = '0198c0de-7a11-7000-8000-3b2f5c0ffee1';
const reply = { id, account_id: 'AB1234', created_at: at, updated_at: at, created_by: by, updated_by: by, ...fields };
const body = { account_id: 'AB1234', ...fields };
const params = { collection: 'posts', id };
const refused = errors(
  'RESOURCE_NOT_FOUND',
  'RESOURCE_DISABLED',
  'ACCOUNT_REQUIRED',
  'INVALID_RESOURCE_DATA',
  'INVALID_FIELDS',
  'RELATION_REFERENCE_ERROR',
  'RESOURCE_CONFLICT',
  'STATEMENT_TIMEOUT',
);

export const adminRecords = room({
  create: {
    method: 'POST',
    path: '/api/v1/admin/records/:collection',
    summary: 'Create a record in an account',
    pathParams: inCollection,
    body: ManagedBody,
    responses: { 201: StoredRecord, ...refused, ...errors('RESOURCE_STORE_ERROR') },
    metadata: writes('superadmin', 'record.create'),
    example: { params: { collection: 'posts' }, body, reply },
  },
  replace: {
    method: 'PUT',
    path: '/api/v1/admin/records/:collection/:id',
    summary: 'Replace a record of an account',
    pathParams: oneRecord,
    body: ManagedBody,
    responses: { 200: StoredRecord, ...refused, ...errors('RESOURCE_UPDATE_ERROR') },
    metadata: writes('superadmin', 'record.update', { idempotent: 'natural' }),
    example: { params, body, reply },
  },
  patch: {
    method: 'PATCH',
    path: '/api/v1/admin/records/:collection/:id',
    summary: 'Change fields of a record of an account',
    pathParams: oneRecord,
    body: ManagedBody,
    responses: { 200: StoredRecord, ...refused, ...errors('RESOURCE_UPDATE_ERROR') },
    metadata: writes('superadmin', 'record.update'),
    example: {
      params,
      body: { account_id: 'AB1234', title: 'A better title' },
      reply: { ...reply, title: 'A better title' },
    },
  },
});
