// Live subscriptions by what they see: those that see the same of a collection cost one judgement and one text an event.
import type { Event } from '../events/event.ts';
import { comparePositions } from '../events/position.ts';
import type { Seen } from '../records/service.ts';
import { Chunk, type Format } from './formats.ts';
import type { Sink, Subscription } from './subscription.ts';

interface Group {
  readonly key: string;
  readonly lane: string;
  /** Any of them: they see the same. */
  readonly members: Set<Subscription>;
}

/** Where events of a collection and an account are looked for. */
const laneOf = (collectionId: string, accountId: string | null): string => `${collectionId} ${accountId ?? '*'}`;

/** Hears of an event that could not be told. */
export type OnFault = (error: unknown, event: Event) => void;

export class Groups {
  private readonly lanes = new Map<string, Map<string, Group>>();
  private readonly of = new Map<Subscription, Group>();

  constructor(private readonly onFault: OnFault) {}

  /** `epoch` changes with whatever may give an equal key another meaning. */
  add(subscription: Subscription, epoch: number): void {
    const { watch, asked } = subscription;
    const lane = laneOf(watch.def.id, watch.accountId);
    const key = `${epoch} ${asked.format.name} ${watch.def.revision} ${watch.key}`;
    const groups = this.lanes.get(lane) ?? new Map<string, Group>();
    this.lanes.set(lane, groups);
    const group = groups.get(key) ?? { key, lane, members: new Set() };
    groups.set(key, group);
    group.members.add(subscription);
    this.of.set(subscription, group);
  }

  remove(subscription: Subscription): void {
    const group = this.of.get(subscription);
    if (group === undefined) return;
    this.of.delete(subscription);
    group.members.delete(subscription);
    if (group.members.size > 0) return;
    const groups = this.lanes.get(group.lane);
    groups?.delete(group.key);
    if (groups?.size === 0) this.lanes.delete(group.lane);
  }

  /** Hands an event to everyone who sees it; `touched` gets the sinks that have something to send. */
  deliver(event: Event, touched: Set<Sink>): void {
    for (const account of [event.accountId, null])
      for (const group of this.lanes.get(laneOf(event.collectionId, account))?.values() ?? []) {
        const [first] = group.members as Set<Subscription>;
        const chunk = chunkOf(first as Subscription, event, this.onFault);
        if (chunk === null) continue;
        for (const member of group.members) {
          if (member.after !== null && comparePositions(event.position, member.after) <= 0) continue;
          member.asked.sink.push(chunk);
          touched.add(member.asked.sink);
        }
      }
  }
}

/** What is seen is the same value for all who see the same, whatever their rules are: so is its text. */
const written = new WeakMap<Seen, Map<Format, Chunk>>();

/**
 * An event as a subscriber sees it, null when it does not concern him. One that cannot be told must hold nobody up: he is told that
 * something is missing.
 */
export function chunkOf({ watch, asked: { format } }: Subscription, event: Event, onFault: OnFault): Chunk | null {
  try {
    const seen = watch.see(event);
    if (seen === null) return null;
    const known = written.get(seen) ?? new Map<Format, Chunk>();
    written.set(seen, known);
    const chunk = known.get(format) ?? new Chunk(format.event(watch, event, seen));
    known.set(format, chunk);
    return chunk;
  } catch (error) {
    onFault(error, event);
    return new Chunk(format.reset(watch, event.position), true);
  }
}
