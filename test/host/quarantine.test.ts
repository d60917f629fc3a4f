// Quarantine: three losses in five minutes, or one broken protocol; kept over restarts; lifted by a person alone (DESIGN.md §4,
// THREATS.md H9).
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Quarantine } from '../../host/quarantine.ts';
import { sha256 } from '../../keys/hash.ts';
import type { QuarantinedBundle } from '../../src/contracts/host.ts';
import { JournalEntry } from '../../src/contracts/journal.ts';
import { digestOf } from '../../src/digest.ts';
import type { JournalRecord } from '../../src/ports.ts';
import { NOW, temporaryFolder } from './broker-fixture.ts';
import { refusal } from './refusal.ts';

const MINUTE = 60_000;
const BAD = { name: 'acme/bad', version: '1.0.0', digest: digestOf(sha256, 'bad') };
const GOOD = { name: 'acme/good', version: '1.0.0', digest: digestOf(sha256, 'good') };
const ANN = { kind: 'human', id: 'ann' } as const;

let folder: string;
let now: number;
let records: JournalRecord[];
let told: QuarantinedBundle[];
beforeEach(() => {
  folder = temporaryFolder();
  now = NOW;
  records = [];
  told = [];
});
afterEach(() => rmSync(folder, { recursive: true }));

const file = () => join(folder, 'quarantine.json');
const open = () =>
  new Quarantine({
    file: file(),
    clock: { now: () => now },
    journal: { append: (record) => records.push(JournalEntry.parse(record)) - 1 },
    told: (bundle) => told.push(bundle),
  });

/** Charges the bundle with one loss at each of the minutes; true where it is quarantined afterwards. */
function after(minutes: readonly number[], cause: QuarantinedBundle['cause'] = 'hang'): boolean {
  const quarantine = open();
  for (const minute of minutes) {
    now = NOW + minute * MINUTE;
    quarantine.charge(BAD, cause, 'it hung');
  }
  return quarantine.has(BAD.digest);
}

// losses at these minutes | quarantined
test.each([
  [[0], false],
  [[0, 1], false],
  [[0, 1, 2], true],
  [[0, 2, 4.9], true],
  [[0, 3, 6, 9, 12], false],
  [[0, 1, 5.5, 6], false],
  [[0, 1, 5.5, 5.9], true],
  // A clock that is set back far makes no window longer.
  [[100, 0, 200], false],
])('losses at the minutes %j: %s', (minutes, expected) => {
  expect(after(minutes)).toBe(expected);
});

test('a broken protocol is enough by itself: no honest bundle does that', () => {
  expect(after([0], 'protocol')).toBe(true);
});

test('losses of one bundle are not another’s', () => {
  const quarantine = open();
  for (let loss = 0; loss < 2; loss++) {
    quarantine.charge(BAD, 'hang', 'r');
    quarantine.charge(GOOD, 'hang', 'r');
  }
  quarantine.charge(BAD, 'hang', 'r');
  expect(quarantine.list.map(({ name }) => name)).toEqual(['acme/bad']);
  expect(quarantine.refusal(GOOD)).toBe(undefined);
  expect(quarantine.refusal({ ...BAD, digest: digestOf(sha256, 'bad 2.0.0') })).toBe(undefined);
});

test('is written down, told, and says what lifts it', () => {
  const quarantine = open();
  for (let loss = 0; loss < 5; loss++) quarantine.charge(BAD, 'memory', 'too much');
  const bundle = { ...BAD, at: NOW, losses: 3, cause: 'memory', reason: 'too much' };
  expect(told).toEqual([bundle]);
  expect(records).toEqual([{ type: 'bundle.quarantined', ...bundle }]);
  expect(quarantine.refusal(BAD)).toMatchObject({
    code: 'E_QUARANTINED',
    message: 'acme/bad@1.0.0 is quarantined: too much',
    actual: '3 lost workers, since 2026-03-01T12:00:00.000Z',
    fix: 'signet unquarantine acme/bad',
  });
});

describe('over a restart', () => {
  test('it stays, in a file that is its owner’s alone', () => {
    expect(after([0, 0, 0])).toBe(true);
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    expect(open().refusal(BAD)).toMatchObject({ code: 'E_QUARANTINED' });
  });

  test.each(['', '{}', '{"type":"quarantine/1"}', '{"type":"quarantine/2","bundles":[]}'])(
    'a damaged file %j is no empty one',
    (text) => {
      writeFileSync(file(), text);
      expect(['E_JSON', 'E_FORMAT']).toContain(refusal(open));
    },
  );

  test('a folder in its place is E_IO', () => {
    mkdirSync(file());
    expect(refusal(open)).toBe('E_IO');
  });
});

describe('lifting', () => {
  test('by a person, in every version, for good; the next loss counts from one', () => {
    const quarantine = open();
    const second = { ...BAD, version: '2.0.0', digest: digestOf(sha256, 'bad 2') };
    for (const ref of [BAD, second]) quarantine.charge(ref, 'protocol', 'r');
    expect(quarantine.lift('acme/bad', ANN).map(({ version }) => version)).toEqual(['1.0.0', '2.0.0']);
    expect(records.slice(2)).toMatchObject([
      { type: 'bundle.unquarantined', digest: BAD.digest, by: ANN },
      { type: 'bundle.unquarantined', digest: second.digest, by: ANN },
    ]);
    expect(open().list).toEqual([]);
    quarantine.charge(BAD, 'hang', 'r');
    expect(quarantine.has(BAD.digest)).toBe(false);
  });

  test.each(['agent', 'service', 'tool'] as const)('by an %s: refused, and nothing changes', (kind) => {
    const quarantine = open();
    quarantine.charge(BAD, 'protocol', 'r');
    const before = readFileSync(file(), 'utf8');
    expect(refusal(() => quarantine.lift('acme/bad', { kind, id: 'x' }))).toBe('E_GRANT');
    expect(quarantine.has(BAD.digest)).toBe(true);
    expect(readFileSync(file(), 'utf8')).toBe(before);
  });

  test('of what is not quarantined: nothing', () => {
    expect(open().lift('acme/good', ANN)).toEqual([]);
  });
});

test('where it cannot be kept, it holds all the same for this host', () => {
  const quarantine = open();
  rmSync(folder, { recursive: true });
  expect(refusal(() => quarantine.charge(BAD, 'protocol', 'r'))).toBe('E_IO');
  expect([quarantine.has(BAD.digest), told.length]).toEqual([true, 1]);
  mkdirSync(folder);
});
