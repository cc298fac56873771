// What the hand-written servers share: the check of a token, a reply, a body.
import { createHmac, timingSafeEqual } from 'node:crypto';
import pg from 'pg';

const { SECRET } = process.env;
// As the API writes instants.
pg.types.setTypeParser(1184, (text) => `${text.slice(0, 10)}T${text.slice(11, -3)}Z`);

/** The claims of a bearer token, null for a bad one. */
export function verify(header) {
  const [head, payload, signature] = (header ?? '').slice(7).split('.');
  const expected = createHmac('sha256', SECRET).update(`${head}.${payload}`).digest();
  const given = Buffer.from(signature ?? '', 'base64url');
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return null;
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
  return claims.exp * 1000 > Date.now() ? claims : null;
}

export const reply = (response, status, value) => {
  const text = JSON.stringify(value);
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) });
  response.end(text);
};
export const bodyOf = (request) =>
  new Promise((resolve) => {
    let text = '';
    request.on('data', (chunk) => {
      text += chunk;
    });
    request.on('end', () => resolve(JSON.parse(text)));
  });
