// A place in the log of events: after which event a reader goes on.
/** Behind the event `id` of a batch. Batches come in the order of their numbers, events of one in the order of ids. */
export interface Position {
  readonly batch: number;
  readonly id: number;
}

/** Negative when `a` comes first. */
export const comparePositions = (a: Position, b: Position): number => a.batch - b.batch || a.id - b.id;

/** As it leaves the server: `412-99813`. */
export const positionText = ({ batch, id }: Position): string => `${batch}-${id}`;

const TEXT = /^(\d{1,15})-(\d{1,15})$/;

/** Null for a text that is no position. */
export function parsePosition(text: string): Position | null {
  const found = TEXT.exec(text);
  return found === null ? null : { batch: Number(found[1]), id: Number(found[2]) };
}
