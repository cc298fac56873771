// Which addresses of the network may be called: those that are public. Every range with a special use is refused, in every form.
import { isIP } from 'node:net';

interface Range {
  readonly first: bigint;
  readonly bits: number;
  readonly use: string;
  /** Opened for tests and local development. */
  readonly local: boolean;
}

const V4 = 32;
const V6 = 128;

/** IANA's registries of special-purpose addresses, and multicast. */
const RANGES_V4 = ranges(V4, [
  ['0.0.0.0/8', 'this network'],
  ['10.0.0.0/8', 'private', true],
  ['100.64.0.0/10', 'shared by providers', true],
  ['127.0.0.0/8', 'loopback', true],
  ['169.254.0.0/16', 'link-local'],
  ['172.16.0.0/12', 'private', true],
  ['192.0.0.0/24', 'protocol assignments'],
  ['192.0.2.0/24', 'documentation'],
  ['192.31.196.0/24', 'AS112'],
  ['192.52.193.0/24', 'AMT'],
  ['192.88.99.0/24', '6to4 relays'],
  ['192.168.0.0/16', 'private', true],
  ['192.175.48.0/24', 'AS112'],
  ['198.18.0.0/15', 'benchmarks'],
  ['198.51.100.0/24', 'documentation'],
  ['203.0.113.0/24', 'documentation'],
  ['224.0.0.0/4', 'multicast'],
  ['240.0.0.0/4', 'reserved'],
]);

const RANGES_V6 = ranges(V6, [
  ['::1/128', 'loopback', true],
  ['fc00::/7', 'private', true],
  ['fe80::/10', 'link-local'],
  ['fec0::/10', 'site-local'],
  ['ff00::/8', 'multicast'],
  ['64:ff9b:1::/48', 'local translation'],
  ['100::/64', 'discarded'],
  ['2001::/23', 'protocol assignments'],
  ['2001:db8::/32', 'documentation'],
  ['2002::/16', '6to4'],
  ['2620:4f:8000::/48', 'AS112'],
  ['3fff::/20', 'documentation'],
  ['5f00::/16', 'segment routing'],
]);

/** Behind these 96 bits stands an IPv4 address, which is judged. */
const MAPPED = [parseV6('::ffff:0:0') >> 32n, parseV6('64:ff9b::') >> 32n];
/** All that was given out of IPv6 for public use begins with these three bits. */
const GLOBAL_UNICAST = 1n;

/**
 * What makes an address one that is not called; null for a public one. `allowLocal` opens loopback and private networks alone:
 * link-local addresses, where clouds tell their secrets, stay closed. What is no address is refused.
 */
export function forbidden(address: string, allowLocal = false): string | null {
  const kind = address.includes('%') ? 0 : isIP(address);
  if (kind === 0) return 'no plain IP address';
  return kind === 4 ? judgeV4(parseV4(address), allowLocal) : judgeV6(parseV6(address), allowLocal);
}

function judgeV4(value: bigint, allowLocal: boolean): string | null {
  return within(RANGES_V4, V4, value, allowLocal) ?? null;
}

function judgeV6(value: bigint, allowLocal: boolean): string | null {
  if (MAPPED.includes(value >> 32n)) return judgeV4(value & 0xffff_ffffn, allowLocal);
  const found = within(RANGES_V6, V6, value, allowLocal);
  if (found !== undefined) return found;
  return value >> 125n === GLOBAL_UNICAST ? null : 'not public';
}

/** Undefined where no range holds it, null where one that is opened does. */
function within(of: readonly Range[], width: number, value: bigint, allowLocal: boolean): string | null | undefined {
  const found = of.find(({ first, bits }) => (value ^ first) >> BigInt(width - bits) === 0n);
  if (found === undefined) return undefined;
  return found.local && allowLocal ? null : found.use;
}

function ranges(width: number, table: readonly (readonly [string, string, true?])[]): Range[] {
  return table.map(([text, use, local = false]) => {
    const [address = '', bits] = text.split('/');
    const first = width === V4 ? parseV4(address) : parseV6(address);
    return { first, bits: Number(bits), use, local };
  });
}

function parseV4(text: string): bigint {
  return text.split('.').reduce((value, part) => (value << 8n) | BigInt(part), 0n);
}

/** Of a valid address without a zone. */
function parseV6(text: string): bigint {
  const dotted = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  let plain = text;
  if (dotted !== null) {
    const inner = parseV4(dotted[2] as string);
    plain = `${dotted[1]}${(inner >> 16n).toString(16)}:${(inner & 0xffffn).toString(16)}`;
  }
  const [head = '', tail] = plain.split('::');
  const groups = (part: string) => (part === '' ? [] : part.split(':'));
  const [before, after] = [groups(head), groups(tail ?? '')];
  const zeros = tail === undefined ? [] : Array<string>(8 - before.length - after.length).fill('0');
  return [...before, ...zeros, ...after].reduce((value, group) => (value << 16n) | BigInt(`0x${group}`), 0n);
}
