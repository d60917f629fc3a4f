// Checks `limits`, `archive` and `files`: sizes first, then our own reading of the archive, then that FILES.json lists exactly
// what is inside (DESIGN.md §3 "Archive"; THREATS.md 1, 6, 20-23).

import { sha256 } from '../../keys/hash.ts';
import { EXTENSION, fullName, MAIN_PATH, Manifest } from '../../src/contracts/manifest.ts';
import type { ProofBundle } from '../../src/contracts/statement.ts';
import { digestOf } from '../../src/digest.ts';
import { SignetError } from '../../src/error.ts';
import { parseJson } from '../../src/json.ts';
import { readShape } from '../../src/shape.ts';
import { counted } from '../../src/text.ts';
import { archiveDigest, type Reading, readArchive } from '../archive.ts';
import { readManifest } from '../manifest.ts';
import type { ArchiveFile } from '../preflight.ts';
import { parseProof } from '../proof.ts';
import type { PolicyRules } from '../trust.ts';
import type { Passed } from './run.ts';

/** The archive's digest and files; `mismatch` holds what check `files` is to say. */
export interface Contents {
  readonly digest: string;
  readonly files: ReadonlyMap<string, ArchiveFile>;
  readonly mismatch?: SignetError;
}

/** What the archive says of itself. */
export interface Described {
  readonly name: string;
  readonly manifest: Manifest;
  readonly manifestBytes: Uint8Array;
  /** Digest of the bytes of FILES.json. */
  readonly filesDigest: string;
}

/** Sizes, and the shape of the proof bundle; no proof at all is left to check `envelope`. */
export function checkLimits(
  archive: Uint8Array,
  proof: Uint8Array | undefined,
  { archiveBytes }: PolicyRules['limits'],
): Passed<ProofBundle | undefined> {
  if (archive.length > archiveBytes) {
    throw new SignetError('E_LIMIT', 'the archive is too large', {
      item: 'archive',
      expected: `at most ${archiveBytes} bytes`,
      actual: String(archive.length),
    });
  }
  const value = proof === undefined ? undefined : parseProof(proof);
  return { value, detail: `archive ${archive.length} bytes, proof ${proof?.length ?? 0} bytes` };
}

/** `hashed` is the digest where the caller took it from these very bytes. */
export function checkArchive(
  archive: Uint8Array,
  { archiveBytes, files: most }: PolicyRules['limits'],
  reading: (digest: string) => Reading,
  hashed?: string,
): Passed<Contents> {
  const digest = hashed ?? archiveDigest(archive);
  try {
    const limits = { maxBytes: archiveBytes, maxEntries: most };
    const files = readArchive(archive, limits, reading(digest));
    return {
      value: { digest, files },
      detail: `${digest} ${counted(files.size, 'file')}, ${archive.length} bytes`,
    };
  } catch (thrown) {
    // The reader got as far as FILES.json: the archive itself is well formed.
    if (!(thrown instanceof SignetError) || thrown.code !== 'E_FILES_MISMATCH') throw thrown;
    return { value: { digest, files: new Map(), mismatch: thrown }, detail: digest };
  }
}

/** FILES.json agrees with the archive, and plugin.json is a manifest; what its kinds may do is check `kinds`. */
export function checkFiles({ files, mismatch }: Contents): Passed<Described> {
  if (mismatch !== undefined) throw mismatch;
  const manifestBytes = files.get('plugin.json')?.bytes;
  if (manifestBytes === undefined) {
    throw new SignetError('E_MANIFEST', 'the archive has no plugin.json', {
      item: 'plugin.json',
      expected: 'the file',
      actual: 'no such file',
    });
  }
  const parsed = readShape(Manifest, parseJson(manifestBytes, 'plugin.json'));
  // The full reader refuses what the plain shape does not accept, and says precisely why.
  const manifest = parsed.success ? parsed.data : readManifest(manifestBytes);
  requireMain(manifest, files);
  return {
    value: {
      name: fullName(manifest),
      manifest,
      manifestBytes,
      filesDigest: digestOf(sha256, files.get('FILES.json')!.bytes),
    },
    detail: `${counted(files.size - 1, 'file')} as listed`,
  };
}

/** The script is there exactly where the manifest names it: what no manifest names, nobody reads before it runs. */
function requireMain(manifest: Manifest, files: Contents['files']): void {
  const [named, there] = [manifest.extensions[EXTENSION].main !== undefined, files.has(MAIN_PATH)];
  if (named === there) return;
  throw new SignetError('E_MANIFEST', `plugin.json and archive do not agree on ${MAIN_PATH}`, {
    item: MAIN_PATH,
    expected: named ? 'the file, for "main" names it' : 'no such file, for no "main" names it',
    actual: there ? 'the file' : 'no such file',
  });
}
