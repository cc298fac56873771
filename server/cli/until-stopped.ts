// A process that runs until it is told to stop: drains on SIGTERM and SIGINT.

/** Closes `app` at the first signal and ends the process at the second; resolves with the exit code. */
export function untilStopped(app: { close(): Promise<void> }): Promise<number> {
  return new Promise<number>((resolve) => {
    let closing = false;
    const stop = () => {
      // A second signal means: now.
      if (closing) process.exit(1);
      closing = true;
      app.close().then(
        () => resolve(0),
        (error) => {
          console.error(error);
          resolve(1);
        },
      );
    };
    process.on('SIGTERM', stop);
    process.on('SIGINT', stop);
  });
}
