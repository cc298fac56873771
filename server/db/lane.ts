// One pipelined connection: many callers' statements on the wire at once, prepared once, replaced when it dies.
import type pg from 'pg';
import type { Plan, RawResult } from './database.ts';
import { classify, DatabaseUnavailable, unavailable } from './errors.ts';
import { type Call, type Done, RawQuery } from './raw-query.ts';
import { endClient, PREPARE_TENANT } from './session.ts';

const maxStatements = 500;
const noop = () => {};

// What @types/pg leaves out of `Connection`: the names that pg believes to be prepared.
type Statements = { parsedStatements: Record<string, string> };

/**
 * An open connection with its prepared statements. Each statement gets a name never used before on it, so forgetting one
 * cannot race with calls already on the wire.
 */
class Session {
  private readonly names = new Map<string, string>();
  private count = 0;
  private corked = false;

  constructor(readonly client: pg.Client) {}

  /** Gathers everything written in this turn of the event loop into one write to the socket. */
  cork(): void {
    if (this.corked) return;
    this.corked = true;
    const { stream } = this.client.connection;
    stream.cork();
    setImmediate(() => {
      this.corked = false;
      stream.uncork();
    });
  }

  send(query: RawQuery): void {
    this.cork();
    this.client.query(query);
  }

  /** The statement's name on this connection, and whether it is a new one. */
  nameOf(plan: Plan): { name: string; fresh: boolean } {
    const known = this.names.get(plan.name);
    if (known !== undefined) {
      this.names.delete(plan.name);
      this.names.set(plan.name, known);
      return { name: known, fresh: false };
    }
    if (this.names.size >= maxStatements) this.forget(this.names.keys().next().value as string);
    this.count += 1;
    const name = `s${this.count}`;
    this.names.set(plan.name, name);
    return { name, fresh: true };
  }

  /** Drops a prepared statement; calls written before keep working because the server answers in order. */
  forget(planName: string, onlyIf?: string): void {
    const name = this.names.get(planName);
    if (name === undefined || (onlyIf !== undefined && name !== onlyIf)) return;
    this.names.delete(planName);
    this.client.query(`deallocate ${name}`, () => {
      delete (this.client.connection as unknown as Statements).parsedStatements[name];
    });
  }
}

/** A connection slot; connects when first used and again after a failure. */
export class Lane {
  /** Statements waiting for an answer. */
  inFlight = 0;
  private session: Session | undefined;
  private opening: Promise<Session> | undefined;
  private closed = false;

  /**
   * `connect` answers a connected client with `pipeline: true` that is set up for use. `turn` decides when a second try may
   * be written: where the connection also carries transactions, not in the midst of one.
   */
  constructor(
    private readonly connect: () => Promise<pg.Client>,
    private readonly turn: (write: () => void) => void = (write) => write(),
  ) {}

  /** Runs a prepared statement in its own implicit transaction. */
  run(plan: Plan, values: readonly unknown[], tenant?: string): Promise<RawResult> {
    return new Promise((resolve, reject) => {
      this.inFlight += 1;
      const done: Done = (error, result) => {
        this.inFlight -= 1;
        if (error === null) resolve(result as RawResult);
        else reject(classify(error));
      };
      const call = { plan, values, tenant };
      if (this.session !== undefined) this.submit(this.session, call, done);
      else this.open().then((session) => this.submit(session, call, done), done);
    });
  }

  /** Calls `fn` with the connected client; what it writes before it returns keeps its place among the other callers' statements. */
  use<T>(fn: (client: pg.Client) => Promise<T>): Promise<T> {
    const enter = (session: Session) => {
      session.cork();
      return fn(session.client);
    };
    return this.session === undefined ? this.open().then(enter) : enter(this.session);
  }

  /** Throws the connection away, rejecting what is under way; the next call opens a new one. */
  drop(): void {
    this.session?.client.connection.stream.destroy();
    this.session = undefined;
  }

  async close(): Promise<void> {
    this.closed = true;
    const session = this.session ?? (await this.opening?.catch(() => undefined));
    this.session = undefined;
    if (session !== undefined) await endClient(session.client);
  }

  private submit(session: Session, call: Call, done: Done): void {
    const { plan } = call;
    const { name, fresh } = session.nameOf(plan);
    const first: Done = (error, result) => {
      if (error === null || !mayBeStale(error, fresh)) return done(error, result);
      // A statement outside a transaction that failed has changed nothing, so trying again is safe for writes too. Without a
      // name it is certain to be parsed anew, whatever became of the name meanwhile.
      this.turn(() => {
        session.forget(plan.name, name);
        // Who forgot one statement may have forgotten all; where this one is still known, it is refused and nothing happens.
        if (call.tenant !== undefined) session.client.query(PREPARE_TENANT, noop);
        session.send(new RawQuery(call, done));
      });
    };
    session.send(new RawQuery(call, first, name));
  }

  private open(): Promise<Session> {
    if (this.closed) return Promise.reject(new DatabaseUnavailable('The database is closed.'));
    this.opening ??= this.connect()
      .then((client) => {
        const session = new Session(client);
        const leave = () => {
          if (this.session === session) this.session = undefined;
          client.connection.stream.destroy();
        };
        client.on('error', leave);
        client.on('end', leave);
        if (!this.closed) this.session = session;
        return session;
      })
      .catch((error) => {
        throw unavailable(error);
      })
      .finally(() => {
        this.opening = undefined;
      });
    return this.opening;
  }
}

// A schema change makes prepared statements stale in three ways: the row type changes (0A000), names or operators no longer
// fit the parameter types of old (class 42), or a value no longer fits them (class 22). 26000, an unknown statement, follows
// when the first use of a name failed while parsing, or after DISCARD ALL.
function mayBeStale({ code = '' }: Error & { code?: string }, fresh: boolean): boolean {
  return code === '26000' || (!fresh && /^(0A000|42...|22P02|2200[378])$/.test(code));
}

/** Connection errors reach their callers through the statements they break; a client without a listener would end the process. */
export function quiet(client: pg.ClientBase): void {
  client.on('error', noop);
}
