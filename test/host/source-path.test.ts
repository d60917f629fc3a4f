// Which file a spec means: relative to its root, the operator's home, links resolved; never a file of another machine.
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { resolveSource } from '../../host/source-path.ts';
import { expectCode } from '../src/expect-code.ts';

let folder: string;
beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'signet-source-')));
  mkdirSync(join(folder, 'root'));
  mkdirSync(join(folder, 'real'));
  writeFileSync(join(folder, 'real', 'jobs.yaml'), '');
  symlinkSync(join(folder, 'real'), join(folder, 'root', 'linked'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

// location | what it means, below /root and /home of the temporary folder
test.each([
  ['jobs.yaml', 'root/jobs.yaml'],
  ['./a/../jobs.yaml', 'root/jobs.yaml'],
  ['../up.yaml', 'up.yaml'],
  ['~/x.json', 'home/x.json'],
  ['~', 'home'],
  ['$HOME/.openclaw/openclaw.json', 'home/.openclaw/openclaw.json'],
  ['${HOME}/x', 'home/x'],
  ['$HOMER/x', 'root/$HOMER/x'],
  ['~user/x', 'root/~user/x'],
  ['a/~/x', 'root/a/~/x'],
  ['file:observed.txt', 'root/observed.txt'],
  ['file:~/observed.txt', 'home/observed.txt'],
  ['linked/jobs.yaml', 'real/jobs.yaml'],
  ['file:linked/jobs.yaml', 'real/jobs.yaml'],
  ['name with space%20', 'root/name with space%20'],
])('%s', (location, expected) => {
  expect(resolveSource(location, join(folder, 'root'), join(folder, 'home'))).toBe(join(folder, expected));
});

test.each([
  ['/etc/x', '/etc/x'],
  ['file:/etc/x', '/etc/x'],
  ['file:///etc/x', '/etc/x'],
  ['file://localhost/etc/x', '/etc/x'],
  ['/a/../b', '/b'],
])('%s is absolute', (location, expected) => {
  expect(resolveSource(location, '/root-that-is-not', '/home-that-is-not')).toBe(expected);
});

test('a home is a name, not a pattern', () => {
  expect(resolveSource('~/x', '/r', "/home/$&$'")).toBe("/home/$&$'/x");
});

test('a name that no file can have is left for the bundle to be refused', () => {
  expect(resolveSource('/a\u0000b', '/r', '/h')).toBe('/a\u0000b');
});

describe('another machine', () => {
  test.each(['file://server/share/x', 'file://~/x', 'file://127.0.0.1/x'])('%s', (location) => {
    const error = expectCode(() => resolveSource(location, '/r', '/h'), 'E_SPEC');
    expect(error.item).toBe(location);
  });
});
