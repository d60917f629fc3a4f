// One file with an archive and its proof bundle (FORMAT.md "Export"; DESIGN.md §3 "Proof bundle"): with a pinned root, all that a
// stranger's machine needs. The file itself is not signed: everything in it is, or is refused.
import { SignetError } from '../src/error.ts';
import { ARCHIVE_LIMITS } from './preflight.ts';
import { MAX_PROOF } from './proof.ts';

/** Ending of an exported file. */
export const EXPORT_SUFFIX = '.signet';
const FAMILY = 'signet-export/';
const HEADER = /^signet-export\/1 (0|[1-9][0-9]{0,8}) (0|[1-9][0-9]{0,8})\n/;
/** Longest header line. */
const MAX_HEADER = 64;
/** Bytes of the largest exported file that is read. */
export const MAX_EXPORT = MAX_HEADER + ARCHIVE_LIMITS.maxBytes + MAX_PROOF;

export interface Exported {
  readonly archive: Uint8Array;
  readonly proof: Uint8Array;
}

/** `signet-export/1 <bytes of the archive> <bytes of the proof>\n`, the archive, the proof. */
export function formatExport({ archive, proof }: Exported): Uint8Array {
  return Buffer.concat([Buffer.from(`${FAMILY}1 ${archive.length} ${proof.length}\n`), archive, proof]);
}

/** Whether the bytes say that they are an exported file, of whatever version. */
export function isExport(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.subarray(0, FAMILY.length)).toString('latin1') === FAMILY;
}

/** The two parts, as views. Another version: E_FORMAT_VERSION. Not exactly the lengths that the header says: E_FORMAT. */
export function parseExport(bytes: Uint8Array, item: string): Exported {
  const head = Buffer.from(bytes.subarray(0, MAX_HEADER)).toString('latin1');
  const header = HEADER.exec(head);
  if (header === null) {
    const version = /^signet-export\/([0-9]{1,9}) /.exec(head)?.[1];
    if (version !== undefined && version !== '1') {
      throw new SignetError('E_FORMAT_VERSION', `${item} has a format that this Signet does not know`, {
        item,
        expected: `${FAMILY}1`,
        actual: FAMILY + version,
      });
    }
    throw new SignetError('E_FORMAT', `${item} does not begin as an exported file does`, {
      item,
      expected: `${FAMILY}1 <bytes of the archive> <bytes of the proof>`,
      actual: JSON.stringify(head.slice(0, 40)),
    });
  }
  const [start, length, rest] = [header[0].length, Number(header[1]), Number(header[2])];
  if (bytes.length !== start + length + rest) {
    throw new SignetError('E_FORMAT', `${item} does not have the length that its first line says`, {
      item,
      expected: `${start + length + rest} bytes`,
      actual: `${bytes.length} bytes`,
    });
  }
  return { archive: bytes.subarray(start, start + length), proof: bytes.subarray(start + length) };
}
