// The bytes of a generation's record (DESIGN.md §4 "Record and replay"): the line `signet record/1`, the head as canonical JSON on a
// line, then frames, each begun by a line:
//
//   B <pushed parts> <drained parts> <sha256> <sha256>
//                                       one batch: its two texts as parts, and their hashes
//   T <bytes>                           a part: the bytes, and a line end
//   V <bytes> <sha256>                  a part that is kept once, in a file of its own
//   H <sha256> <sha256>                 one batch whose texts are not kept: their hashes
//   E <ending>                          how the generation ended
//
// The chain is SHA-256 of the head's line, then of chain, hash of the pushed and hash of the drained text, batch by batch: the same
// whether texts are kept or not. A call's record in the journal names the chain where it ended, and so proves this file up to there.
import { hash } from 'node:crypto';
import { GenerationEnding, GenerationHead } from '../src/contracts/record.ts';
import { SignetError } from '../src/error.ts';
import { canonicalJson, parseJson } from '../src/json.ts';
import { parseShape } from '../src/shape.ts';

const NAME = 'signet record/1\n';
const LINE_END = 0x0a;
const FRAME = /^(?:(?:B ([0-9]{1,6}) ([0-9]{1,6})|H) ([0-9a-f]{64}) ([0-9a-f]{64})|E ([a-z]{1,16}))$/;
const PART = /^(?:T ([0-9]{1,10})|V ([0-9]{1,10}) ([0-9a-f]{64}))$/;

/** A piece of a text: as it is, or a value that is kept once. */
export type Part = { readonly text: string } | { readonly value: string };

/** One batch as it was read: its texts, or their hashes alone. */
export type RecordedBatch =
  | { readonly pushed: string; readonly drained: string; readonly chain: string }
  | { readonly pushedHash: string; readonly drainedHash: string; readonly chain: string };

export interface RecordedGeneration {
  readonly head: GenerationHead;
  readonly batches: readonly RecordedBatch[];
  /** Undefined where the record breaks off: its host died, or it goes on. */
  readonly ending: GenerationEnding | undefined;
}

/** Hexadecimal SHA-256 of a text or bytes. */
export const hashOf = (data: string | Uint8Array): string => hash('sha256', data, 'hex');

/** The first bytes of a record, and where its chain begins. */
export function formatHead(head: GenerationHead): { bytes: Buffer; chain: string } {
  const line = `${canonicalJson(head)}\n`;
  return { bytes: Buffer.from(NAME + line), chain: hashOf(line) };
}

export function nextChain(chain: string, pushedHash: string, drainedHash: string): string {
  return hashOf(`${chain}${pushedHash}${drainedHash}`);
}

/** A batch with its texts and their hashes; `store` is given each value that is kept once, and answers its hash. */
export function formatBatch(
  pushed: readonly Part[],
  drained: readonly Part[],
  hashes: readonly [pushed: string, drained: string],
  store: (value: string) => string,
): string {
  const part = (one: Part): string =>
    'text' in one
      ? `T ${Buffer.byteLength(one.text)}\n${one.text}\n`
      : `V ${Buffer.byteLength(one.value)} ${store(one.value)}\n`;
  const lines = [...pushed, ...drained].map(part).join('');
  return `B ${pushed.length} ${drained.length} ${hashes.join(' ')}\n${lines}`;
}

export const formatHashes = (pushedHash: string, drainedHash: string): string =>
  `H ${pushedHash} ${drainedHash}\n`;

export const formatEnding = (ending: GenerationEnding): string => `E ${ending}\n`;

/**
 * Reads a record; one that breaks off gives what is whole. `load` gives the bytes of a value by its hash; a value that is missing, or
 * not the one of that hash, makes its batch one without texts. Anything else that is not a record: E_RECORD; a later one E_FORMAT_VERSION.
 */
export function parseRecord(
  bytes: Uint8Array,
  load: (hash: string) => Uint8Array | undefined,
): RecordedGeneration {
  const cursor = new Cursor(bytes);
  const name = cursor.line();
  if (name !== NAME.trimEnd()) {
    if (name?.startsWith('signet record/')) {
      throw new SignetError('E_FORMAT_VERSION', 'the record has another format', {
        actual: name.slice(0, 40),
      });
    }
    throw broken('it is no record');
  }
  const line = cursor.line();
  if (line === undefined) throw broken('it has no head');
  const head = parseHead(line);
  let chain = hashOf(`${line}\n`);
  const batches: RecordedBatch[] = [];
  for (;;) {
    const frame = cursor.line();
    if (frame === undefined) return { head, batches, ending: undefined };
    const [, pushedParts, drainedParts, pushedHash, drainedHash, ending] = FRAME.exec(frame) ?? [];
    if (ending !== undefined) {
      return { head, batches, ending: parseShape(GenerationEnding, ending, 'record', 'E_RECORD') };
    }
    if (pushedHash === undefined || drainedHash === undefined) throw broken('a line of it is no frame');
    const texts: (string | undefined)[] = [];
    for (const [parts, expected] of [
      [pushedParts, pushedHash],
      [drainedParts, drainedHash],
    ] as const) {
      if (parts === undefined) continue;
      const text = cursor.text(Number(parts), load);
      // It breaks off within this batch.
      if (text === undefined) return { head, batches, ending: undefined };
      if (text !== null && hashOf(text) !== expected) throw broken('a text of it was changed');
      texts.push(text === null ? undefined : text.toString('utf8'));
    }
    chain = nextChain(chain, pushedHash, drainedHash);
    const [pushed, drained] = texts;
    batches.push(
      pushed === undefined || drained === undefined
        ? { pushedHash, drainedHash, chain }
        : { pushed, drained, chain },
    );
  }
}

function parseHead(line: string): GenerationHead {
  try {
    return parseShape(GenerationHead, parseJson(line, 'record'), 'record');
  } catch (cause) {
    throw new SignetError('E_RECORD', 'a record cannot be read: its head is damaged', {
      item: 'record',
      cause,
    });
  }
}

class Cursor {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** The next line without its end; undefined where there is no whole one. */
  line(): string | undefined {
    const end = this.#bytes.indexOf(LINE_END, this.#at);
    if (end === -1) return undefined;
    const line = Buffer.from(this.#bytes.subarray(this.#at, end)).toString('utf8');
    this.#at = end + 1;
    return line;
  }

  /** The bytes of a text of so many parts; null where a value of it is missing; undefined where it breaks off. */
  text(parts: number, load: (hash: string) => Uint8Array | undefined): Buffer | null | undefined {
    const pieces: Uint8Array[] = [];
    let whole = true;
    for (let part = 0; part < parts; part++) {
      const line = this.line();
      if (line === undefined) return undefined;
      const [, length, size, value] = PART.exec(line) ?? [];
      if (length !== undefined) {
        const end = this.#at + Number(length);
        if (end >= this.#bytes.length) return undefined;
        if (this.#bytes[end] !== LINE_END) throw broken('a part of it has no end');
        pieces.push(this.#bytes.subarray(this.#at, end));
        this.#at = end + 1;
      } else if (value !== undefined && size !== undefined) {
        const found = load(value);
        if (found?.length === Number(size)) pieces.push(found);
        else whole = false;
      } else throw broken('a line of it is no part');
    }
    return whole ? Buffer.concat(pieces) : null;
  }
}

function broken(why: string): SignetError {
  return new SignetError('E_RECORD', `a record cannot be read: ${why}`, { item: 'record' });
}
