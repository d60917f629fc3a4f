// Which bundles may share a process (DESIGN.md §4 "Bundles of different trust domains never share a process"): those of one
// publisher, unless the operator's policy.yaml merges namespaces or splits one.
import type { HostPolicy } from '../src/contracts/config.ts';

/**
 * The trust domain of the bundle `namespace/name`: the namespace; the merged ones joined by `+`, which stands in no name; or the
 * bundle's own name where its namespace is split. Versions of one bundle share it.
 */
export function trustDomain({ domains }: HostPolicy, bundle: string): string {
  const namespace = bundle.slice(0, bundle.indexOf('/'));
  if (domains.split.includes(namespace)) return bundle;
  const merged = domains.merge.find((names) => names.includes(namespace));
  return merged === undefined ? namespace : merged.toSorted().join('+');
}
