// Reading a journal of many segments, beside its writer and as a whole (THREATS.md 37, H20).
import { describe, expect, test } from 'vitest';
import { sha256 } from '../../keys/hash.ts';
import type { JournalEntry } from '../../src/contracts/journal.ts';
import { Journal } from '../../src/journal.ts';
import { readRecords, storeSource, surveyJournal } from '../../src/journal-reader.ts';
import { expectCode } from './expect-code.ts';
import { all, closed, EVERY } from './journal-fixture.ts';
import { MemoryJournalStore } from './memory-files.ts';

describe('segments', () => {
  const SMALL = 700;
  const intent = (id: string): JournalEntry =>
    ({ ...(EVERY[5] as JournalEntry), effectId: id }) as JournalEntry;
  const outcome = (id: string): JournalEntry =>
    ({ ...(EVERY[6] as JournalEntry), effectId: id }) as JournalEntry;
  const openAll = (store: MemoryJournalStore): Journal => new Journal({ store, sha256, segmentBytes: SMALL });

  function many(count: number): { store: MemoryJournalStore; journal: Journal; records: JournalEntry[] } {
    const store = new MemoryJournalStore();
    const journal = openAll(store);
    const records = Array.from({ length: count }, (_, i) => (i === 3 ? intent('left open') : closed(i)));
    for (const record of records) journal.append(record);
    return { store, journal, records };
  }

  test('follow each other; only the last is read to open, and all together are one tree', () => {
    const { store, journal, records } = many(100);
    expect(store.segments().length).toBeGreaterThan(5);
    for (const [first, file] of store.files) {
      if (first === store.segments().at(-1)) continue;
      expect([file.closed, file.synced]).toEqual([true, file.bytes.length]);
    }
    const again = openAll(store);
    expect(again.size).toBe(100);
    expect(Buffer.from(again.root())).toEqual(Buffer.from(journal.root()));
    expect(again.openEffects()).toMatchObject([{ index: 3, intent: { effectId: 'left open' } }]);
    for (const from of [0, 1, 42, 99]) expect(all(again, from)).toEqual(records.slice(from));
    expect([...readRecords(storeSource(store), sha256, 97)].map(({ index }) => index)).toEqual([97, 98, 99]);
    const opened = readRecords(storeSource(store), sha256, 0, ['effect.intent', 'host.close']);
    expect([...opened].map(({ index }) => index)).toEqual(
      [...records.entries()]
        .filter(([, { type }]) => type === 'effect.intent' || type === 'host.close')
        .map(([index]) => index),
    );
    expect(surveyJournal(store, sha256, [50])).toMatchObject({
      size: 100,
      segments: store.files.size,
      tail: 0,
    });
    // Without those before it, the last one opens all the same: that they are gone, the survey says.
    store.files.delete(0);
    expect(openAll(store).size).toBe(100);
    expectCode(() => surveyJournal(store, sha256), 'E_LOG_CORRUPT');
  });

  test('an effect of an earlier segment is closed by an outcome of a later one', () => {
    const { store, journal } = many(30);
    journal.append(outcome('left open'));
    expect([journal.openEffects(), openAll(store).openEffects()]).toEqual([[], []]);
    expect(surveyJournal(store, sha256).size).toBe(31);
  });

  test('a reader goes on into a segment that is begun while it reads', () => {
    const { journal } = many(5);
    const reader = journal.records();
    for (let i = 0; i < 4; i++) reader.next();
    for (let i = 5; i < 60; i++) journal.append(closed(i));
    expect([...reader].map(({ index }) => index)).toEqual(Array.from({ length: 56 }, (_, i) => i + 4));
  });

  test('whatever is changed in any of them, head or record, is found', () => {
    const { store } = many(60);
    for (const [first, file] of store.files) {
      const last = first === store.segments().at(-1);
      for (let at = 0; at < file.bytes.length; at += 11) {
        file.bytes[at]! ^= 4;
        try {
          const survey = surveyJournal(store, sha256);
          // The last record of all may be a torn tail.
          expect([last, survey.size]).toEqual([true, 59]);
        } catch (thrown) {
          expect(['E_LOG_CORRUPT', 'E_FORMAT_VERSION']).toContain((thrown as { code: string }).code);
        }
        file.bytes[at]! ^= 4;
      }
    }
    expect(surveyJournal(store, sha256).size).toBe(60);
  });

  test('where no other can be made, the present one goes on, and the next record tries again', () => {
    const { store, journal } = many(5);
    const before = store.files.size;
    store.full = true;
    for (let i = 0; i < 40; i++) journal.append(closed(i));
    expect([store.files.size, journal.size]).toEqual([before, 45]);
    store.full = false;
    journal.append(closed(99));
    expect(store.files.size).toBe(before + 1);
    expect(all(openAll(store))).toHaveLength(46);
  });

  test('a segment that was begun and holds nothing yet is opened', () => {
    const { store } = many(60);
    const last = store.open(store.segments().at(-1) as number);
    const journal = openAll(store);
    while (!last.closed) journal.append(closed(1));
    const size = journal.size;
    expect(store.segments().at(-1)).toBe(size);
    expect(openAll(store).size).toBe(size);
  });
});
