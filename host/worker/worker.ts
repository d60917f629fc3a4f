// Entry of the worker process (DESIGN.md §4 "Workers hold no authority of ours"): a dumb pump between the wire on fd 3 and its
// isolates, which ends when the other end of the wire closes.
import { readSync, writeSync } from 'node:fs';
import { giveUpAddons, loadAddon } from '../isolate/isolate.ts';
import { bytesFrame, FRAME, FrameDecoder, MAX_REQUEST_BYTES, numberedFrame } from '../wire.ts';
import { type Answer, Isolates } from './isolates.ts';

const WIRE = 3;
const READ_BYTES = 256 * 1024;
/** Blocking reads between two turns of the event loop, in which Node does its own housekeeping. */
const READS_A_TURN = 16;

const isolates = new Isolates(loadAddon(process.argv.at(-1) as string));
giveUpAddons();

function send(id: number, { type, body, micros }: Answer): void {
  let frame: Buffer;
  if (typeof body === 'string') frame = numberedFrame(type, id, micros, body);
  else {
    const used = Buffer.alloc(4);
    used.writeUInt32LE(micros);
    frame = bytesFrame(type, id, Buffer.concat([used, body]));
  }
  let at = 0;
  while (at < frame.length) at += writeSync(WIRE, frame, at);
}

const decoder = new FrameDecoder(MAX_REQUEST_BYTES);
const chunk = Buffer.allocUnsafe(READ_BYTES);

function handle(type: number, id: number, payload: Buffer): void {
  const answer = isolates.handle(type, id, payload);
  if (answer !== undefined) send(id, answer);
}

function turn(): void {
  for (let reads = 0; reads < READS_A_TURN; reads++) {
    const length = readSync(WIRE, chunk, 0, READ_BYTES, null);
    if (length === 0) process.exit(0);
    decoder.push(chunk.subarray(0, length), handle);
  }
  setImmediate(turn);
}

send(0, { type: FRAME.ready, body: '', micros: 0 });
turn();
