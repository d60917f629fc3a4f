// Revocation and freshness on a running host (DESIGN.md §3 "Status", §4 "Load"; THREATS.md 27, 31): in the middle of a call, while
// nothing runs, while no host ran; and a status that grows old.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { HostEvents } from '../../host/events.ts';
import { Host, type HostOptions } from '../../host/host.ts';
import { renewRegistry } from '../../registry/local.ts';
import { openProject } from '../../sdk/open-project.ts';
import { openKeyring } from '../../sdk/release.ts';
import { HostStatus } from '../../src/contracts/api.ts';
import { revoke } from './revoke.ts';
import { recordsOf, skills } from './tools-source.ts';
import { createWorld, type World } from './world.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

let world: World;
let host: Host;
let digest: string;
let now: number;
beforeEach(async () => {
  world = createWorld();
  now = Date.now();
  ({ digest } = await world.bring(
    skills({ counts: 'return ++count;', never: 'await new Promise(() => {});' }),
    { name: 'app' },
  ));
  await open();
});
afterEach(async () => {
  await host.close();
  world.remove();
});

async function open(options: Partial<HostOptions> = {}): Promise<void> {
  host = await Host.open({ directory: world.paths.project, clock: { now: () => now }, ...options });
}
const codeOf = (name: string) =>
  host.dispatch('skill', name, null).then(
    ({ output }) => output,
    (error: { code: string }) => error.code,
  );
const row = async () => HostStatus.parse(await host.status()).bundles[0];
const revokeIt = () => revoke(world, { type: 'revoke', digest, reason: 'a test' });

describe('a revocation', () => {
  test('ends the calls that run, refuses the next, is told with the uses that came before, and stands in journal and status', async () => {
    const revoked: HostEvents['revoked'][0][] = [];
    const refused: string[] = [];
    host.on('revoked', (event) => revoked.push(event));
    host.on('refused', ({ name, code }) => refused.push(`${name} ${code}`));
    expect(await codeOf('counts')).toBe(1);
    const started = new Promise<string>((done) => host.on('started', ({ callId }) => done(callId)));
    const running = codeOf('never');
    const callId = await started;
    revokeIt();
    host.tend();
    expect(await running).toBe('E_REVOKED');
    expect(await codeOf('counts')).toBe('E_REVOKED');
    expect(revoked).toMatchObject([
      {
        name: 'local/app',
        version: '1.0.0',
        digest,
        code: 'E_REVOKED',
        uses: { calls: 2, last: [expect.any(String), callId] },
      },
    ]);
    expect(refused).toEqual(['local/app E_REVOKED']);
    expect(await row()).toMatchObject({ state: 'refused', code: 'E_REVOKED', uses: { calls: 2 } });
    await host.close();
    const records = recordsOf(world.paths);
    expect(records.filter(({ type }) => type === 'bundle.refused')).toMatchObject([
      { digest, code: 'E_REVOKED' },
    ]);
    expect(records).toContainEqual(expect.objectContaining({ type: 'call.end', callId, code: 'E_REVOKED' }));
  });

  test('reaches an idle host by its own timer', async () => {
    await host.close();
    await open({ tendMs: 20 });
    expect(await codeOf('counts')).toBe(1);
    const revoked = new Promise<string>((done) => host.on('revoked', ({ name }) => done(name)));
    revokeIt();
    expect(await revoked).toBe('local/app');
    expect(await codeOf('counts')).toBe('E_REVOKED');
  });

  test('that came while no host ran binds the first call, and knows the uses of the hosts before', async () => {
    expect(await codeOf('counts')).toBe(1);
    await host.close();
    revokeIt();
    await open({ tendMs: DAY });
    expect(await codeOf('counts')).toBe('E_REVOKED');
    expect(await row()).toMatchObject({
      code: 'E_REVOKED',
      uses: { calls: 1, last: [expect.stringMatching(/^call-/)] },
    });
  });

  test('of the key that signed it takes it along', async () => {
    expect(await codeOf('counts')).toBe(1);
    const [locked] = openProject(world.paths).installed();
    revoke(world, { type: 'revoke-key', key: locked?.publisher[0] ?? '', fromIndex: 0, reason: 'stolen' });
    host.tend();
    expect(await codeOf('counts')).toBe('E_KEY_REVOKED');
  });

  test('of something else leaves it as it is', async () => {
    expect(await codeOf('counts')).toBe(1);
    revoke(world, { type: 'revoke', digest: `sha256:${'0'.repeat(64)}`, reason: 'a test' });
    host.tend();
    expect(await codeOf('counts')).toBe(2);
    expect(await row()).toMatchObject({ state: 'loaded', code: null, uses: null });
  });
});

describe('a status that is not renewed', () => {
  test('is worth a warning after days, and refuses what runs after thirty', async () => {
    expect(await codeOf('counts')).toBe(1);
    expect((await row())?.warning).toBe(null);
    now += 9 * DAY;
    expect(await codeOf('counts')).toBe(2);
    expect((await row())?.warning).toMatch(/status is [89] days old/);
    const running = codeOf('never');
    now += 22 * DAY;
    host.tend();
    expect(await running).toBe('E_STATUS_STALE');
    expect(await codeOf('counts')).toBe('E_STATUS_STALE');
    expect(await row()).toMatchObject({ state: 'refused', code: 'E_STATUS_STALE', uses: null });
    // Newer than the first by more than the second to which a status tells its age.
    now -= 31 * DAY - HOUR;
    renewRegistry(world.paths.registry, openKeyring(), now);
    host.tend();
    expect(await codeOf('counts')).toBe(1);
  });

  test('is renewed on a schedule by a host that keeps the registry; what fails there is a fault', async () => {
    let renewals = 0;
    await host.close();
    await open({
      renew: () => {
        if (++renewals === 2) throw new Error('no key');
      },
    });
    const faults: string[] = [];
    host.on('fault', ({ cause }) => faults.push((cause as Error).message));
    host.tend();
    expect(renewals).toBe(0);
    now += 13 * HOUR;
    host.tend();
    host.tend();
    expect([renewals, faults]).toEqual([1, []]);
    now += 13 * HOUR;
    host.tend();
    expect([renewals, faults]).toEqual([2, ['no key']]);
  });
});

test('a bundle that no one calls is let go, and is there again when it is called', async () => {
  expect([await codeOf('counts'), await codeOf('counts')]).toEqual([1, 2]);
  now += 9 * 60_000;
  host.tend();
  expect(await codeOf('counts')).toBe(3);
  now += 11 * 60_000;
  host.tend();
  expect((await row())?.state).toBe('loaded');
  expect(await codeOf('counts')).toBe(1);
});

test('one in the middle of a call is not let go, however long that takes', async () => {
  expect(await codeOf('counts')).toBe(1);
  const controller = new AbortController();
  const running = host.dispatch('skill', 'never', null, { signal: controller.signal }).catch(() => 'ended');
  now += HOUR / 2;
  host.tend();
  expect(await codeOf('counts')).toBe(2);
  controller.abort();
  expect(await running).toBe('ended');
});
