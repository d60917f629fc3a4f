// THREATS.md 20 and 22 on single paths; the archives that hold them are in archive.test.ts.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkPath, comparePaths, PathSet } from '../../registry/archive-path.ts';
import { codeOf } from './tar-bytes.ts';

const LIMITS = { maxPathBytes: 200, maxDepth: 16 };

describe('checkPath', () => {
  test.each([
    ['passed', 'plugin.json'],
    ['passed', 'skills/naïve/SKILL.md'],
    ['passed', 'a..b/c...d'],
    ['passed', 'console/nulls/comet'],
    ['E_ARCHIVE_PATH', ''],
    ['E_ARCHIVE_PATH', '..'],
    ['E_ARCHIVE_PATH', 'lone\ud800'],
    ['E_ARCHIVE_PATH', 'CoM¹.txt'],
    ['E_ARCHIVE_PATH', 'soft\u00adhyphen'],
    ['E_ARCHIVE_PATH', 'unassigned\u0378'],
    ['E_ARCHIVE_LIMIT', 'é'.repeat(101)],
  ])('%s: %j', (code, path) => {
    expect(codeOf(() => checkPath(path, LIMITS))).toBe(code);
  });

  test('whatever passes stays inside a folder that it is joined to, on POSIX and Windows', async () => {
    const { posix, win32 } = await import('node:path');
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', '.', '/', '\\', ':', ' ', 'C', '~', '\0') }),
        (path) => {
          if (codeOf(() => checkPath(path, LIMITS)) !== 'passed') return;
          expect(posix.join('/root', path)).toBe(`/root/${path}`);
          expect(win32.join('C:\\root', path)).toBe(`C:\\root\\${path.replaceAll('/', '\\')}`);
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('PathSet', () => {
  const add = (...paths: string[]): string =>
    codeOf(() => {
      const set = new PathSet();
      for (const path of paths) set.add(path);
    });
  test.each([
    ['passed', ['a', 'b', 'c/a', 'c/b']],
    ['passed', ['constructor', '__proto__', 'toString/x']],
    ['E_ARCHIVE_DUPLICATE', ['a', 'A']],
    ['E_ARCHIVE_DUPLICATE', ['x/a', 'X/b']],
    ['E_ARCHIVE_DUPLICATE', ['a/b', 'a']],
    ['E_ARCHIVE_DUPLICATE', ['a', 'a/b']],
    ['E_ARCHIVE_DUPLICATE', ['ſ', 's']],
    ['E_ARCHIVE_DUPLICATE', ['Σας', 'ΣΑΣ']],
    ['E_ARCHIVE_DUPLICATE', ['K', '\u212a']],
  ])('%s: %j', (code, paths) => {
    expect(add(...paths)).toBe(code);
  });
});

test('the order is that of UTF-8 bytes, not of UTF-16 units', () => {
  expect(['\u{1f600}', '\uff5e', 'b', 'B', 'a/b', 'a.b'].sort(comparePaths)).toEqual([
    'B',
    'a.b',
    'a/b',
    'b',
    '\uff5e',
    '\u{1f600}',
  ]);
});
