// Bundles in development (DESIGN.md §4 "Versions"): every save is a signed release that was verified and installed; a call in flight
// ends where it is; what does not build leaves what runs as it is.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openProject } from '../../sdk/open-project.ts';
import { type EmbeddedHost, type HostEvents, openHost } from '../../sdk/runtime.ts';
import { skills } from '../host/tools-source.ts';
import { createWorld, type World } from '../host/world.ts';

let world: World;
let source: string;
let host: EmbeddedHost | undefined;
beforeEach(() => {
  world = createWorld();
  source = world.source(skills({ says: "return 'first';", never: 'await new Promise(() => {});' }), {
    name: 'app',
  });
});
afterEach(async () => {
  await host?.close();
  host = undefined;
  world.remove();
});

const open = async (): Promise<EmbeddedHost> => {
  host = await openHost({ directory: world.paths.project, dev: [source] });
  return host;
};
const next = <E extends keyof HostEvents>(event: E) =>
  new Promise<HostEvents[E][0]>((done) => {
    const off = (host as EmbeddedHost).on(event, (about: HostEvents[E][0]) => {
      off();
      done(about);
    });
  });
const says = async () => (await (host as EmbeddedHost).dispatch('skill', 'says', null)).output;
const save = (code: string) => writeFileSync(join(source, 'index.ts'), code);

test('each save is the next version, signed and installed; what is the same is none; what is broken is a fault', async () => {
  await open();
  expect(await says()).toBe('first');
  const [locked] = openProject(world.paths).installed();
  expect(locked).toMatchObject({ name: 'local/app', version: '1.0.0-dev.1', registry: 'local' });

  let upgraded = next('upgraded');
  save(skills({ says: "return 'second';" }));
  expect(await upgraded).toEqual({ name: 'local/app', from: '1.0.0-dev.1', to: '1.0.0-dev.2' });
  expect(await says()).toBe('second');

  const fault = next('fault');
  save('export default 1;');
  expect((await fault).code).toMatch(/^E_(BUILD|MANIFEST)/);
  expect(await says()).toBe('second');

  // The same as is installed, saved anew: no release. Then another.
  upgraded = next('upgraded');
  save(skills({ says: "return 'second';" }));
  save(skills({ says: "return 'third';" }));
  expect((await upgraded).to).toBe('1.0.0-dev.3');
  expect(await says()).toBe('third');

  // Nothing unsigned ran: what is installed verifies, and a changed byte of it would not run.
  await host?.close();
  expect(readFileSync(world.paths.lockfile, 'utf8')).toContain('1.0.0-dev.3');
  host = await openHost({ directory: world.paths.project });
  expect(await says()).toBe('third');
});

test('opened again it goes on counting; a bundle of another namespace is developed as a local one', async () => {
  await open();
  await host?.close();
  const manifest = join(source, 'plugin.json');
  writeFileSync(manifest, readFileSync(manifest, 'utf8').replace('"local"', '"acme"'));
  await open();
  expect(openProject(world.paths).installed()).toMatchObject([{ name: 'local/app', version: '1.0.0-dev.2' }]);
  expect((await host?.tools())?.map(({ name }) => name).sort()).toEqual(['skill_never', 'skill_says']);
});

test('a call in flight goes on while a save replaces its bundle', async () => {
  await open();
  const controller = new AbortController();
  const running = (host as EmbeddedHost)
    .dispatch('skill', 'never', null, { signal: controller.signal })
    .catch(({ code, message }: { code: string; message: string }) => `${code} ${message}`);
  const upgraded = next('upgraded');
  save(skills({ says: "return 'second';" }));
  await upgraded;
  expect(await says()).toBe('second');
  controller.abort();
  expect(await running).toBe('E_ABORTED the call was aborted');
});

test('a source that cannot be built, or is not there, is no host; and the project is free', async () => {
  save('export default 1;');
  await expect(open()).rejects.toMatchObject({ code: expect.stringMatching(/^E_(BUILD|MANIFEST)/) });
  source = join(world.folder, 'nowhere');
  await expect(open()).rejects.toMatchObject({ code: 'E_NOT_FOUND', item: source });
  mkdirSync(source);
  host = await openHost({ directory: world.paths.project });
  expect((await host.status()).bundles).toEqual([]);
});
