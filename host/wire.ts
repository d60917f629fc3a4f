// The wire between supervisor and worker (DESIGN.md §4 "Wire"): length-prefixed frames on one inherited socket, text
// forwarded unparsed. A frame is: u32 LE length of what follows, u8 type, u32 LE isolate, payload. Used by both sides.
import { SignetError } from '../src/error.ts';

/**
 * Frame types. Below 64: supervisor to worker. From 64: worker to supervisor, exactly one for each request, in order; the payload
 * of each begins with a u32, the microseconds of processor time that the worker used for it.
 */
export const FRAME = {
  /** The guest prelude, once, first: fields script, code cache. No answer. */
  prelude: 1,
  /** Makes an isolate: fields heapMb, timeoutMs, birth text, code, code cache. Answer: `drained` or `failed`. */
  create: 2,
  /** One batch: u32 timeoutMs, text. Answer: `drained` or `failed`. */
  push: 3,
  /** Forgets an isolate. No answer. */
  dispose: 4,
  /** Makes code caches, running nothing: fields prelude, code. Answer: `compiled` or `failed`. */
  compile: 5,
  /** Runs one script in an isolate of its own: fields heapMb, timeoutMs, script. Answer: `drained` or `failed`. */
  evaluate: 6,
  /** The worker is up; isolate 0, no payload. The answer to being started. */
  ready: 64,
  /** The text that one batch drained, or that an evaluated script yielded. */
  drained: 65,
  /** u8 failure, then text made in the isolate, bounded. The isolate is gone. */
  failed: 66,
  /** Fields: code cache of the prelude, code cache of the code. */
  compiled: 67,
} as const;

/** Why an isolate failed: the first byte of a `failed` frame. */
export const FAILURE = {
  /** Its time was up. */
  timeout: 1,
  /** Its heap was full. */
  memory: 2,
  /** The script that was to be loaded or evaluated is no script, threw, or did not do what it must. */
  guest: 3,
  /** There is no such isolate, or it broke in another way. */
  gone: 4,
} as const;

const HEADER = 9;
/** The longest frame that a worker accepts, and that a supervisor may send. */
export const MAX_REQUEST_BYTES = 100 * 1024 * 1024;
/** The longest frame that a supervisor accepts of a worker. */
export const MAX_ANSWER_BYTES = 50 * 1024 * 1024;

/** A frame of raw bytes. */
export function bytesFrame(type: number, isolate: number, payload: Uint8Array = new Uint8Array()): Buffer {
  const frame = Buffer.allocUnsafe(HEADER + payload.length);
  frame.set(payload, HEADER);
  return finish(frame, frame.length, type, isolate);
}

/** A frame of UTF-8 text. */
export function textFrame(type: number, isolate: number, text: string): Buffer {
  const frame = Buffer.allocUnsafe(HEADER + roomFor(text));
  return finish(frame, HEADER + frame.write(text, HEADER, 'utf8'), type, isolate);
}

/** A frame of one u32 and UTF-8 text: `push`. */
export function numberedFrame(type: number, isolate: number, number: number, text: string): Buffer {
  const frame = Buffer.allocUnsafe(HEADER + 4 + roomFor(text));
  frame.writeUInt32LE(number, HEADER);
  return finish(frame, HEADER + 4 + frame.write(text, HEADER + 4, 'utf8'), type, isolate);
}

/** What a frame holds; the payload is a view. */
export function unframe(frame: Buffer): { type: number; isolate: number; payload: Buffer } {
  return { type: frame[4] as number, isolate: frame.readUInt32LE(5), payload: frame.subarray(HEADER) };
}

/** A short text is not measured first: three bytes a UTF-16 unit always do. */
function roomFor(text: string): number {
  return text.length < 4096 ? text.length * 3 : Buffer.byteLength(text, 'utf8');
}

function finish(frame: Buffer, length: number, type: number, isolate: number): Buffer {
  frame.writeUInt32LE(length - 4, 0);
  frame[4] = type;
  frame.writeUInt32LE(isolate, 5);
  return frame.subarray(0, length);
}

/** Payload of several values: a number is a u32, bytes and text are a u32 length and the bytes. */
export function formatFields(values: readonly (number | string | Uint8Array)[]): Buffer {
  return Buffer.concat(
    values.flatMap((value) => {
      if (typeof value === 'number') return [u32(value)];
      const bytes = typeof value === 'string' ? Buffer.from(value, 'utf8') : value;
      return [u32(bytes.length), bytes];
    }),
  );
}

function u32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4);
  bytes.writeUInt32LE(value, 0);
  return bytes;
}

/** Reads what `formatFields` wrote, in order. A payload that is too short, or has a rest at `end`: E_FORMAT. */
export class FieldReader {
  readonly #payload: Buffer;
  #at = 0;

  constructor(payload: Buffer) {
    this.#payload = payload;
  }

  number(): number {
    return this.#take(4).readUInt32LE(0);
  }

  /** A view, valid as long as the payload. */
  bytes(): Buffer {
    return this.#take(this.number());
  }

  text(): string {
    return this.bytes().toString('utf8');
  }

  end(): void {
    if (this.#at !== this.#payload.length) throw malformed('has bytes after its last field');
  }

  #take(length: number): Buffer {
    const end = this.#at + length;
    if (end > this.#payload.length) throw malformed('ends inside a field');
    const taken = this.#payload.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }
}

/** Called once a frame; the payload is a view that is valid during the call only. */
export type OnFrame = (type: number, isolate: number, payload: Buffer) => void;

/** Cuts a stream into frames, however it is chunked. A frame beyond `maxBytes`: E_LIMIT; too short for its header: E_FORMAT. */
export class FrameDecoder {
  readonly #maxBytes: number;
  /** What is held of a frame that is not whole: the first `#held` bytes. It doubles, so that no chunking costs more than its bytes. */
  #kept: Buffer = Buffer.alloc(0);
  #held = 0;
  /** Bytes that must be held before there is anything to do. */
  #need = 4;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The chunk may be reused by the caller afterwards. */
  push(chunk: Buffer, onFrame: OnFrame): void {
    if (this.#held + chunk.length < this.#need) {
      this.#keep(chunk);
      return;
    }
    const buffer = this.#held === 0 ? chunk : this.#joined(chunk);
    this.#kept = Buffer.alloc(0);
    this.#held = 0;
    this.#need = 4;
    let at = 0;
    while (buffer.length - at >= 4) {
      const length = buffer.readUInt32LE(at);
      if (length > this.#maxBytes) throw tooLong(length, this.#maxBytes);
      if (length < HEADER - 4) throw malformed('is shorter than its header');
      const end = at + 4 + length;
      if (end > buffer.length) {
        this.#need = 4 + length;
        break;
      }
      onFrame(buffer[at + 4] as number, buffer.readUInt32LE(at + 5), buffer.subarray(at + HEADER, end));
      at = end;
    }
    if (at < buffer.length) this.#keep(buffer.subarray(at));
  }

  #keep(part: Buffer): void {
    this.#kept = this.#joined(part, 2);
    this.#held += part.length;
  }

  /** What is held and the part behind it; in a buffer that has room for `room` times as much where it needs a new one. */
  #joined(part: Buffer, room = 1): Buffer {
    const length = this.#held + part.length;
    const fits = this.#kept.length >= length;
    const joined = fits ? this.#kept : Buffer.allocUnsafe(length * room);
    if (!fits) this.#kept.copy(joined, 0, 0, this.#held);
    part.copy(joined, this.#held);
    return room === 1 ? joined.subarray(0, length) : joined;
  }
}

function malformed(what: string): SignetError {
  return new SignetError('E_FORMAT', `a frame ${what}`, { item: 'frame' });
}

function tooLong(length: number, maxBytes: number): SignetError {
  return new SignetError('E_LIMIT', 'a frame is too long', {
    item: 'frame',
    expected: `at most ${maxBytes} bytes`,
    actual: String(length),
  });
}
