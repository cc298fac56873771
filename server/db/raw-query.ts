// A plan on the wire without ceremony: no row description, no row objects, the cells as `pg` read them. A fifth less CPU on lists.
import pg from 'pg';
import utils from 'pg/lib/utils.js';
import type { Cell, Plan, RawResult } from './database.ts';
import { TENANT } from './session.ts';

export type Done = (error: Error | null, result?: RawResult) => void;

// What @types/pg leaves out of a connection and of a query that a client drives; true of pg 8.23.1, which is pinned.
interface Wire {
  readonly parsedStatements: Record<string, string>;
  readonly submittedNamedStatements: Record<string, string>;
  parse(statement: { text: string; name: string }): void;
  bind(values: { statement: string; values: readonly unknown[]; valueMapper: (value: unknown) => unknown }): void;
  execute(portal: object): void;
  close(what: { type: 'S'; name: string }): void;
  sync(): void;
}
interface Driven {
  callback: (error: Error | null) => void;
  handleError(error: unknown, connection: Wire): void;
}

/** A statement to run; with `tenant` as the role that row-level security binds to that account. */
export interface Call {
  readonly plan: Plan;
  readonly values: readonly unknown[];
  readonly tenant?: string | undefined;
}

/** Give it to `client.query`; `done` is called once. Without a name the statement is parsed anew each time. */
export class RawQuery extends pg.Query {
  // Not `rows`: that is a paging option of pg's own.
  private readonly cells: Cell[][] = [];
  private settled = false;
  private rowCount = 0;
  private readonly statement: string;
  /** The answer of the statement that says who asks is still to come. */
  private entering: boolean;

  constructor(
    private readonly call: Call,
    done: Done,
    name = '',
  ) {
    super({ text: call.plan.text, name, queryMode: 'extended' } as pg.QueryConfig);
    this.statement = name;
    this.entering = call.tenant !== undefined;
    (this as unknown as Driven).callback = (error) => {
      // After a value that could not be encoded, the answer to the rest of the statement still comes.
      if (this.settled) return;
      this.settled = true;
      if (error) done(error);
      else done(null, { rows: this.cells, rowCount: this.rowCount });
    };
  }

  prepare(connection: Wire): void {
    const name = this.statement;
    const { plan, values, tenant } = this.call;
    // Everything up to `sync` is one transaction, so the role and the account end with the statement.
    if (tenant !== undefined) {
      connection.bind({ statement: TENANT, values: [tenant], valueMapper: utils.prepareValue });
      connection.execute({});
    }
    if (name === '' || !(name in connection.parsedStatements || name in connection.submittedNamedStatements)) {
      connection.parse({ text: plan.text, name });
      if (name !== '') connection.submittedNamedStatements[name] = plan.text;
    }
    try {
      connection.bind({ statement: name, values, valueMapper: utils.prepareValue });
      connection.execute({});
    } catch (error) {
      (this as unknown as Driven).handleError(error, connection);
    }
    connection.sync();
  }

  handleRowDescription(): void {}

  handleDataRow({ fields }: { fields: Cell[] }): void {
    if (!this.entering) this.cells.push(fields);
  }

  // The tag is a command, for an insert an oid, and a count where there is one.
  handleCommandComplete({ text }: { text: string }): void {
    if (this.entering) {
      this.entering = false;
      return;
    }
    const count = Number(text.slice(text.lastIndexOf(' ') + 1));
    this.rowCount = Number.isNaN(count) ? 0 : count;
  }
}
