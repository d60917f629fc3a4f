// What the tests of isolates share: small bundles, call options, a supervisor whose processes are gone afterwards.
import { afterEach, expect } from 'vitest';
import type { CallOptions, Effect, EffectAnswer } from '../../host/call.ts';
import { type Guest, type OpenOptions, Supervisor, type SupervisorOptions } from '../../host/supervisor.ts';
import { asSignetError } from '../../src/error.ts';
import { isRunning } from '../processes.ts';
import { bundleOf } from './bundle-of.ts';

export { bundleOf, isRunning };

export const HONEST = bundleOf({
  echo: '(x)=>x',
  ask: 'async(x,ctx)=>({now:await ctx.clock.now()})',
});

let calls = 0;

export function callOptions(options: Partial<CallOptions> = {}): CallOptions {
  return {
    callId: `call-${++calls}`,
    wallMs: 10_000,
    cpuMs: 10_000,
    outputBytes: 1 << 20,
    effects: 100,
    dryRun: false,
    perform: answerAll,
    ...options,
  };
}

/** A broker that grants the clock, chance and log, and nothing else. */
async function answerAll(effect: Effect): Promise<EffectAnswer> {
  if (effect.capability === 'clock') return { ok: true, value: '{"now":1234}' };
  if (effect.capability === 'random') return { ok: true, value: '{"base64":"AQIDBAU="}' };
  if (effect.capability === 'log') return { ok: true, value: 'null' };
  return { ok: false, code: 'E_CAPABILITY_DENIED', message: `${effect.capability} is not granted` };
}

/** `ok` and the value, or the code of the refusal. */
export async function outcomeOf(promise: Promise<unknown>): Promise<string> {
  try {
    return `ok ${String(await promise)}`;
  } catch (thrown) {
    return asSignetError(thrown).code;
  }
}

const open = new Set<Supervisor>();

export function supervise(options: SupervisorOptions = {}): Supervisor {
  const supervisor = new Supervisor({ graceMs: 300, spareAfterMs: Number.POSITIVE_INFINITY, ...options });
  open.add(supervisor);
  return supervisor;
}

/** A tape that gives every batch to a listener, with the isolate's number; the first is its birth. */
export function listen(
  heard: (isolate: number, pushed: string, drained: string) => void,
): NonNullable<SupervisorOptions['tape']> {
  return (_options, _prelude, isolate) => ({
    born: (birth) => heard(isolate, birth, ''),
    batch: ({ text }, drained) => heard(isolate, text, drained),
    end: () => undefined,
  });
}

let digests = 0;

export function openGuest(
  supervisor: Supervisor,
  code: string,
  options: Partial<OpenOptions> = {},
): Promise<Guest> {
  return supervisor.open({
    digest: `sha256:${++digests}`,
    tenant: 'tenant',
    domain: 'domain',
    heapMb: 32,
    code,
    ...options,
  });
}

/** What a function expression `(input, ctx) => …` yields inside an isolate, as the value of its JSON. */
export async function inside(run: string, before = '', options: Partial<CallOptions> = {}): Promise<unknown> {
  const guest = await openGuest(supervise(), bundleOf({ run }, before));
  return JSON.parse(await guest.call('skill/run', '{}', callOptions(options)));
}

/** Closes every supervisor after each test; a worker that survives that fails the test, and is killed with its group. */
export function closeAfterEach(): void {
  afterEach(async () => {
    for (const supervisor of open) {
      const { pids } = supervisor;
      await supervisor.close();
      const left = pids.filter(isRunning);
      for (const pid of left) process.kill(-pid, 'SIGKILL');
      expect(left).toEqual([]);
    }
    open.clear();
  });
}
