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

/** A header of an empty file without a name, and the sum of its bytes with the checksum field as spaces. */
const BLANK = new Uint8Array(BLOCK);
putAscii(BLANK, 100, '0000000\x000000000\x000000000\x0000000000000\x0000000000000\0        0');
putAscii(BLANK, 257, 'ustar\x0000');
putAscii(BLANK, 329, '0000000\x000000000\0');

function putAscii(block: Uint8Array, at: number, text: string): void {
  for (let i = 0; i < text.length; i++) block[at + i] = text.charCodeAt(i);
}

function header(type: string, name: string, prefix: string, mode: number, size: number): Uint8Array {
  const block = BLANK.slice();
  putAscii(block, 0, name);
  putAscii(block, 100, mode.toString(8).padStart(7, '0'));
  putAscii(block, 124, size.toString(8).padStart(11, '0'));
  putAscii(block, 156, type);
  putAscii(block, 345, prefix);
  let sum = 0;
  for (const byte of block) sum += byte;
  putAscii(block, 148, `${sum.toString(8).padStart(6, '0')}\0 `);
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
  if (!MAGIC.every((byte, i) => block[257 + i] === byte)) {
    throw new SignetError('E_ARCHIVE_FORMAT', `${item}: no ustar header`, {
      item,
      expected: 'the magic ustar',
      actual: JSON.stringify(Buffer.from(block.subarray(257, 265)).toString('latin1')),
    });
  }
  const prefix = nameField(block.subarray(345, 500), item);
  const name = nameField(block.subarray(0, 100), item);
  return {
    type: String.fromCharCode(block[156] as number),
    mode: octalField(block.subarray(100, 108), item),
    size: octalField(block.subarray(124, 136), item),
    path: prefix === '' ? name : `${prefix}/${name}`,
  };
}

const MAGIC = utf8.encode('ustar\x0000');
const ZERO = Buffer.alloc(BLOCK);

function nameField(field: Uint8Array, item: string): string {
  const end = field.indexOf(0);
  // A NUL inside a name ends it for one reader and not for another.
  const rest = end === -1 ? 0 : field.length - end;
  if (rest > 0 && ZERO.compare(field, end, field.length, 0, rest) !== 0) {
    throw nulInName(item);
  }
  if (end === 0) return '';
  try {
    return strictUtf8.decode(end === -1 ? field : field.subarray(0, end));
  } catch (cause) {
    throw new SignetError('E_ARCHIVE_FORMAT', `${item}: a name is not UTF-8`, {
      item,
      expected: 'UTF-8',
      actual: 'other bytes',
      cause,
    });
  }
}

/** Octal digits that fill the field up to one NUL. */
function octalField(field: Uint8Array, item: string): number {
  const digits = field.length - 1;
  let value = 0;
  for (let i = 0; i < digits; i++) {
    const digit = (field[i] as number) - 0x30;
    if (!(digit >= 0 && digit <= 7)) {
      throw new SignetError('E_ARCHIVE_FORMAT', `${item}: a number is not ${digits} octal digits`, {
        item,
        expected: `${digits} octal digits`,
        actual: JSON.stringify(Buffer.from(field).toString('latin1')),
      });
    }
    value = value * 8 + digit;
  }
  return value;
}

/** The path of a PAX body that holds one `path` record and nothing else; anything else: E_ARCHIVE_FORMAT or _TYPE. */
export function readPaxPath(body: Uint8Array, item: string): string {
  const refuse = (what: string): never => {
    throw new SignetError('E_ARCHIVE_FORMAT', `${item}: ${what}`, {
      item,
      expected: 'one path and nothing else',
      actual: what,
    });
  };
  let text: string;
  try {
    text = strictUtf8.decode(body);
  } catch {
    return refuse('a PAX header is not UTF-8');
  }
  if (/(?:^|\n)\d+ GNU\.sparse\./.test(text)) {
    throw new SignetError('E_ARCHIVE_TYPE', `${item}: a sparse file`, {
      item,
      expected: 'a regular file',
      actual: 'a sparse file',
    });
  }
  const path = /^\d+ path=([^\n]+)\n$/.exec(text)?.[1];
  if (path === undefined) return refuse('a PAX header holds more, or other, than one path');
  if (path.includes('\0')) {
    throw nulInName(item);
  }
  return path;
}

const nulInName = (item: string): SignetError =>
  new SignetError('E_ARCHIVE_PATH', `${item}: a name holds a NUL`, {
    item,
    expected: 'a name without NUL',
    actual: 'a NUL inside',
  });
