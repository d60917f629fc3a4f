// The journal's commands as whole processes: what an operator checks, exports and resolves (THREATS.md 12, H20).
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openJournalStore } from '../../host/journal-store.ts';
import { sha256 } from '../../keys/hash.ts';
import { Journal } from '../../src/journal.ts';
import { openShell, type Shell } from './process.ts';

let shell: Shell;
beforeAll(async () => {
  shell = openShell();
  await (await shell.up()).stop();
});
afterAll(() => shell.remove());

const signet = (...args: string[]) => shell.run('signet', args);
const journalFolder = (): string => join(shell.folder, '.signet', 'journal');
const segment = (): string => join(journalFolder(), '000000000000000.records');

test('two checkpoints, taken a day of work apart, prove that nothing was changed between them, to anyone with the key', () => {
  const first = signet('journal', 'checkpoint', '--out', 'one.note');
  expect(first.code).toBe(0);
  const key = /key (ed25519:\S+)/.exec(first.stderr)?.[1] as string;
  signet('status');
  expect(signet('journal', 'checkpoint', '--out', 'two.note').code).toBe(0);
  expect(signet('journal', 'verify', '--checkpoint', 'one.note', '--checkpoint', 'two.note').stdout).toMatch(
    /^journal ok {2}\d+ records in 1 segment .*\n {2}checkpoint of \d+ records: held\n {2}checkpoint of \d+ records: held\n$/,
  );
  expect(signet('journal', 'checkpoint', '--out', 'one.note').stderr).toContain('E_EXISTS');
  const turned = signet('journal', 'prove', 'two.note', 'one.note');
  expect([turned.code, turned.stderr]).toEqual([
    64,
    expect.stringContaining('the earlier checkpoint comes first'),
  ]);
  expect(signet('journal', 'prove', 'one.note', 'two.note', '--out', 'proof.json').code).toBe(0);

  const stranger = openShell();
  try {
    writeFileSync(join(stranger.folder, 'proof.json'), readFileSync(join(shell.folder, 'proof.json')));
    const checked = stranger.run('signet', ['journal', 'check', 'proof.json', '--key', key]);
    expect([checked.code, checked.stdout]).toEqual([0, expect.stringMatching(/^proof ok {2}signet\.local/)]);
    expect(stranger.run('signet', ['journal', 'check', 'proof.json']).stderr).toContain('E_NOTE_UNTRUSTED');
    const proof = JSON.parse(readFileSync(join(stranger.folder, 'proof.json'), 'utf8')) as { later: string };
    writeFileSync(
      join(stranger.folder, 'forged.json'),
      JSON.stringify({ ...proof, later: proof.later.replace(/\n(\d)/, '\n9$1') }),
    );
    const forged = stranger.run('signet', ['journal', 'check', 'forged.json', '--key', key]);
    expect([forged.code, forged.stderr]).toEqual([1, expect.stringContaining('E_NOTE_SIGNATURE')]);
  } finally {
    stranger.remove();
  }
});

test('one byte changed in a record of long ago is found, with the record’s number', () => {
  const sound = readFileSync(segment());
  const damaged = Buffer.from(sound);
  const at = damaged.indexOf('"engine"');
  damaged[at + 2] = (damaged[at + 2] ?? 0) ^ 1;
  writeFileSync(segment(), damaged);
  const { code, stderr } = signet('journal', 'verify');
  expect([code, stderr]).toEqual([1, expect.stringMatching(/E_LOG_CORRUPT[\s\S]*record 0/)]);
  writeFileSync(segment(), sound);
  expect(signet('journal', 'verify').code).toBe(0);
});

test('a journal that was cut off behind a checkpoint is told from a short one', () => {
  const sound = readFileSync(segment());
  writeFileSync(segment(), sound.subarray(0, sound.lastIndexOf('{"at"') - 2));
  const held = signet('journal', 'verify', '--checkpoint', 'two.note');
  expect([held.code, held.stderr]).toEqual([1, expect.stringContaining('shorter than it was')]);
  writeFileSync(segment(), sound);
});

test('an effect whose host died is listed until a person says what became of it', () => {
  const journal = new Journal({ store: openJournalStore(journalFolder()), sha256 });
  journal.append({
    type: 'effect.intent',
    at: 1,
    callId: 'call-x',
    effectId: 'call-x.1',
    capability: 'exec',
    action: 'run "crontab -"',
    class: 'mutate',
    grant: null,
    dryRun: false,
  });
  journal.close();
  expect(signet('status').stdout).toContain('! outcome unknown: call-x.1: run "crontab -"');
  const said = ['--as', 'not-done', '--reason', 'crontab -l shows no new line'];
  const agent = shell.run('signet', ['resolve', 'call-x.1', ...said], {
    env: { SIGNET_PRINCIPAL: 'agent:a' },
  });
  expect([agent.code, agent.stderr]).toEqual([1, expect.stringContaining('E_GRANT')]);
  expect(signet('resolve', 'call-x.1', '--as', 'maybe', '--reason', 'x').code).toBe(64);
  expect(signet('resolve', 'call-y.1', ...said).stderr).toContain('E_NOT_FOUND');
  expect(signet('resolve', 'call-x.1', ...said).stdout).toBe(
    'resolved as not-done: call-x.1: run "crontab -"\n',
  );
  expect(signet('status').stdout).not.toContain('outcome unknown');
  expect(signet('journal', 'verify').code).toBe(0);
});
