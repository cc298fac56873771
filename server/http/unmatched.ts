// What no route of the contract took: 405 with Allow where the path exists, NO_RESOURCE_NAME, else 404.
import type { RequestHandler } from 'express';
import type { Contract } from '../../contract/kit.ts';
import { Failure } from '../../contract/problems.ts';

/** The handler after all routes. It knows every path of the contract and its methods. */
export function unmatched(contract: Contract): RequestHandler {
  const paths = new Map<string, Set<string>>();
  for (const room of Object.values(contract)) {
    for (const { path, method } of Object.values(room)) {
      const methods = paths.get(path) ?? new Set<string>();
      paths.set(path, method === 'GET' ? methods.add('GET').add('HEAD') : methods.add(method));
    }
  }
  const patterns = [...paths].map(([path, methods]) => ({
    literal: !/[:*]/.test(path),
    matches: new RegExp(`^${path.replace(/:[^/]+/g, '[^/]+').replace(/\*\w+/g, '.+')}/?$`),
    allow: [...methods].sort().join(', '),
  }));
  return (request, _response, next) => {
    const { path, method } = request;
    const [, face] = /^(\/api\/v1\/records|\/v1)\/?$/.exec(path) ?? [];
    if (face !== undefined) return next(new Failure('NO_RESOURCE_NAME', { path: face }));
    const known = patterns.filter((p) => p.matches.test(path));
    const best = known.find((p) => p.literal) ?? known[0];
    next(
      best === undefined
        ? new Failure('ROUTE_NOT_FOUND', { method, path })
        : new Failure('METHOD_NOT_ALLOWED', { method, allow: best.allow }),
    );
  };
}
