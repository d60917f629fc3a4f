// The text of a checkpoint: the specification's own example, then every departure from the format.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatCheckpoint, parseCheckpoint } from '../../src/checkpoint.ts';
import { parseNote } from '../../src/note.ts';
import { expectCode } from './expect-code.ts';

const EXAMPLE = `example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

\u2014 example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
`;
const { text: TEXT } = parseNote(EXAMPLE);
const [ORIGIN, SIZE, ROOT] = TEXT.split('\n') as [string, string, string];

test('the example of the specification', () => {
  const { origin, size, root } = parseCheckpoint(TEXT);
  expect({ origin, size }).toEqual({ origin: 'example.com/behind-the-sofa', size: 20852163 });
  expect(Buffer.from(root).toString('hex')).toBe(
    '0ac5186a91863e8e1d90c808014aa89bf5da8e3ee1d9f07630f0378f68f1ab62',
  );
  expect(formatCheckpoint({ origin, size, root })).toBe(TEXT);
});

test('extension lines mean nothing, but may not be empty', () => {
  expect(parseCheckpoint(`${TEXT}anything\nmore\n`)).toEqual(parseCheckpoint(TEXT));
  expectCode(() => parseCheckpoint(`${TEXT}\n`), 'E_CHECKPOINT');
  expectCode(() => parseCheckpoint(`${TEXT}anything\n\nmore\n`), 'E_CHECKPOINT');
});

test.each([
  ['nothing', ''],
  ['a newline', '\n'],
  ['two lines', `${ORIGIN}\n${SIZE}\n`],
  ['no final newline', TEXT.slice(0, -1)],
  ['no origin', TEXT.replace(ORIGIN, '')],
  ['no size', TEXT.replace(SIZE, '')],
  ['no root', TEXT.replace(ROOT, '')],
  ['a leading zero', TEXT.replace(SIZE, `0${SIZE}`)],
  ['zero twice', TEXT.replace(SIZE, '00')],
  ['a sign', TEXT.replace(SIZE, `+${SIZE}`)],
  ['a negative size', TEXT.replace(SIZE, '-1')],
  ['a fraction', TEXT.replace(SIZE, '1.0')],
  ['an exponent', TEXT.replace(SIZE, '1e3')],
  ['hexadecimal', TEXT.replace(SIZE, '0x10')],
  ['a space', TEXT.replace(SIZE, ` ${SIZE}`)],
  ['other digits', TEXT.replace(SIZE, '\u0661\u0662')],
  ['a size that no number holds', TEXT.replace(SIZE, '9007199254740992')],
  ['a size of forty digits', TEXT.replace(SIZE, '9'.repeat(40))],
  ['a root of 31 bytes', TEXT.replace(ROOT, Buffer.alloc(31).toString('base64'))],
  ['a root of 33 bytes', TEXT.replace(ROOT, Buffer.alloc(33).toString('base64'))],
  ['a root with stray bits', TEXT.replace('q2I=', 'q2J=')],
  ['a root without padding', TEXT.replace('q2I=', 'q2I')],
  ['carriage returns', TEXT.replaceAll('\n', '\r\n')],
])('refused: %s', (_, text) => {
  expectCode(() => parseCheckpoint(text), 'E_CHECKPOINT');
});

test('the largest size that is exact passes, and the empty tree', () => {
  expect(parseCheckpoint(TEXT.replace(SIZE, '9007199254740991')).size).toBe(Number.MAX_SAFE_INTEGER);
  expect(parseCheckpoint(TEXT.replace(SIZE, '0')).size).toBe(0);
});

test.each([
  [{ origin: '', size: 1, root: new Uint8Array(32) }],
  [{ origin: 'a\nb', size: 1, root: new Uint8Array(32) }],
  [{ origin: 'a\n5', size: 1, root: new Uint8Array(32) }],
  [{ origin: 'a', size: -1, root: new Uint8Array(32) }],
  [{ origin: 'a', size: 1.5, root: new Uint8Array(32) }],
  [{ origin: 'a', size: 2 ** 53, root: new Uint8Array(32) }],
  [{ origin: 'a', size: Number.NaN, root: new Uint8Array(32) }],
  [{ origin: 'a', size: 1, root: new Uint8Array(31) }],
])('not made: %o', (checkpoint) => {
  expectCode(() => formatCheckpoint(checkpoint), 'E_CHECKPOINT');
});

test('format and parse are inverses', () => {
  const origin = fc.string({ minLength: 1, unit: 'grapheme' }).filter((text) => !text.includes('\n'));
  fc.assert(
    fc.property(
      origin,
      fc.maxSafeNat(),
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      (name, size, root) => {
        const checkpoint = { origin: name, size, root };
        expect(parseCheckpoint(formatCheckpoint(checkpoint))).toEqual(checkpoint);
      },
    ),
  );
});
