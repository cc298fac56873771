// What PostgreSQL's background processes would do and a lone session must do itself: checkpoints, vacuum and statistics.
import type { Log } from './log.ts';

type Query = <T extends object>(text: string) => Promise<T[]>;

const roundEveryMs = 30_000;
const checkpointAfterBytes = 64 * 1024 * 1024;

/** Looks after the database from time to time while `query` works; answers the function that ends it. */
export function careFor(query: Query, log: Log): () => void {
  let busy = false;
  const timer = setInterval(() => {
    if (busy) return;
    busy = true;
    care(query)
      .catch((error) => log.warn({ err: error }, 'The embedded database could not be looked after.'))
      .finally(() => {
        busy = false;
      });
  }, roundEveryMs);
  timer.unref();
  return () => clearInterval(timer);
}

/** One round; answers the statements it ran. Each waits for its turn alone, so callers are held up by one table at most. */
export async function care(query: Query): Promise<string[]> {
  const due: string[] = [];
  for (const { work, target } of await query<{ work: string; target: string }>(neglected))
    due.push(`${work} ${target}`);
  // Without checkpoints the log grows for ever, and the start after a crash replays all of it.
  const [log] = await query<{ bytes: string }>(logSinceCheckpoint);
  if (Number(log?.bytes) > checkpointAfterBytes) due.push('checkpoint');
  for (const statement of due) await query(statement);
  return due;
}

const logSinceCheckpoint =
  'select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), redo_lsn)::text as bytes from pg_control_checkpoint()';

// Autovacuum's own thresholds; a table whose oldest row comes near half the range of transaction numbers is vacuumed regardless.
const neglected = `
  select case
      when s.n_dead_tup > 50 + 0.2 * c.reltuples or s.n_ins_since_vacuum > 1000 + 0.2 * c.reltuples then 'vacuum (analyze)'
      when age(c.relfrozenxid) > 1000000000 then 'vacuum (freeze)'
      else 'analyze' end as work,
    format('%I.%I', s.schemaname, s.relname) as target
  from pg_stat_all_tables s join pg_class c on c.oid = s.relid
  where c.relkind = 'r' and (
    s.n_dead_tup > 50 + 0.2 * greatest(c.reltuples, 0)
    or s.n_ins_since_vacuum > 1000 + 0.2 * greatest(c.reltuples, 0)
    or s.n_mod_since_analyze > 50 + 0.1 * greatest(c.reltuples, 0)
    or age(c.relfrozenxid) > 1000000000)
  order by s.n_dead_tup desc limit 20`;
