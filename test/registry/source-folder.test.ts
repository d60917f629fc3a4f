// Reading a stranger's folder: only regular files, only inside, only UTF-8 prose.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { isInside, openFolder, readOwn, readProse, readRegular } from '../../registry/source-folder.ts';
import { temporary, write } from './folders.ts';
import { codeOf } from './tar-bytes.ts';

test.each([
  [true, '/a', '/a'],
  [true, '/a', '/a/b/c'],
  [true, '/a', '/a/..b'],
  [false, '/a', '/ab'],
  [false, '/a', '/'],
  [false, '/a', '/b'],
])('isInside is %s for %s and %s', (answer, folder, file) => {
  expect(isInside(folder, file)).toBe(answer);
});

test('openFolder answers with the real path; a file or nothing is E_NOT_FOUND', () => {
  const folder = write(temporary(), { file: 'x' });
  fs.symlinkSync(folder, `${folder}/link`);
  expect(openFolder(`${folder}/link`)).toBe(folder);
  expect(codeOf(() => openFolder(`${folder}/file`))).toBe('E_NOT_FOUND');
  expect(codeOf(() => openFolder(`${folder}/none`))).toBe('E_NOT_FOUND');
});

test('readRegular does not wait for a pipe, nor read folders or what is too large', () => {
  const folder = write(temporary(), { file: 'x'.repeat(10) });
  execFileSync('mkfifo', [`${folder}/pipe`]);
  expect(codeOf(() => readRegular(`${folder}/pipe`, 'pipe'))).toBe('E_BUILD');
  expect(codeOf(() => readRegular(folder, 'folder'))).toBe('E_BUILD');
  expect(codeOf(() => readRegular(`${folder}/file`, 'file', 9))).toBe('E_BUILD');
  expect(codeOf(() => readRegular(`${folder}/none`, 'none'))).toBe('E_IO');
  expect(readRegular(`${folder}/file`, 'file', 10).toString()).toBe('x'.repeat(10));
});

test('readOwn follows a link inside the folder, and none that leads out', () => {
  const folder = write(temporary(), { 'a/file': 'x' });
  fs.symlinkSync('a/file', `${folder}/inside`);
  fs.symlinkSync('/etc/hostname', `${folder}/outside`);
  expect(readOwn(folder, 'inside')?.toString()).toBe('x');
  expect(codeOf(() => readOwn(folder, 'outside'))).toBe('E_BUILD');
  expect(readOwn(folder, 'none')).toBeUndefined();
});

test('readProse takes what belongs to a bundle, and names what it leaves', () => {
  const folder = write(temporary(), {
    'README.md': 'r',
    'NOTES.md': 'n',
    'skills/b/SKILL.md': 'b',
    'skills/a/deep/SKILL.md': 'a',
    'skills/a/tool.py': 'x',
    'skills/extra.md': 'x',
  });
  const { files, warnings } = readProse(folder);
  expect(files.map((file) => file.path).sort()).toEqual([
    'README.md',
    'skills/a/deep/SKILL.md',
    'skills/b/SKILL.md',
  ]);
  expect(warnings.map((line) => line.split(' ')[0])).toEqual(['skills/a/tool.py', 'skills/extra.md']);
});

test.each<[string, (folder: string) => void]>([
  ['a link among skills', (folder) => fs.symlinkSync('/etc', path.join(folder, 'skills/etc'))],
  [
    'skills that is a link',
    (folder) => {
      fs.renameSync(path.join(folder, 'skills'), path.join(folder, 'moved'));
      fs.symlinkSync('moved', path.join(folder, 'skills'));
    },
  ],
  [
    'prose that is not UTF-8',
    (folder) => fs.writeFileSync(path.join(folder, 'skills/a/SKILL.md'), Buffer.from([0xff])),
  ],
  ['a folder called README.md', (folder) => fs.mkdirSync(path.join(folder, 'README.md'))],
])('%s is refused', (_what, spoil) => {
  const folder = write(temporary(), { 'skills/a/SKILL.md': 'a' });
  expect(codeOf(() => readProse(folder))).toBe('passed');
  spoil(folder);
  expect(codeOf(() => readProse(folder))).toBe('E_BUILD');
});
