// The one tar form that Signet writes and reads: POSIX ustar with every free field fixed (FORMAT.md "Archive").
import { SignetError } from '../src/error.ts';

export const BLOCK = 512;
/** Type flags that a Signet archive may hold: a regular file, and the PAX header of the file that follows it. */
export const REGULAR = '0';
export const PAX = 'x';
/** What stands in the name field of a PAX header and of its file: the PAX record holds the real name. */
const PAX_NAME = '@PaxHeader';

export type Mode = 0o644 | 0o755;

const utf8 = new TextEncoder();
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Bytes that a body of this size takes, padding included. */
export const padded = (size: number): number => Math.ceil(size / BLOCK) * BLOCK;

/** Name and prefix fields for the path, or undefined where ustar cannot hold it: not ASCII, or no place to split it. */
function ustarName(path: string): { name: string; prefix: string } | undefined {
  if (!/^[\x20-\x7e]*$/.test(path)) return undefined;
  if (path.length <= 100) return { name: path, prefix: '' };
  // The leftmost slash that leaves at most 100 bytes of name: the shortest prefix.
  for (let at = path.indexOf('/'); at !== -1; at = path.indexOf('/', at + 1)) {
    if (path.length - at - 1 <= 100) {
      return at <= 155 ? { name: path.slice(at + 1), prefix: path.slice(0, at) } : undefined;
    }
  }
  return undefined;
}

function header(type: string, name: string, prefix: string, mode: number, size: number): Uint8Array {
  const block = new Uint8Array(BLOCK);
  const put = (at: number, text: string): void => void utf8.encodeInto(text, block.subarray(at));
  const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits, '0')}\0`;
  put(0, name);
  put(100, octal(mode, 7));
  put(108, octal(0, 7));
  put(116, octal(0, 7));
  put(124, octal(size, 11));
  put(136, octal(0, 11));
  put(148, '        ');
  put(156, type);
  put(257, 'ustar\x0000');
  put(329, octal(0, 7));
  put(337, octal(0, 7));
  put(345, prefix);
  const sum = block.reduce((total, byte) => total + byte, 0);
  put(148, `${sum.toString(8).padStart(6, '0')}\0 `);
  return block;
}

/** The PAX record `<length> path=<path>\n`, where the length counts itself. */
function paxRecord(path: string): Uint8Array {
  const rest = utf8.encode(` path=${path}\n`);
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return new Uint8Array([...utf8.encode(String(length)), ...rest]);
}

/** Everything that stands before the body of a file: one block, or three where the name needs a PAX record. */
export function entryHeader(path: string, mode: Mode, size: number): Uint8Array {
  const fits = ustarName(path);
  if (fits !== undefined) return header(REGULAR, fits.name, fits.prefix, mode, size);
  const record = paxRecord(path);
  const blocks = new Uint8Array(BLOCK + padded(record.length) + BLOCK);
  blocks.set(header(PAX, PAX_NAME, '', 0o644, record.length));
  blocks.set(record, BLOCK);
  blocks.set(header(REGULAR, PAX_NAME, '', mode, size), BLOCK + padded(record.length));
  return blocks;
}

/** The fields of a header that decide how to go on; all others are compared with what `entryHeader` writes. */
export interface RawHeader {
  readonly type: string;
  readonly mode: number;
  readonly size: number;
  /** Prefix and name joined, as bytes say; not yet checked. */
  readonly path: string;
}

/** Reads one header block; what is not octal, not UTF-8 or lacks the ustar magic: E_ARCHIVE_FORMAT. */
export function readHeader(block: Uint8Array, item: string): RawHeader {
  const refuse = (what: string): never => {
    throw new SignetError('E_ARCHIVE_FORMAT', `${item}: ${what}`, { item });
  };
  const text = (at: number, length: number): string => {
    const field = block.subarray(at, at + length);
    const end = field.indexOf(0);
    try {
      return strictUtf8.decode(end === -1 ? field : field.subarray(0, end));
    } catch {
      return refuse('a name is not UTF-8');
    }
  };
  const octal = (at: number, digits: number, what: string): number => {
    const field = text(at, digits + 1);
    if (!/^[0-7]+$/.test(field) || field.length !== digits) refuse(`${what} is not ${digits} octal digits`);
    return Number.parseInt(field, 8);
  };
  if (text(257, 6) !== 'ustar' || block[263] !== 0x30 || block[264] !== 0x30) refuse('no ustar header');
  // A NUL inside a name field ends it for one reader and not for another.
  for (const [at, length] of [
    [0, 100],
    [345, 155],
  ] as const) {
    const field = block.subarray(at, at + length);
    const end = field.indexOf(0);
    if (end !== -1 && field.subarray(end).some((byte) => byte !== 0)) {
      throw new SignetError('E_ARCHIVE_PATH', `${item}: a name holds a NUL`, { item });
    }
  }
  const prefix = text(345, 155);
  const name = text(0, 100);
  return {
    type: String.fromCharCode(block[156] as number),
    mode: octal(100, 7, 'the mode'),
    size: octal(124, 11, 'the size'),
    path: prefix === '' ? name : `${prefix}/${name}`,
  };
}

/** The path of a PAX body that holds one `path` record and nothing else; anything else: E_ARCHIVE_FORMAT or _TYPE. */
export function readPaxPath(body: Uint8Array, item: string): string {
  const refuse = (what: string): never => {
    throw new SignetError('E_ARCHIVE_FORMAT', `${item}: ${what}`, { item });
  };
  let text: string;
  try {
    text = strictUtf8.decode(body);
  } catch {
    return refuse('a PAX header is not UTF-8');
  }
  if (/(?:^|\n)\d+ GNU\.sparse\./.test(text)) {
    throw new SignetError('E_ARCHIVE_TYPE', `${item}: a sparse file`, { item });
  }
  const path = /^\d+ path=([^\n]+)\n$/.exec(text)?.[1];
  if (path === undefined) return refuse('a PAX header holds more, or other, than one path');
  if (path.includes('\0')) {
    throw new SignetError('E_ARCHIVE_PATH', `${item}: a name holds a NUL`, { item });
  }
  return path;
}
