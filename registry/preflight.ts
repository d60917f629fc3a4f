// Our own reading of an archive, before any other parser sees it (DESIGN.md §3 "Archive", THREATS.md 20-23). One archive has
// one byte form: each header is compared with the one that would be written for what it says, so nothing can hide in a
// field, in padding, in the order or behind the end.
import { SignetError } from '../src/error.ts';
import { checkPath, comparePaths, type PathLimits, PathSet } from './archive-path.ts';
import {
  BLOCK,
  entryHeader,
  type Mode,
  PAX,
  padded,
  REGULAR,
  readHeader,
  readPaxPath,
} from './tar-format.ts';

export interface ArchiveLimits extends PathLimits {
  /** Bytes of the whole archive. */
  readonly maxBytes: number;
  /** Files, FILES.json included. */
  readonly maxEntries: number;
}

export const ARCHIVE_LIMITS: ArchiveLimits = {
  maxBytes: 32 * 1024 * 1024,
  maxEntries: 10_000,
  maxPathBytes: 200,
  maxDepth: 16,
};

export interface ArchiveFile {
  /** A view into the archive: the very bytes that its digest covers. */
  readonly bytes: Uint8Array;
  readonly mode: Mode;
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  '\0': 'a regular file in the form from before POSIX',
  '1': 'a hard link',
  '2': 'a symbolic link',
  '3': 'a character device',
  '4': 'a block device',
  '5': 'a directory entry',
  '6': 'a FIFO',
  '7': 'a contiguous file',
  g: 'a global PAX header',
  K: 'a GNU long link',
  L: 'a GNU long name',
  S: 'a sparse file',
};

export function limitError(what: string, expected: number, actual: number): SignetError {
  return new SignetError('E_ARCHIVE_LIMIT', `the archive has too many ${what}`, {
    expected: `at most ${expected}`,
    actual: String(actual),
  });
}

/**
 * The files of an archive in their order. Refused: E_ARCHIVE_LIMIT, E_ARCHIVE_FORMAT, E_ARCHIVE_TYPE, E_ARCHIVE_PATH,
 * E_ARCHIVE_DUPLICATE. Nothing is copied; memory stays at the size of the archive and its list of names.
 */
export function preflight(bytes: Uint8Array, limits: ArchiveLimits): Map<string, ArchiveFile> {
  if (bytes.length > limits.maxBytes) throw limitError('bytes', limits.maxBytes, bytes.length);
  const refuse = (what: string, item?: string): never => {
    throw new SignetError('E_ARCHIVE_FORMAT', what, {
      ...(item === undefined ? {} : { item }),
      expected: 'the one form that these files have',
      actual: what,
    });
  };
  if (bytes.length % BLOCK !== 0 || bytes.length < 3 * BLOCK) {
    refuse(`an archive is at least three blocks of ${BLOCK} bytes, this has ${bytes.length} bytes`);
  }
  const end = bytes.length - 2 * BLOCK;
  if (!isZero(bytes.subarray(end))) refuse('the archive does not end in two zero blocks');

  const files = new Map<string, ArchiveFile>();
  const paths = new PathSet();
  let last: string | undefined;
  let at = 0;
  while (at < end) {
    const start = at;
    const item = `the entry at byte ${start}`;
    let pax: string | undefined;
    if (isZero(bytes.subarray(at, at + BLOCK))) refuse(`${item} is a zero block before the end`, item);
    let head = readHeader(bytes.subarray(at, at + BLOCK), item);
    if (head.type === PAX) {
      // The only record is a path, so a longer header is a bomb whatever it holds.
      const most = limits.maxPathBytes + 16;
      if (head.size > most) throw limitError('bytes of PAX header', most, head.size);
      const body = at + BLOCK;
      at = body + padded(head.size);
      if (at + BLOCK > end) refuse(`${item} is cut off`, item);
      pax = readPaxPath(bytes.subarray(body, body + head.size), item);
      head = readHeader(bytes.subarray(at, at + BLOCK), item);
    }
    if (head.type !== REGULAR) {
      const what = TYPE_NAMES[head.type] ?? `an entry of type ${JSON.stringify(head.type)}`;
      throw new SignetError('E_ARCHIVE_TYPE', `${item} is ${what}; only regular files are allowed`, {
        item,
        expected: 'a regular file',
        actual: what,
      });
    }
    if (head.mode !== 0o644 && head.mode !== 0o755) {
      throw new SignetError('E_ARCHIVE_TYPE', `${item} has a mode that no file of a bundle has`, {
        item,
        expected: '0644 or 0755',
        actual: `0${head.mode.toString(8)}`,
      });
    }
    const path = pax ?? head.path;
    checkPath(path, limits);
    const body = at + BLOCK;
    at = body + padded(head.size);
    if (at > end) refuse(`${path} is cut off`, path);
    if (!sameBytes(bytes.subarray(start, body), entryHeader(path, head.mode, head.size))) {
      refuse(`the header of ${path} is not the one form that Signet writes`, path);
    }
    if (!isZero(bytes.subarray(body + head.size, at))) refuse(`the padding of ${path} is not zero`, path);
    paths.add(path);
    if (last !== undefined && comparePaths(last, path) >= 0) refuse(`${path} is out of order`, path);
    last = path;
    files.set(path, { bytes: bytes.subarray(body, body + head.size), mode: head.mode });
    if (files.size > limits.maxEntries) throw limitError('files', limits.maxEntries, files.size);
  }
  return files;
}

const ZERO = Buffer.alloc(2 * BLOCK);

function isZero(bytes: Uint8Array): boolean {
  return ZERO.compare(bytes, 0, bytes.length, 0, bytes.length) === 0;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
