// The contract itself: complete routes, a catalogue that agrees with itself, paths under one roof.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { contract } from '../../contract/index.ts';
import { hasBody, type Route, successStatus, type z } from '../../contract/kit.ts';
import { CATALOGUE, Failure, Problem } from '../../contract/problems.ts';

const routes = Object.entries(contract).flatMap(([room, table]) =>
  Object.entries(table).map(([name, route]) => ({ id: `${room}.${name}`, route: route as Route })),
);

describe('repository', () => {
  it('S000-06 carries an open-source licence, which the packages name', () => {
    const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
    expect(read('LICENSE')).toMatch(/^MIT License/);
    for (const manifest of ['package.json', 'sdk/package.json']) expect(JSON.parse(read(manifest)).license).toBe('MIT');
  });
});

describe('contract', () => {
  it('S001-03 every path begins with /api/v1, but for probes, documents and the second face of records', () => {
    const open = ['/health', '/live', '/ready', '/docs', '/openapi.json', '/openapi.yaml', '/mcp'];
    const known = (path: string) => /^(\/api\/v1|\/v1\/:resource)(\/|$)/.test(path) || open.includes(path);
    expect(routes.filter(({ route }) => !known(route.path)).map((r) => r.id)).toEqual([]);
  });

  it('method and path are unique, also with parameters erased', () => {
    const keys = routes.map(({ route }) => `${route.method} ${route.path.replace(/:\w+/g, ':')}`);
    expect(keys.length).toBe(new Set(keys).size);
  });

  it('a literal path stands before the parameter that would swallow it', () => {
    for (const [i, { id, route }] of routes.entries()) {
      const pattern = new RegExp(`^${route.path.replace(/:[^/]+/g, '[^/]+')}$`);
      const later = routes.slice(i + 1).filter((r) => r.route.method === route.method && pattern.test(r.route.path));
      expect(
        later.map((r) => r.id),
        id,
      ).toEqual([]);
    }
  });

  it('every route has a summary, an example, path parameters that match its path, and a successful reply', () => {
    for (const { id, route } of routes) {
      expect(route.summary.length, id).toBeGreaterThan(5);
      expect(Object.keys(route.pathParams.shape).sort(), id).toEqual(
        [...route.path.matchAll(/[:*](\w+)/g)].map((m) => m[1]).sort(),
      );
      expect([101, 200, 201, 202, 204], id).toContain(successStatus(route));
      if (hasBody(route) && !(route.body as z.ZodType).safeParse(undefined).success)
        expect(route.example.body, id).toBeDefined();
    }
  });

  it('metadata agrees with the method: GET is safe; what is safe is never audited, everything else is', () => {
    for (const { id, route } of routes) {
      const { idempotent, audit } = route.metadata;
      if (route.method === 'GET' && id !== 'auth.verifyEmailLink') expect(idempotent, id).toBe('safe');
      if (idempotent === 'safe') expect(audit, id).toBe(null);
      else expect(audit, id).toMatch(/^[a-z_]+(\.[a-z_]+)?$/);
    }
  });

  it('S002-29 S002-34 every error response of every route is the one problem body', () => {
    for (const { id, route } of routes) {
      for (const [status, schema] of Object.entries(route.responses).filter(([s]) => Number(s) >= 400)) {
        const { code } = (schema as z.ZodObject<{ code: z.ZodEnum }>).shape;
        for (const value of code.options)
          expect(CATALOGUE[value as keyof typeof CATALOGUE].status, `${id} ${value}`).toBe(Number(status));
      }
    }
  });

  it('every code of the catalogue renders to a valid body with nothing left unfilled', () => {
    for (const code of Object.keys(CATALOGUE) as (keyof typeof CATALOGUE)[]) {
      const names = [...CATALOGUE[code].message.matchAll(/\{(\w+)\}/g)].map((m) => m[1] as string);
      const failure = new Failure(code, Object.fromEntries(names.map((n) => [n, 'x'])));
      const body = failure.body('cid_1');
      expect(Problem.parse(body), code).toEqual(body);
      expect(body.message, code).not.toMatch(/[{}]/);
      if (failure.status === 401 && code !== 'EMAIL_NOT_VERIFIED')
        expect(body.message, code).not.toMatch(/email|verify/);
    }
  });
});
