// Verifying webhooks: against signatures of the reference library, in every form of headers, and everything that is refused.
import { createHmac } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { verifyWebhook, WebhookVerificationError } from '../../sdk/src/webhooks.ts';
import { signedHeaders } from '../../server/automation/webhooks/signature.ts';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const body = JSON.stringify({ event: 'records.create', record: { title: 'ü 🙂' } });
const now = new Date('2026-01-02T03:04:05Z');
const headersOf = (payload = body, at = now, secret = SECRET) => ({
  'webhook-id': 'msg_1',
  'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
  'webhook-signature': new Webhook(secret).sign('msg_1', at, payload),
});
const codeOf = (call: Promise<unknown>) =>
  call.then(
    () => 'accepted',
    (error) => {
      expect(error).toBeInstanceOf(WebhookVerificationError);
      return error.code;
    },
  );

describe('verifyWebhook', () => {
  it('accepts what the reference library signed, as text or bytes, with headers of any kind', async () => {
    const headers = headersOf();
    const upper = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toUpperCase(), [value]]));
    for (const given of [headers, new Headers(headers), upper])
      for (const payload of [body, new TextEncoder().encode(body), Buffer.from(body)])
        expect(await verifyWebhook(payload, given, SECRET, { now })).toEqual(JSON.parse(body));
  });

  it('the server signs as the reference library does, for every kind of secret', () => {
    for (const secret of [SECRET, 'plain words here', 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD']) {
      const message = { webhookId: 'w', deliveryId: 'd', messageId: 'msg_1', event: 'records.create', body, at: now };
      const made = signedHeaders({ ...message, secrets: [secret] }, { 'webhook-id': 'mine', 'User-Agent': 'mine' });
      const key = secret.startsWith('whsec_') ? secret : Buffer.from(secret).toString('base64');
      expect(made['webhook-signature']).toBe(new Webhook(key).sign('msg_1', now, body));
      expect(made['webhook-id']).toBe('msg_1');
      expect(made['User-Agent']).toMatch(/^SnackBase/);
      expect(made['X-SnackBase-Signature']).toBe(`sha256=${createHmac('sha256', secret).update(body).digest('hex')}`);
    }
  });

  it('while secrets change, one of two on either side is enough', async () => {
    const other = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD';
    const headers = headersOf();
    const both = { ...headers, 'webhook-signature': `v1,AAAA v1a,x ${headers['webhook-signature']} junk` };
    expect(await codeOf(verifyWebhook(body, both, SECRET, { now }))).toBe('accepted');
    expect(await codeOf(verifyWebhook(body, headers, [other, SECRET], { now }))).toBe('accepted');
    expect(await codeOf(verifyWebhook(body, headers, [other], { now }))).toBe('NO_MATCH');
    expect(await codeOf(verifyWebhook(body, headers, [], { now }))).toBe('NO_MATCH');
  });

  it('refuses what was changed, is old, comes from the future, or lacks something', async () => {
    const headers = headersOf();
    const verify = (change: object, payload = body, at = now) =>
      codeOf(verifyWebhook(payload, { ...headers, ...change }, SECRET, { now: at }));
    expect(await verify({}, `${body} `)).toBe('NO_MATCH');
    expect(await verify({ 'webhook-id': 'msg_2' })).toBe('NO_MATCH');
    expect(await verify({ 'webhook-timestamp': String(Number(headers['webhook-timestamp']) + 1) })).toBe('NO_MATCH');
    expect(await verify({ 'webhook-signature': headers['webhook-signature'].replace('v1,', 'v2,') })).toBe('NO_MATCH');
    expect(await verify({ 'webhook-signature': 'v1,%%%' })).toBe('NO_MATCH');
    expect(await verify({ 'webhook-timestamp': 'soon' })).toBe('INVALID_TIMESTAMP');
    expect(await verify({ 'webhook-signature': undefined })).toBe('MISSING_HEADER');
    expect(await verify({}, body, new Date(now.getTime() + 300_000))).toBe('accepted');
    expect(await verify({}, body, new Date(now.getTime() + 302_000))).toBe('TOO_OLD');
    expect(await verify({}, body, new Date(now.getTime() - 302_000))).toBe('TOO_NEW');
    const strict = { now: new Date(now.getTime() + 11_000), toleranceSeconds: 10 };
    expect(await codeOf(verifyWebhook(body, headers, SECRET, strict))).toBe('TOO_OLD');
    expect(await codeOf(verifyWebhook(body, headers, 'whsec_%%%', { now }))).toBe('INVALID_SECRET');
    expect(await codeOf(verifyWebhook('no json', headersOf('no json'), SECRET, { now }))).toBe('INVALID_PAYLOAD');
  });
});
