// THREATS.md 6, 20, 21: a transport reads bounded regular files inside its folder, and nothing else.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DirectoryTransport, PATHS, requireFile, tileStore } from '../../registry/transport.ts';

let folder: string;
let transport: DirectoryTransport;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signet-transport-'));
  mkdirSync(join(folder, 'registry/tile/0'), { recursive: true });
  writeFileSync(join(folder, 'secret'), 'secret');
  writeFileSync(join(folder, 'registry/checkpoint'), 'text');
  writeFileSync(join(folder, 'registry/tile/0/000'), 'tile');
  transport = new DirectoryTransport(join(folder, 'registry'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const code = (value: string) => expect.objectContaining({ code: value });

test.each([
  '../secret',
  '/etc/passwd',
  'a/../../secret',
  './checkpoint',
  'a//b',
  '',
  'a\0b',
  'a\\..\\b',
  '.lock',
  'tile/.hidden',
])('row 20: the path %j is refused', (path) => {
  expect(() => transport.read(path, 100)).toThrow(code('E_REGISTRY'));
});

test('a file is read up to its limit; a missing one is undefined, or E_REGISTRY where it is needed', () => {
  expect(Buffer.from(transport.read('checkpoint', 4)!).toString()).toBe('text');
  expect(() => transport.read('checkpoint', 3)).toThrow(code('E_LIMIT'));
  expect(transport.read('status.json', 3)).toBeUndefined();
  expect(() => requireFile(transport, 'status.json', 3)).toThrow(code('E_REGISTRY'));
  expect(requireFile(transport, 'checkpoint', 4)).toHaveLength(4);
});

test('row 6: a file that never ends, and row 21: a link or a pipe, are refused', () => {
  symlinkSync('/dev/zero', join(folder, 'registry/zero'));
  symlinkSync('../secret', join(folder, 'registry/link'));
  execFileSync('mkfifo', [join(folder, 'registry/pipe')]);
  for (const path of ['zero', 'link', 'pipe', 'tile'])
    expect(() => transport.read(path, 100)).toThrow(code('E_IO'));
});

test('the tiles of a transport are read, never written', () => {
  const store = tileStore(transport);
  expect(Buffer.from(store.read('tile/0/000')!).toString()).toBe('tile');
  expect(() => store.write('tile/0/000', new Uint8Array())).toThrow(code('E_INTERNAL'));
});

test('every path that Signet makes is one that a transport reads', () => {
  const paths = [
    PATHS.checkpoint,
    PATHS.status,
    PATHS.root(1),
    PATHS.namespace('local', 2),
    PATHS.namespaceIndex('local'),
    PATHS.index('local/hello'),
    `${PATHS.release('local/hello', '1.0.0-RC.1')}/archive.tar`,
    'tile/0/x001/234.p/5',
    'tile/entries/000',
  ];
  for (const path of paths) expect(() => transport.read(path, 100)).not.toThrow();
});
