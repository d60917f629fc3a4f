// What a host tells, and that no listener can hurt it (DESIGN.md §4 "on(event)").
import { afterEach, expect, test, vi } from 'vitest';
import { Events, type HostEvents, tellingJournal } from '../../host/events.ts';

afterEach(() => vi.restoreAllMocks());
const change = { name: 'acme/x', from: '1.0.0', to: '2.0.0' };

test('listeners hear in order until each is taken away; one function may listen twice', () => {
  const events = new Events();
  const heard: string[] = [];
  const listener = ({ to }: { to: string }) => heard.push(to);
  const offs = [events.on('upgraded', listener), events.on('upgraded', listener)];
  events.emit('upgraded', change);
  offs[0]?.();
  offs[0]?.();
  events.emit('upgraded', change);
  expect(heard.length).toBe(3);
  events.clear();
  events.emit('upgraded', change);
  expect(heard.length).toBe(3);
});

test('a listener may take another away while it is told', () => {
  const events = new Events();
  const heard: string[] = [];
  events.on('upgraded', () => off());
  const off = events.on('upgraded', () => heard.push('second'));
  events.emit('upgraded', change);
  events.emit('upgraded', change);
  expect(heard).toEqual(['second']);
});

test('what one throws or rejects with is a fault, and the others hear', async () => {
  const events = new Events();
  const heard: string[] = [];
  const faults = new Promise<string[]>((resolve) => {
    const seen: string[] = [];
    events.on('fault', ({ code, cause }) => {
      if (seen.push(`${code} ${(cause as Error).message}`) === 2) resolve(seen);
    });
  });
  events.on('upgraded', () => {
    throw new Error('thrown');
  });
  events.on('upgraded', () => Promise.reject(new Error('rejected')));
  events.on('upgraded', () => heard.push('still'));
  events.emit('upgraded', change);
  expect(heard).toEqual(['still']);
  expect(await faults).toEqual(['E_INTERNAL thrown', 'E_INTERNAL rejected']);
});

test('a listener of faults that throws is a warning of the process, and ends nothing', () => {
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
  const events = new Events();
  events.on('fault', () => {
    throw new Error('again');
  });
  events.on('upgraded', () => {
    throw new Error('first');
  });
  events.emit('upgraded', change);
  expect(warned).toHaveBeenCalledTimes(1);
});

test('records of calls and effects are told in their own words, others are not', () => {
  const events = new Events();
  const told: unknown[] = [];
  for (const event of ['started', 'ended', 'effect'] as const)
    events.on(event, (about: HostEvents[typeof event][0]) => told.push([event, about]));
  const at = 5;
  const effect = { at, callId: 'c', effectId: 'c.1' };
  const journal = tellingJournal({ append: () => 0, commit: async () => undefined }, events);
  journal.append({ type: 'host.open', at });
  journal.append({
    type: 'call.start',
    at,
    callId: 'c',
    kind: 'skill',
    name: 'run',
    bundle: 'sha256:a',
    version: '1.0.0',
    tenant: 't',
    dryRun: true,
    inputHash: 'x',
    planHash: null,
    stepId: null,
  });
  journal.append({
    type: 'effect.intent',
    ...effect,
    capability: 'kv.set',
    action: 'set k',
    class: 'mutate',
  });
  journal.append({ type: 'effect.outcome', ...effect, status: 'would', resultHash: null, code: null });
  journal.append({ type: 'effect.denied', ...effect, action: 'run', code: 'E_CAPABILITY_DENIED' });
  journal.append({
    type: 'call.end',
    at,
    callId: 'c',
    ok: true,
    code: null,
    outputHash: 'y',
    durationMs: 1,
    effects: 1,
  });
  expect(told).toEqual([
    [
      'started',
      {
        at,
        callId: 'c',
        kind: 'skill',
        name: 'run',
        bundle: 'sha256:a',
        version: '1.0.0',
        tenant: 't',
        dryRun: true,
      },
    ],
    ['effect', { ...effect, is: 'intent', action: 'set k', code: null }],
    ['effect', { ...effect, is: 'would', action: null, code: null }],
    ['effect', { ...effect, is: 'denied', action: 'run', code: 'E_CAPABILITY_DENIED' }],
    ['ended', { at, callId: 'c', ok: true, code: null, durationMs: 1, effects: 1 }],
  ]);
});
