// Two readings, or none: a parser that would see other entries than ours is reason enough to refuse.
import { expect, test, vi } from 'vitest';
import { codeOf, goodTar } from './tar-bytes.ts';

/** What the second reader claims to see beyond the real archive. */
const claim = vi.hoisted(() => ({ change: (_entry: { path: string; size: number }): void => {}, skip: '' }));
vi.mock('tar', async (original) => {
  const { Parser } = await original<typeof import('tar')>();
  type Options = NonNullable<ConstructorParameters<typeof Parser>[0]>;
  return {
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
