// Secrets taken out of what comes back from outside (DESIGN.md §4 "its literal and common encodings are redacted from what comes
// back"; THREATS.md H11). What comes back and what is looked for are brought to one plain spelling: without escapes (percent, JSON,
// JavaScript, HTML), line breaks, NULs (UTF-16) and case; there the secret is sought as it is, in hexadecimal and in base64 of
// either alphabet at any alignment.
//
// This is against accidents, not against the origin: it was given the secret, and may send it in pieces, reversed, compressed once
// more, encrypted or as a digest. A secret is worth what the origin is worth that it is granted for.
import type { Secret } from '../keys/secret-store.ts';

/** What stands where a secret was: allowed in a header, a path and a JSON string alike. */
const MARK = '***';

/** Takes secrets out of bytes and of text of Latin-1. */
export interface Redactor {
  bytes(bytes: Buffer): Buffer;
  text(text: string): string;
}

/** A redactor of these secrets; without any it hands back what it is given. */
export function redactorOf(secrets: readonly Secret[]): Redactor {
  const needles = secrets.map(needlesOf);
  const bytes = (raw: Buffer): Buffer => (needles.length === 0 ? raw : redacted(raw, needles));
  return { bytes, text: (text) => bytes(Buffer.from(text, 'latin1')).toString('latin1') };
}

interface Needles {
  /** As it is, wherever plain spelling would leave nothing of it. */
  readonly literal: Buffer;
  readonly plain: readonly Uint8Array[];
}

const known = new WeakMap<Secret, Needles>();
/** A shorter one would be found everywhere. */
const MIN_NEEDLE = 4;
/** What holds secrets oftener than this is a secret as a whole: taking each out by itself would hold the host up. */
const MAX_FOUND = 10_000;

/** What is sought of a secret, made once. */
function needlesOf(secret: Secret): Needles {
  let needles = known.get(secret);
  if (needles === undefined) {
    const value = Buffer.from(secret.value);
    const forms = [
      secret.value,
      value.toString('hex'),
      ...[0, 1, 2].map((offset) => base64At(value, offset)),
    ];
    const plain = forms.map((form) => plainOf(Buffer.from(form)).bytes);
    needles = { literal: value, plain: plain.filter(({ length }) => length >= MIN_NEEDLE) };
    known.set(secret, needles);
  }
  return needles;
}

/** The characters that base64 has for the bytes wherever they begin `offset` bytes after a multiple of three. */
function base64At(value: Buffer, offset: number): string {
  const encoded = Buffer.concat([Buffer.alloc(offset), value]).toString('base64');
  return encoded.slice(Math.ceil((8 * offset) / 6), Math.floor((8 * (offset + value.length)) / 6));
}

type Range = readonly [start: number, end: number];

function redacted(raw: Buffer, needles: readonly Needles[]): Buffer {
  const { bytes, passes } = plainOf(raw);
  const found = needles.flatMap(({ literal, plain }) => [
    ...occurrences(raw, literal),
    ...plain.flatMap((needle) => occurrences(bytes, needle)).map((range) => spelt(range, passes)),
  ]);
  if (found.length === 0) return raw;
  if (found.length > MAX_FOUND) return Buffer.from(MARK);
  const parts: Buffer[] = [];
  let done = 0;
  for (const [start, end] of found.sort((a, b) => a[0] - b[0] || b[1] - a[1])) {
    if (end <= done) continue;
    // What overlaps is one.
    if (start >= done) parts.push(raw.subarray(done, start), Buffer.from(MARK));
    done = end;
  }
  parts.push(raw.subarray(done));
  return Buffer.concat(parts);
}

/** One more than `MAX_FOUND` at most. */
function occurrences(bytes: Buffer, needle: Uint8Array): Range[] {
  const found: Range[] = [];
  for (let at = bytes.indexOf(needle); at !== -1; at = bytes.indexOf(needle, at + needle.length)) {
    found.push([at, at + needle.length]);
    if (found.length > MAX_FOUND) break;
  }
  return found;
}

/** One step to plain spelling: what it began with, for each byte that it left where that began in it, and where such a one ends. */
interface Pass {
  readonly raw: Buffer;
  readonly from: Uint32Array;
  readonly endOf: (raw: Buffer, at: number) => number;
}
/** Escapes within escapes that are undone. */
const MAX_ESCAPES = 3;

/** The plain spelling, and the passes that led to it. */
function plainOf(raw: Buffer): { bytes: Buffer; passes: readonly Pass[] } {
  const passes: Pass[] = [{ raw, from: new Uint32Array(raw.length), endOf: (_, at) => at + 1 }];
  let bytes = unspaced(raw, passes[0]!.from);
  for (let shorter = true; shorter && passes.length <= MAX_ESCAPES; ) {
    const from = new Uint32Array(bytes.length);
    const next = unescaped(bytes, from);
    passes.push({ raw: bytes, from, endOf: endOfEscape });
    shorter = next.length < bytes.length;
    bytes = next;
  }
  return { bytes, passes };
}

/** Without what may stand between any two characters: NULs (UTF-16), line breaks, spaces. */
function unspaced(raw: Buffer, from: Uint32Array): Buffer {
  const bytes = Buffer.allocUnsafe(raw.length);
  let length = 0;
  for (let at = 0; at < raw.length; at++) {
    const byte = raw[at]!;
    if (byte === 0 || byte === 0x20 || (byte >= 0x09 && byte <= 0x0d)) continue;
    bytes[length] = PLAIN[byte]!;
    from[length++] = at;
  }
  return bytes.subarray(0, length);
}

function unescaped(raw: Buffer, from: Uint32Array): Buffer {
  const bytes = Buffer.allocUnsafe(raw.length);
  const reader = new Reader(raw, 0);
  let length = 0;
  for (let at = 0; at < raw.length; ) {
    const byte = raw[at]!;
    if (byte !== PERCENT && byte !== AMPERSAND && byte !== BACKSLASH) {
      bytes[length] = byte;
      from[length++] = at++;
      continue;
    }
    reader.at = at;
    const value = reader.next();
    if (value !== undefined) {
      bytes[length] = PLAIN[value]!;
      from[length++] = at;
    }
    at = reader.at;
  }
  return bytes.subarray(0, length);
}

function endOfEscape(raw: Buffer, at: number): number {
  const reader = new Reader(raw, at);
  reader.next();
  return reader.at;
}

/** Where a range of plain bytes is spelt in what they were made of. */
function spelt(range: Range, passes: readonly Pass[]): Range {
  return passes.reduceRight<Range>(
    ([start, end], { raw, from, endOf }) => [from[start]!, endOf(raw, from[end - 1]!)],
    range,
  );
}

const [PERCENT, AMPERSAND, HASH, SEMICOLON, BACKSLASH] = [0x25, 0x26, 0x23, 0x3b, 0x5c];
const ENTITIES: ReadonlyMap<string, number> = new Map(
  Object.entries({ amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }).map(([name, char]) => [
    name,
    char.charCodeAt(0),
  ]),
);
/** Characters of an entity, with zeros before its number. */
const MAX_ENTITY = 12;

/** Reads what is spelt, byte for byte; it passes over every byte of `raw` once. */
class Reader {
  at: number;
  readonly #raw: Buffer;

  constructor(raw: Buffer, at: number) {
    this.#raw = raw;
    this.at = at;
  }

  /** The byte that is meant next, or undefined for what means none. */
  next(): number | undefined {
    const byte = this.#raw[this.at++]!;
    switch (byte) {
      case PERCENT:
        return this.#percent() ?? byte;
      case AMPERSAND:
        return this.#entity() ?? byte;
      case BACKSLASH:
        return this.#escape();
      default:
        return byte;
    }
  }

  /** `%41`, however often encoded again: `%2541`. */
  #percent(): number | undefined {
    let start = this.at;
    while (this.#hex(start) === PERCENT && this.#hex(start + 2) !== undefined) start += 2;
    const value = this.#hex(start);
    if (value !== undefined) this.at = start + 2;
    return value;
  }

  /** `\u0041`, `\x41`, `\n`; before anything else backslashes only say that it is meant. */
  #escape(): number | undefined {
    while (this.#raw[this.at] === BACKSLASH) this.at++;
    const letter = String.fromCharCode(this.#raw[this.at] ?? 0);
    if (letter === 'u' && this.#hex(this.at + 1) !== 0) return undefined;
    const digits = this.at + (letter === 'u' ? 3 : 1);
    const value = letter === 'u' || letter === 'x' ? this.#hex(digits) : undefined;
    if (value !== undefined) this.at = digits + 2;
    else if ('nrt'.includes(letter)) this.at++;
    return value;
  }

  /** `&amp;`, `&#65;`, `&#x41;` */
  #entity(): number | undefined {
    const raw = this.#raw;
    let end = this.at;
    while (end < this.at + MAX_ENTITY && (raw[end] === HASH || isAlphanumeric(raw[end] ?? 0))) end++;
    if (raw[end] !== SEMICOLON) return undefined;
    const name = raw.toString('latin1', this.at, end);
    const number = /^#\d+$/.test(name) ? Number(name.slice(1)) : Number.parseInt(name.slice(2), 16);
    const value = name.startsWith('#') ? number : ENTITIES.get(name);
    if (value === undefined || !(value < 0x100)) return undefined;
    this.at = end + 1;
    return value;
  }

  /** The byte of two hexadecimal digits. */
  #hex(at: number): number | undefined {
    const [high, low] = [DIGITS[this.#raw[at] ?? 0]!, DIGITS[this.#raw[at + 1] ?? 0]!];
    return high > 15 || low > 15 ? undefined : high * 16 + low;
  }
}

const isAlphanumeric = (byte: number): boolean =>
  (byte >= 0x30 && byte <= 0x39) || ((byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a);

const DIGITS = Uint8Array.from({ length: 256 }, (_, byte) => {
  const digit = Number.parseInt(String.fromCharCode(byte), 16);
  return Number.isNaN(digit) ? 255 : digit;
});

/** Letters in lower case, the alphabet of base64url as that of base64. */
const PLAIN = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte >= 0x41 && byte <= 0x5a) return byte | 0x20;
  if (byte === 0x2d) return 0x2b;
  return byte === 0x5f ? 0x2f : byte;
});
