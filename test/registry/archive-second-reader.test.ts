// Two readings, or none: a parser that would see other entries than ours is reason enough to refuse.
import { expect, test, vi } from 'vitest';
import { codeOf, entry, filesJson, goodTar, tarOf } from './tar-bytes.ts';

/** What the second reader claims to see beyond the real archive. */
const claim = vi.hoisted(() => ({ change: (_entry: { path: string; size: number }): void => {}, skip: '' }));
// `tar` is loaded where it is needed, by a require of archive.ts.
vi.mock('node:module', async (original) => {
  const real = await original<typeof import('node:module')>();
  const { Parser } = real.createRequire(import.meta.url)('tar') as typeof import('tar');
  type Options = NonNullable<ConstructorParameters<typeof Parser>[0]>;
  const changed = {
    Parser: class extends Parser {
      constructor(options: Options) {
        super({
          ...options,
          onReadEntry: (entry) => {
            claim.change(entry);
            if (entry.path !== claim.skip) options.onReadEntry?.(entry);
            else entry.resume();
          },
        });
      }
    },
  };
  return { ...real, createRequire: () => () => changed };
});
const { readArchive } = await import('../../registry/archive.ts');
const read = (): string => codeOf(() => readArchive(goodTar({ a: '1', b: '22' })));

test.each([
  ['another name', (entry: { path: string }) => (entry.path = `x${entry.path}`), ''],
  ['another size', (entry: { size: number }) => (entry.size = 0), ''],
  ['an entry less', () => {}, 'b'],
])('%s is refused', (_what, change, skip) => {
  claim.change = change;
  claim.skip = skip;
  expect(read()).toBe('E_ARCHIVE_FORMAT');
});

test('agreement passes', () => {
  claim.change = () => {};
  claim.skip = '';
  expect(read()).toBe('passed');
});

test('once: the second reader is not asked, our own reading and every hash are', () => {
  claim.skip = 'b';
  expect(codeOf(() => readArchive(goodTar({ a: '1', b: '22' }), {}, 'once'))).toBe('passed');
  const lying = tarOf(
    entry({ name: 'FILES.json', body: filesJson({ a: '1' }) }),
    entry({ name: 'a', body: '2' }),
  );
  expect(codeOf(() => readArchive(lying, {}, 'once'))).toBe('E_FILES_MISMATCH');
});
