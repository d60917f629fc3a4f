// The content-addressed store (DESIGN.md §3, §4 "Load"; THREATS.md 19, 24, 37): `sha256/<hex>/files/…` and `proof.json`. What is
// read back is rebuilt into the archive, so that the digest of the very bytes that are loaded is the one that was signed.
import { randomBytes } from 'node:crypto';
import { lstatSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseDocument } from '../keys/document.ts';
import { unverifiedPayload } from '../keys/envelope.ts';
import { sha256 } from '../keys/hash.ts';
import {
  readRegularFile,
  readRegularFileInto,
  syncDirectory,
  writeFileAtomic,
  writeNewFile,
} from '../keys/safe-file.ts';
import { FilesDocument, IN_TOTO_PAYLOAD } from '../src/contracts/statement.ts';
import { SignetError } from '../src/error.ts';
import { archiveDigest, assembleArchive, type SizedFile } from './archive.ts';
import { ARCHIVE_LIMITS, type ArchiveFile } from './preflight.ts';
import { MAX_PROOF, parseProof } from './proof.ts';
import { parseRelease } from './statement.ts';

const FILES_JSON = 'FILES.json';
const PROOF_JSON = 'proof.json';

/** An installed bundle: the archive as rebuilt from its files, and its proof bundle. */
export interface StoredBundle {
  readonly archive: Uint8Array;
  readonly proof: Uint8Array;
}

/** What stands in a folder; `mode` has the permission bits. */
interface Found {
  readonly file: string;
  readonly mode: number;
  readonly size: number;
}

/** Bundles by digest below one folder. */
export class Store {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  /** The folder of a digest. */
  path(digest: string): string {
    return join(this.directory, ...digest.split(':'));
  }

  /** Puts a verified bundle in its place in one step. A whole one that is there keeps its files and gets the newer proof. */
  put(digest: string, files: ReadonlyMap<string, ArchiveFile>, proof: Uint8Array): void {
    const target = this.path(digest);
    if (this.#isWhole(digest)) {
      writeFileAtomic(join(target, PROOF_JSON), proof);
      return;
    }
    const temporary = join(this.directory, `.new-${randomBytes(6).toString('hex')}`);
    const old = join(this.directory, `.old-${randomBytes(6).toString('hex')}`);
    try {
      mkdirSync(dirname(target), { recursive: true });
      writeTree(temporary, files, proof);
      if (lstatSync(target, { throwIfNoEntry: false }) !== undefined) renameSync(target, old);
      renameSync(temporary, target);
      syncDirectory(dirname(target));
    } catch (cause) {
      throw cause instanceof SignetError
        ? cause
        : new SignetError('E_IO', `${target} cannot be written`, { item: target, cause });
    } finally {
      for (const rest of [temporary, old]) rmSync(rest, { recursive: true, force: true });
    }
  }

  /** Reads a bundle back; codes as `readStored`. */
  read(digest: string): StoredBundle {
    return readStored(this.path(digest), digest);
  }

  #isWhole(digest: string): boolean {
    try {
      this.read(digest);
      return true;
    } catch (thrown) {
      if (thrown instanceof SignetError) return false;
      throw thrown;
    }
  }
}

/**
 * Reads the folder of an installed bundle without following links. E_FILE_CHANGED, E_FILE_MISSING, E_FILE_ADDED, E_FILE_MODE,
 * E_FILE_TYPE name the file with what FILES.json lists and what is there.
 */
export function readStored(folder: string, digest: string): StoredBundle {
  const top = list(folder, '');
  requireType(top, 'files', 'a folder');
  requireType(top, PROOF_JSON, 'a file');
  for (const name of top.keys()) {
    if (name !== 'files' && name !== PROOF_JSON) throw fault('E_FILE_ADDED', name, 'no such file', 'present');
  }
  const found = new Map<string, Found>();
  readTree(join(folder, 'files'), '', found);
  const proof = readRegularFile(join(folder, PROOF_JSON), MAX_PROOF, PROOF_JSON)?.bytes;
  if (proof === undefined) throw fault('E_FILE_MISSING', PROOF_JSON, 'present', 'missing');
  const archive = rebuild(found);
  if (archive === undefined || archiveDigest(archive) !== digest) throw explain(found, digest, proof);
  return { archive, proof };
}

type EntryType = 'a file' | 'a folder' | 'something else';

function list(folder: string, prefix: string): Map<string, EntryType> {
  const stats = lstatSync(folder, { throwIfNoEntry: false });
  const item = prefix === '' ? folder : prefix;
  if (stats === undefined) throw fault('E_FILE_MISSING', item, 'present', 'missing');
  if (!stats.isDirectory()) throw fault('E_FILE_TYPE', item, 'a folder', 'something else');
  const entries = readdirSync(folder, { withFileTypes: true }).map((entry): [string, EntryType] => [
    entry.name,
    entry.isFile() ? 'a file' : entry.isDirectory() ? 'a folder' : 'something else',
  ]);
  return new Map(entries);
}

function requireType(entries: ReadonlyMap<string, EntryType>, name: string, expected: EntryType): void {
  const actual = entries.get(name);
  if (actual === undefined) throw fault('E_FILE_MISSING', name, 'present', 'missing');
  if (actual !== expected) throw fault('E_FILE_TYPE', name, expected, actual);
}

/** Every file below the folder, by its path with `/`. */
function readTree(folder: string, prefix: string, found: Map<string, Found>): void {
  const entries = list(folder, prefix);
  if (entries.size === 0)
    throw fault('E_FILE_ADDED', prefix || 'files', 'no empty folder', 'an empty folder');
  for (const [name, type] of entries) {
    const path = `${prefix}${name}`;
    if (type === 'something else')
      throw fault('E_FILE_TYPE', path, 'a regular file', 'a link, pipe or device');
    if (type === 'a folder') {
      readTree(join(folder, name), `${path}/`, found);
      continue;
    }
    if (found.size >= ARCHIVE_LIMITS.maxEntries)
      throw fault('E_FILE_ADDED', path, 'no more files', 'present');
    const file = join(folder, name);
    const stats = lstatSync(file, { throwIfNoEntry: false });
    if (stats === undefined) throw fault('E_FILE_MISSING', path, 'present', 'missing');
    found.set(path, { file, mode: stats.mode & 0o7777, size: stats.size });
  }
}

/** The archive of these files, read into their places; undefined where they can be no archive's. */
function rebuild(found: ReadonlyMap<string, Found>): Uint8Array | undefined {
  const files: SizedFile[] = [];
  for (const [path, { file, mode, size }] of found) {
    if (mode !== 0o644 && mode !== 0o755) return undefined;
    const fill = (target: Uint8Array): void => {
      const stats = readRegularFileInto(file, target, path);
      if (stats === undefined) throw fault('E_FILE_MISSING', path, 'present', 'missing');
      if ((stats.mode & 0o7777) !== mode)
        throw fault('E_FILE_MODE', path, octal(mode), octal(stats.mode & 0o7777));
    };
    files.push({ path, mode, size, fill });
  }
  try {
    // FILES.json as it lies there: a changed one gives another archive, whose digest the caller refuses.
    return assembleArchive(files);
  } catch (thrown) {
    if (thrown instanceof SignetError) return undefined;
    throw thrown;
  }
}

/**
 * The first difference between what FILES.json lists and what is there; FILES.json itself where it is not the one that the
 * release names, or where nothing else differs. Refused already: this only says which file it is.
 */
function explain(found: ReadonlyMap<string, Found>, digest: string, proof: Uint8Array): SignetError {
  const own = found.get(FILES_JSON);
  if (own === undefined) return fault('E_FILE_MISSING', FILES_JSON, 'present', 'missing');
  if (own.mode !== 0o644) return fault('E_FILE_MODE', FILES_JSON, '0644', octal(own.mode));
  const stated = listDigestIn(proof);
  const ownBytes = bytesOf(FILES_JSON, own);
  const actualList = hashOf(ownBytes);
  const changed = fault('E_FILE_CHANGED', FILES_JSON, stated ?? `the list of archive ${digest}`, actualList);
  if (stated !== undefined && stated !== actualList) return changed;
  let listed: FilesDocument['files'];
  try {
    listed = parseDocument(FilesDocument, ownBytes, 'files/1', FILES_JSON).files;
  } catch (thrown) {
    if (thrown instanceof SignetError) return changed;
    throw thrown;
  }
  const paths = new Set(listed.map(({ path }) => path));
  for (const path of found.keys()) {
    if (path !== FILES_JSON && !paths.has(path))
      return fault('E_FILE_ADDED', path, 'no such file', 'present');
  }
  for (const { path, mode, sha256: expected } of listed) {
    const file = found.get(path);
    if (file === undefined) return fault('E_FILE_MISSING', path, 'present', 'missing');
    if (octal(file.mode) !== mode) return fault('E_FILE_MODE', path, mode, octal(file.mode));
    const actual = hashOf(bytesOf(path, file));
    if (actual !== `sha256:${expected}`) return fault('E_FILE_CHANGED', path, `sha256:${expected}`, actual);
  }
  return changed;
}

function bytesOf(path: string, { file }: Found): Uint8Array {
  const bytes = readRegularFile(file, ARCHIVE_LIMITS.maxBytes, path)?.bytes;
  if (bytes === undefined) throw fault('E_FILE_MISSING', path, 'present', 'missing');
  return bytes;
}

/** The digest of FILES.json that the stored release statement names; undefined where it cannot be read. */
function listDigestIn(proof: Uint8Array): string | undefined {
  try {
    const { envelope } = parseProof(proof).release;
    return parseRelease(unverifiedPayload(envelope, IN_TOTO_PAYLOAD, 'release statement')).predicate.files;
  } catch (thrown) {
    if (thrown instanceof SignetError) return undefined;
    throw thrown;
  }
}

function writeTree(folder: string, files: ReadonlyMap<string, ArchiveFile>, proof: Uint8Array): void {
  const folders = new Set<string>([folder, join(folder, 'files')]);
  for (const folderPath of folders) mkdirSync(folderPath, { recursive: true, mode: 0o755 });
  for (const [path, { bytes, mode }] of files) {
    const target = join(folder, 'files', path);
    mkdirSync(dirname(target), { recursive: true, mode: 0o755 });
    for (let parent = dirname(target); parent.length > folder.length; parent = dirname(parent))
      folders.add(parent);
    writeNewFile(target, bytes, mode);
  }
  writeNewFile(join(folder, PROOF_JSON), proof, 0o644);
  for (const made of folders) syncDirectory(made);
}

type FileCode = 'E_FILE_CHANGED' | 'E_FILE_MISSING' | 'E_FILE_ADDED' | 'E_FILE_MODE' | 'E_FILE_TYPE';
const SENTENCES: Readonly<Record<FileCode, string>> = {
  E_FILE_CHANGED: 'was changed after it was signed',
  E_FILE_MISSING: 'is missing',
  E_FILE_ADDED: 'was added',
  E_FILE_MODE: 'has another mode than was signed',
  E_FILE_TYPE: 'is no longer what was signed',
};

function fault(code: FileCode, path: string, expected: string, actual: string): SignetError {
  return new SignetError(code, `${path} ${SENTENCES[code]}`, { item: path, expected, actual });
}

const hashOf = (bytes: Uint8Array): string => `sha256:${Buffer.from(sha256(bytes)).toString('hex')}`;
const octal = (mode: number): string => mode.toString(8).padStart(4, '0');
