// Bundle archives: the one deterministic tar of a set of files, and its strict reading (DESIGN.md §3 and §7 "Archive
// identity", FORMAT.md "Archive", THREATS.md 19-24). The gate of the package `tar`, which must agree with our own reading.
import { createRequire } from 'node:module';
import type * as Tar from 'tar';
import { sha256 } from '../keys/hash.ts';
import { FilesDocument } from '../src/contracts/statement.ts';
import { digestOf } from '../src/digest.ts';
import { SignetError } from '../src/error.ts';
import { canonicalJson, parseJson } from '../src/json.ts';
import { parseShape } from '../src/shape.ts';
import { checkPath, comparePaths, PathSet } from './archive-path.ts';
import { ARCHIVE_LIMITS, type ArchiveFile, type ArchiveLimits, limitError, preflight } from './preflight.ts';
import { BLOCK, entryHeader, type Mode, padded } from './tar-format.ts';

/** The list of an archive's other files, inside it. */
const FILES_JSON = 'FILES.json';

export interface PackFile {
  readonly path: string;
  readonly bytes: Uint8Array;
  /** Mode 0755 rather than 0644. */
  readonly executable?: boolean;
}

/** `sha256:<hex>` of the uncompressed archive: the identity of a bundle. */
export function archiveDigest(bytes: Uint8Array): string {
  return digestOf(sha256, bytes);
}

/**
 * The archive of the files and their FILES.json: the same bytes for the same paths, contents and modes, in whatever order
 * they come. A path or set of paths that `readArchive` would refuse throws the same codes here.
 */
export function packArchive(files: readonly PackFile[], limits: Partial<ArchiveLimits> = {}): Uint8Array {
  const entries = files.map(({ path, bytes, executable }) => ({
    path,
    bytes,
    mode: (executable === true ? 0o755 : 0o644) as Mode,
  }));
  const list = filesDocument(new Map(entries.map((entry) => [entry.path, entry])));
  entries.push({ path: FILES_JSON, bytes: new TextEncoder().encode(list), mode: 0o644 });
  return assembleArchive(
    entries.map(({ path, mode, bytes }) => ({
      ...{ path, mode, size: bytes.length },
      fill: (target) => target.set(bytes),
    })),
    limits,
  );
}

/** A file to be: `fill` writes its `size` bytes to where they stand in the archive. */
export interface SizedFile {
  readonly path: string;
  readonly mode: Mode;
  readonly size: number;
  readonly fill: (target: Uint8Array) => void;
}

/**
 * The archive of exactly these files, FILES.json among them as it is given: what was packed before comes back byte for byte. The
 * codes of `packArchive`; that FILES.json tells the truth only the digest of the result, or `readArchive`, can say.
 */
export function assembleArchive(
  files: readonly SizedFile[],
  limits: Partial<ArchiveLimits> = {},
): Uint8Array {
  const most = { ...ARCHIVE_LIMITS, ...limits };
  const paths = new PathSet();
  const entries = [...files];
  if (entries.length > most.maxEntries) throw limitError('files', most.maxEntries, entries.length);
  for (const { path } of entries) {
    checkPath(path, most);
    paths.add(path);
  }
  entries.sort((a, b) => comparePaths(a.path, b.path));

  const headers = entries.map(({ path, mode, size }) => entryHeader(path, mode, size));
  const total = entries.reduce((sum, { size }, i) => sum + headers[i]!.length + padded(size), 2 * BLOCK);
  if (total > most.maxBytes) throw limitError('bytes', most.maxBytes, total);
  // Not zeroed beforehand: every byte of it is written below.
  const archive = new Uint8Array(Buffer.allocUnsafeSlow(total).buffer);
  let at = 0;
  for (const [i, { size, fill }] of entries.entries()) {
    archive.set(headers[i]!, at);
    at += headers[i]!.length;
    fill(archive.subarray(at, at + size));
    archive.fill(0, at + size, at + padded(size));
    at += padded(size);
  }
  archive.fill(0, at);
  return archive;
}

/**
 * How closely an archive is read. Our own reading, which passes one byte form only, always comes first.
 *
 * - `twice`: `tar` must see the same entries, and every file is hashed for FILES.json. For what is new here.
 * - `once`: the same without `tar`, which nothing here extracts with: its opinion is a second one on our own reading.
 * - `again`: for bytes whose digest is that of an archive which was read before. Digest and contents are one: that `tar` agrees,
 *   and that each file has the hash which FILES.json lists, cannot have become untrue. Paths, sizes and modes are compared.
 */
export type Reading = 'twice' | 'once' | 'again';

/**
 * The files of an archive by path, FILES.json included; their bytes are views into `bytes`. Passes only what `packArchive`
 * writes, byte for byte. Refused: E_ARCHIVE_LIMIT, E_ARCHIVE_FORMAT, E_ARCHIVE_TYPE, E_ARCHIVE_PATH, E_ARCHIVE_DUPLICATE;
 * and E_FILES_MISMATCH where FILES.json is missing, not canonical or does not list exactly the other files.
 */
export function readArchive(
  bytes: Uint8Array,
  limits: Partial<ArchiveLimits> = {},
  reading: Reading = 'twice',
): Map<string, ArchiveFile> {
  const files = preflight(bytes, { ...ARCHIVE_LIMITS, ...limits });
  if (reading === 'twice') checkSecondReading(bytes, files);
  checkFilesDocument(files, reading !== 'again');
  return files;
}

/** Canonical FILES.json of every file but itself. */
function filesDocument(files: ReadonlyMap<string, ArchiveFile>, hashing = true): string {
  const listed = [...files].filter(([path]) => path !== FILES_JSON).sort(([a], [b]) => comparePaths(a, b));
  const document: FilesDocument = {
    type: 'files/1',
    files: listed.map(([path, { bytes, mode }]) => ({
      path,
      size: bytes.length,
      mode: mode === 0o755 ? '0755' : '0644',
      sha256: hashing ? Buffer.from(sha256(bytes)).toString('hex') : '',
    })),
  };
  return canonicalJson(document);
}

function checkFilesDocument(files: ReadonlyMap<string, ArchiveFile>, hashing: boolean): void {
  const own = files.get(FILES_JSON);
  const mismatch = (sentence: string, item: string, expected: string, actual: string): SignetError =>
    new SignetError('E_FILES_MISMATCH', sentence, { item, expected, actual });
  if (own === undefined) {
    throw mismatch('the archive has no FILES.json', FILES_JSON, 'present', 'absent');
  }
  if (own.mode !== 0o644) throw mismatch('FILES.json has another mode', FILES_JSON, '0644', '0755');
  const fields = hashing ? (['size', 'mode', 'sha256'] as const) : (['size', 'mode'] as const);
  const expected = filesDocument(files, hashing);
  if (hashing && Buffer.from(expected).equals(own.bytes)) return;
  // With every file hashed it is refused already, and what follows only says which file it is.
  const stated = parseShape(FilesDocument, parseJson(own.bytes, FILES_JSON), FILES_JSON, 'E_FILES_MISMATCH');
  const real = new Map((JSON.parse(expected) as FilesDocument).files.map((file) => [file.path, file]));
  const listed = new Set<string>();
  for (const file of stated.files) {
    if (listed.has(file.path))
      throw mismatch(`FILES.json lists ${file.path} twice`, file.path, 'once', 'twice');
    listed.add(file.path);
    const actual = real.get(file.path);
    if (actual === undefined) {
      throw mismatch(`FILES.json lists ${file.path}, which is not there`, file.path, 'present', 'absent');
    }
    for (const field of fields) {
      if (file[field] === actual[field]) continue;
      throw mismatch(
        `${file.path} has another ${field}`,
        file.path,
        String(file[field]),
        String(actual[field]),
      );
    }
  }
  const extra = [...real.keys()].find((path) => !listed.has(path));
  if (extra !== undefined) {
    throw mismatch(`${extra} is not listed in FILES.json`, extra, 'listed', 'not listed');
  }
  if (hashing) {
    const what = `${own.bytes.length} bytes in another form`;
    throw mismatch('FILES.json is not in its canonical form', FILES_JSON, `${expected.length} bytes`, what);
  }
}

/** The package `tar`, strict, must see the same names, sizes and modes: two readings, or none. */
function checkSecondReading(bytes: Uint8Array, files: ReadonlyMap<string, ArchiveFile>): void {
  const seen: string[] = [];
  let problem: unknown;
  // Loaded where it is needed: it is a large part of the start of a command that needs none.
  const { Parser } = createRequire(import.meta.url)('tar') as typeof Tar;
  const parser = new Parser({
    strict: true,
    onReadEntry: (entry) => {
      seen.push(`${entry.type} ${entry.path} ${entry.size} ${entry.mode}`);
      entry.resume();
    },
  });
  parser.on('error', (error: unknown) => {
    problem ??= error;
  });
  parser.end(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  const ours = [...files].map(([path, file]) => `File ${path} ${file.bytes.length} ${file.mode}`);
  const differs = ours.findIndex((line, i) => line !== seen[i]);
  if (problem === undefined && differs === -1 && seen.length === ours.length) return;
  throw new SignetError('E_ARCHIVE_FORMAT', 'a second tar reader sees other entries', {
    expected: ours[Math.max(differs, 0)] ?? 'the end',
    actual: seen[Math.max(differs, 0)] ?? 'the end',
    ...(problem === undefined ? {} : { cause: problem }),
  });
}
