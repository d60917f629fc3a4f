// Tar archives made by hand, byte by byte, so that a test can write what no writer of ours would.
import { createHash } from 'node:crypto';

export interface Fields {
  name?: string;
  prefix?: string;
  mode?: string;
  uid?: string;
  gid?: string;
  size?: string;
  mtime?: string;
  type?: string;
  link?: string;
  magic?: string;
  uname?: string;
  /** Raw bytes written over the finished header, at offsets; the checksum is taken after them. */
  raw?: Record<number, number>;
  body?: Uint8Array | string;
  padding?: number;
  checksum?: string;
}

const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits, '0')}\0`;

/** One entry: header, body and padding. */
export function entry(fields: Fields): Buffer {
  const body = Buffer.from(fields.body ?? '');
  const block = Buffer.alloc(512);
  block.write(fields.name ?? 'a.txt', 0);
  block.write(fields.mode ?? octal(0o644, 7), 100, 'latin1');
  block.write(fields.uid ?? octal(0, 7), 108, 'latin1');
  block.write(fields.gid ?? octal(0, 7), 116, 'latin1');
  block.write(fields.size ?? octal(body.length, 11), 124, 'latin1');
  block.write(fields.mtime ?? octal(0, 11), 136, 'latin1');
  block.write('        ', 148);
  block.write(fields.type ?? '0', 156, 'latin1');
  block.write(fields.link ?? '', 157);
  block.write(fields.magic ?? 'ustar\x0000', 257, 'latin1');
  block.write(fields.uname ?? '', 265);
  block.write(octal(0, 7), 329, 'latin1');
  block.write(octal(0, 7), 337, 'latin1');
  block.write(fields.prefix ?? '', 345);
  for (const [at, byte] of Object.entries(fields.raw ?? {})) block[Number(at)] = byte;
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(fields.checksum ?? `${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  const padding = Buffer.alloc((512 - (body.length % 512)) % 512, fields.padding ?? 0);
  return Buffer.concat([block, body, padding]);
}

/** A PAX header of the given records, as `key=value` lines or as raw text. */
export function pax(records: Record<string, string> | string, name = '@PaxHeader'): Buffer {
  const line = (key: string, value: string): string => {
    const rest = Buffer.byteLength(` ${key}=${value}\n`);
    let length = rest + 1;
    while (String(length).length + rest !== length) length = String(length).length + rest;
    return `${length} ${key}=${value}\n`;
  };
  const body =
    typeof records === 'string'
      ? records
      : Object.entries(records)
          .map(([key, value]) => line(key, value))
          .join('');
  return entry({ name, type: 'x', body });
}

/** FILES.json for plain files, as it should be. */
export function filesJson(files: Record<string, string>, changes: Record<string, object> = {}): string {
  const list = Object.entries(files)
    .sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    .map(([path, text]) => ({
      mode: '0644',
      path,
      sha256: createHash('sha256').update(text).digest('hex'),
      size: Buffer.byteLength(text),
      ...changes[path],
    }));
  return JSON.stringify({ files: list, type: 'files/1' });
}

export const END = Buffer.alloc(1024);

/** An archive of entries and the end. */
export const tarOf = (...entries: readonly Uint8Array[]): Buffer => Buffer.concat([...entries, END]);

/** The archive of plain files as it should be: FILES.json first, as capitals sort before small letters. */
export const goodTar = (files: Record<string, string>): Buffer =>
  tarOf(
    entry({ name: 'FILES.json', body: filesJson(files) }),
    ...Object.entries(files).map(([name, body]) => entry({ name, body })),
  );

/** The code that a call throws, or `passed`. */
export function codeOf(call: () => unknown): string {
  try {
    call();
    return 'passed';
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}
