// The route that took a request, and its handler.
import type { Route } from '../../contract/kit.ts';
import type { Handler } from '../context.ts';

// biome-ignore lint/suspicious/noExplicitAny: the tables of all rooms meet in the mount; each was checked against its own room where it was written
export type AnyHandler = Handler<any>;

/** What a request that cannot be read is judged by. */
export interface Judged {
  readonly route: Route;
  readonly handler: AnyHandler;
  /** Of the path; the server's error handlers see those of their own, which has none. */
  readonly params: Readonly<Record<string, string>>;
}
