// The two ways a database call can fail: nobody answered, or the database refused the statement.

/** No usable connection: refused, reset, shut down, full, or too slow to connect. The statement may or may not have run. */
export class DatabaseUnavailable extends Error {
  override readonly name = 'DatabaseUnavailable';
  /** SQLSTATE or operating system code, when there was one. */
  readonly code: string | undefined;

  constructor(message: string, options?: { cause?: unknown; code?: string | undefined }) {
    super(message, options);
    this.code = options?.code;
  }
}

/** The database answered with an error; `code` is its SQLSTATE. */
export class DatabaseFault extends Error {
  override readonly name = 'DatabaseFault';
  readonly code: string;
  readonly constraint: string | undefined;
  readonly schema: string | undefined;
  readonly table: string | undefined;
  readonly column: string | undefined;
  readonly detail: string | undefined;
  readonly hint: string | undefined;
  /** Where in the statement's text, from 1. */
  readonly position: number | undefined;

  constructor(message: string, facts: DatabaseFaultFacts) {
    super(message, { cause: facts.cause });
    this.code = facts.code;
    this.constraint = facts.constraint;
    this.schema = facts.schema;
    this.table = facts.table;
    this.column = facts.column;
    this.detail = facts.detail;
    this.hint = facts.hint;
    this.position = facts.position === undefined ? undefined : Number(facts.position);
  }
}

interface DatabaseFaultFacts {
  readonly code: string;
  readonly constraint?: string | undefined;
  readonly schema?: string | undefined;
  readonly table?: string | undefined;
  readonly column?: string | undefined;
  readonly detail?: string | undefined;
  readonly hint?: string | undefined;
  readonly position?: string | number | undefined;
  readonly cause?: unknown;
}

// 08 connection, 57P01/2/3 shutdown or starting, 53300 too many connections. FATAL ends the session whatever its code.
const gone = /^(08...|57P0[1-5]|53300)$/;

/** Turns whatever `pg` rejected with into a DatabaseFault or a DatabaseUnavailable. */
export function classify(error: unknown): DatabaseFault | DatabaseUnavailable {
  if (error instanceof DatabaseFault || error instanceof DatabaseUnavailable) return error;
  if (!(error instanceof Error)) return new DatabaseUnavailable(String(error), { cause: error });
  const { code, severity } = error as Error & { code?: string; severity?: string };
  if (severity !== undefined && code !== undefined) {
    if (gone.test(code) || severity === 'FATAL' || severity === 'PANIC') return unavailable(error, code);
    return new DatabaseFault(error.message, { ...(error as Error & DatabaseFaultFacts), cause: error });
  }
  // A value that cannot be encoded (a circular object, a symbol) never reached the database: the caller's fault.
  if (error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError) {
    return new DatabaseFault(error.message, { code: '22000', cause: error });
  }
  return unavailable(error, code);
}

/** The same for errors raised while connecting, where a refusal of any kind means that there is no database. */
export function unavailable(error: unknown, code?: string): DatabaseUnavailable {
  if (error instanceof DatabaseUnavailable) return error;
  const first = error instanceof AggregateError ? error.errors[0] : error;
  const message = first instanceof Error && first.message !== '' ? first.message : String(error);
  const given = code ?? (first as { code?: string } | undefined)?.code;
  return new DatabaseUnavailable(`The database is not available: ${message}`, { cause: error, code: given });
}

function hasCode(error: unknown, ...codes: string[]): error is DatabaseFault {
  return error instanceof DatabaseFault && codes.includes(error.code);
}

/** SQLSTATE 23505, or 23P01 of an exclusion constraint. */
export const isUniqueViolation = (error: unknown): error is DatabaseFault => hasCode(error, '23505', '23P01');
/** SQLSTATE 23503, or 23001 of ON DELETE RESTRICT. */
export const isForeignKeyViolation = (error: unknown): error is DatabaseFault => hasCode(error, '23503', '23001');
/** SQLSTATE 23514. */
export const isCheckViolation = (error: unknown): error is DatabaseFault => hasCode(error, '23514');
/** SQLSTATE 23502. */
export const isNotNullViolation = (error: unknown): error is DatabaseFault => hasCode(error, '23502');
/** SQLSTATE 57014: the statement ran longer than `statementTimeoutMs`, or was cancelled. */
export const isTimeout = (error: unknown): error is DatabaseFault => hasCode(error, '57014');
/** SQLSTATE 40001 or 40P01: the same transaction may succeed when run again. */
export const isSerialization = (error: unknown): error is DatabaseFault => hasCode(error, '40001', '40P01');
/** A fault of the moment: the database is away, too slow, or somebody was in the way. What was asked for may go well later. */
export const isPassing = (error: unknown): boolean =>
  error instanceof DatabaseUnavailable || isSerialization(error) || isTimeout(error);
