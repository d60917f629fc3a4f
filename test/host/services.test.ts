import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { KeyValueStore } from '../../host/kv.ts';
import { ownCode, type ProjectPaths, projectPaths } from '../../host/paths.ts';
import { createServices } from '../../host/services.ts';
import { temporaryFolder } from './broker-fixture.ts';

let paths: ProjectPaths;
let kv: KeyValueStore;
beforeEach(() => {
  paths = projectPaths(temporaryFolder());
  mkdirSync(paths.example, { recursive: true });
  kv = new KeyValueStore(paths.database);
});
afterEach(() => {
  kv.close();
  rmSync(paths.project, { recursive: true });
});

test('what is protected is that of the project and of Signet itself; the example may be read', async () => {
  const host = { log: () => undefined, invoke: async () => null };
  const services = createServices(paths, kv, host);
  expect(services).toMatchObject({ ...host, kv });
  const write = (path: string) => services.files.write(path, '/', Buffer.from('x'), 'replace');
  for (const path of [
    paths.grants,
    paths.policy,
    paths.lockfile,
    join(paths.example, 'x'),
    join(ownCode()[0]!, 'x'),
  ])
    await expect(write(path), path).rejects.toMatchObject({ code: 'E_CAPABILITY_DENIED' });
  await expect(services.files.readText(paths.database, '/')).rejects.toMatchObject({
    code: 'E_CAPABILITY_DENIED',
  });
  await write(join(paths.project, 'x'));
  writeFileSync(join(paths.example, 'jobs.yaml'), 'example');
  expect(await services.files.readText(join(paths.example, 'jobs.yaml'), paths.example)).toBe('example');
});
