// The server's log: JSON lines on stderr, so that stdout stays for what a person reads.
import { pino } from 'pino';

export type Log = Pick<ReturnType<typeof pino>, 'debug' | 'info' | 'warn' | 'error' | 'isLevelEnabled'>;

/** `level` as in SNACKBASE_LOG. Credentials never enter a log line; the paths below are the second belt. */
export function createLog(level: 'silent' | 'error' | 'warn' | 'info' | 'debug'): Log {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: ['*.token', '*.password', '*.refresh_token', '*.authorization', 'token', 'password'],
    },
    pino.destination({ dest: 2, sync: true }),
  );
}
