// Whether a source folder is what was released (DESIGN.md §2 "Builds are reproducible", §3 "Provenance"): the folder is built with the
// esbuild that the provenance names, and must give the archive bit for bit. Proves more than any signature: what was read is
// what runs.
import { unverifiedPayload } from '../keys/envelope.ts';
import { IN_TOTO_PAYLOAD } from '../src/contracts/statement.ts';
import { SignetError } from '../src/error.ts';
import { archiveDigest, readArchive } from './archive.ts';
import type { ArchiveFile } from './preflight.ts';
import { parseProof } from './proof.ts';
import { parseProvenance } from './statement.ts';

/**
 * The release must have been built with this esbuild, or a rebuild proves nothing: E_REBUILD_TOOL; without provenance:
 * E_PROVENANCE_MISSING. The proof was verified before.
 */
export function requireSameTool(proof: Uint8Array, esbuild: string): void {
  const { provenance } = parseProof(proof);
  if (provenance === null) {
    throw new SignetError('E_PROVENANCE_MISSING', 'without provenance, nothing says with what it was built', {
      item: 'provenance',
      expected: 'a provenance statement',
      actual: 'none',
    });
  }
  const { predicate } = parseProvenance(unverifiedPayload(provenance, IN_TOTO_PAYLOAD, 'provenance'));
  const stated = predicate.buildDefinition.internalParameters;
  if (stated.esbuild === esbuild) return;
  throw new SignetError('E_REBUILD_TOOL', `the release was built with esbuild ${stated.esbuild}`, {
    item: 'esbuild',
    expected: `${stated.esbuild}, which signet-host ${stated.signet} has`,
    actual: esbuild,
  });
}

/** One line where the two archives are the same bytes; E_REBUILD names the first file that differs, in the archive's order. */
export function compareRebuild(released: Uint8Array, rebuilt: Uint8Array): string {
  if (Buffer.compare(released, rebuilt) === 0) return `bit for bit ${archiveDigest(rebuilt)}`;
  const [before, after] = [readArchive(released), readArchive(rebuilt)];
  // FILES.json follows from the others: it differs always, and says nothing.
  const paths = [...new Set([...before.keys(), ...after.keys()])]
    .filter((path) => path !== 'FILES.json')
    .sort();
  const path = paths.find((one) => !sameFile(before.get(one), after.get(one))) ?? 'FILES.json';
  throw new SignetError('E_REBUILD', `the source builds to another ${path}`, {
    item: path,
    expected: describe(before.get(path)),
    actual: describe(after.get(path), before.get(path)),
  });
}

function sameFile(a: ArchiveFile | undefined, b: ArchiveFile | undefined): boolean {
  return a !== undefined && b !== undefined && a.mode === b.mode && Buffer.compare(a.bytes, b.bytes) === 0;
}

function describe(file: ArchiveFile | undefined, other?: ArchiveFile): string {
  if (file === undefined) return 'no such file';
  const digest = `${archiveDigest(file.bytes)}, ${file.bytes.length} bytes`;
  if (other === undefined) return digest;
  const at = file.bytes.findIndex((byte, i) => byte !== other.bytes[i]);
  const offset = at === -1 ? Math.min(file.bytes.length, other.bytes.length) : at;
  const line = Buffer.from(file.bytes.subarray(0, offset)).toString('latin1').split('\n').length;
  return `${digest}, first difference in line ${line}`;
}
