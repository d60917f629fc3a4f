// Entry of the worker process (DESIGN.md §4 "Workers hold no authority of ours"): a dumb pump between the wire on fd 3 and its
// isolates. It parses no JSON, decides nothing, and ends when the other end of the wire closes.
import { readSync, writeSync } from 'node:fs';
import { Engine, type GuestIsolate, loadAddon, type Outcome } from '../isolate/isolate.ts';
import {
  bytesFrame,
  FAILURE,
  FieldReader,
  FRAME,
  FrameDecoder,
  formatFields,
  MAX_ANSWER_BYTES,
  MAX_REQUEST_BYTES,
  numberedFrame,
} from '../wire.ts';

const WIRE = 3;
const READ_BYTES = 256 * 1024;
/** Blocking reads between two turns of the event loop, in which Node does its own housekeeping. */
const READS_A_TURN = 16;

const addon = loadAddon(process.argv.at(-1) as string);
const isolates = new Map<number, GuestIsolate>();
let engine: Engine | undefined;

function handle(type: number, id: number, payload: Buffer): void {
  switch (type) {
    case FRAME.prelude: {
      const fields = new FieldReader(payload);
      engine = new Engine(addon, fields.text(), fields.bytes());
      return;
    }
    case FRAME.create:
      answer(id, create(id, new FieldReader(payload)));
      return;
    case FRAME.push:
      answer(id, push(id, payload.readUInt32LE(0), payload.toString('utf8', 4)));
      return;
    case FRAME.dispose:
      forget(id);
      return;
    case FRAME.compile: {
      const fields = new FieldReader(payload);
      const made = Engine.compile(addon, fields.text(), fields.text());
      if ('prelude' in made) sendBytes(FRAME.compiled, id, formatFields([made.prelude, made.code]));
      else answer(id, made);
      return;
    }
    case FRAME.evaluate: {
      const fields = new FieldReader(payload);
      const heapMb = fields.number();
      const timeoutMs = fields.number();
      answer(id, started().evaluate(fields.text(), heapMb, timeoutMs));
      return;
    }
    default:
      throw new Error(`unknown frame ${type}`);
  }
}

function started(): Engine {
  if (engine === undefined) throw new Error('no prelude yet');
  return engine;
}

function create(id: number, fields: FieldReader): Outcome {
  const heapMb = fields.number();
  const timeoutMs = fields.number();
  const birth = fields.text();
  const code = fields.text();
  const cache = fields.bytes();
  const { isolate, outcome } = started().create({ heapMb, timeoutMs, birth, code, cache });
  if (isolate !== undefined) isolates.set(id, isolate);
  return outcome;
}

function push(id: number, timeoutMs: number, text: string): Outcome {
  const isolate = isolates.get(id);
  if (isolate === undefined) return { failure: FAILURE.gone, message: '' };
  const outcome = isolate.push(text, timeoutMs);
  if ('failure' in outcome) forget(id);
  return outcome;
}

function forget(id: number): void {
  isolates.get(id)?.dispose();
  isolates.delete(id);
}

function answer(id: number, outcome: Outcome): void {
  if ('failure' in outcome) {
    const message = Buffer.from(outcome.message, 'utf8');
    sendBytes(FRAME.failed, id, Buffer.of(outcome.failure), message);
    return;
  }
  const frame = numberedFrame(FRAME.drained, id, usedMicros(), outcome.text);
  if (frame.length <= MAX_ANSWER_BYTES) send(frame);
  else {
    forget(id);
    answer(id, { failure: FAILURE.gone, message: 'too much was drained at once' });
  }
}

function sendBytes(type: number, id: number, ...parts: readonly Buffer[]): void {
  const used = Buffer.alloc(4);
  used.writeUInt32LE(usedMicros());
  send(bytesFrame(type, id, Buffer.concat([used, ...parts])));
}

let counted = 0;

/** Processor time since the last answer: an isolate runs on this thread. */
function usedMicros(): number {
  const { user, system } = process.threadCpuUsage();
  const since = user + system - counted;
  counted += since;
  return Math.min(since, 0xffff_ffff);
}

function send(frame: Buffer): void {
  let at = 0;
  while (at < frame.length) at += writeSync(WIRE, frame, at);
}

const decoder = new FrameDecoder(MAX_REQUEST_BYTES);
const chunk = Buffer.allocUnsafe(READ_BYTES);

function turn(): void {
  for (let reads = 0; reads < READS_A_TURN; reads++) {
    const length = readSync(WIRE, chunk, 0, READ_BYTES, null);
    if (length === 0) process.exit(0);
    decoder.push(chunk.subarray(0, length), handle);
  }
  setImmediate(turn);
}

sendBytes(FRAME.ready, 0);
turn();
