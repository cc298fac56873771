// The places of items in what is wrong with them.
import { Failure } from '../../contract/problems.ts';

/** The failure with the place of its item in every entry. */
export function at({ code, parameters, entries, message }: Failure, index: number): Failure {
  const told = entries.length > 0 ? entries : [{ field: '', code: code.toLowerCase(), message }];
  return new Failure(
    code,
    parameters,
    told.map((entry) => ({ ...entry, index })),
  );
}

/** Works on every item and tells all that is wrong with any of them, each at its place; what is worse than bad data is told at once. */
export async function each<T, R>(
  items: readonly T[],
  work: (item: T, i: number) => Promise<R>,
  placeOf: (item: T, i: number) => number = (_, i) => i,
): Promise<R[]> {
  const done: R[] = [];
  const bad: Failure[] = [];
  for (const [i, item] of items.entries()) {
    try {
      done.push(await work(item, i));
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      const placed = at(error, placeOf(item, i));
      if (error.code !== 'INVALID_FIELDS' && error.code !== 'INVALID_RESOURCE_DATA') throw placed;
      bad.push(placed);
    }
  }
  const worst = bad.find(({ code }) => code === 'INVALID_FIELDS') ?? bad[0];
  if (worst !== undefined)
    throw new Failure(
      worst.code,
      worst.parameters,
      bad.flatMap(({ entries }) => entries),
    );
  return done;
}
