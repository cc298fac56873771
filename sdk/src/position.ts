// Places in the log of events, `<batch>-<n>`: which one comes later.

/** True when `id` lies behind `than`. Ids of another form are only told apart. */
export function isAfter(id: string, than: string | undefined): boolean {
  if (than === undefined) return true;
  const [[batch, n], [otherBatch, otherN]] = [numbers(id), numbers(than)];
  const ahead = batch - otherBatch || n - otherN;
  return Number.isNaN(ahead) ? id !== than : ahead > 0;
}

const numbers = (id: string): [number, number] => {
  const [, batch, n] = /^(\d+)-(\d+)$/.exec(id) ?? [];
  return [Number(batch), Number(n)];
};
