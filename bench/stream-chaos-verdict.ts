// What every reader was told is compared with what he had to be told: nothing lost, nothing out of order, nothing that a rule hides.
import type { Reader, Texts, Violations } from './stream-chaos-reader.ts';
import { type State, type Step, sees, type Tracked, told, type Unanswered, type View } from './stream-chaos-truth.ts';

/** A row of the table in the end. */
export interface Row {
  readonly id: string;
  readonly account_id: string;
  readonly created_by: string;
  readonly updated_by: string;
  readonly key: string;
  readonly version: number;
  readonly lane: string | null;
  readonly note: string;
}

/** Decides by the table which writes without an answer were done, and that everything else is in it as it was answered. */
export function settle(
  book: readonly Tracked[],
  rows: readonly Row[],
  violations: Violations,
): { done: number; undone: number } {
  const byKey = new Map(rows.map((row) => [row.key, row]));
  const verdicts = new Map<Unanswered, boolean>();
  for (const record of book) {
    const row = byKey.get(record.key);
    record.id ??= row?.id ?? null;
    if (record.unanswered !== null) {
      const { write, steps } = record.unanswered;
      const done = wasDone(record, steps, row);
      if (done) record.steps.push(...steps);
      if ((verdicts.get(write) ?? done) !== done)
        violations.add('torn batch', [...write.records].map(({ key }) => key).join());
      verdicts.set(write, done);
    }
    if (record.shared === null) compareRow(record, row, violations);
    byKey.delete(record.key);
  }
  for (const row of byKey.values()) violations.add('row of nobody', JSON.stringify(row));
  const done = [...verdicts.values()].filter(Boolean).length;
  return { done, undone: verdicts.size - done };
}

function wasDone(record: Tracked, steps: readonly Step[], row: Row | undefined): boolean {
  if (steps.at(-1)?.state === null) return row === undefined;
  if (record.steps.length === 0) return row !== undefined;
  return row?.version === steps.at(-1)?.state?.version;
}

function compareRow(record: Tracked, row: Row | undefined, violations: Violations): void {
  const state = record.steps.at(-1)?.state ?? null;
  const same =
    state === null || row === undefined
      ? state === null && row === undefined
      : row.id === record.id &&
        row.account_id === record.account &&
        row.created_by === record.createdBy &&
        row.updated_by === state.updatedBy &&
        row.version === state.version &&
        row.lane === state.lane &&
        row.note === state.note;
  if (!same)
    violations.add('table differs', `${record.key}: ${JSON.stringify(state)} in the notes, ${JSON.stringify(row)}`);
}

/** Places and order as those readers tell it who see everything. */
export interface Witness {
  readonly view: View;
  /** By record and text, as numbers. */
  readonly places: Map<string, number>;
}

/** What a group of readers who see everything were told. Where they disagree, one of them is wrong by the comparison below. */
export function witnessOf(readers: readonly Reader[]): Witness {
  const [{ view }] = readers as [Reader];
  const places = new Map<string, number>();
  for (const reader of readers)
    reader.place.forEach((place, i) => {
      places.set(`${reader.record[i]} ${reader.text[i]}`, place);
    });
  return { view, places };
}

/** Finds the order of what everyone wrote to one record: each event tells what was before it, and the last is what the table holds. */
export function chain(
  record: Tracked,
  row: Row | undefined,
  { records, texts }: { readonly records: Texts; readonly texts: Texts },
  readers: readonly Reader[],
  violations: Violations,
): void {
  const own = records.number(record.id ?? '');
  const after = new Map<number, number>();
  for (const reader of readers)
    reader.record.forEach((of, i) => {
      if (of !== own) return;
      const text = texts.all[reader.text[i] as number] as string;
      const [old, now] = [...text.matchAll(/\["version",(\d+)\]/g)].map((found) => Number(found[1]));
      if (now === undefined) return;
      if ((after.get(old as number) ?? now) !== now)
        violations.add('two after one', `${record.key}: ${after.get(old as number)} and ${now} after ${old}`);
      after.set(old as number, now);
    });
  const shared = record.shared as NonNullable<Tracked['shared']>;
  let last = (record.steps[0] as Step).state?.version ?? 0;
  const passed = new Set<number>();
  for (let next = after.get(last); next !== undefined && !passed.has(next); next = after.get(next)) {
    const attempt = shared.get(next);
    if (attempt === undefined) violations.add('written by nobody', `${record.key} at ${next}`);
    else record.steps.push(attempt.step);
    passed.add(next);
    last = next;
  }
  const missing = [...shared].filter(([version, { answered }]) => answered && !passed.has(version));
  if (missing.length > 0 || row?.version !== last)
    violations.add(
      'broken chain',
      `${record.key} ${record.id}: ends at ${last}, the table at ${row?.version}; ${missing.length} answered are not in it: ${missing.slice(0, 5).map(([version]) => version)}`,
    );
}

export interface Judgement {
  readonly expected: number;
  readonly lost: number;
  readonly disordered: number;
  readonly hidden: number;
  readonly unexpected: number;
  /** Records whose events were looked at in vain, for evidence. */
  readonly suspects: ReadonlySet<string>;
}

export function judge(
  reader: Reader,
  book: readonly Tracked[],
  { records, texts }: { readonly records: Texts; readonly texts: Texts },
  witness: Witness,
  newcomer: boolean,
  violations: Violations,
): Judgement {
  const received = new Map<number, number[]>();
  reader.record.forEach((record, i) => {
    const list = received.get(record) ?? [];
    received.set(record, list);
    list.push(i);
  });
  const found = { expected: 0, lost: 0, disordered: 0, hidden: 0, unexpected: 0 };
  const suspects = new Set<string>();
  for (const record of book) {
    const number = records.number(record.id ?? record.key);
    const got = received.get(number) ?? [];
    received.delete(number);
    const wanted = expectedOf(reader, record, number, texts, witness, newcomer, violations);
    found.expected += wanted.length;
    const texted = got.map((i) => texts.all[reader.text[i] as number] as string);
    if (wanted.length === texted.length && wanted.every((text, i) => text === texted[i])) continue;
    suspects.add(record.id ?? '');
    const [missing, surplus] = [without(wanted, texted), without(texted, wanted)];
    for (const text of missing) violations.add('lost', `${reader.name}: ${record.key} ${text}`);
    for (const text of surplus) {
      const kind = showsHidden(reader.view, record, text) ? 'hidden' : 'unexpected';
      found[kind] += 1;
      violations.add(kind, `${reader.name}: ${record.key} ${text}`);
    }
    found.lost += missing.length;
    if (missing.length === 0 && surplus.length === 0) {
      found.disordered += 1;
      const places = got.map((i) => reader.place[i]);
      violations.add('out of order', `${reader.name}: ${record.key} at ${places}: ${texted.join(' | ')}`);
    }
  }
  for (const number of received.keys()) {
    violations.add('record of nobody', `${reader.name}: ${records.all[number]}`);
    suspects.add(records.all[number] as string);
  }
  return { ...found, suspects };
}

function expectedOf(
  reader: Reader,
  record: Tracked,
  number: number,
  texts: Texts,
  witness: Witness,
  newcomer: boolean,
  violations: Violations,
): string[] {
  const wanted: string[] = [];
  let before: State | null = null;
  for (const { state, begun } of record.steps) {
    const text = told(reader.view, record, before, state);
    if (newcomer && text !== null) {
      const whole = told(witness.view, record, before, state) as string;
      const place = witness.places.get(`${number} ${texts.number(whole)}`) ?? Number.POSITIVE_INFINITY;
      const past = place <= (reader.from ?? 0);
      if (past && begun > reader.fromAt)
        violations.add('began too late', `${reader.name} at ${reader.from}: ${record.key} ${text}`);
      if (!past) wanted.push(text);
    } else if (text !== null) wanted.push(text);
    before = state;
  }
  return wanted;
}

function without(list: readonly string[], less: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const text of less) counts.set(text, (counts.get(text) ?? 0) + 1);
  return list.filter((text) => {
    const count = counts.get(text) ?? 0;
    counts.set(text, count - 1);
    return count <= 0;
  });
}

/** Whether an event shows content of a state that the reader may not see. */
function showsHidden(view: View, record: Tracked, text: string): boolean {
  return record.steps.some(
    ({ state }) =>
      state !== null && !sees(view, record, state) && text.includes(JSON.stringify(['version', state.version])),
  );
}
