// Which paths an archive may hold: those that mean the same file on every system (THREATS.md 20, 22, 36).
import { SignetError } from '../src/error.ts';

export interface PathLimits {
  /** UTF-8 bytes of one path. */
  readonly maxPathBytes: number;
  /** Parts of one path, the file's own name included. */
  readonly maxDepth: number;
}

/** Names that Windows gives to devices, whatever extension follows. */
const DEVICE = /^(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|$)/i;

/** Printable ASCII, the common case: one byte a character, one form, nothing unseen. */
const isAscii = (path: string): boolean => /^[\x20-\x7e]*$/.test(path);

/** Throws E_ARCHIVE_PATH where some system would read the path differently, E_ARCHIVE_LIMIT where it is too long or deep. */
export function checkPath(path: string, limits: PathLimits): void {
  const refuse = (why: string): never => {
    const item = JSON.stringify(path.slice(0, 120));
    throw new SignetError('E_ARCHIVE_PATH', `the path ${item} ${why}`, {
      item,
      expected: 'a relative path that means one file everywhere',
      actual: `it ${why}`,
    });
  };
  if (path === '') refuse('is empty');
  if (!path.isWellFormed()) refuse('holds a lone surrogate');
  const ascii = isAscii(path);
  const bytes = ascii ? path.length : Buffer.byteLength(path);
  if (bytes > limits.maxPathBytes) {
    throw new SignetError('E_ARCHIVE_LIMIT', 'a path is too long', {
      item: path.slice(0, 120),
      expected: `at most ${limits.maxPathBytes} bytes`,
      actual: String(bytes),
    });
  }
  // Control, format (zero-width, direction), private-use and unassigned characters: unseen, or read differently.
  if (!ascii && /\p{C}/u.test(path)) refuse('holds a control, invisible or unassigned character');
  if (path.includes('\\')) refuse('holds a backslash');
  if (path.startsWith('/')) refuse('is absolute');
  if (/[:*?"<>|]/.test(path)) refuse('holds one of : * ? " < > |');
  if (!ascii && path.normalize('NFC') !== path) refuse('is not in Unicode form NFC');
  const parts = path.split('/');
  if (parts.length > limits.maxDepth) {
    throw new SignetError('E_ARCHIVE_LIMIT', 'a path is too deep', {
      item: path.slice(0, 120),
      expected: `at most ${limits.maxDepth} parts`,
      actual: String(parts.length),
    });
  }
  for (const part of parts) {
    if (part === '' || part === '.' || part === '..') refuse('holds an empty part, . or ..');
    if (/[. ]$/.test(part) || part.startsWith(' '))
      refuse('has a part that starts or ends with a space, or ends with a dot');
    if (DEVICE.test(part)) refuse('names a device of Windows');
  }
}

/** One form for all spellings that some file system takes for the same name: case, ß/ss, compatibility characters. */
function fold(path: string): string {
  if (isAscii(path)) return path.toUpperCase();
  // Upper, lower, upper: ẞ has no upper case of its own, so one pass leaves it apart from ß and ss.
  return path.normalize('NFKC').toUpperCase().toLowerCase().toUpperCase().normalize('NFKC');
}

/** Watches the paths of one archive: a second spelling of a file or folder throws E_ARCHIVE_DUPLICATE. */
export class PathSet {
  readonly #seen = new Map<string, { spelling: string; file: boolean }>();

  /** Adds a checked path. */
  add(path: string): void {
    for (let end = path.indexOf('/'); end !== -1; end = path.indexOf('/', end + 1)) {
      this.#claim(path.slice(0, end), false);
    }
    this.#claim(path, true);
  }

  #claim(spelling: string, file: boolean): void {
    const key = fold(spelling);
    const other = this.#seen.get(key);
    if (other === undefined) {
      this.#seen.set(key, { spelling, file });
    } else if (file || other.file || other.spelling !== spelling) {
      throw new SignetError('E_ARCHIVE_DUPLICATE', 'two paths of the archive name one place', {
        item: spelling,
        expected: 'names that differ on every file system',
        actual: `${other.spelling} and ${spelling}`,
      });
    }
  }
}

/** The order of an archive: by the bytes of the UTF-8 form, which is the order of code points. */
export function comparePaths(a: string, b: string): number {
  if (isAscii(a) && isAscii(b)) return a < b ? -1 : Number(a > b);
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
