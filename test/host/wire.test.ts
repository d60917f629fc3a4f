// Frames, however the stream is cut (THREATS.md H9).
import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  bytesFrame,
  FieldReader,
  FrameDecoder,
  formatFields,
  numberedFrame,
  textFrame,
} from '../../host/wire.ts';
import { refusal } from './refusal.ts';

const u32 = fc.integer({ min: 0, max: 0xffff_ffff });
const frames = fc.array(fc.tuple(fc.integer({ min: 0, max: 255 }), u32, fc.uint8Array({ maxLength: 300 })), {
  maxLength: 8,
});

function decode(chunks: Buffer[], maxBytes = 1 << 20): [number, number, string][] {
  const decoder = new FrameDecoder(maxBytes);
  const seen: [number, number, string][] = [];
  for (const chunk of chunks) {
    decoder.push(chunk, (type, isolate, payload) => seen.push([type, isolate, payload.toString('hex')]));
    // The caller may reuse its buffer.
    chunk.fill(0xee);
  }
  return seen;
}

function cut(bytes: Buffer, at: readonly number[]): Buffer[] {
  const ends = [...new Set(at.map((point) => point % (bytes.length + 1)))].sort((a, b) => a - b);
  return [...ends, bytes.length].map((end, index) => Buffer.from(bytes.subarray(ends[index - 1] ?? 0, end)));
}

it('gives back every frame, whatever the chunks', () => {
  fc.assert(
    fc.property(frames, fc.array(fc.nat(), { maxLength: 20 }), (list, points) => {
      const bytes = Buffer.concat(list.map(([type, isolate, payload]) => bytesFrame(type, isolate, payload)));
      expect(decode(cut(bytes, points))).toEqual(
        list.map(([type, isolate, payload]) => [type, isolate, Buffer.from(payload).toString('hex')]),
      );
    }),
  );
});

it('holds a large frame that comes in many chunks', () => {
  const payload = Buffer.alloc(300_000, 7);
  const bytes = bytesFrame(3, 9, payload);
  const points = Array.from({ length: 100 }, (_, index) => index * 3_001);
  expect(decode(cut(bytes, points))).toEqual([[3, 9, payload.toString('hex')]]);
});

it('holds of a frame that comes byte by byte little more than its bytes', () => {
  const decoder = new FrameDecoder(1 << 20);
  const seen: number[] = [];
  const push = (chunk: Buffer): void => decoder.push(chunk, (type, _, { length }) => seen.push(type, length));
  const bytes = bytesFrame(3, 9, Buffer.alloc(500_000));
  const before = process.memoryUsage();
  for (let at = 0; at < bytes.length - 1; at++) push(bytes.subarray(at, at + 1));
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  // A kept view for each byte would be more than twice as much.
  expect(heapUsed - before.heapUsed + arrayBuffers - before.arrayBuffers).toBeLessThan(48 << 20);
  push(bytes.subarray(-1));
  expect(seen).toEqual([3, 500_000]);
});

it('writes text as UTF-8, short and long, with and without a number', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.constantFrom(1, 50),
      u32,
      (part, times, number) => {
        const text = part.repeat(times);
        const utf8 = Buffer.from(text, 'utf8');
        expect(textFrame(65, 2, text)).toEqual(bytesFrame(65, 2, utf8));
        const prefix = Buffer.alloc(4);
        prefix.writeUInt32LE(number);
        expect(numberedFrame(3, 2, number, text)).toEqual(bytesFrame(3, 2, Buffer.concat([prefix, utf8])));
      },
    ),
  );
});

it.each([
  ['longer than the limit', [101, 0, 0, 0, 1], 'E_LIMIT'],
  ['of 4 GB', [255, 255, 255, 255], 'E_LIMIT'],
  ['shorter than its header', [4, 0, 0, 0, 1, 0, 0, 0], 'E_FORMAT'],
  ['empty', [0, 0, 0, 0], 'E_FORMAT'],
])('refuses a frame %s', (_, bytes, code) => {
  expect(refusal(() => decode([Buffer.from(bytes)], 100))).toBe(code);
});

it('accepts a frame of exactly the limit', () => {
  expect(decode([bytesFrame(1, 1, Buffer.alloc(95))], 100)).toHaveLength(1);
});

it('reads the fields it wrote', () => {
  const field = fc.oneof(u32, fc.string({ unit: 'grapheme' }), fc.uint8Array());
  fc.assert(
    fc.property(fc.array(field), (fields) => {
      const reader = new FieldReader(formatFields(fields));
      for (const value of fields) {
        if (typeof value === 'number') expect(reader.number()).toBe(value);
        else if (typeof value === 'string') expect(reader.text()).toBe(value);
        else expect([...reader.bytes()]).toEqual([...value]);
      }
      reader.end();
    }),
  );
});

it('refuses fields that end early, and a rest', () => {
  const payload = formatFields(['abc']);
  expect(refusal(() => new FieldReader(payload.subarray(0, 6)).text())).toBe('E_FORMAT');
  expect(refusal(() => new FieldReader(payload.subarray(0, 3)).number())).toBe('E_FORMAT');
  expect(refusal(() => new FieldReader(payload).end())).toBe('E_FORMAT');
});
