// What an installation changes (DESIGN.md §3 "Lockfile"; THREATS.md 2, 35): one that asks for more, changes a key or the builder, or
// lowers a version is stopped and shown, and goes on only when its operator says so.
import semver from 'semver';
import type { LockedBundle } from '../src/contracts/config.ts';
import type { CapabilityRequest } from '../src/contracts/manifest.ts';
import { SignetError } from '../src/error.ts';
import { canonicalJson } from '../src/json.ts';
import { describeRequest } from './asks.ts';

export interface UpdateChanges {
  /** Version installed before; null for a first installation. */
  readonly from: string | null;
  readonly to: string;
  /** One line each for what an operator must agree to. */
  readonly concerns: readonly string[];
}

/** How `next` differs from what is installed. A first installation is no concern: its verdict shows what it asks for. */
export function compareInstalled(before: LockedBundle | undefined, next: LockedBundle): UpdateChanges {
  if (before === undefined) return { from: null, to: next.version, concerns: [] };
  const known = new Set(before.capabilities.map(capabilityText));
  const added = next.capabilities.filter((request) => !known.has(capabilityText(request)));
  const concerns = added.map((request) => `asks for ${describeRequest(request)}`);
  const strangers = next.publisher.filter((key) => !before.publisher.includes(key));
  for (const key of strangers) concerns.push(`is signed by ${key}, which did not sign ${before.version}`);
  if (next.builder !== before.builder)
    concerns.push(
      `is built by ${next.builder ?? 'no one named'}, not by ${before.builder ?? 'no one named'}`,
    );
  if (next.registry !== before.registry)
    concerns.push(`comes from registry ${next.registry}, not from ${before.registry}`);
  if (semver.lt(next.version, before.version)) concerns.push(`is older than ${before.version}`);
  if (next.version === before.version && next.digest !== before.digest)
    concerns.push(`is another archive than the ${before.version} that is installed`);
  return { from: before.version, to: next.version, concerns };
}

/** Throws what stops the update unless it was accepted: E_ROLLBACK for a lower version alone, else E_UPDATE. */
export function requireAccepted(name: string, changes: UpdateChanges, accepted: boolean): void {
  if (accepted || changes.concerns.length === 0) return;
  const lower = changes.from !== null && semver.lt(changes.to, changes.from);
  throw new SignetError(
    lower ? 'E_ROLLBACK' : 'E_UPDATE',
    `${name} ${changes.to} ${changes.concerns.join('; ')}`,
    {
      item: name,
      expected: `nothing beyond ${changes.from}`,
      actual: changes.concerns.join('; '),
      fix: `If this is meant to be: registry install ${name}@${changes.to} --yes`,
    },
  );
}

const capabilityText = (request: CapabilityRequest): string => canonicalJson(request);
