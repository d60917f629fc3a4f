// What one bundle used of late, against what it may have in a minute (DESIGN.md §4 "Limits": "per bundle: rate, budget").
import type { LimitName } from '../src/contracts/limits.ts';
import type { SignetError } from '../src/error.ts';
import { type EffectiveLimits, limitError } from '../src/limits.ts';
import { Usage } from './usage.ts';

export class BundleUsage {
  readonly #calls = new Usage();
  readonly #effects = new Usage();
  readonly #cpu = new Usage();

  /** Counts one call. E_RATE where the minute's calls, or its processor time, are used up. */
  admit(limits: EffectiveLimits, nowMs: number): void {
    const { callsPerMinute, cpuMsPerMinute } = limits;
    const waitMs = this.#cpu.waitMs(0, cpuMsPerMinute, nowMs);
    if (waitMs > 0) throw usedUp('the processor time', 'cpuMsPerMinute', limits, waitMs);
    if (!this.#calls.take(1, callsPerMinute, nowMs))
      throw usedUp('the calls', 'callsPerMinute', limits, this.#calls.waitMs(1, callsPerMinute, nowMs));
  }

  /** Counts one effect; E_RATE, not thrown, where the minute's are used up. */
  effect(limits: EffectiveLimits, nowMs: number): SignetError | undefined {
    const { effectsPerMinute } = limits;
    if (this.#effects.take(1, effectsPerMinute, nowMs)) return undefined;
    return usedUp(
      'the effects',
      'effectsPerMinute',
      limits,
      this.#effects.waitMs(1, effectsPerMinute, nowMs),
    );
  }

  /** Counts processor time that was used. */
  cpu(ms: number, { cpuMsPerMinute }: EffectiveLimits, nowMs: number): void {
    this.#cpu.add(ms, cpuMsPerMinute, nowMs);
  }
}

function usedUp(what: string, name: LimitName, limits: EffectiveLimits, waitMs: number): SignetError {
  return limitError('E_RATE', `${limits.of.bundle} used up ${what} of this minute`, name, limits, {
    actual: `free again in ${waitMs} ms`,
  });
}
