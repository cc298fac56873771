// A stored endpoint as its managers see it and as it is made from what they send.
import type { Endpoint, EndpointChange } from '../../../contract/endpoints.ts';
import type { ProblemEntry } from '../../../contract/problems.ts';
import { segmentsOf } from './path.ts';
import type { EndpointRow, EndpointSettings } from './store.ts';

export function shown({ settings, pattern: _, account, ...row }: EndpointRow): Endpoint {
  const [first = '', ...more] = segmentsOf(row.path);
  return {
    ...row,
    slug: more.length === 0 && !first.startsWith(':') ? first : null,
    url: `/api/v1/x${row.path}`,
    public_url: `/api/v1/x/${account}${row.path}`,
    ...settings,
    actions: settings.actions.map((action) => ({ ...action })),
    response_template: settings.response_template === null ? null : { ...settings.response_template },
  };
}

const DEFAULTS: EndpointSettings = {
  auth_required: true,
  condition: null,
  input_schema: null,
  query_schema: null,
  actions: [],
  response_template: null,
  failure_status: null,
  timeout_seconds: 30,
  run_as: 'caller',
  atomic: null,
};

/** The settings with what is sent; the others stay. */
export function settingsOf(sent: EndpointChange, before: EndpointSettings = DEFAULTS): EndpointSettings {
  const keys = Object.keys(DEFAULTS) as (keyof EndpointSettings)[];
  const given = keys.filter((key) => sent[key] !== undefined).map((key) => [key, sent[key]]);
  return { ...before, ...(Object.fromEntries(given) as Partial<EndpointSettings>) };
}

/** The path that is meant, undefined where none is sent. */
export function pathOf({ path, slug }: EndpointChange, problems: ProblemEntry[]): string | undefined {
  if (path === '') {
    problems.push({ field: 'path', code: 'bad_path', message: 'Write a path, as /orders/:id.' });
    return undefined;
  }
  if (slug === undefined) return path;
  if (path !== undefined) {
    if (path !== `/${slug}`)
      problems.push({ field: 'slug', code: 'conflict', message: 'Send path or slug, not both.' });
    return path;
  }
  if (slug === '' || slug.includes('/') || slug.includes(':')) {
    problems.push({ field: 'slug', code: 'bad_path', message: 'A slug is one segment: send path for more.' });
    return undefined;
  }
  return `/${slug}`;
}
