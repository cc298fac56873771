// Invitations over HTTP: invited by an admin, accepted by whoever holds the token, once.
import { beforeAll, describe, expect, it } from 'vitest';
import { available, type Json, PASSWORD, startApp, type Tenant, type TestApp } from '../helpers/app.ts';

describe.runIf(available)('invitations', () => {
  let t: TestApp;
  let a: Tenant;
  let b: Tenant;
  const invite = (body: Json, token = a.token) => t.call('POST', '/api/v1/invitations', body, { token });
  const accept = (token: string, password = PASSWORD) =>
    t.call('POST', `/api/v1/invitations/${token}/accept`, { password });

  beforeAll(async () => {
    t = await startApp();
    [a, b] = [await t.tenant('Acme'), await t.tenant('Other')];
  });

  it('S001-07 S001-123 answers as itself: 401 anonymously, 403 for a plain user, 200 for admins and superadmins', async () => {
    const { token } = await t.member(a.account.id);
    const list = async (as?: string) =>
      (await t.call('GET', '/api/v1/invitations', undefined, { token: as ?? null })).status;
    expect([await list(), await list(token), await list(a.token), await list(t.root)]).toEqual([401, 403, 200, 200]);
  });

  it('makes a verified user with the role of the invitation, who is logged in; the token works once', async () => {
    const made = await invite({ email: 'Grace@Example.com', role_id: '1' });
    expect([made.status, made.body.status, made.body.role, made.body.account_id]).toEqual([
      201,
      'pending',
      'admin',
      a.account.id,
    ]);
    const { token } = made.body;
    expect((await t.mailTo('Grace@Example.com')).text).toContain(token);
    const notice = await t.call('GET', `/api/v1/invitations/${token}`);
    expect(notice.body).toMatchObject({
      email: 'Grace@Example.com',
      account_name: 'Acme',
      invited_by_name: a.email,
      is_valid: true,
    });
    const weak = await accept(token, 'weak');
    expect([weak.status, weak.body.errors[0].code]).toEqual([400, 'password_too_weak']);
    const replies = await Promise.all([accept(token), accept(token), accept(token)]);
    expect(replies.map((r) => r.status).sort()).toEqual([200, 400, 400]);
    const session = replies.find((r) => r.status === 200)?.body;
    expect(session.user).toMatchObject({ role: 'admin', email_verified: true, account_id: a.account.id });
    expect((await t.call('GET', '/api/v1/auth/me', undefined, { token: session.token })).status).toBe(200);
    expect((await t.call('GET', `/api/v1/invitations/${token}`)).body.is_valid).toBe(false);
    expect((await invite({ email: 'grace@example.com' })).status).toBe(409);
  });

  it('one open invitation an address; resend replaces the token; cancel ends it', async () => {
    const made = (await invite({ email: 'linus@example.com' })).body;
    expect(made.role).toBe('user');
    expect((await invite({ email: 'LINUS@example.com' })).status).toBe(409);
    const again = await t.call('POST', `/api/v1/invitations/${made.id}/resend`, {}, { token: a.token });
    expect(again.body.token).not.toBe(made.token);
    expect((await accept(made.token)).status).toBe(404);
    expect((await t.call('DELETE', `/api/v1/invitations/${made.id}`, undefined, { token: a.token })).status).toBe(204);
    expect((await t.call('DELETE', `/api/v1/invitations/${made.id}`, undefined, { token: a.token })).status).toBe(404);
    const late = await accept(again.body.token);
    expect([late.status, late.body.code]).toEqual([400, 'INVALID_TOKEN']);
    expect((await invite({ email: 'linus@example.com' })).status).toBe(201);
    const { body } = await t.call('GET', '/api/v1/invitations?status_filter=cancelled', undefined, { token: a.token });
    expect(body.invitations.map((i: Json) => i.id)).toEqual([made.id]);
    expect(body.items).toEqual(body.invitations);
    expect(JSON.stringify(body)).not.toContain('token');
  });

  it('an expired invitation says so, cannot be accepted, and makes room for another', async () => {
    const made = (await invite({ email: 'late@example.com' })).body;
    await t.app.db.query(`update snackbase.invitations set expires_at = now() - interval '1 minute' where id = $1`, [
      made.id,
    ]);
    expect((await accept(made.token)).body.code).toBe('INVALID_TOKEN');
    expect(
      (await t.call('GET', '/api/v1/invitations?status_filter=expired', undefined, { token: a.token })).body.total,
    ).toBe(1);
    expect((await invite({ email: 'late@example.com' })).status).toBe(201);
  });

  it('S000-28 no admin sees, resends, cancels or makes invitations of another account; superadmins name theirs', async () => {
    const made = (await invite({ email: 'ours@example.com' })).body;
    const as = { token: b.token };
    expect((await t.call('GET', '/api/v1/invitations', undefined, as)).body.total).toBe(0);
    expect((await t.call('POST', `/api/v1/invitations/${made.id}/resend`, {}, as)).status).toBe(404);
    expect((await t.call('DELETE', `/api/v1/invitations/${made.id}`, undefined, as)).status).toBe(404);
    expect((await invite({ email: 'x@example.com', account_id: a.account.id }, b.token)).status).toBe(403);
    expect((await invite({ email: 'x@example.com' }, t.root)).body.code).toBe('ACCOUNT_REQUIRED');
    expect((await invite({ email: 'x@example.com', account_id: 'nowhere' }, t.root)).status).toBe(404);
    expect((await invite({ email: 'x@example.com', account_id: b.account.slug }, t.root)).body.account_id).toBe(
      b.account.id,
    );
    expect((await invite({ email: 'x@example.com', role_id: 999 })).body.errors[0].field).toBe('role_id');
    expect((await invite({ email: 'not an address' })).status).toBe(422);
  });
});
