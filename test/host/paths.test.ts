// Where a project's files are: all below its real folder, and those that say what is allowed beside the state, to be committed.
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ownCode, projectPaths } from '../../host/paths.ts';

let folder: string;
beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'signet-paths-')));
  mkdirSync(join(folder, 'project'));
  symlinkSync(join(folder, 'project'), join(folder, 'link'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('the names are those of the documentation', () => {
  const { project, ...paths } = projectPaths(join(folder, 'project'));
  const names = Object.fromEntries(
    Object.entries(paths).map(([name, path]) => [name, relative(project, path)]),
  );
  expect(names).toMatchObject({
    lockfile: 'signet.lock.json',
    policy: 'policy.yaml',
    grants: 'grants.yaml',
    state: '.signet',
    store: '.signet/store',
    trust: '.signet/trust',
    registry: '.signet/registry',
    journal: '.signet/journal',
    database: '.signet/state.db',
    lock: '.signet/host.lock',
    token: '.signet/token',
    example: '.signet/example',
  });
  const committed = Object.values(names).filter((path) => !path.startsWith('.signet'));
  expect(committed.sort()).toEqual(['grants.yaml', 'policy.yaml', 'signet.lock.json']);
  expect(new Set(Object.values(names)).size).toBe(Object.values(names).length);
});

test('a link to a project is that project: one lock, one set of protected paths', () => {
  expect(projectPaths(join(folder, 'link'))).toEqual(projectPaths(join(folder, 'project')));
  expect(projectPaths(`${folder}/link/../project/.`)).toEqual(projectPaths(join(folder, 'project')));
});

test('a folder that is not there yet has absolute paths all the same', () => {
  expect(projectPaths(join(folder, 'later')).state).toBe(join(folder, 'later', '.signet'));
  expect(projectPaths('later').project).toBe(join(process.cwd(), 'later'));
});

test('the code that runs is known with its packages', () => {
  const own = ownCode();
  const covers = (path: string): boolean => own.some((folder) => path.startsWith(`${folder}/`));
  expect(covers(import.meta.resolve('../../host/paths.ts').slice('file://'.length))).toBe(true);
  expect(covers(import.meta.resolve('zod').slice('file://'.length))).toBe(true);
  expect(covers(import.meta.filename)).toBe(false);
});
