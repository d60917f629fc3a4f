// Revocations as a registry's keeper makes them: in the folder of the registry, which is all that a host elsewhere sees of it.
import { localRegistryKeys } from '../../registry/local.ts';
import { RegistryWriter } from '../../registry/writer.ts';
import { openKeyring } from '../../sdk/release.ts';
import type { LogEntry } from '../../src/contracts/statement.ts';
import type { World } from './world.ts';

/** Logs the revocation and signs a new status; nothing here takes it in. */
export function revoke(world: World, entry: Extract<LogEntry, { type: 'revoke' | 'revoke-key' }>): void {
  const now = Date.now();
  const keys = localRegistryKeys(world.paths.registry, openKeyring(), now);
  const writer = new RegistryWriter(world.paths.registry, keys, now);
  try {
    writer.revoke(entry);
  } finally {
    writer.close();
  }
}
