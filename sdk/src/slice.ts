// The first records of a query as they are known: what a change does to them, and whether it leaves something that only the server knows.
import type { RecordEvent } from './events.ts';
import type { Order } from './order.ts';

/** What of a record a slice must know. */
export interface Row {
  readonly id: string;
  readonly updated_at: string;
  readonly [field: string]: unknown;
}

export class Slice {
  readonly #order: Order;
  readonly #limit: number;
  readonly #expanded: boolean;
  /** Never changed in place: a change makes another array. */
  items: readonly Row[] = [];
  /** Records of the query lie behind the last one. */
  #more = false;

  /** @param expanded the rows show more than their own record, so that an event cannot make one */
  constructor(order: Order, limit: number, expanded: boolean) {
    this.#order = order;
    this.#limit = limit;
    this.#expanded = expanded;
  }

  /** Takes the rows as the server has read them. */
  fill(rows: readonly Row[], more: boolean): void {
    // A record that moved while pages were read may stand on two of them; the later one is newer.
    const known = new Map<string, Row>();
    for (const row of rows) {
      known.delete(row.id);
      known.set(row.id, row);
    }
    this.items = [...known.values()].slice(0, this.#limit);
    this.#more = more || known.size > this.#limit;
    this.#order.learn(this.items);
  }

  /** Takes one change. Answers true when the list must be read again to be right. */
  apply(event: RecordEvent<Row>): boolean {
    const at = this.items.findIndex(({ id }) => id === event.record_id);
    const known = this.items[at];
    const row = event.new;
    if (row === null) {
      if (known) this.items = this.items.filter((_, i) => i !== at);
      return known !== undefined && this.#more;
    }
    if (known && isKnown(known, row)) return false;
    if (this.#expanded) return true;
    const items = [...this.items];
    if (known && this.#order.compare(known, row) === 0) {
      items[at] = row;
      this.items = items;
      return false;
    }
    if (known) items.splice(at, 1);
    const to = this.#order.place(items, row);
    const beyond = this.#more && to === items.length;
    items.splice(to, 0, row);
    const doubtful = this.#order.doubtful(items, to);
    // Behind the last one that is known there are others: whether it comes before them, only the server can say.
    if (beyond || items.length > this.#limit) {
      items.pop();
      this.#more = true;
    }
    if (known || !beyond) this.items = items;
    return doubtful || (beyond && known !== undefined);
  }
}

/** Whether a version is the one that is held or older. One of the same time may have been changed by a reference. */
function isKnown(held: Row, row: Row): boolean {
  if (held.updated_at !== row.updated_at) return held.updated_at > row.updated_at;
  return JSON.stringify(held) === JSON.stringify(row);
}
