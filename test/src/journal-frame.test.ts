// The bytes of one frame, and telling a torn tail from damage.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sha256 } from '../../keys/hash.ts';
import { FrameReader, formatFrame } from '../../src/journal-frame.ts';
import { leafHash } from '../../src/merkle.ts';
import { MemoryJournal } from './memory-files.ts';

const frameOf = (index: number, json: string): Uint8Array =>
  formatFrame(index, Buffer.from(json), leafHash(sha256, Buffer.from(json)));
const reader = (...parts: Uint8Array[]): FrameReader =>
  new FrameReader(new MemoryJournal(Buffer.concat(parts)), sha256);

test('a frame byte by byte', () => {
  // SHA-256 of 0x00 and {"a":1} begins with the mark of record 0.
  const hash = Buffer.from(sha256(Buffer.from('\0{"a":1}'))).toString('hex');
  expect(Buffer.from(frameOf(0, '{"a":1}')).toString('hex')).toBe(
    `0007${Buffer.from('{"a":1}').toString('hex')}${hash.slice(0, 16)}`,
  );
});

test('a frame is read under its own index only, also beyond 32 bits', () => {
  for (const index of [0, 1, 2 ** 32 - 1, 2 ** 32, 2 ** 40 + 5, Number.MAX_SAFE_INTEGER]) {
    const frame = frameOf(index, '{"a":1}');
    const read = reader(frame).frame(0, index);
    expect(read).toMatchObject({ index, end: frame.length });
    expect(Buffer.from(read!.leaf).toString()).toBe('{"a":1}');
    expect(reader(frame).frame(0, index === 0 ? 1 : index - 1)).toBeUndefined();
  }
});

test('a cut or changed frame is none', () => {
  const frame = frameOf(3, '{"a":[1,2,3]}');
  for (let cut = 0; cut < frame.length; cut++)
    expect(reader(frame.subarray(0, cut)).frame(0, 3)).toBeUndefined();
  fc.assert(
    fc.property(fc.nat(frame.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      expect(reader(frame.with(at, frame[at]! ^ change)).frame(0, 3)).toBeUndefined();
    }),
  );
  expect(reader(frame).frame(0, 3)).toBeDefined();
});

test('an intact later frame is found behind damage, an earlier or foreign one is not', () => {
  const damage = Buffer.from('\x01\x02{"half of a record');
  const size = (frame: Uint8Array): number => damage.length + frame.length;
  const later = frameOf(5, '{"a":1}');
  expect(reader(damage, later).intactFrameBetween(1, size(later), 4)).toBe(true);
  expect(reader(damage, later).intactFrameBetween(1, size(later) - 1, 4)).toBe(false);
  const earlier = frameOf(2, '{"a":1}');
  expect(reader(damage, earlier).intactFrameBetween(1, size(earlier), 4)).toBe(false);
  const far = frameOf(4_000_000, '{"a":1}');
  expect(reader(damage, far).intactFrameBetween(1, size(far), 4)).toBe(false);
  expect(reader(damage).intactFrameBetween(1, damage.length, 4)).toBe(false);
});

test('frames are read across the window of 1 MiB', () => {
  const frames = Array.from({ length: 40 }, (_, i) => frameOf(i, `{"text":"${'x'.repeat(60_000)}"}`));
  const file = reader(...frames);
  let offset = 0;
  for (let i = 0; i < 40; i++) offset = file.frame(offset, i)!.end;
  expect(offset).toBe(frames.reduce((sum, frame) => sum + frame.length, 0));
});
