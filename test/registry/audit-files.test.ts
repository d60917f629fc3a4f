// The files against the log where no document is readable: nothing stops the rest from being looked at. Every kind of damage is in
// audit.test.ts.
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { verify } from '../../keys/ed25519.ts';
import { verifyRoot } from '../../keys/root.ts';
import { AuditFiles } from '../../registry/audit-files.ts';
import { ReplayedLog } from '../../registry/audit-replay.ts';
import { readRoots } from '../../registry/proof.ts';
import { DirectoryTransport } from '../../registry/transport.ts';
import { asSignetError } from '../../src/error.ts';
import { createWorld } from './fixture.ts';

test('one damaged document hides neither a missing release nor an added file', () => {
  const world = createWorld();
  try {
    const { index } = world.publish();
    const root = verifyRoot(
      readRoots(new DirectoryTransport(world.registry)),
      world.fingerprint,
      world.clock.ms,
      verify,
    );
    const reports: string[] = [];
    const report = (thrown: unknown, item?: string): void => {
      const error = asSignetError(thrown);
      reports.push(`${error.code} ${error.item ?? item}`);
    };
    const log = new ReplayedLog(root, report);
    const digest = `sha256:${'0'.repeat(64)}`;
    log.replay(0, { type: 'namespace', namespace: 'local', version: 1, document: digest });
    log.replay(index, {
      type: 'publish',
      name: 'local/hello',
      version: '1.0.0',
      archive: digest,
      release: digest,
      provenance: null,
    });
    writeFileSync(join(world.registry, 'namespace/local/1.json'), '{');
    rmSync(join(world.registry, 'release/local/hello/1.0.0/archive.tar'));
    writeFileSync(join(world.registry, 'added'), '');
    new AuditFiles(world.registry, report).compare(log);
    expect(reports).toEqual(
      expect.arrayContaining([
        'E_JSON namespace/local/1.json',
        'E_AUDIT_MISSING release/local/hello/1.0.0/archive.tar',
        'E_AUDIT_CHANGED release/local/hello/1.0.0/release.json',
        'E_AUDIT_ADDED added',
        'E_AUDIT_ADDED release/local/hello/1.0.0/provenance.json',
      ]),
    );
  } finally {
    world.close();
  }
});
