// Where records lie, and when they go (issue "retention by age and size").
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { RecordFolder } from '../../host/record-folder.ts';
import { expectCode } from '../src/expect-code.ts';

const DAY = 86_400_000;
const NOW = Date.UTC(2026, 10, 20);
let root: string;
let folder: RecordFolder;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'signet-records-'));
  folder = new RecordFolder(root);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const idOn = (day: string): string => `${day}-0123456789ab-1`;
const fill = (day: string, megabytes: number): void => {
  mkdirSync(join(root, day), { recursive: true });
  writeFileSync(join(root, day, 'x.record'), Buffer.alloc(megabytes << 20));
};

test('equal values are kept once a day, for their owner alone', () => {
  const [first, again] = [folder.keep(idOn('20261120'), 'abc'), folder.keep(idOn('20261120'), 'abc')];
  expect(again).toBe(first);
  const path = join(root, '20261120', 'values', first);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(new RecordFolder(root).keep(idOn('20261120'), 'abc')).toBe(first);
  folder.keep(idOn('20261121'), 'abc');
  expect(existsSync(join(root, '20261121', 'values', first))).toBe(true);
});

test('a record that is not there, and ids that are none', () => {
  expectCode(() => folder.read(idOn('20261120')), 'E_RECORD');
  for (const id of ['', '../../etc/passwd', '20261120-0123456789ab-1/../x'])
    expectCode(() => folder.pathOf(id), 'E_USAGE');
});

test('old days go by age, then the oldest by size, never today', () => {
  for (const [day, megabytes] of [
    ['20261001', 1],
    ['20261117', 2],
    ['20261118', 2],
    ['20261119', 2],
    ['20261120', 9],
  ] as const)
    fill(day, megabytes);
  mkdirSync(join(root, 'not-a-day'));
  expect(folder.prune(NOW, { keepDays: 30, maxMb: 100 })).toEqual(['20261001']);
  expect(folder.prune(NOW, { keepDays: 30, maxMb: 12 })).toEqual(['20261117', '20261118']);
  expect(folder.prune(NOW, { keepDays: 30, maxMb: 1 })).toEqual(['20261119']);
  expect(folder.prune(NOW + 40 * DAY, { keepDays: 30, maxMb: 100 })).toEqual(['20261120']);
  expect(readdirSync(root)).toEqual(['not-a-day']);
  expect(new RecordFolder(join(root, 'none')).prune(NOW, { keepDays: 1, maxMb: 1 })).toEqual([]);
});
