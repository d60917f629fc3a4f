// A release in files (DESIGN.md §3 "Proof bundle"): an archive with its proof bundle beside it, or one exported file. Sizes are
// looked at before anything is read (THREATS.md 6).
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readRegularFile } from '../keys/safe-file.ts';
import { SignetError } from '../src/error.ts';
import { EXPORT_SUFFIX, isExport, MAX_EXPORT, parseExport } from './export.ts';
import { MAX_PROOF } from './proof.ts';

/** Ending of the proof bundle beside an archive. */
export const PROOF_SUFFIX = '.proof.json';

export interface ReleaseFile {
  readonly archive: Uint8Array;
  readonly proof: Uint8Array | undefined;
}

/** What is in the file. E_NOT_FOUND, E_IO, E_LIMIT, and the codes of `parseExport`. */
export function readReleaseFile(path: string): ReleaseFile {
  const file = readRegularFile(path, MAX_EXPORT);
  if (file === undefined)
    throw new SignetError('E_NOT_FOUND', `there is no file ${path}`, {
      item: path,
      expected: 'a file',
      actual: 'nothing',
    });
  if (isExport(file.bytes)) return parseExport(file.bytes, path);
  return { archive: file.bytes, proof: readRegularFile(path + PROOF_SUFFIX, MAX_PROOF)?.bytes };
}

/** The releases that lie in a folder, by the endings of their names. */
export function releaseFilesIn(folder: string): string[] {
  const names = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => !entry.isDirectory() && /\.(?:tar|signet)$/.test(entry.name))
    .map(({ name }) => join(folder, name));
  return names.sort();
}

/** The name under which `registry export` writes a release where none is given. */
export function exportName(name: string, version: string): string {
  return `${name.replace('/', '-')}-${version}${EXPORT_SUFFIX}`;
}
