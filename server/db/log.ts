// Where the database tells what it survived: the two levels it needs of the server's logger.

/** Any pino-like logger. */
export interface Logger {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

/** A logger with a way to run code whose failure must not reach the caller. */
export class Log {
  constructor(private readonly target?: Logger) {}

  info(facts: object, message: string): void {
    this.target?.info(facts, message);
  }

  warn(facts: object, message: string): void {
    this.target?.warn(facts, message);
  }

  error(facts: object, message: string): void {
    this.target?.error(facts, message);
  }

  /** Runs `fn`; what it throws is logged. */
  guard(fn: () => void): void {
    try {
      fn();
    } catch (error) {
      this.error({ err: error }, 'A database listener or after-commit function failed.');
    }
  }
}
