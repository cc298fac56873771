// What every method returns: a promise of the data that can also tell the reply.

/** A reply and what was read from it. */
export interface Reply<T> {
  readonly data: T;
  /** Status and headers; its body is used up. */
  readonly response: Response;
  readonly requestId: string | undefined;
}

/** A promise of the data. `withResponse()` is a promise of the data with its response. */
export interface Call<T> extends Promise<T> {
  withResponse(): Promise<Reply<T>>;
}

/** Makes a call of a promised reply. */
export function asCall<T>(reply: Promise<Reply<T>>): Call<T> {
  const data = reply.then((r) => r.data);
  return Object.assign(data, {
    withResponse: () => {
      // Who asks for the response gets the failure there; the other promise must not report it a second time.
      data.catch(() => {});
      return reply;
    },
  });
}
