import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readLockfile, withBundle, writeLockfile } from '../../registry/lockfile.ts';
import type { LockedBundle } from '../../src/contracts/config.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signet-lockfile-'));
  path = join(folder, 'signet.lock.json');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const bundle = (name: string, version = '1.0.0'): LockedBundle => ({
  name,
  version,
  digest: `sha256:${Buffer.from(name).toString('hex').padEnd(64, '0')}`,
  registry: 'home',
  index: 1,
  size: 2,
  namespaceVersion: 1,
  publisher: [`SHA256:${'b'.repeat(64)}`],
  builder: null,
  provides: [],
  capabilities: [],
});

test('no lockfile is nothing installed; what is written comes back, sorted', () => {
  expect(readLockfile(path)).toEqual([]);
  writeLockfile(path, [bundle('local/b'), bundle('local/a')]);
  expect(readLockfile(path)).toEqual([bundle('local/a'), bundle('local/b')]);
  const text = readFileSync(path, 'utf8');
  writeLockfile(path, readLockfile(path));
  expect(readFileSync(path, 'utf8')).toBe(text);
  expect(text.endsWith('\n')).toBe(true);
});

test('a bundle takes the place of its other version', () => {
  const list = withBundle([bundle('local/a'), bundle('local/b')], bundle('local/a', '2.0.0'));
  expect(list.map(({ name, version }) => `${name} ${version}`)).toEqual(['local/b 1.0.0', 'local/a 2.0.0']);
});

const versions = (list: readonly LockedBundle[]) => list.map(({ version }) => version).sort();

// installed | added | beside | left
test.each<[string[], string, boolean, string[]]>([
  [['1.0.0'], '2.0.0', true, ['1.0.0', '2.0.0']],
  [['1.0.0', '2.0.0'], '3.0.0', false, ['1.0.0', '3.0.0']],
  [['1.0.0', '2.0.0'], '1.0.0', false, ['1.0.0']],
  [['1.0.0', '2.0.0'], '1.0.0', true, ['1.0.0', '2.0.0']],
  [['1.0.0', '2.0.0-p.1'], '1.0.1', false, ['1.0.1', '2.0.0-p.1']],
])('with %j, %s (beside: %s) leaves %j', (installed, added, beside, left) => {
  const list = installed.map((version) => bundle('local/a', version));
  expect(versions(withBundle(list, bundle('local/a', added), beside))).toEqual(left);
});

test('versions stand side by side, sorted; one of them twice is refused', () => {
  const two = ['10.0.0', '2.0.0'].map((version, index) => ({
    ...bundle('local/a', version),
    digest: `sha256:${String(index).repeat(64)}`,
  }));
  writeLockfile(path, two);
  expect(readLockfile(path).map(({ version }) => version)).toEqual(['2.0.0', '10.0.0']);
  writeFileSync(path, readFileSync(path, 'utf8').replace('"10.0.0"', '"2.0.0"'));
  expect(() => readLockfile(path)).toThrow(
    expect.objectContaining({ code: 'E_LOCKFILE', message: expect.stringContaining('local/a@2.0.0 twice') }),
  );
});

test.each<[string, (text: string) => string, string]>([
  ['cut', (text) => text.slice(0, -3), 'E_LOCKFILE'],
  ['emptied', () => '', 'E_LOCKFILE'],
  ['given an unknown field', (text) => text.replace('"builder"', '"bui1der"'), 'E_LOCKFILE'],
  ['given a bundle twice', (text) => text.replace('local/b', 'local/a'), 'E_LOCKFILE'],
  ['given a version with build metadata', (text) => text.replace('1.0.0', '1.0.0+x'), 'E_LOCKFILE'],
  ['given a key twice', (text) => text.replace('"index": 1', '"index": 1, "index": 0'), 'E_LOCKFILE'],
  ['written by a later Signet', (text) => text.replace('lock/1', 'lock/2'), 'E_FORMAT_VERSION'],
])('a lockfile that was %s is refused', (_, change, code) => {
  writeLockfile(path, [bundle('local/a'), bundle('local/b')]);
  const text = readFileSync(path, 'utf8');
  writeFileSync(path, change(text));
  expect(() => readLockfile(path)).toThrow(expect.objectContaining({ code }));
});

test('one archive under two names is refused', () => {
  const good = bundle('local/a');
  writeLockfile(path, [good, { ...bundle('signet/shell', '9.9.9'), digest: good.digest }]);
  expect(() => readLockfile(path)).toThrow(
    expect.objectContaining({ code: 'E_LOCKFILE', actual: good.digest }),
  );
  writeLockfile(path, [good, bundle('signet/shell', '9.9.9')]);
  expect(readLockfile(path)).toHaveLength(2);
});

test('a damaged lockfile says what is wrong with it', () => {
  writeFileSync(path, '{"type":"lock/1","bundles":[{}]}');
  expect(() => readLockfile(path)).toThrow(/is damaged: .*bundles/);
});
