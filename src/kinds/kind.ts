// What a kind is: the values that pass, default limits, and the most that a bundle of it may ever ask for.
import type { z } from 'zod';
import type { Limits } from '../contracts/limits.ts';
import type { CapabilityId, CapabilityRequest, Kind } from '../contracts/manifest.ts';

/** How far a kind lets one capability go. `observe`: a grant may never be of class `mutate`. */
export interface Ceiling {
  readonly class: 'observe' | 'mutate';
  /** HTTP methods, where the capability is `http`. */
  readonly methods?: readonly string[];
  /** `read` where a kind may read its key-value store but not write. */
  readonly access?: 'read' | 'write';
}

/** What a kind allows unless it says otherwise. A minute of it costs what its calls cost: no kind has a budget by itself. */
export const DEFAULT_LIMITS: Limits = {
  wallMs: 10_000,
  cpuMs: 5_000,
  heapMb: 64,
  inputBytes: 4 << 20,
  outputBytes: 4 << 20,
  effects: 1_000,
  concurrent: 512,
  callsPerMinute: Number.POSITIVE_INFINITY,
  effectsPerMinute: Number.POSITIVE_INFINITY,
  cpuMsPerMinute: Number.POSITIVE_INFINITY,
};

export interface KindDefinition {
  readonly kind: Kind;
  readonly does: string;
  readonly ceiling: Readonly<Partial<Record<CapabilityId, Ceiling>>>;
  readonly limits: Limits;
  /** The kind's own schemas; absent where the kind is not built yet (`E_KIND_UNSUPPORTED`). `null`: the function's own. */
  readonly schemas?: { readonly input: z.ZodType | null; readonly output: z.ZodType | null };
}

/** Harmless to everyone but the bundle itself: every kind may use them, and they need no grant. */
export const AMBIENT: readonly CapabilityId[] = ['clock', 'random', 'log'];

/** A line that says how a request goes past its kind's ceiling, or undefined where it does not. */
export function exceedsCeiling(definition: KindDefinition, request: CapabilityRequest): string | undefined {
  if (AMBIENT.includes(request.id)) return undefined;
  const ceiling = definition.ceiling[request.id];
  if (ceiling === undefined) return `a ${definition.kind} may never have ${request.id}`;
  if (request.id === 'http' && ceiling.methods !== undefined) {
    const beyond = request.methods.filter((method) => !ceiling.methods?.includes(method));
    if (beyond.length > 0)
      return `a ${definition.kind} may only ${ceiling.methods.join(', ')}, not ${beyond.join(', ')}`;
  }
  if (request.id === 'kv' && ceiling.access === 'read' && request.access === 'write')
    return `a ${definition.kind} may only read kv`;
  return undefined;
}
