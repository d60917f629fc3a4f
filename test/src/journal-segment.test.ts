// The head of a segment, byte by byte, and heads that contradict themselves.
import { expect, test } from 'vitest';
import { sha256 } from '../../keys/hash.ts';
import type { JournalEntry } from '../../src/contracts/journal.ts';
import { formatSegmentHead, readSegmentHead } from '../../src/journal-segment.ts';
import { CompactRange } from '../../src/merkle.ts';
import type { OpenEffect } from '../../src/open-effects.ts';
import { expectCode } from './expect-code.ts';
import { EVERY } from './journal-fixture.ts';
import { MemoryJournal } from './memory-files.ts';

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
const read = (head: string) => readSegmentHead(new MemoryJournal(Buffer.from(head)), sha256);

test('the first head, byte by byte', () => {
  const head = text(formatSegmentHead(new CompactRange(sha256), []));
  expect(head).toBe('signet journal/2\n{"edge":[],"first":0,"open":[]}\n');
  expect(read(head)).toMatchObject({ first: 0, open: [], end: head.length });
});

test('comes out as it went in, whatever follows', () => {
  const tree = new CompactRange(sha256);
  const intent = EVERY.find((record) => record.type === 'effect.intent') as Extract<
    JournalEntry,
    { type: 'effect.intent' }
  >;
  const open: OpenEffect[] = [{ index: 2, intent }];
  for (let size = 0; size < 70; size++) {
    const bytes = formatSegmentHead(tree, open);
    const head = read(`${text(bytes)}{"a":1}\n`);
    expect([head.first, head.end, head.open]).toEqual([size, bytes.length, open]);
    expect(Buffer.from(head.tree.root())).toEqual(Buffer.from(tree.root()));
    tree.append(sha256(String(size)));
  }
});

test.each([
  ['nothing', '', 'E_LOG_CORRUPT'],
  ['another file', '#!/bin/sh\n', 'E_LOG_CORRUPT'],
  ['no second line', 'signet journal/2\n', 'E_LOG_CORRUPT'],
  ['a line without end', 'signet journal/2\n{"edge":[],"first":0,"open":[]}', 'E_LOG_CORRUPT'],
  ['a field too many', 'signet journal/2\n{"edge":[],"first":0,"more":1,"open":[]}\n', 'E_LOG_CORRUPT'],
  ['a tree of another size', 'signet journal/2\n{"edge":[],"first":1,"open":[]}\n', 'E_LOG_CORRUPT'],
  ['a hash that is too short', 'signet journal/2\n{"edge":["AAAA"],"first":1,"open":[]}\n', 'E_LOG_CORRUPT'],
  ['a format before', 'signet journal/1\n', 'E_FORMAT_VERSION'],
  ['a format to come', 'signet journal/3\n{}\n', 'E_FORMAT_VERSION'],
])('%s is refused', (_, head, code) => {
  expectCode(() => read(head), code as never);
});
