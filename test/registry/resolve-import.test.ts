// Where imports lead, without a bundler: whatever it answers, the file must be inside (THREATS.md 38).
import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { ImportResolver, type NativeResolve } from '../../registry/resolve-import.ts';
import { temporary, write } from './folders.ts';

const none: NativeResolve = async () => undefined;
const answer =
  (file: string): NativeResolve =>
  async () => ({ path: file, sideEffects: false });
const codeOf = async (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'passed',
    (error: { code: string }) => error.code,
  );
const project = (): string =>
  write(temporary(), {
    'src/index.ts': '',
    'src/inner/x.ts': '',
    'src/inner/index.ts': '',
    'outside.ts': '',
    'package-lock.json': {
      packages: {
        'node_modules/a': { version: '1.0.0' },
        'node_modules/@s/b': { version: '2.0.0' },
        'node_modules/a/node_modules/c': { version: '3.0.0' },
        'node_modules/c': { version: '4.0.0' },
      },
    },
    'node_modules/a/package.json': { name: 'a', version: '1.0.0' },
    'node_modules/a/lib/x.js': '',
    'node_modules/@s/b/package.json': { name: '@s/b', version: '2.0.0' },
    'node_modules/@s/b/x.js': '',
    'node_modules/a/node_modules/c/package.json': { name: 'c', version: '3.0.0' },
    'node_modules/a/node_modules/c/x.js': '',
    'node_modules/c/package.json': { name: 'c', version: '4.0.0' },
    'node_modules/c/x.js': '',
  });

test('files of the folder get their path in it as a name', async () => {
  const root = project();
  const resolver = new ImportResolver(path.join(root, 'src'));
  const entry = await resolver.resolve('./index.ts', undefined, none);
  expect(entry).toMatchObject({ virtual: 'index.ts', from: undefined });
  for (const [specifier, virtual] of [
    ['./inner/x.ts', 'inner/x.ts'],
    ['./inner/x', 'inner/x.ts'],
    ['./inner/x.js', 'inner/x.ts'],
    ['./inner', 'inner/index.ts'],
    ['./inner/../inner/x', 'inner/x.ts'],
  ]) {
    expect((await resolver.resolve(specifier as string, entry, none)).virtual).toBe(virtual);
  }
  expect(await codeOf(resolver.resolve('../outside.ts', entry, none))).toBe('E_BUILD_IMPORT');
  expect(await codeOf(resolver.resolve('..', entry, none))).toBe('E_BUILD_IMPORT');
});

test('packages get name, version and path, wherever they are installed', async () => {
  const root = project();
  const at = (file: string): string => path.join(root, 'node_modules', file);
  const resolver = new ImportResolver(path.join(root, 'src'));
  const a = await resolver.resolve('a/lib/x.js', undefined, answer(at('a/lib/x.js')));
  expect(a).toMatchObject({ virtual: 'a@1.0.0/lib/x.js', sideEffects: false });
  expect((await resolver.resolve('@s/b', undefined, answer(at('@s/b/x.js')))).virtual).toBe(
    '@s/b@2.0.0/x.js',
  );
  expect((await resolver.resolve('c', undefined, answer(at('c/x.js')))).virtual).toBe('c@4.0.0/x.js');
  const nested = await resolver.resolve('c', a, answer(at('a/node_modules/c/x.js')));
  expect(nested.virtual).toBe('c@3.0.0/x.js');
  expect((await resolver.resolve('@s/b', nested, answer(at('@s/b/x.js')))).virtual).toBe('@s/b@2.0.0/x.js');
});

test('a bundler that answers with a file outside the package is not believed', async () => {
  const root = project();
  const resolver = new ImportResolver(path.join(root, 'src'));
  for (const file of ['outside.ts', 'node_modules/c/x.js', 'node_modules/a/node_modules/c/x.js', 'none.js']) {
    expect(await codeOf(resolver.resolve('a', undefined, answer(path.join(root, file))))).toBe(
      'E_BUILD_IMPORT',
    );
  }
  fs.symlinkSync('/etc/hostname', path.join(root, 'node_modules/a/link.js'));
  expect(
    await codeOf(resolver.resolve('a/link.js', undefined, answer(path.join(root, 'node_modules/a/link.js')))),
  ).toBe('E_BUILD_IMPORT');
  expect(await codeOf(resolver.resolve('a', undefined, none))).toBe('E_BUILD_IMPORT');
});

test.each([
  ['..', 'name'],
  ['../../outside.ts', 'a relative path out of the package'],
  ['@s', 'half a scope'],
  ['@s/../../outside', 'a scope that climbs'],
  ['', 'nothing'],
  ['A\\b', 'a backslash'],
  ['c\0', 'a NUL'],
  ['%2e%2e/x', 'an encoded path'],
  ['constructor', 'a name every object has'],
  ['__proto__', 'a name every object has'],
])('%j is refused: %s', async (specifier) => {
  const root = project();
  const resolver = new ImportResolver(path.join(root, 'src'));
  const outside = answer(path.join(root, 'outside.ts'));
  expect(await codeOf(resolver.resolve(specifier, undefined, outside))).toBe('E_BUILD_IMPORT');
});
