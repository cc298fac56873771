// The one internal of `pg` that raw queries use: how a value becomes a parameter.
declare module 'pg/lib/utils.js' {
  const utils: { prepareValue(value: unknown): unknown };
  export default utils;
}
