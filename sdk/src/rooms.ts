// Services straight from the route table: a method for each route, its arguments in the order of the generated types.
import { asCall, type Call } from './call.ts';
import type { CallOptions } from './options.ts';
import type { Input, Send } from './transport.ts';

/**
 * Builds a room's service. Arguments of a method: path parameters in their order, body if the route is marked `b`,
 * query if it is marked `q`, call options. `generate.ts` prints the types in the same order.
 */
export function serviceOf(send: Send, routes: object): object {
  const methods = Object.entries(routes).map(([verb, route]: [string, string]) => [
    verb,
    (...given: unknown[]): Call<unknown> => {
      const [, path = '', marks = ''] = route.split(' ');
      const params: Record<string, unknown> = {};
      for (const [, name = ''] of path.matchAll(/[:*](\w+)/g)) params[name] = given.shift();
      const body = marks.includes('b') ? given.shift() : undefined;
      const query = marks.includes('q') ? given.shift() : undefined;
      return asCall(send(route, { params, query, body } as Input, given[0] as CallOptions));
    },
  ]);
  return Object.fromEntries(methods);
}
