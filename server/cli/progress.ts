// How far a long work is, on the error output: a bar, rows a second and the time that is left; plain lines where nobody watches.

export interface Progress {
  /** `done` of the total that was given, and how many rows that is. */
  at(done: number, rows: number): void;
  /** Ends the bar with a line. */
  end(rows: number): void;
}

const WIDTH = 24;
const WATCHED_MS = 100;
const UNWATCHED_MS = 5000;

/** `total` null: it is not known how much there is. */
export function progress(total: number | null, out: NodeJS.WriteStream = process.stderr): Progress {
  const began = performance.now();
  let shown = 0;
  const line = (done: number, rows: number): string => {
    const seconds = (performance.now() - began) / 1000;
    const rate = Math.round(rows / Math.max(seconds, 0.001));
    const share = total === null || total === 0 ? null : Math.min(done / total, 1);
    const text = `${rows.toLocaleString('en')} rows, ${rate.toLocaleString('en')}/s`;
    if (share === null) return text;
    const filled = Math.round(share * WIDTH);
    const left = share === 0 ? '' : `, ${clock((seconds / share) * (1 - share))} left`;
    return `[${'#'.repeat(filled)}${'.'.repeat(WIDTH - filled)}] ${String(Math.floor(share * 100)).padStart(3)} %  ${text}${left}`;
  };
  return {
    at(done, rows) {
      const now = performance.now();
      if (now - shown < (out.isTTY ? WATCHED_MS : UNWATCHED_MS)) return;
      shown = now;
      out.write(out.isTTY ? `\r\x1b[K${line(done, rows)}` : `${line(done, rows)}\n`);
    },
    end(rows) {
      const seconds = ((performance.now() - began) / 1000).toFixed(1);
      out.write(`${out.isTTY ? '\r\x1b[K' : ''}${rows.toLocaleString('en')} rows in ${seconds} s\n`);
    },
  };
}

function clock(seconds: number): string {
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
