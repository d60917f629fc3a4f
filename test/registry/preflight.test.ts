// Our own reading stands alone: it refuses before any other parser is asked, and within its limits.
import { expect, test } from 'vitest';
import { ARCHIVE_LIMITS, preflight } from '../../registry/preflight.ts';
import { codeOf, entry, goodTar, tarOf } from './tar-bytes.ts';

const run = (bytes: Uint8Array, limits = {}): string =>
  codeOf(() => preflight(bytes, { ...ARCHIVE_LIMITS, ...limits }));

test('the defaults are 32 MiB, 10,000 files, 200 bytes of path, 16 parts', () => {
  expect(ARCHIVE_LIMITS).toEqual({
    maxBytes: 33_554_432,
    maxEntries: 10_000,
    maxPathBytes: 200,
    maxDepth: 16,
  });
});

test('it reads the files of an archive in their order, without a copy', () => {
  const bytes = goodTar({ a: '1', b: '22' });
  const files = preflight(bytes, ARCHIVE_LIMITS);
  expect([...files.keys()]).toEqual(['FILES.json', 'a', 'b']);
  expect(files.get('b')?.bytes.buffer).toBe(bytes.buffer);
});

test('the size is looked at before anything is read', () => {
  expect(run(Buffer.alloc(2048, 0xff), { maxBytes: 2047 })).toBe('E_ARCHIVE_LIMIT');
  expect(run(Buffer.alloc(2048, 0xff), { maxBytes: 2048 })).toBe('E_ARCHIVE_FORMAT');
});

test('a zero block in the middle is not an end', () => {
  const a = entry({ name: 'a', body: 'x' });
  expect(run(tarOf(a, Buffer.alloc(512), entry({ name: 'b', body: 'x' })))).toBe('E_ARCHIVE_FORMAT');
  expect(run(tarOf(a, entry({ name: 'b', body: 'x' })))).toBe('passed');
});

test('the first entry over the limit stops the reading, whatever follows', () => {
  const files = Array.from({ length: 5 }, (_, i) => entry({ name: `f${i}`, body: 'x' }));
  const rubbish = entry({ name: '../x', type: '2' });
  expect(run(tarOf(...files, rubbish), { maxEntries: 4 })).toBe('E_ARCHIVE_LIMIT');
  expect(run(tarOf(...files, rubbish), { maxEntries: 6 })).toBe('E_ARCHIVE_TYPE');
});

test.each([
  ['empty where a path is expected', { name: '' }, 'E_ARCHIVE_PATH'],
  ['a type that no one knows', { type: 'Z' }, 'E_ARCHIVE_TYPE'],
  ['a link that also escapes', { type: '2', name: '../x', link: '/etc' }, 'E_ARCHIVE_TYPE'],
])('%s', (_what, fields, code) => {
  expect(run(tarOf(entry(fields)))).toBe(code);
});
