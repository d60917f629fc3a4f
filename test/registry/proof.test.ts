// Proof bundles as bytes: THREATS.md 6, 18, 34; and a reader between two writes.
import { rmSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  assembleProof,
  formatProof,
  MAX_PROOF,
  parseProof,
  readCurrentHead,
  readNamespaceIndex,
  readReleaseIndex,
  readRoots,
} from '../../registry/proof.ts';
import { DirectoryTransport, type Transport } from '../../registry/transport.ts';
import { createWorld, type World } from './fixture.ts';

let world: World;
let transport: DirectoryTransport;
beforeEach(() => {
  world = createWorld();
  world.publish();
  transport = new DirectoryTransport(world.registry);
});
afterEach(() => world.close());
const code = (value: string) => expect.objectContaining({ code: value });
const proof = () => assembleProof(transport, 'local/hello', '1.0.0').bundle;

test('format and parse are inverses', () => {
  expect(parseProof(formatProof(proof()))).toEqual(proof());
});

test.each<[string, (text: string) => string, string]>([
  ['cut', (text) => text.slice(0, -1), 'E_JSON'],
  ['with a key twice', (text) => text.replace('{', '{"type":"proof/1",'), 'E_JSON'],
  ['with a lone surrogate', (text) => text.replace('"status"', '"\\ud800":1,"status"'), 'E_JSON'],
  ['with NaN', (text) => text.replace('"index":1', '"index":NaN'), 'E_JSON'],
  ['with a negative index', (text) => text.replace('"index":1', '"index":-1'), 'E_FORMAT'],
  ['with an index beyond 2^53', (text) => text.replace('"index":1', '"index":9007199254740993'), 'E_FORMAT'],
  ['nested without end', () => '['.repeat(100_000) + ']'.repeat(100_000), 'E_JSON'],
  ['of a later format', (text) => text.replace('proof/1', 'proof/2'), 'E_FORMAT_VERSION'],
])('rows 18, 34: a bundle %s', (_, change, expected) => {
  const text = Buffer.from(formatProof(proof())).toString();
  expect(change(text)).not.toBe(text);
  expect(() => parseProof(Buffer.from(change(text)))).toThrow(code(expected));
});

test('row 6: a hundred thousand signatures, and a bundle above its limit, are refused by shape and size', () => {
  const bundle = proof();
  bundle.release.envelope.signatures = Array(100_000).fill({ sig: 'AAAA' });
  expect(() => parseProof(Buffer.from(JSON.stringify(bundle)))).toThrow(code('E_FORMAT'));
  expect(() => parseProof(Buffer.alloc(MAX_PROOF + 1))).toThrow(code('E_LIMIT'));
});

test('what the registry does not have is said by name', () => {
  expect(() => assembleProof(transport, 'local/hello', '9.9.9')).toThrow(code('E_NOT_FOUND'));
  expect(() => readReleaseIndex(transport, 'local/other')).toThrow(code('E_NOT_FOUND'));
  expect(() => readNamespaceIndex(transport, 'other')).toThrow(code('E_NOT_FOUND'));
  expect(readRoots(transport)).toHaveLength(1);
  rmSync(`${world.registry}/root`, { recursive: true });
  expect(() => readRoots(transport)).toThrow(code('E_REGISTRY'));
});

test('a reader that comes between checkpoint and status reads again', () => {
  const old = transport.read('status.json', 1 << 20)!;
  world.publish({ version: '1.1.0' });
  let stale = 3;
  const between: Transport = {
    read: (path, most) => (path === 'status.json' && stale-- > 0 ? old : transport.read(path, most)),
  };
  const head = readCurrentHead(between);
  expect(head.reader.size).toBe(3);
  expect(stale).toBe(-1);
});

test('a status that never catches up is delivered as it is, to be refused by verification', () => {
  const old = transport.read('status.json', 1 << 20)!;
  world.publish({ version: '1.1.0' });
  let reads = 0;
  const frozen: Transport = {
    read: (path, most) => {
      if (path !== 'status.json') return transport.read(path, most);
      reads++;
      return old;
    },
  };
  expect(readCurrentHead(frozen).reader.size).toBe(3);
  expect(reads).toBeLessThan(20);
});
