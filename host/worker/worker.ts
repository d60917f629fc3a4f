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
  textFrame,
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
      if ('prelude' in made) send(bytesFrame(FRAME.compiled, id, formatFields([made.prelude, made.code])));
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
    send(bytesFrame(FRAME.failed, id, Buffer.concat([Buffer.of(outcome.failure), message])));
    return;
  }
  const frame = textFrame(FRAME.drained, id, outcome.text);
  if (frame.length <= MAX_ANSWER_BYTES) send(frame);
  else {
    forget(id);
    answer(id, { failure: FAILURE.gone, message: 'too much was drained at once' });
  }
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

send(bytesFrame(FRAME.ready, 0));
turn();
