// Where the host of a URL leads, resolved once and judged before anything is connected (DESIGN.md §4 "`http` resolves and pins
// addresses, refuses private ranges unless granted"; THREATS.md H10). The ranges are IANA's special-purpose registries; of IPv6 only
// global unicast counts as public, so that every way to write an IPv4 address in IPv6 is refused.
import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';
import { within } from './bounded.ts';

export interface Address {
  readonly address: string;
  readonly family: 4 | 6;
}

/** Every address of a host name, as the system resolves it; rejects where there is none. */
export type Resolve = (host: string) => Promise<readonly Address[]>;

type Range = readonly [network: string, prefix: number];

/** Yours: reachable where the grant says `private`. */
const PRIVATE: readonly Range[] = [
  ['10.0.0.0', 8],
  ['100.64.0.0', 10], // behind a carrier's NAT
  ['127.0.0.0', 8],
  ['169.254.0.0', 16], // link-local; where clouds keep credentials
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['::1', 128],
  ['fc00::', 7],
  ['fe80::', 10],
];
/** No one's to call, whatever is granted. */
const SPECIAL: readonly Range[] = [
  ['0.0.0.0', 8], // this host, under another name
  ['192.0.0.0', 24],
  ['192.0.2.0', 24], // documentation
  ['192.88.99.0', 24], // 6to4 relays
  ['198.18.0.0', 15], // benchmarks
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4], // multicast
  ['240.0.0.0', 4], // reserved, broadcast
  ['2001::', 23], // Teredo and other protocols of the IETF
  ['2001:db8::', 32],
  ['2002::', 16], // 6to4
  ['3fff::', 20],
];

const isPrivate = matcher(PRIVATE);
const isSpecial = matcher(SPECIAL);
const isGlobalUnicast = matcher([['2000::', 3]]);

/** Who may call an address: anyone, only who was granted `private`, no one. `::ffff:10.0.0.1` counts as 10.0.0.1. */
export function reachOf({ address, family }: Address): 'public' | 'private' | 'never' {
  const one = { address, family };
  if (isIP(address) !== family) return 'never';
  if (isPrivate(one)) return 'private';
  return isSpecial(one) || (family === 6 && !isGlobalUnicast(one)) ? 'never' : 'public';
}

/** As the operating system resolves it: its hosts file, its servers. */
export const systemResolve: Resolve = async (host) =>
  (await lookup(host, { all: true })).map(({ address, family }) => ({
    address,
    family: family === 6 ? 6 : 4,
  }));

/** Where a URL's host leads: itself where it is an address; nowhere where it does not resolve before the signal. */
export async function addressesOf(
  host: string,
  resolve: Resolve,
  signal: AbortSignal,
): Promise<readonly Address[]> {
  const literal = literalAddress(host);
  if (literal !== undefined) return [literal];
  // Why it does not is the network's affair.
  return within(resolve(host), Number.POSITIVE_INFINITY, signal).catch(() => []);
}

/** The address that a URL's host is, or undefined where it is a name. */
function literalAddress(host: string): Address | undefined {
  const address = host.replace(/^\[|\]$/g, '');
  const family = isIP(address);
  return family === 4 || family === 6 ? { address, family } : undefined;
}

function matcher(ranges: readonly Range[]): (address: Address) => boolean {
  const list = new BlockList();
  for (const [network, prefix] of ranges) list.addSubnet(network, prefix, familyName(isIP(network)));
  return ({ address, family }) => list.check(address, familyName(family));
}

function familyName(family: number): 'ipv4' | 'ipv6' {
  return family === 6 ? 'ipv6' : 'ipv4';
}
