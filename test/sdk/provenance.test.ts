import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { HOST_VERSION } from '../../host/version.ts';
import { sha256 } from '../../keys/hash.ts';
import { provenanceStatement } from '../../registry/statement.ts';
import { localProvenance } from '../../sdk/provenance.ts';
import { Manifest } from '../../src/contracts/manifest.ts';
import { LOCAL_BUILDER, ProvenanceStatement } from '../../src/contracts/statement.ts';
import { digestOf } from '../../src/digest.ts';

test('a local build says where it was built from, and by what', () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'signet-provenance-')));
  try {
    const { version } = createRequire(import.meta.url)('esbuild/package.json') as { version: string };
    const provenance = localProvenance(folder);
    expect(provenance).toEqual({
      repository: 'file:',
      path: '.',
      commit: null,
      esbuild: version,
      node: process.versions.node,
      signet: HOST_VERSION,
    });
    const manifest = Manifest.parse({
      $schema: 'https://agent-plugins.org/schemas/1.0.0/plugin.schema.json',
      name: 'x',
      version: '1.0.0',
      description: 'x',
      license: 'MIT',
      extensions: { 'dev.signet': { namespace: 'local', host: '^1.0.0' } },
    });
    const statement = ProvenanceStatement.parse(
      provenanceStatement(manifest, digestOf(sha256, 'x'), provenance, Date.parse('2026-03-01T12:00:00Z')),
    );
    expect(statement.predicate.runDetails.builder.id).toBe(LOCAL_BUILDER);
    expect(statement.predicate.buildDefinition.resolvedDependencies).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('in this repository it names the commit', () => {
  const provenance = localProvenance(join(import.meta.dirname, '..', '..', 'skills', 'lines'));
  // A packed copy has no repository: then there is nothing to name.
  if (provenance.commit === null) expect(provenance.path).toBe('.');
  else
    expect(provenance).toMatchObject({
      path: 'skills/lines',
      commit: { id: expect.stringMatching(/^[0-9a-f]{40}$/) },
    });
});
