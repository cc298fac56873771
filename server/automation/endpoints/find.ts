// Which endpoint a request means: by the account that its caller has or names, the path and the method.
import { Failure } from '../../../contract/problems.ts';
import type { Ctx } from '../../context.ts';
import { cut } from '../../text.ts';
import type { ByAccount } from '../definitions.ts';
import { createRouter, type Router } from './path.ts';
import { revisionOf, type StoredRoute } from './store.ts';

export interface EndpointRoute extends StoredRoute {
  readonly revision: number;
}

export interface AccountEndpoints {
  readonly id: string;
  readonly slug: string;
  readonly router: Router<EndpointRoute>;
}

/** All that answer, by account. */
export class EndpointMap implements ByAccount<StoredRoute> {
  private readonly known = new Map<string, AccountEndpoints>();

  put(accountId: string, rows: readonly StoredRoute[]): void {
    const [first] = rows;
    const id = accountId.toLowerCase();
    const before = this.known.get(id);
    for (const name of before === undefined ? [] : [id, before.slug]) this.known.delete(name);
    if (first === undefined) return;
    const router = createRouter(
      rows.map((row) => ({ method: row.method, path: row.path, value: { ...row, revision: revisionOf(row) } })),
    );
    const slug = first.account.toLowerCase();
    const account = { id: accountId, slug, router };
    this.known.set(id, account).set(slug, account);
  }

  /** By the account's id or slug, in whatever letters. */
  get(account: string): AccountEndpoints | undefined {
    return this.known.get(account.toLowerCase());
  }
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
  const inPath = map.get(first);
  const own = accountHeader ?? caller?.accountId;
  const account = own === undefined ? undefined : map.get(own);
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
    throw new Failure('ROUTE_NOT_FOUND', { method, path: cut(`/api/v1/x/${segments.join('/')}`, 300) });
  if (methods.has('GET')) methods.add('HEAD');
  throw new Failure('METHOD_NOT_ALLOWED', { method, allow: [...methods].sort().join(', ') });
}
