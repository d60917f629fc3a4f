// The host's journal: what it takes, what survives a crash (THREATS.md 12, 37, H20).
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sha256 } from '../../keys/hash.ts';
import type { JournalEntry } from '../../src/contracts/journal.ts';
import { formatFrame } from '../../src/journal-frame.ts';
import { canonicalJson } from '../../src/json.ts';
import { leafHash, rootOf } from '../../src/merkle.ts';
import { expectCode } from './expect-code.ts';
import { all, closed, EVERY, filled, HEAD, open } from './journal-fixture.ts';
import { MemoryJournal } from './memory-files.ts';

const bytesOf = (record: JournalEntry): number => canonicalJson(record).length;

/** A plan of so many steps, whose principal's id and last name are so much longer: the one record that can be large. */
function plan(steps: number, longer: number): JournalEntry {
  const [one] = EVERY.flatMap((record) => (record.type === 'plan.compiled' ? [record] : []));
  const step = one!.steps[0]!;
  const id = 'm'.repeat(1 + Math.min(longer, 255));
  const name = `n${'n'.repeat(Math.max(longer - 255, 0))}`;
  return {
    ...one!,
    principal: { kind: 'human', id },
    steps: Array.from({ length: steps }, (_, i) => ({ ...step, name: i === 0 ? name : 'n' })),
  };
}

describe('records', () => {
  test('one of every type goes in and comes out, also after reopening', () => {
    const { file, journal } = filled(EVERY);
    expect(all(journal)).toEqual(EVERY);
    const again = open(file);
    expect([again.size, again.recovered.droppedBytes]).toEqual([EVERY.length, 0]);
    expect(all(again)).toEqual(EVERY);
    expect([...again.records(10)].map(({ index }) => index)).toEqual([10, 11, 12]);
    expect(all(again, 13)).toEqual([]);
    expect(all(again, 5_000)).toEqual([]);
  });

  test('the leaves are the canonical JSON, in a tree of RFC 6962', () => {
    const { journal } = filled(EVERY);
    const leaves = EVERY.map((record) => leafHash(sha256, Buffer.from(canonicalJson(record))));
    expect(Buffer.from(journal.root())).toEqual(Buffer.from(rootOf(sha256, leaves)));
  });

  test.each([
    ['an unknown type', { type: 'host.opened', at: 1 }],
    ['a missing field', { type: 'worker.lost', at: 1, domain: 'acme' }],
    ['a field too many', { type: 'host.close', at: 1, secret: 'x' }],
    ['a wrong time', { type: 'host.close', at: -1 }],
    ['an action that is no text', { ...EVERY[8]!, action: { program: '/bin/true' } }],
    ['a wrong digest', { type: 'bundle.loaded', at: 1, name: 'a', version: '1.0.0', digest: 'sha256:x' }],
  ])('%s is refused, and nothing is written', (_, record) => {
    const { file, journal } = filled([closed(1)]);
    const before = file.bytes;
    expectCode(() => journal.append(record), 'E_FORMAT');
    expect([journal.size, file.bytes]).toEqual([1, before]);
  });

  test('65,535 bytes pass, one more is E_LIMIT', () => {
    const { journal } = filled([]);
    const [empty, last] = [plan(0, 0), plan(200, 0)];
    const rows = Math.floor((65_535 - bytesOf(empty)) / ((bytesOf(last) - bytesOf(empty)) / 200));
    const room = 65_535 - bytesOf(plan(rows, 0));
    journal.append(plan(rows, room));
    expect(bytesOf(plan(rows, room))).toBe(65_535);
    expectCode(() => journal.append(plan(rows, room + 1)), 'E_LIMIT');
    expectCode(() => journal.append(plan(1000, 0)), 'E_LIMIT');
    expect(all(journal)).toEqual([plan(rows, room)]);
  });

  test('what JSON cannot hold is E_JSON', () => {
    const { journal } = filled([]);
    expectCode(() => journal.append({ ...EVERY[5]!, action: '\ud800' }), 'E_JSON');
    expect(journal.size).toBe(0);
  });

  test('a type of a later Signet says upgrade, damage does not', () => {
    const record = Buffer.from('{"at":1,"type":"moon.landing"}');
    const { file } = filled([closed(1)]);
    const { bytes } = filled([closed(1), { ...closed(2) }]).file;
    file.append(formatFrame(1, record, leafHash(sha256, record)));
    expectCode(() => all(open(file)), 'E_FORMAT_VERSION');
    const lie = Buffer.from('{"at":-1,"type":"host.close"}');
    const other = new MemoryJournal(bytes);
    other.append(formatFrame(2, lie, leafHash(sha256, lie)));
    expectCode(() => all(open(other)), 'E_FORMAT');
  });

  test('a reader sees what is appended while it reads, over many strides', () => {
    const { journal } = filled(Array.from({ length: 700 }, (_, i) => closed(i)));
    const reader = journal.records(690);
    expect(reader.next().value).toMatchObject({ index: 690, record: closed(690) });
    journal.append(closed(700));
    expect([...reader].map(({ index }) => index).at(-1)).toBe(700);
    for (const from of [0, 255, 256, 257, 512, 699]) expect(all(journal, from)[0]).toEqual(closed(from));
  });
});

describe('after a crash', () => {
  const SAMPLE = EVERY.slice(0, 6);

  test('the file cut at every offset opens as a prefix, goes on, and reports what it dropped', () => {
    const { file } = filled(SAMPLE);
    const sizes = new Set<number>();
    for (let cut = HEAD; cut <= file.bytes.length; cut++) {
      const torn = new MemoryJournal(file.bytes.subarray(0, cut));
      const journal = open(torn);
      const records = all(journal);
      expect(records).toEqual(SAMPLE.slice(0, records.length));
      expect(torn.bytes.length + journal.recovered.droppedBytes).toBe(cut);
      sizes.add(records.length);
      expect(journal.append(closed(99))).toBe(records.length);
      expect(all(open(torn))).toEqual([...records, closed(99)]);
    }
    expect([...sizes]).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  test('a tail of zeros or of noise behind whole records is dropped', () => {
    const { file } = filled(SAMPLE);
    for (const tail of [
      new Uint8Array(200_000),
      new Uint8Array(5_000).fill(0x7b),
      Buffer.from('{"a":{"b":1}}'.repeat(900)),
    ]) {
      const torn = new MemoryJournal(Buffer.concat([file.bytes, tail]));
      const journal = open(torn);
      expect([journal.size, journal.recovered.droppedBytes]).toEqual([6, tail.length]);
      expect(torn.bytes).toEqual(file.bytes);
    }
  });

  test('one changed bit before the last record is E_LOG_CORRUPT, and the file is left as it is', () => {
    const { file } = filled(SAMPLE);
    const lastFrame = filled(SAMPLE.slice(0, -1)).file.bytes.length;
    for (let at = HEAD; at < lastFrame; at++) {
      const bytes = file.bytes.slice();
      bytes[at]! ^= 1 << (at & 7);
      const damaged = new MemoryJournal(bytes);
      expectCode(() => open(damaged), 'E_LOG_CORRUPT');
      expect(damaged.bytes).toEqual(bytes);
    }
  });

  test('a record that was removed, doubled or moved is E_LOG_CORRUPT', () => {
    const parts = SAMPLE.map((_, i) => filled(SAMPLE.slice(0, i + 1)).file.bytes);
    const header = filled([]).file.bytes;
    const cut = parts.map((bytes, i) => bytes.subarray(i === 0 ? header.length : parts[i - 1]!.length));
    const build = (order: number[]): MemoryJournal =>
      new MemoryJournal(Buffer.concat([header, ...order.map((i) => cut[i]!)]));
    expect(open(build([0, 1, 2, 3, 4, 5])).size).toBe(6);
    for (const order of [
      [1, 2, 3],
      [0, 2, 3],
      [0, 0, 1, 2],
      [0, 2, 1, 3],
      [1, 0, 2],
    ]) {
      expectCode(() => open(build(order)), 'E_LOG_CORRUPT');
    }
  });

  test('another file is no journal, a later format says upgrade', () => {
    expectCode(() => open(new MemoryJournal(Buffer.from('#!/bin/sh\nexec something\n'))), 'E_LOG_CORRUPT');
    expectCode(() => open(new MemoryJournal(Buffer.from('#!'))), 'E_LOG_CORRUPT');
    expectCode(() => open(new MemoryJournal(Buffer.from('signet journal/3\nwhatever'))), 'E_FORMAT_VERSION');
    expectCode(() => open(new MemoryJournal(Buffer.from('signet journal/1\n'))), 'E_FORMAT_VERSION');
    expectCode(() => open(new MemoryJournal(Buffer.from('signet journal/2\n'))), 'E_LOG_CORRUPT');
    expectCode(() => open(new MemoryJournal(Buffer.from('signet journal/2\nwhatever\n'))), 'E_LOG_CORRUPT');
    expect(open(new MemoryJournal()).size).toBe(0);
  });

  test('synced means synced, at once; the rest is written through all the same', () => {
    const { file, journal } = filled([closed(1)]);
    expect(file.synced).toBeLessThan(file.bytes.length);
    journal.sync();
    expect(file.synced).toBe(file.bytes.length);
  });

  test('those who commit while one flush is under way share the next', async () => {
    const { file, journal } = filled([closed(1)]);
    let go: () => void = () => undefined;
    file.pause = new Promise((done) => {
      go = done;
    });
    const first = journal.commit();
    await Promise.resolve();
    journal.append(closed(2));
    const others = [journal.commit(), journal.commit(), journal.commit()];
    go();
    await first;
    await Promise.all(others);
    expect([file.commits, file.synced]).toEqual([2, file.bytes.length]);
  });
});

describe('when the disk fails', () => {
  test('half a record is cut off again, and the next one fits', () => {
    const { file, journal } = filled([closed(1)]);
    const before = file.bytes;
    for (const written of [0, 1, 2, 20]) {
      file.fail = { append: written };
      expectCode(() => journal.append(closed(2)), 'E_IO');
      expect([journal.size, file.bytes]).toEqual([1, before]);
    }
    file.fail = {};
    expect(journal.append(closed(2))).toBe(1);
    expect(all(open(file))).toEqual([closed(1), closed(2)]);
  });

  test('where that fails too, or a sync fails, the journal takes nothing more until it is opened anew', () => {
    for (const fail of [{ append: 5, truncate: true }, { sync: true }]) {
      const { file, journal } = filled([closed(1)]);
      file.fail = fail;
      expectCode(() => {
        journal.append(closed(2));
        journal.sync();
      }, 'E_IO');
      file.fail = {};
      expectCode(() => journal.append(closed(3)), 'E_IO');
      expectCode(() => journal.sync(), 'E_IO');
      const again = open(file);
      again.append(closed(4));
      expect(all(again).at(-1)).toEqual(closed(4));
    }
  });

  test('written means written, at once; where that fails, the journal takes nothing more', () => {
    const { file, journal } = filled([closed(1)]);
    const before = file.flushed;
    journal.append(closed(2));
    expect(file.flushed).toBe(before);
    journal.append(closed(3), { written: true });
    expect(file.flushed).toBe(before + 1);
    file.fail = { flush: true };
    expectCode(() => journal.append(closed(4), { written: true }), 'E_IO');
    file.fail = {};
    expectCode(() => journal.append(closed(5)), 'E_IO');
    expectCode(() => journal.append(closed(5), { written: true }), 'E_IO');
    expectCode(() => journal.sync(), 'E_IO');
  });

  test('a record changed under an open journal is found when it is read', () => {
    const { file, journal } = filled(EVERY);
    journal.append(closed(3));
    file.bytes[HEAD + 20]! ^= 1;
    expectCode(() => all(journal), 'E_LOG_CORRUPT');
  });
});

test('any sequence of appends, crashes and reopenings keeps a prefix of what was appended', () => {
  const step = fc.record({ count: fc.nat(4), durable: fc.boolean(), lose: fc.nat(120) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 8 }), (steps) => {
      const file = new MemoryJournal();
      let expected: JournalEntry[] = [];
      let safe = 0;
      let next = 0;
      for (const { count, durable, lose } of steps) {
        const journal = open(file);
        const found = all(journal);
        expect(found).toEqual(expected.slice(0, found.length));
        expect(found.length).toBeGreaterThanOrEqual(safe);
        expected = found;
        for (let i = 0; i < count; i++) {
          expected.push(closed(next++));
          journal.append(expected.at(-1)!);
        }
        if (durable) journal.sync();
        if (durable) safe = expected.length;
        // The loss of power takes any part of what was never synced.
        file.bytes = file.bytes.slice(0, Math.max(file.synced, file.bytes.length - lose));
      }
    }),
  );
});
