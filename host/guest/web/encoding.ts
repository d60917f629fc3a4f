// `TextEncoder`, `TextDecoder`, `atob`, `btoa` (WHATWG Encoding and HTML): UTF-8, UTF-16LE and what the web calls latin1.
import { decodeBase64, encodeBase64 } from '../base64.ts';
import { bytesOf } from './bytes.ts';
import { DOMException } from './events.ts';

export class TextEncoder {
  get encoding(): string {
    return 'utf-8';
  }

  /** Lone surrogates become U+FFFD. */
  encode(input: unknown = ''): Uint8Array<ArrayBuffer> {
    const text = String(input);
    const bytes = new Uint8Array(text.length * 3);
    return bytes.slice(0, writeUtf8(text, bytes).written);
  }

  encodeInto(source: unknown, target: Uint8Array): { read: number; written: number } {
    return writeUtf8(String(source), target);
  }
}

/** As many whole characters as there is room for. */
function writeUtf8(text: string, target: Uint8Array): { read: number; written: number } {
  let written = 0;
  let read = 0;
  while (read < text.length) {
    let point = text.charCodeAt(read);
    let units = 1;
    if (point >= 0xd800 && point < 0xe000) {
      const low = text.charCodeAt(read + 1);
      if (point < 0xdc00 && low >= 0xdc00 && low < 0xe000) {
        point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
        units = 2;
      } else point = 0xfffd;
    }
    const length = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    if (written + length > target.length) break;
    if (length === 1) target[written++] = point;
    else {
      target[written++] = (0xf00 >> length) | (point >> (6 * (length - 1)));
      for (let rest = length - 2; rest >= 0; rest--)
        target[written++] = 0x80 | ((point >> (6 * rest)) & 0x3f);
    }
    read += units;
  }
  return { read, written };
}

const LABELS: ReadonlyMap<string, string> = new Map(
  (
    [
      ['utf-8', 'unicode-1-1-utf-8 unicode11utf8 unicode20utf8 utf-8 utf8 x-unicode20utf8'],
      ['utf-16le', 'csunicode iso-10646-ucs-2 ucs-2 unicode unicodefeff utf-16 utf-16le'],
      [
        'windows-1252',
        'ansi_x3.4-1968 ascii cp1252 cp819 csisolatin1 ibm819 iso-8859-1 iso-ir-100 iso8859-1 iso88591 iso_8859-1 ' +
          'iso_8859-1:1987 l1 latin1 us-ascii windows-1252 x-cp1252',
      ],
    ] as const
  ).flatMap(([name, labels]) => labels.split(' ').map((label) => [label, name] as const)),
);

/** What 0x80 to 0x9f are in windows-1252. */
const HIGH = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ';

/** Takes bytes one by one; `end` says what an unfinished character comes to. */
interface Decoding {
  push(byte: number, emit: (unit: number) => void): void;
  end(emit: (unit: number) => void): void;
}

export class TextDecoder {
  readonly encoding: string;
  readonly fatal: boolean;
  readonly ignoreBOM: boolean;
  #decoding: Decoding | undefined;
  #begun = false;

  /** RangeError for an encoding that is not here. */
  constructor(label: unknown = 'utf-8', options: { fatal?: boolean; ignoreBOM?: boolean } = {}) {
    const name = LABELS.get(
      String(label)
        .replace(/^[\t\n\f\r ]+|[\t\n\f\r ]+$/g, '')
        .toLowerCase(),
    );
    if (name === undefined) throw new RangeError(`there is no encoding ${JSON.stringify(label)} here`);
    this.encoding = name;
    this.fatal = options?.fatal === true;
    this.ignoreBOM = options?.ignoreBOM === true;
  }

  /** TypeError for malformed input where `fatal`. */
  decode(input?: ArrayBuffer | ArrayBufferView, options: { stream?: boolean } = {}): string {
    const bytes = input === undefined ? new Uint8Array() : bytesOf(input);
    const units = new Uint16Array(8192);
    let text = '';
    let count = 0;
    const emit = (unit: number): void => {
      if (!this.#begun) {
        this.#begun = true;
        if (unit === 0xfeff && !this.ignoreBOM && this.encoding !== 'windows-1252') return;
      }
      units[count++] = unit;
      if (count === units.length) {
        text += String.fromCharCode.apply(null, units as unknown as number[]);
        count = 0;
      }
    };
    try {
      this.#decoding ??= this.#start();
      for (let i = 0; i < bytes.length; i++) this.#decoding.push(bytes[i] as number, emit);
      if (options?.stream !== true) this.#decoding.end(emit);
    } catch (thrown) {
      this.#decoding = undefined;
      this.#begun = false;
      throw thrown;
    }
    if (options?.stream !== true) {
      this.#decoding = undefined;
      this.#begun = false;
    }
    return text + String.fromCharCode.apply(null, units.subarray(0, count) as unknown as number[]);
  }

  #start(): Decoding {
    const malformed = (emit: (unit: number) => void): void => {
      if (this.fatal) throw new TypeError(`the bytes are no ${this.encoding}`);
      emit(0xfffd);
    };
    if (this.encoding === 'utf-8') return utf8(malformed);
    if (this.encoding === 'utf-16le') return utf16(malformed);
    return {
      push: (byte, emit) => emit(byte >= 0x80 && byte < 0xa0 ? HIGH.charCodeAt(byte - 0x80) : byte),
      end: () => undefined,
    };
  }
}

type Malformed = (emit: (unit: number) => void) => void;

/** https://encoding.spec.whatwg.org/#utf-8-decoder */
function utf8(malformed: Malformed): Decoding {
  let point = 0;
  let needed = 0;
  let lower = 0x80;
  let upper = 0xbf;
  const push: Decoding['push'] = (byte, emit) => {
    if (needed === 0) {
      if (byte < 0x80) emit(byte);
      else if (byte >= 0xc2 && byte < 0xf5) {
        needed = byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
        point = byte & (0x3f >> needed);
        if (byte === 0xe0) lower = 0xa0;
        if (byte === 0xed) upper = 0x9f;
        if (byte === 0xf0) lower = 0x90;
        if (byte === 0xf4) upper = 0x8f;
      } else malformed(emit);
      return;
    }
    const fits = byte >= lower && byte <= upper;
    lower = 0x80;
    upper = 0xbf;
    if (!fits) {
      needed = 0;
      malformed(emit);
      push(byte, emit);
      return;
    }
    point = (point << 6) | (byte & 0x3f);
    if (--needed > 0) return;
    if (point < 0x10000) emit(point);
    else {
      emit(0xd7c0 + (point >> 10));
      emit(0xdc00 + (point & 0x3ff));
    }
  };
  return { push, end: (emit) => needed > 0 && malformed(emit) };
}

/** https://encoding.spec.whatwg.org/#shared-utf-16-decoder */
function utf16(malformed: Malformed): Decoding {
  let first: number | undefined;
  let high: number | undefined;
  return {
    push(byte, emit) {
      if (first === undefined) {
        first = byte;
        return;
      }
      const unit = first | (byte << 8);
      first = undefined;
      const isLow = unit >= 0xdc00 && unit < 0xe000;
      if (high !== undefined) {
        const before = high;
        high = undefined;
        if (isLow) {
          emit(before);
          emit(unit);
          return;
        }
        malformed(emit);
      }
      if (unit >= 0xd800 && unit < 0xdc00) high = unit;
      else if (isLow) malformed(emit);
      else emit(unit);
    },
    end: (emit) => (first !== undefined || high !== undefined) && malformed(emit),
  };
}

const invalid = (what: string): DOMException => new DOMException(what, 'InvalidCharacterError');

/** Base64 of a text whose characters are bytes. */
export function btoa(input: unknown): string {
  const text = String(input);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0xff) throw invalid('btoa takes characters up to U+00FF only');
    bytes[i] = code;
  }
  return encodeBase64(bytes);
}

/** The text whose characters are the bytes of a base64 that may have white space, and may lack its padding. */
export function atob(input: unknown): string {
  let text = String(input).replace(/[\t\n\f\r ]+/g, '');
  if (text.length % 4 === 0) text = text.replace(/={1,2}$/, '');
  if (text.length % 4 === 1 || /[^A-Za-z0-9+/]/.test(text)) throw invalid('atob was given no base64');
  const bytes = decodeBase64(text.padEnd(Math.ceil(text.length / 4) * 4, '='));
  let binary = '';
  for (let i = 0; i < bytes.length; i += 8192) {
    binary += String.fromCharCode.apply(null, bytes.subarray(i, i + 8192) as unknown as number[]);
  }
  return binary;
}
