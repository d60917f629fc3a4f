// The envelopes of an archive, kept in files beside it: `FILE.release.json` and `FILE.provenance.json`.
import { readRegularFile, writeFileAtomic } from '../../keys/safe-file.ts';
import type { SignedRelease } from '../../registry/sign.ts';

const MAX_ENVELOPE = 12 * 1024 * 1024;

const paths = (archive: string): { release: string; provenance: string } => ({
  release: `${archive}.release.json`,
  provenance: `${archive}.provenance.json`,
});

/** Writes them and gives their paths. */
export function writeSigned(archive: string, { release, provenance }: SignedRelease): string[] {
  const files = paths(archive);
  writeFileAtomic(files.release, release);
  if (provenance === null) return [files.release];
  writeFileAtomic(files.provenance, provenance);
  return [files.release, files.provenance];
}

/** Reads them; undefined where the archive was not signed. A link or a pipe: E_IO; what is too large: E_LIMIT. */
export function readSigned(archive: string): SignedRelease | undefined {
  const files = paths(archive);
  const release = readRegularFile(files.release, MAX_ENVELOPE);
  if (release === undefined) return undefined;
  return {
    release: release.bytes,
    provenance: readRegularFile(files.provenance, MAX_ENVELOPE)?.bytes ?? null,
  };
}
