// Which endpoint a request means: by the account that its caller has or names, the path and the method.
import { Failure } from '../../../contract/problems.ts';
import type { Ctx } from '../../context.ts';
import { createRouter, type Router } from './path.ts';
import { revisionOf, type StoredRoute } from './store.ts';

export interface EndpointRoute extends StoredRoute {
  readonly revision: number;
}

export interface AccountEndpoints {
  readonly id: string;
  readonly router: Router<EndpointRoute>;
}

/** All that answer, by account: by its id and by its slug, in small letters. */
export type EndpointMap = ReadonlyMap<string, AccountEndpoints>;

export function endpointMap(rows: readonly StoredRoute[]): EndpointMap {
  const byAccount = new Map<string, EndpointRoute[]>();
  for (const row of rows) {
    const route = { ...row, revision: revisionOf(row) };
    byAccount.set(row.account_id, [...(byAccount.get(row.account_id) ?? []), route]);
  }
  return new Map(
    [...byAccount].flatMap(([id, own]) => {
      const router = createRouter(own.map((row) => ({ method: row.method, path: row.path, value: row })));
      const account = { id, router };
      return [
        [id.toLowerCase(), account],
        [(own[0] as EndpointRoute).account.toLowerCase(), account],
      ] as const;
    }),
  );
}

export interface Found {
  readonly endpoint: EndpointRoute;
  readonly params: Readonly<Record<string, string>>;
  /** He belongs to the account; a stranger is nobody there. */
  readonly belongs: boolean;
}

type Place = readonly [account: AccountEndpoints, segments: readonly string[]];

/** Where to look, in this order. */
function places(map: EndpointMap, { caller, accountHeader }: Ctx, segments: readonly string[]): Place[] {
  const [first = '', ...rest] = segments;
  const inPath = map.get(first.toLowerCase());
  const own = accountHeader ?? caller?.accountId;
  const account = own === undefined ? undefined : map.get(own.toLowerCase());
  // Who names an account in a header means that one.
  const other = inPath !== undefined && (accountHeader === null || inPath === account) ? inPath : undefined;
  return [...(account ? [[account, segments] as const] : []), ...(other ? [[other, rest] as const] : [])];
}

/** Throws ROUTE_NOT_FOUND, METHOD_NOT_ALLOWED naming those that are open to the caller, and UNAUTHORIZED. */
export function findEndpoint(map: EndpointMap, ctx: Ctx, method: string, segments: readonly string[]): Found {
  const { caller } = ctx;
  const methods = new Set<string>();
  let hidden = false;
  const all = places(map, ctx, segments);
  for (const [account, rest] of all) {
    const belongs = caller !== null && (caller.superadmin || caller.accountId === account.id);
    const open = (endpoint: EndpointRoute) => belongs || !endpoint.auth_required;
    const match = account.router.match(method, rest);
    if (match !== null && open(match.value)) return { endpoint: match.value, params: match.params, belongs };
    if (match !== null) hidden = true;
    for (const one of account.router.methods(rest)) {
      const other = account.router.match(one, rest)?.value;
      if (other !== undefined && open(other)) methods.add(one);
      else hidden = true;
    }
  }
  // Whoever is nobody learns nothing of what needs a credential, and may be somebody with one.
  if (caller === null && (hidden || all.length === 0)) throw new Failure('UNAUTHORIZED');
  if (methods.size === 0)
    throw new Failure('ROUTE_NOT_FOUND', { method, path: `/api/v1/x/${segments.join('/')}`.slice(0, 300) });
  if (methods.has('GET')) methods.add('HEAD');
  throw new Failure('METHOD_NOT_ALLOWED', { method, allow: [...methods].sort().join(', ') });
}
