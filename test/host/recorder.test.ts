// The recorder over real isolates: modes, redaction, places, failures (DESIGN.md §4 "Record and replay").
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { RecordFolder } from '../../host/record-folder.ts';
import { Recorder } from '../../host/recorder.ts';
import { replayGeneration } from '../../host/replay.ts';
import type { Guest } from '../../host/supervisor.ts';
import { HostPolicy, type RecordRules } from '../../src/contracts/config.ts';
import type { RecordMode } from '../../src/contracts/record.ts';
import type { SignetError } from '../../src/error.ts';
import { bundleOf, callOptions, closeAfterEach, outcomeOf, supervise } from './guest-fixture.ts';

closeAfterEach();

const CODE = bundleOf(
  {
    count: '(x)=>[++n,Math.random(),x]',
    ask: 'async(_,ctx)=>[++n,await ctx.clock.now(),await Promise.race([ctx.clock.now(),ctx.clock.now()])]',
    loop: '()=>{for(;;);}',
  },
  'let n=0;',
);
const DIGEST = `sha256:${'c'.repeat(64)}`;

let root: string;
let rules: RecordRules;
let faults: SignetError[];
let recorder: Recorder;
let now: number;
let folder: RecordFolder;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'signet-recorder-'));
  rules = HostPolicy.parse({}).record;
  faults = [];
  now = Date.UTC(2026, 10, 20);
  folder = new RecordFolder(join(root, 'records'));
  recorder = new Recorder({
    folder,
    clock: { now: () => now },
    session: '0123456789ab',
    rules: () => rules,
    fault: (error) => faults.push(error),
  });
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const open = (record: RecordMode, name = 'acme/x', tenant = 'default'): Promise<Guest> =>
  supervise({ tape: (opened, prelude) => recorder.tapeFor(opened, prelude) }).open({
    digest: DIGEST,
    name,
    version: '1.0.0',
    tenant,
    domain: 'acme',
    code: CODE,
    heapMb: 64,
    record,
  });
const call = (guest: Guest, name: string, callId: string, input = '{}') =>
  outcomeOf(
    guest.call(`skill/${name}`, input, callOptions({ callId, wallMs: name === 'loop' ? 200 : 10_000 })),
  );
const read = (id = '20261120-0123456789ab-1') => {
  recorder.flush();
  return folder.read(id);
};
const everything = (): string =>
  readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
    .join('');

test('each call has its place, and its generation runs again the same up to there', async () => {
  const guest = await open('full');
  for (const [index, name] of ['count', 'ask', 'count'].entries()) await call(guest, name, `c${index}`);
  const places = ['c0', 'c1', 'c2'].map((id) => recorder.take(id));
  expect(places.map((place) => place?.full)).toEqual([true, true, true]);
  expect(recorder.take('c0')).toBeUndefined();
  const record = read(places[0]?.generation);
  expect(places.map((place) => record.batches[place?.batch ?? -1]?.chain)).toEqual(
    places.map((place) => place?.chain),
  );
  for (const place of places)
    expect(await replayGeneration(record, CODE, place?.batch)).toMatchObject({
      identical: true,
      ending: undefined,
    });
});

test('other code, another answer: the first difference, both sides', async () => {
  const guest = await open('full');
  await call(guest, 'count', 'c0');
  await call(guest, 'count', 'c1');
  const record = read(recorder.take('c1')?.generation);
  const other = await replayGeneration(record, CODE.replace('++n,Math', 'n+=2,Math'));
  expect(other).toMatchObject({ identical: false, engine: { same: true } });
  expect(other.divergence).toMatchObject({ batch: 1, recorded: { id: 'c0' }, replayed: { id: 'c0' } });
  expect([other.divergence?.recorded?.body[1], other.divergence?.replayed?.body[1]]).toEqual(['1', '2']);
});

test('a generation that ended by its time says so, and is run again up to there', async () => {
  const guest = await open('full');
  await call(guest, 'count', 'c0');
  expect(await call(guest, 'loop', 'c1')).toBe('E_TIMEOUT');
  // The next call gets another isolate: the first is gone by then.
  await call(guest, 'count', 'c2');
  const record = read();
  expect(['timeout', 'lost']).toContain(record.ending);
  expect(await replayGeneration(record, CODE)).toMatchObject({ identical: true, ending: record.ending });
});

test('hashes prove and cannot be run again; off leaves nothing', async () => {
  const secret = 'not to be kept';
  const hashed = await open('hashes');
  await call(hashed, 'count', 'c0', JSON.stringify(secret));
  const off = await open('off');
  await call(off, 'count', 'c1', JSON.stringify(secret));
  expect(recorder.take('c0')?.full).toBe(false);
  expect(recorder.take('c1')).toBeUndefined();
  const record = read();
  expect(record.batches).toHaveLength(2);
  await expect(replayGeneration(record, CODE)).rejects.toMatchObject({ code: 'E_RECORD_REDACTED' });
  expect(everything()).not.toContain(secret);
});

test('where a named field stands, only hashes are kept, and its call says so', async () => {
  rules = { ...rules, redact: [{ bundle: 'acme/x', field: 'password' }] };
  const guest = await open('full');
  await call(guest, 'count', 'c0', '{"name":"ada"}');
  await call(guest, 'count', 'c1', '{"password":"hunter2"}');
  await call(guest, 'count', 'c2', '{"name":"ada"}');
  expect(['c0', 'c1', 'c2'].map((id) => recorder.take(id)?.full)).toEqual([true, false, false]);
  const record = read();
  expect(await replayGeneration(record, CODE, 1)).toMatchObject({ identical: true });
  await expect(replayGeneration(record, CODE, 3)).rejects.toMatchObject({ code: 'E_RECORD_REDACTED' });
  expect(everything()).not.toContain('hunter2');
});

test('a long value that comes twice is on the disk once', async () => {
  const guest = await open('full');
  const input = JSON.stringify('long '.repeat(10_000));
  await call(guest, 'ask', 'c0', input);
  await call(guest, 'ask', 'c1', input);
  const record = read();
  expect(everything().split(input)).toHaveLength(2);
  expect(await replayGeneration(record, CODE)).toMatchObject({ identical: true });
});

test('a bundle that fills its share of the room is recorded by hashes, said once; others are, and it is the next day', async () => {
  rules = { ...rules, maxMb: 1 };
  const guest = await open('full');
  const long = (letter: string): string => JSON.stringify(letter.repeat(200_000));
  await call(guest, 'ask', 'c0', long('a'));
  // The same again takes no room.
  for (let i = 1; i < 4; i++) await call(guest, 'ask', `c${i}`, long('a'));
  for (const [index, letter] of ['b', 'c', 'd'].entries())
    await call(guest, 'ask', `d${index}`, long(letter));
  const full = ['c0', 'c3', 'd0', 'd1', 'd2'].map((id) => recorder.take(id)?.full);
  // The one that fills it is cut off, too.
  expect(full).toEqual([true, true, false, false, false]);
  expect(faults.map(({ code, item }) => [code, item])).toEqual([['E_RECORD', 'acme/x']]);
  recorder.flush();
  expect(everything().length).toBeLessThan(600_000);
  const other = await open('full', 'acme/y');
  await call(other, 'count', 'e0');
  expect(recorder.take('e0')?.full).toBe(true);
  now += 86_400_000;
  const tomorrow = await open('full', 'acme/x', 'other');
  await call(tomorrow, 'count', 'f0');
  expect(recorder.take('f0')?.full).toBe(true);
});

test('a folder that cannot be written is one fault, and no call fails', async () => {
  mkdirSync(root, { recursive: true });
  writeFileSync(join(root, 'records'), 'a file');
  const guest = await open('full');
  expect(await call(guest, 'count', 'c0')).toMatch(/^ok /);
  recorder.flush();
  expect(await call(guest, 'count', 'c1')).toMatch(/^ok /);
  recorder.flush();
  expect(faults.map(({ code }) => code)).toEqual(['E_IO']);
});
