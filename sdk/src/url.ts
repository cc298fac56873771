// URLs: the base, a path with its parameters, a query. Every value is encoded; none can change which route is called.

/**
 * The base URL without query, fragment and trailing slashes. Absolute with http or https and without credentials, or a path for pages of the same origin.
 * @throws TypeError for anything else
 */
export function baseOf(url: unknown): string {
  const text = String(url ?? '').replace(/[?#].*$/s, '');
  if (!/^(https?:\/\/[^/@\s]+(\/|$)|\/(?!\/))/i.test(text)) throw new TypeError('Set url, as https://api.example.com');
  return text.replace(/\/+$/, '');
}

/**
 * Fills `:name` segments, and `*name` with a path whose segments are encoded one by one.
 * @throws TypeError that names a parameter which is missing, empty, or a dot segment (URL parsers would resolve it away)
 */
export function fillPath(path: string, params: object = {}): string {
  return path.replace(/[:*](\w+)/g, (mark, name: string) => {
    const value = (params as Readonly<Record<string, unknown>>)[name];
    const text = typeof value === 'string' || typeof value === 'number' ? String(value) : '';
    const parts = mark.startsWith('*') ? text.replace(/^\//, '').split('/') : [text];
    if (parts.some((part) => /^\.{0,2}$/.test(part))) throw new TypeError(`${path}: ${name} must not be empty`);
    return parts.map(encodeURIComponent).join('/');
  });
}

/** `?a=1&b=2`, or nothing when there is no value. Undefined is left out, arrays become a comma list. */
export function searchOf(query: object = {}): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  return given.length > 0 ? `?${new URLSearchParams(given)}` : '';
}
