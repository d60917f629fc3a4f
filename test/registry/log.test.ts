// Heads and entries by themselves: THREATS.md 2, 10-13. Through a whole release: checks/log.test.ts.
import { expect, test } from 'vitest';
import { sign, verify } from '../../keys/ed25519.ts';
import { sha256 } from '../../keys/hash.ts';
import {
  checkGrowth,
  compareHeads,
  formatEntry,
  matchEntry,
  proveEntry,
  signHead,
  verifyEntry,
  verifyHead,
} from '../../registry/log.ts';
import type { LogEntry } from '../../src/contracts/statement.ts';
import { signNote } from '../../src/note.ts';
import type { TileStore } from '../../src/ports.ts';
import { TileLog } from '../../src/tile-log.ts';
import { openTileLog } from '../../src/tile-reader.ts';
import { key, REGISTRY_KEYS, STRANGER } from './fixture.ts';

const ORIGIN = 'signet.local/test';
const role = { keys: [REGISTRY_KEYS.log.publicKey], threshold: 1, origin: ORIGIN };
const code = (value: string) => expect.objectContaining({ code: value });
const entries: LogEntry[] = Array.from({ length: 5 }, (_, i) => ({
  type: 'yank',
  name: 'local/hello',
  version: `1.0.${i}`,
  reason: '',
}));

/** A log of the entries in memory, its files, and its signed head. */
function logOf(list: LogEntry[] = entries) {
  const files = new Map<string, Uint8Array>();
  const store: TileStore = {
    read: (path) => files.get(path),
    write: (path, bytes) => void files.set(path, bytes),
  };
  const log = new TileLog(store, sha256);
  log.append(list.map(formatEntry));
  const note = signHead(ORIGIN, { size: log.size, root: log.root() }, REGISTRY_KEYS.log);
  const head = verifyHead(note, role, verify);
  return { head, reader: openTileLog(store, { size: head.size, root: head.hash }, sha256) };
}
const seenOf = ({ head }: ReturnType<typeof logOf>) => ({
  origin: ORIGIN,
  size: head.size,
  root: head.root,
  note: head.note,
});

test('a head that the log key signed comes back', () => {
  const { head } = logOf();
  expect(head).toMatchObject({ origin: ORIGIN, size: 5 });
  expect(head.root).toBe(`sha256:${Buffer.from(head.hash).toString('hex')}`);
});

test('a head signed by a stranger, under the log’s name or its own, or of another origin', () => {
  const root = logOf().head.hash;
  const by =
    (origin: string, pair = REGISTRY_KEYS.log) =>
    () =>
      verifyHead(signHead(origin, { size: 5, root }, pair), role, verify);
  expect(by(ORIGIN)).not.toThrow();
  expect(by(ORIGIN, STRANGER)).toThrow(code('E_NOTE_UNTRUSTED'));
  expect(by('signet.local/other')).toThrow(code('E_NOTE_UNTRUSTED'));
  // The log key, under its name, on the text of another log.
  const text = `signet.local/other\n5\n${Buffer.from(root).toString('base64')}\n`;
  const line = signHead(ORIGIN, { size: 5, root }, REGISTRY_KEYS.log).split('\n').at(-2)!;
  expect(() => verifyHead(`${text}\n${line}\n`, role, verify)).toThrow(code('E_NOTE_SIGNATURE'));
  const signer = {
    name: ORIGIN,
    keyHash: Buffer.from(line.split(' ')[2]!, 'base64').subarray(0, 4),
    sign: (message: Uint8Array) => sign(REGISTRY_KEYS.log.secretKey, message),
  };
  expect(() => verifyHead(signNote(text, [signer]), role, verify)).toThrow(code('E_STATUS_MISMATCH'));
});

test('row 7: a log threshold of two needs two keys', () => {
  const { head } = logOf();
  const two = { ...role, keys: [...role.keys, key(9).publicKey], threshold: 2 };
  expect(() => verifyHead(head.note, two, verify)).toThrow(code('E_NOTE_UNTRUSTED'));
});

test('rows 2, 12: heads compared with the one that was seen', () => {
  const { head } = logOf();
  const seen = { origin: ORIGIN, size: 5, root: head.root, note: '' };
  const other = `sha256:${'0'.repeat(64)}`;
  expect(() => compareHeads(head, null, 'install')).not.toThrow();
  expect(() => compareHeads(head, seen, 'install')).not.toThrow();
  expect(() => compareHeads(head, { ...seen, root: other }, 'install')).toThrow(code('E_EQUIVOCATION'));
  expect(() => compareHeads(head, { ...seen, root: other }, 'load')).toThrow(code('E_EQUIVOCATION'));
  expect(() => compareHeads(head, { ...seen, size: 6 }, 'install')).toThrow(code('E_ROLLBACK'));
  expect(() => compareHeads(head, { ...seen, size: 6 }, 'load')).not.toThrow();
  expect(() => compareHeads(head, { ...seen, size: 4, root: other }, 'install')).not.toThrow();
});

test('rows 12, 13: growth is checked with the tiles', () => {
  const now = logOf();
  for (let size = 1; size <= 5; size++) {
    expect(() => checkGrowth(now.reader, now.head, seenOf(logOf(entries.slice(0, size))))).not.toThrow();
    const fork = logOf([...entries.slice(0, size - 1), { ...entries[0]!, reason: 'fork' } as LogEntry]);
    expect(() => checkGrowth(now.reader, now.head, seenOf(fork))).toThrow(code('E_EQUIVOCATION'));
  }
  expect(() => checkGrowth(now.reader, now.head, null)).not.toThrow();
  const larger = seenOf(logOf([...entries, entries[0]!]));
  expect(() => checkGrowth(now.reader, now.head, larger)).toThrow(code('E_ROLLBACK'));
});

test('row 11: an entry is proved at its index, and nowhere else', () => {
  const { head, reader } = logOf();
  for (const [i, entry] of entries.entries()) {
    const proof = proveEntry(reader, i);
    expect(verifyEntry(proof, head, 'x')).toEqual(entry);
    for (const index of [i + 1, i - 1, -1, 5, 2 ** 53]) {
      expect(() => verifyEntry({ ...proof, index }, head, 'x')).toThrow(code('E_LOG_PROOF'));
    }
    expect(() => verifyEntry(proof, { ...head, size: 0 }, 'x')).toThrow(code('E_LOG_PROOF'));
  }
});

test('row 10: what is logged and is no entry is refused, however well it is proved', () => {
  for (const [text, expected] of [
    ['{"type":"yank"}', 'E_FORMAT'],
    ['{"type":"later"}', 'E_FORMAT'],
    ['no json', 'E_JSON'],
  ] as const) {
    const files = new Map<string, Uint8Array>();
    const store: TileStore = {
      read: (path) => files.get(path),
      write: (path, bytes) => void files.set(path, bytes),
    };
    const log = new TileLog(store, sha256);
    log.append([Buffer.from(text)]);
    const head = verifyHead(signHead(ORIGIN, { size: 1, root: log.root() }, REGISTRY_KEYS.log), role, verify);
    const reader = openTileLog(store, { size: 1, root: head.hash }, sha256);
    expect(() => verifyEntry(proveEntry(reader, 0), head, 'x')).toThrow(code(expected));
  }
});

test('row 11: an entry that differs in any field is another entry', () => {
  const publish: LogEntry = {
    type: 'publish',
    name: 'local/hello',
    version: '1.0.0',
    archive: `sha256:${'a'.repeat(64)}`,
    release: `sha256:${'b'.repeat(64)}`,
    provenance: null,
  };
  expect(() => matchEntry(publish, { ...publish }, 'x')).not.toThrow();
  for (const change of [
    { name: 'local/other' },
    { version: '1.0.1' },
    { archive: `sha256:${'c'.repeat(64)}` },
    { release: `sha256:${'c'.repeat(64)}` },
    { provenance: `sha256:${'c'.repeat(64)}` },
  ]) {
    expect(() => matchEntry({ ...publish, ...change }, publish, 'x')).toThrow(code('E_LOG_ENTRY'));
  }
  expect(() => matchEntry(entries[0]!, publish, 'x')).toThrow(code('E_LOG_ENTRY'));
});
