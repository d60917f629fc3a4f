// What is named on the command line: patterns, lists, companions (THREATS.md 32).
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { listSubjects } from '../../registry/subject-list.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signet-subjects-'));
  mkdirSync(join(folder, 'dist/deep'), { recursive: true });
  for (const name of [
    'a.tar',
    'a.tar.proof.json',
    'a.tar.release.json',
    'b.tar',
    'c.signet',
    'deep/d.tar',
    '[x].tar',
  ])
    writeFileSync(join(folder, 'dist', name), '');
});
afterEach(() => rmSync(folder, { recursive: true }));
const list = (named: string[], stdin = '') =>
  listSubjects(folder, named, () => stdin).map((one) =>
    'refused' in one ? `${one.subject} ${one.refused.code}` : one.subject,
  );

test('a pattern stands for what it matches, in order, without what merely lies beside an archive', () => {
  expect(list(['dist/*.tar'])).toEqual(['dist/[x].tar', 'dist/a.tar', 'dist/b.tar']);
  expect(list(['dist/a*'])).toEqual(['dist/a.tar']);
  expect(list(['dist/**/*.tar', 'dist/{c,d}.signet'])).toContain('dist/deep/d.tar');
  expect(list(['dist/?.signet'])).toEqual(['dist/c.signet']);
});

test('what a shell expanded is the same list: each subject once', () => {
  expect(list(['dist/a.tar', 'dist/a.tar.proof.json', 'dist/a.tar.release.json', 'dist/a.tar'])).toEqual([
    'dist/a.tar',
  ]);
  expect(list(['dist/lonely.tar.proof.json'])).toEqual(['dist/lonely.tar.proof.json']);
});

test('a file whose name looks like a pattern is that file', () => {
  expect(list(['dist/[x].tar'])).toEqual(['dist/[x].tar']);
});

test('row 32: a pattern that matches nothing, and an empty list, are named and refused', () => {
  expect(list(['dist/*.zip', 'dist/a.tar'])).toEqual(['dist/*.zip E_NO_SUBJECTS', 'dist/a.tar']);
  expect(list(['-'], '\n  \n')).toEqual(['- E_NO_SUBJECTS']);
});

test('a list on stdin has a subject a line, and may hold patterns', () => {
  expect(list(['-', 'local/x'], 'dist/b.tar\r\ndist/*.signet\n')).toEqual([
    'dist/b.tar',
    'dist/c.signet',
    'local/x',
  ]);
});

test('names are left as they are, and stdin is read only where it is asked for', () => {
  const subjects = listSubjects(folder, ['local/hello@^1.0.0'], () => {
    throw new Error('read');
  });
  expect(subjects).toEqual([{ subject: 'local/hello@^1.0.0' }]);
});

test('a list without end is refused', () => {
  const many = Array.from({ length: 100_002 }, (_, i) => `x/${i}`).join('\n');
  expect(() => list(['-'], many)).toThrow(expect.objectContaining({ code: 'E_LIMIT' }));
});
