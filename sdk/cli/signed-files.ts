// The envelopes of an archive, kept in files beside it: `FILE.release.json` and `FILE.provenance.json`.
import { existsSync, readFileSync } from 'node:fs';
import { writeFileAtomic } from '../../keys/safe-file.ts';
import type { SignedRelease } from '../../registry/sign.ts';

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

/** Reads them; undefined where the archive was not signed. */
export function readSigned(archive: string): SignedRelease | undefined {
  const files = paths(archive);
  if (!existsSync(files.release)) return undefined;
  return {
    release: readFileSync(files.release),
    provenance: existsSync(files.provenance) ? readFileSync(files.provenance) : null,
  };
}
