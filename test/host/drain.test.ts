// A host that is told to stop (issue "graceful drain"), and one whose bundle is quarantined, as whole hosts: no call is dropped that
// ends in time, none is taken on any more, and a quarantine outlives the host.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { apiHandlers } from '../../host/api-handlers.ts';
import { Host } from '../../host/host.ts';
import { HostStatus, UnquarantineAnswer } from '../../src/contracts/api.ts';
import { bringTools, grantShell, recordsOf } from './tools-source.ts';
import { createWorld, type World } from './world.ts';

let world: World;
let host: Host;
let command: string;
let digest: string;
let began: string;
let go: string;
const open = () => Host.open({ directory: world.paths.project });
const outcome = (promise: Promise<{ output: unknown }>) =>
  promise.then(
    ({ output }) => output,
    ({ code }: { code: string }) => code,
  );

beforeAll(async () => {
  world = createWorld();
  ({ digest } = await bringTools(world));
  [began, go] = [join(world.folder, 'began'), join(world.folder, 'go')];
  command = `touch ${began}; while [ ! -e ${go} ]; do sleep 0.02; done; rm ${began} ${go}; echo done`;
  grantShell(world, command);
});
beforeEach(async () => {
  host = await open();
});
afterEach(() => host.close());
afterAll(() => world.remove());

/** What a call comes to that is under way until the file `go` is there. */
async function underWay(): Promise<{ readonly running: Promise<unknown> }> {
  const running = outcome(host.dispatch('skill', 'runs', command, { apply: true }));
  while (!existsSync(began)) await new Promise((done) => setImmediate(done));
  return { running };
}

test('what is in flight ends as if nothing were; what comes is refused; then all is closed', async () => {
  let ended: unknown;
  const { running } = await underWay();
  const closing = host.close({ drainMs: 60_000 });
  void running.then((value) => {
    ended = value;
  });
  expect(await outcome(host.dispatch('skill', 'echo', 1))).toBe('E_HOST_CLOSED');
  expect(ended).toBe(undefined);
  writeFileSync(go, '');
  expect(await running).toMatchObject({ stdout: 'done\n' });
  await closing;
  expect(existsSync(world.paths.lock)).toBe(false);
  const ends = recordsOf(world.paths).filter(({ type }) => type === 'call.end');
  expect(ends.at(-1)).toMatchObject({ ok: true });
});

test('what does not end in time is aborted, its effect with it', async () => {
  const { running } = await underWay();
  await host.close({ drainMs: 50 });
  expect(await running).toBe('E_ABORTED');
  const records = recordsOf(world.paths);
  expect(records.filter(({ type }) => type === 'effect.outcome').at(-1)).toMatchObject({ status: 'failed' });
});

test('a quarantine is told, shown with the command that lifts it, kept over a restart, and lifted over the interface', async () => {
  const bundle = { name: 'local/tools', version: '1.0.0', digest };
  const row = async () => {
    const status = HostStatus.parse(await host.status());
    return status.bundles.find(({ name }) => name === 'local/tools');
  };
  expect((await row())?.state).not.toBe('quarantined');
  await host.close();
  writeFileSync(
    world.paths.quarantine,
    JSON.stringify({
      type: 'quarantine/1',
      bundles: [{ ...bundle, at: 1, losses: 3, cause: 'hang', reason: 'it hung' }],
    }),
  );
  host = await open();
  expect(await row()).toMatchObject({ state: 'quarantined', code: 'E_QUARANTINED' });
  await expect(host.dispatch('skill', 'echo', 1)).rejects.toMatchObject({
    code: 'E_QUARANTINED',
    fix: 'signet unquarantine local/tools',
  });
  expect(() => host.quarantine.lift('local/tools', { kind: 'agent', id: 'x' })).toThrow(
    expect.objectContaining({ code: 'E_GRANT' }),
  );
  const lift = async () =>
    UnquarantineAnswer.parse(await apiHandlers(host).command('host.unquarantine', { bundle: 'local/tools' }));
  expect(await lift()).toEqual({ lifted: [bundle] });
  expect(await lift()).toEqual({ lifted: [] });
  expect((await host.dispatch('skill', 'echo', 1)).output).toBe(1);
  await host.close();
  host = await open();
  expect((await host.dispatch('skill', 'echo', 2)).output).toBe(2);
});
