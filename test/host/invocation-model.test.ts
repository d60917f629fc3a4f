// Calls against a model (DESIGN.md §4, THREATS.md H3): isolates that answer, throw, are lost or never answer, callers that give up,
// bundles that are quarantined or closed, in any order. Whatever happens, each call ends once, nothing that changed something runs
// twice, and nothing is left.
import { getEventListeners } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Admission } from '../../host/admission.ts';
import type { Broker } from '../../host/broker.ts';
import type { CallOptions as GuestCallOptions } from '../../host/call.ts';
import { InFlight } from '../../host/in-flight.ts';
import { LoadedBundle } from '../../host/loaded-bundle.ts';
import { lostError } from '../../host/outcome.ts';
import { Quarantine } from '../../host/quarantine.ts';
import type { Supervisor } from '../../host/supervisor.ts';
import { sha256 } from '../../keys/hash.ts';
import { HostPolicy } from '../../src/contracts/config.ts';
import { Manifest } from '../../src/contracts/manifest.ts';
import { digestOf } from '../../src/digest.ts';
import type { SignetError } from '../../src/error.ts';
import { SignetError as Failure } from '../../src/error.ts';
import type { JournalRecord } from '../../src/ports.ts';
import { NOW, temporaryFolder } from './broker-fixture.ts';

/** One attempt that an isolate was given, until the model ends it. */
interface Attempt {
  readonly options: GuestCallOptions;
  readonly resolve: (output: string) => void;
  readonly reject: (error: SignetError) => void;
  mutated: boolean;
  ended: boolean;
}
interface CallOf {
  readonly controller: AbortController;
  readonly outcomes: string[];
}

const ENDS = {
  answers: (attempt: Attempt) => attempt.resolve('1'),
  throws: (attempt: Attempt) => attempt.reject(new Failure('E_GUEST', 'no')),
  times: (attempt: Attempt) => attempt.reject(new Failure('E_TIMEOUT', 'late', { item: 'wallMs' })),
  lost: (attempt: Attempt) => attempt.reject(lostError('lost', 'bystander')),
  suspected: (attempt: Attempt) => attempt.reject(lostError('lost', 'suspect')),
  guilty: (attempt: Attempt) => attempt.reject(new Failure('E_WORKER_LOST', 'it crashed')),
};
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ is: fc.constant('call' as const), bundle: fc.nat(2) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      is: fc.constant('end' as const),
      which: fc.nat(),
      how: fc.constantFrom(...(Object.keys(ENDS) as (keyof typeof ENDS)[])),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ is: fc.constant('effect' as const), which: fc.nat(), mutates: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ is: fc.constant('abort' as const), which: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ is: fc.constantFrom('charge', 'lift', 'close'), bundle: fc.nat(2) }) },
);

let folder: string;
beforeAll(() => {
  folder = temporaryFolder();
});
afterAll(() => rmSync(folder, { recursive: true }));

function worldOf(queue: { running: number; waiting: number }) {
  const records: JournalRecord[] = [];
  const attempts: Attempt[] = [];
  const journal = { append: (record: JournalRecord) => records.push(record) - 1 };
  const clock = { now: () => NOW };
  const policy = HostPolicy.parse({ queue, limits: { concurrent: 2 } });
  const admission = new Admission(policy.queue);
  const file = join(folder, 'quarantine.json');
  rmSync(file, { force: true });
  const quarantine = new Quarantine({ file, clock, journal, told: () => undefined });
  const inFlight = new InFlight();
  const guest = {
    alive: true,
    close: () => {
      for (const attempt of attempts) {
        if (!attempt.ended) attempt.reject(new Failure('E_ABORTED', 'the guest was closed'));
        attempt.ended = true;
      }
    },
    call: (_fn: string, _text: string, options: GuestCallOptions) =>
      new Promise<string>((resolve, reject) => {
        const attempt = { options, resolve, reject, mutated: false, ended: false };
        attempts.push(attempt);
        const { signal } = options;
        const onAbort = (): void => {
          attempt.ended = true;
          reject(new Failure('E_ABORTED', 'the call was aborted'));
        };
        if (signal?.aborted) onAbort();
        else {
          signal?.addEventListener('abort', onAbort, { once: true });
          const done = (): void => signal?.removeEventListener('abort', onAbort);
          attempt.resolve = (output) => {
            done();
            resolve(output);
          };
          attempt.reject = (error) => {
            done();
            reject(error);
          };
        }
      }),
  };
  const broker = {
    perform: async (context: { budget: { mutates(): void } }, { args }: { args: string }) => {
      if (args === 'mutates') context.budget.mutates();
      return { ok: true, value: 'null' };
    },
  };
  let calls = 0;
  const bundles = ['a', 'b', 'c'].map((name) => {
    const provides = [{ kind: 'skill', name: 'run', description: 'a test', input: {}, output: {} }];
    const manifest = Manifest.parse({
      $schema: 'https://agent-plugins.org/schemas/1.0.0/plugin.schema.json',
      name,
      version: '1.0.0',
      description: 'a test',
      license: 'Apache-2.0',
      extensions: { 'dev.signet': { namespace: 'acme', host: '^1.0.0', provides } },
    });
    return new LoadedBundle(manifest, digestOf(sha256, name), '', {
      supervisor: { open: async () => guest } as unknown as Supervisor,
      broker: broker as unknown as Broker,
      journal,
      clock,
      nextCallId: () => `call-${++calls}`,
      inFlight,
      admission,
      quarantine,
      policy: () => policy,
      placeOf: () => undefined,
    });
  });
  return { records, attempts, admission, quarantine, bundles, inFlight };
}

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 3; turn++) await new Promise((done) => setImmediate(done));
};

test('each call ends once, no change is made twice, and nothing is left', async () => {
  const queue = fc.record({ running: fc.integer({ min: 1, max: 3 }), waiting: fc.nat(4) });
  await fc.assert(
    fc.asyncProperty(queue, fc.array(step, { maxLength: 60 }), async (limits, steps) => {
      const { records, attempts, admission, quarantine, bundles, inFlight } = worldOf(limits);
      const calls: CallOf[] = [];
      const running = () => attempts.filter(({ ended }) => !ended);
      for (const one of steps) {
        switch (one.is) {
          case 'call': {
            const controller = new AbortController();
            const outcomes: string[] = [];
            calls.push({ controller, outcomes });
            const provider = bundles[one.bundle]!.providers[0]!;
            const options = {
              tenant: 't',
              dryRun: true,
              principal: { kind: 'human' as const, id: 'ann' },
              signal: controller.signal,
            };
            provider
              .invoke({ text: '1', value: 1 }, options, (text) => text)
              .then(
                () => outcomes.push('ok'),
                (error: SignetError) => outcomes.push(error.code),
              );
            break;
          }
          case 'end': {
            const attempt = running()[one.which % (running().length || 1)];
            if (attempt === undefined) break;
            attempt.ended = true;
            ENDS[one.how](attempt);
            break;
          }
          case 'effect': {
            const attempt = running()[one.which % (running().length || 1)];
            if (attempt === undefined) break;
            attempt.mutated ||= one.mutates;
            await attempt.options.perform({
              id: `${attempt.options.callId}.1`,
              capability: 'kv',
              args: one.mutates ? 'mutates' : '{}',
            });
            break;
          }
          case 'abort':
            calls[one.which % (calls.length || 1)]?.controller.abort();
            break;
          case 'charge':
            quarantine.charge(bundles[one.bundle]!.ref, 'protocol', 'r');
            break;
          case 'lift':
            quarantine.lift(bundles[one.bundle]!.ref.name, { kind: 'human', id: 'ann' });
            break;
          case 'close':
            // The isolates of the model are shared: whoever closes ends the attempts of all.
            bundles[one.bundle]!.close();
            break;
        }
        await settle();
        expect(admission.load.running).toBeLessThanOrEqual(limits.running);
        expect(running().length).toBeLessThanOrEqual(limits.running);
      }
      for (let left = running(); left.length > 0; left = running()) {
        for (const attempt of left) {
          attempt.ended = true;
          attempt.resolve('1');
        }
        await settle();
      }
      await inFlight.settled();
      expect(calls.every(({ outcomes }) => outcomes.length === 1)).toBe(true);
      expect(
        calls.every(({ controller }) => getEventListeners(controller.signal, 'abort').length === 0),
      ).toBe(true);
      expect(admission.load).toEqual({ running: 0, waiting: 0, bytes: 0, lanes: 0 });
      expect(bundles.map(({ busy }) => busy)).toEqual([0, 0, 0]);
      const of = (type: string) =>
        records.filter((record) => record.type === type).map(({ callId }) => callId);
      expect(of('call.end').toSorted()).toEqual(of('call.start').toSorted());
      expect(new Set(of('call.end')).size).toBe(of('call.end').length);
      const first = new Map(attempts.map((attempt) => [attempt.options.callId, attempt]));
      expect(first.size).toBe(attempts.length);
      for (const again of attempts.filter(({ options }) => options.callId.includes('_'))) {
        const [id = ''] = again.options.callId.split('_');
        expect(again.options.callId).toBe(`${id}_2`);
        expect(first.get(id)?.mutated).toBe(false);
        expect(of('call.retry')).toContain(id);
      }
    }),
    { numRuns: 150 },
  );
});
