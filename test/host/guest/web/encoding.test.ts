// The encodings, compared with Node's own.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { atob, btoa, TextDecoder, TextEncoder } from '../../../../host/guest/web/encoding.ts';

const NODE = globalThis;
const text = fc.string({
  unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
});
/** Mostly near what is well-formed. */
const utf8ish = fc.oneof(
  fc.uint8Array({ maxLength: 12 }),
  fc
    .tuple(fc.string({ unit: 'binary' }), fc.nat(40), fc.nat(255))
    .map(([part, at, byte]) => Uint8Array.from(Buffer.from(part)).map((old, i) => (i === at ? byte : old))),
);
const tried = <T>(run: () => T): T | string => {
  try {
    return run();
  } catch (thrown) {
    return (thrown as Error).name;
  }
};

it('encodes as Node does', () => {
  fc.assert(
    fc.property(text, (one) => {
      expect(new TextEncoder().encode(one)).toEqual(new NODE.TextEncoder().encode(one));
    }),
  );
  expect(new TextEncoder().encode()).toEqual(new Uint8Array());
  expect(new TextEncoder().encoding).toBe('utf-8');
});

it('fills a given array with whole characters, as Node does', () => {
  fc.assert(
    fc.property(text, fc.nat(20), (one, size) => {
      const [mine, node] = [new Uint8Array(size), new Uint8Array(size)];
      expect(new TextEncoder().encodeInto(one, mine)).toEqual(new NODE.TextEncoder().encodeInto(one, node));
      expect(mine).toEqual(node);
    }),
  );
});

it.each(['utf-8', 'utf-16le', 'windows-1252'])('decodes %s as Node does, whole and in pieces', (label) => {
  fc.assert(
    fc.property(utf8ish, fc.boolean(), fc.boolean(), fc.nat(12), (bytes, fatal, ignoreBOM, cut) => {
      const marked = Uint8Array.from([0xef, 0xbb, 0xbf, ...bytes]);
      for (const input of [bytes, marked]) {
        const decode = (Decoder: typeof TextDecoder | typeof NODE.TextDecoder) =>
          tried(() => new Decoder(label, { fatal, ignoreBOM }).decode(input));
        expect(decode(TextDecoder)).toBe(decode(NODE.TextDecoder));
      }
      const pieces = new TextDecoder(label, { ignoreBOM });
      const streamed =
        pieces.decode(marked.subarray(0, cut), { stream: true }) + pieces.decode(marked.subarray(cut));
      expect(streamed).toBe(new TextDecoder(label, { ignoreBOM }).decode(marked));
    }),
    { numRuns: 300 },
  );
});

it('begins anew after it ended, and after it threw', () => {
  const decoder = new TextDecoder('utf8', { fatal: true });
  expect(decoder.decode(Uint8Array.of(0xef, 0xbb, 0xbf, 65))).toBe('A');
  expect(() => decoder.decode(Uint8Array.of(0xc3))).toThrow(TypeError);
  expect(decoder.decode(Uint8Array.of(0xef, 0xbb, 0xbf, 66))).toBe('B');
});

it('knows labels, views and buffers, and refuses what is not here', () => {
  const names = [' UTF8\n', 'latin1', 'us-ascii', 'ucs-2'].map((label) => new TextDecoder(label).encoding);
  expect(names).toEqual(['utf-8', 'windows-1252', 'windows-1252', 'utf-16le']);
  expect(() => new TextDecoder('shift_jis')).toThrow(RangeError);
  const buffer = Uint8Array.of(65, 66, 67).buffer;
  expect(new TextDecoder().decode(buffer)).toBe('ABC');
  expect(new TextDecoder().decode(new DataView(buffer, 1, 1))).toBe('B');
  expect(new TextDecoder().decode()).toBe('');
  const long = 'ä€'.repeat(20_000);
  expect(new TextDecoder().decode(new TextEncoder().encode(long))).toBe(long);
});

it('makes and reads base64 as Node does', () => {
  const name = (run: () => unknown) => tried(run);
  fc.assert(
    fc.property(fc.oneof(text, fc.base64String(), fc.stringMatching(/^[A-D= \n]{0,9}$/)), (one) => {
      expect(name(() => btoa(one))).toBe(name(() => NODE.btoa(one)));
      expect(name(() => atob(one))).toBe(name(() => NODE.atob(one)));
    }),
    { numRuns: 500 },
  );
});
