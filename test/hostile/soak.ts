// `npm run soak [-- --minutes N] [--seed N]`: one host, honest calls without pause, and the attacks of the table in random order
// beside them (THREATS.md, host rows). Each cycle begins with a quiet stretch; what counts is the hostile stretch beside it: every
// honest call answered, its latency within twice the quiet one, memory, descriptors and processes flat. Exit 0 or 1.
import { readdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Host } from '../../host/host.ts';
import { operator } from '../../host/operator.ts';
import { asSignetError } from '../../src/error.ts';
import { descendants } from '../processes.ts';
import { INSTALLED_ATTACKS } from './attacks.ts';
import { createHostileWorld } from './project.ts';

const QUIET_MS = 4_000;
const HOSTILE_MS = 11_000;
/** Between two honest calls: a host that is used, not one that is flooded. */
const PAUSE_MS = 2;
const MAX_RATIO = 2;
/** What an attack may hear besides: what came before it has cost the publisher's worker, or the bundle its right to run. */
const AFTERMATH = ['E_WORKER_LOST', 'E_TIMEOUT', 'E_QUARANTINED'];
/** Megabytes by which what the host holds may grow from the first cycle to the last. */
const MAX_GROWTH_MB = 12;

interface Cycle {
  readonly quiet: number;
  readonly hostile: number;
  readonly worst: number;
  /** Of the host, after a collection: what it holds, and what it has of the system. */
  readonly heldMb: number;
  readonly residentMb: number;
  readonly descriptors: number;
  readonly processes: number;
}

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '10' }, seed: { type: 'string', default: '1' } },
});
const random = generator(Number(values.seed));
const world = await createHostileWorld();
const host = await Host.open({ directory: world.paths.project });
const answers = new Map<string, number>();
const wrong: string[] = [];

/** One honest call of another publisher's bundle: its latency in milliseconds. */
async function honest(): Promise<number> {
  const began = performance.now();
  try {
    const { output } = await host.dispatch('parser', 'line_contains_identifier', {
      raw: 'a b',
      declared: ['b'],
    });
    if (JSON.stringify(output) !== '{"observed":["b"],"ambiguous":[]}')
      wrong.push('an honest call was answered wrongly');
  } catch (thrown) {
    wrong.push(`an honest call failed: ${asSignetError(thrown).code}`);
  }
  return performance.now() - began;
}

/** Honest calls, one after the other, for so long. */
async function stretch(ms: number): Promise<number[]> {
  const latencies: number[] = [];
  for (const end = performance.now() + ms; performance.now() < end; ) {
    latencies.push(await honest());
    await new Promise((done) => setTimeout(done, PAUSE_MS));
  }
  return latencies.sort((a, b) => a - b);
}

/** Attacks, one after the other, until told to stop. */
async function attack(stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    const { name, title, codes, bundle } = INSTALLED_ATTACKS[
      Math.floor(random() * INSTALLED_ATTACKS.length)
    ] as (typeof INSTALLED_ATTACKS)[number];
    let answer = 'ok';
    try {
      await host.dispatch('skill', name, null);
    } catch (thrown) {
      answer = asSignetError(thrown).code;
    }
    answers.set(answer, (answers.get(answer) ?? 0) + 1);
    // An operator who does not learn: the attack goes on.
    if (answer === 'E_QUARANTINED') host.quarantine.lift(bundle, operator());
    if (![...codes, ...AFTERMATH].includes(answer)) wrong.push(`"${title}" was answered with ${answer}`);
  }
}

async function cycle(): Promise<Cycle> {
  const quiet = await stretch(QUIET_MS);
  const stop = new AbortController();
  const attacks = attack(stop.signal);
  const hostile = await stretch(HOSTILE_MS);
  stop.abort();
  await attacks;
  return {
    quiet: at(quiet, 0.5),
    hostile: at(hostile, 0.5),
    worst: at(hostile, 0.99),
    heldMb: heldMb(),
    residentMb: process.memoryUsage().rss / 2 ** 20,
    descriptors: readdirSync('/proc/self/fd').length,
    processes: descendants(process.pid).length,
  };
}

function heldMb(): number {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 2 ** 20;
}

const at = (sorted: readonly number[], quantile: number): number =>
  sorted[Math.floor(sorted.length * quantile)] ?? Number.NaN;
const median = (list: readonly number[]): number =>
  at(
    [...list].sort((a, b) => a - b),
    0.5,
  );

/** Mulberry32: the same attacks in the same order for the same seed. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Why the run failed; nothing where it held. */
function judge(cycles: readonly Cycle[]): string[] {
  const first = cycles[0] as Cycle;
  const last = cycles.at(-1) as Cycle;
  const ratio = median(cycles.map(({ hostile, quiet }) => hostile / quiet));
  process.stdout.write(
    `honest latency ${ratio.toFixed(2)} x quiet; host holds ${first.heldMb.toFixed(1)} -> ${last.heldMb.toFixed(1)} MB, has ${first.residentMb.toFixed(0)} -> ${last.residentMb.toFixed(0)}; attacks ${JSON.stringify(Object.fromEntries(answers))}\n`,
  );
  return [
    ...new Set(wrong),
    ...(ratio <= MAX_RATIO ? [] : [`honest latency is ${ratio.toFixed(2)} times the quiet one`]),
    ...(last.heldMb - first.heldMb <= MAX_GROWTH_MB ? [] : ['the host holds more and more']),
    ...(last.descriptors <= first.descriptors + 8 ? [] : ['descriptors are left open']),
    ...(last.processes <= first.processes + 2 ? [] : ['processes are left']),
  ];
}

const cycles: Cycle[] = [];
await stretch(1_000);
for (const end = performance.now() + Number(values.minutes) * 60_000; performance.now() < end; ) {
  const done = await cycle();
  cycles.push(done);
  process.stdout.write(
    `quiet ${done.quiet.toFixed(2)} ms  hostile ${done.hostile.toFixed(2)} ms  p99 ${done.worst.toFixed(1)} ms  host holds ${done.heldMb.toFixed(1)} of ${done.residentMb.toFixed(0)} MB  ${done.descriptors} descriptors  ${done.processes} processes\n`,
  );
}
await host.close();
world.remove();
const failures = judge(cycles);
for (const failure of failures) process.stdout.write(`failed: ${failure}\n`);
process.exitCode = failures.length === 0 ? 0 : 1;
