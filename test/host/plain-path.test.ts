import { expect, test } from 'vitest';
import { isInside, isPlainPath } from '../../host/plain-path.ts';

test.each([
  ['/a/b', true],
  ['/', true],
  ['/a//b', false],
  ['/a/../b', false],
  ['/a/./b', false],
  ['/a/', false],
  ['a/b', false],
  ['/a\0', false],
  ['/a/..b', true],
])('%j is plain: %s', (path, plain) => {
  expect(isPlainPath(path)).toBe(plain);
});

test('inside is by component', () => {
  expect(isInside('/a/b', '/a')).toBe(true);
  expect(isInside('/a', '/')).toBe(true);
  expect(isInside('/ab', '/a')).toBe(false);
  expect(isInside('/', '/a')).toBe(false);
});
