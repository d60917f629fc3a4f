import { linkSync, mkdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { identity, ProtectedFiles } from '../../host/protected-files.ts';
import { temporaryFolder } from './broker-fixture.ts';

let project: string;
let files: ProtectedFiles;
const at = (...names: string[]): string => join(project, ...names);
beforeEach(() => {
  project = temporaryFolder();
  mkdirSync(at('.signet', 'example'), { recursive: true });
  mkdirSync(at('code'));
  mkdirSync(at('data'));
  writeFileSync(at('.signet', 'state.db'), '');
  files = new ProtectedFiles({
    protectedPaths: [at('.signet'), at('policy.yaml')],
    builtInRoot: at('.signet', 'example'),
    readOnlyPaths: [at('code')],
  });
});
afterEach(() => rmSync(project, { recursive: true }));

const idOf = (path: string): string => identity(statSync(path, { bigint: true }));

test('what is built in is exempt for reading what is in it, and for nothing else', () => {
  const inside = at('.signet', 'example', 'jobs.yaml');
  expect(files.isBuiltIn(inside)).toBe(true);
  expect(files.isBuiltIn(at('.signet', 'example-2'))).toBe(false);
  expect(files.forReading(inside).paths).toEqual(new Set([at('policy.yaml')]));
  expect(files.forReading(at('data')).paths).toEqual(new Set([at('.signet'), at('policy.yaml')]));
  expect(files.forWriting().paths).toEqual(new Set([at('.signet'), at('policy.yaml'), at('code')]));
});

test('folders are known by identity with their first level; what is read-only by its own', () => {
  writeFileSync(at('code', 'main.js'), '');
  const { identities } = files.forWriting();
  for (const path of [at('.signet'), at('.signet', 'state.db'), at('.signet', 'example'), at('code')])
    expect(identities, path).toContain(idOf(path));
  expect(identities).not.toContain(idOf(at('code', 'main.js')));
  expect(files.forReading(at('data')).identities).not.toContain(idOf(at('code')));
});

describe('writing is refused before it is tried', () => {
  test('also through a link, and where nothing is there yet', () => {
    symlinkSync(at('.signet'), at('data', 'link'));
    for (const path of [
      at('.signet'),
      at('.signet', 'new', 'file'),
      at('policy.yaml'),
      at('code', 'main.js'),
      at('data', 'link', 'token'),
      at('POLICY.yaml'),
      at('policy.yaml.lock'),
    ])
      expect(files.refusesToWrite(path), path).toBe(true);
  });
  test.each(['data/x', '.signets', 'policy.yml', 'codes'])('its twin %s is not', (name) => {
    expect(files.refusesToWrite(at(name))).toBe(false);
  });
});

describe('a name that would become something protected', () => {
  test.each([
    'policy.yaml',
    'POLICY.YAML',
    'Policy.yaml',
    'policy.yaml.',
    'policy.yaml ',
    'policy.yaml.lock',
    'ｐolicy.yaml',
    '.SIGNET',
    '.ſignet',
  ])('%j', (name) => {
    expect(files.isReservedName(statSync(project, { bigint: true }), name)).toBe(true);
    expect(files.isReservedName(statSync(at('data'), { bigint: true }), name)).toBe(false);
  });
  test.each(['policy.yml', 'my-policy.yaml', 'policy.yaml-old', 'signet'])('its twin %j', (name) => {
    expect(files.isReservedName(statSync(project, { bigint: true }), name)).toBe(false);
  });
});

test('a second name of a protected file is found; one of another file, and a folder, are not', async () => {
  linkSync(at('.signet', 'state.db'), at('data', 'db'));
  writeFileSync(at('data', 'own'), '');
  linkSync(at('data', 'own'), at('data', 'second'));
  const ask = async (path: string): Promise<boolean> => {
    const handle = await open(path);
    const stat = await handle.stat({ bigint: true });
    const answer = await files.isOtherNameOf(handle.fd, stat, stat.isDirectory());
    await handle.close();
    return answer;
  };
  expect(await ask(at('data', 'db'))).toBe(true);
  expect(await ask(at('data', 'second'))).toBe(false);
  expect(await ask(at('data'))).toBe(false);
});
