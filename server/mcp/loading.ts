// What is loaded when it is first needed: once, and again after a failure.

/** Loads with the first call and shares what came; a load that failed is forgotten, so that the next call tries again. */
export function loadedOnce<T>(load: () => Promise<T>): () => Promise<T> {
  let loading: Promise<T> | undefined;
  return () => {
    loading ??= load().catch((error: unknown) => {
      loading = undefined;
      throw error;
    });
    return loading;
  };
}
