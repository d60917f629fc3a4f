// A file is read again when it changed, and only then.
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { readOnChange } from '../../host/changed-file.ts';
import { refusal } from './refusal.ts';

const folder = mkdtempSync(join(tmpdir(), 'signet-changed-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('loads once for each content, and again and again what fails', () => {
  const file = join(folder, 'file');
  let [loads, broken] = [0, false];
  const read = readOnChange(file, (path) => {
    expect(path).toBe(file);
    loads++;
    if (broken) throw new Error('broken');
    return loads;
  });
  expect([read(), read()]).toEqual([1, 1]);
  writeFileSync(file, 'one');
  expect([read(), read()]).toEqual([2, 2]);
  broken = true;
  writeFileSync(file, 'longer');
  expect(read).toThrow('broken');
  expect(read).toThrow('broken');
  broken = false;
  expect([read(), read()]).toEqual([5, 5]);
});

it('says what it cannot look at', () => {
  symlinkSync('loop', join(folder, 'loop'));
  expect(refusal(readOnChange(join(folder, 'loop'), () => 1))).toBe('E_IO');
  expect(readOnChange(join(folder, 'absent'), () => 1)()).toBe(1);
});
