// One verified bundle that the host runs: its functions as providers, an isolate for each tenant, and a journal record at
// the start and the end of every call (DESIGN.md §4).
import { sha256 } from '../keys/hash.ts';
import { EXTENSION, fullName, type Kind, type Manifest, type Provided } from '../src/contracts/manifest.ts';
import { digestOf, digestOfJson } from '../src/digest.ts';
import type { BundleRef, CallOptions, Provider } from '../src/dispatch.ts';
import { asSignetError, type ErrorCode, SignetError } from '../src/error.ts';
import { compileSchema } from '../src/json-schema.ts';
import { KINDS } from '../src/kinds/index.ts';
import type { Limits } from '../src/kinds/kind.ts';
import type { Clock, JournalSink } from '../src/ports.ts';
import type { Broker, EffectAnswer } from './broker.ts';
import type { CallContext } from './capabilities/capability.ts';
import type { Guest } from './guest-handle.ts';
import type { Supervisor } from './supervisor.ts';

export interface BundleServices {
  readonly supervisor: Supervisor;
  readonly broker: Broker;
  readonly journal: JournalSink;
  readonly clock: Clock;
  readonly nextCallId: () => string;
}

type Refusal = Extract<EffectAnswer, { ok: false }>;

/** Refusals that a bundle's own error must not hide from the operator. */
const SHOWN_REFUSALS: ReadonlySet<string> = new Set<ErrorCode>([
  'E_CAPABILITY_DENIED',
  'E_PLAN_REQUIRED',
  'E_JOURNAL',
]);

export class LoadedBundle {
  readonly ref: BundleRef;
  readonly manifest: Manifest;
  readonly providers: readonly Provider[];
  readonly #code: string;
  readonly #services: BundleServices;
  readonly #guests = new Map<string, Promise<Guest>>();

  /** `code` is the very text whose bytes were verified. */
  constructor(manifest: Manifest, digest: string, code: string, services: BundleServices) {
    this.ref = { name: fullName(manifest), version: manifest.version, digest };
    this.manifest = manifest;
    this.#code = code;
    this.#services = services;
    this.providers = this.#extension.provides.map((provided) => this.#provider(provided));
  }

  get #extension(): Manifest['extensions'][typeof EXTENSION] {
    return this.manifest.extensions[EXTENSION];
  }

  /** Ends every isolate of the bundle; calls in flight fail with E_ABORTED. */
  close(): void {
    for (const guest of this.#guests.values()) {
      guest.then(
        (opened) => opened.close(),
        () => undefined,
      );
    }
    this.#guests.clear();
  }

  #provider(provided: Provided): Provider {
    const { kind, name, description } = provided;
    const item = `${kind}/${name} of ${this.ref.name}`;
    return {
      kind,
      name,
      description,
      bundle: this.ref,
      input: compileSchema(provided.input, `the input of ${item}`),
      output: compileSchema(provided.output, `the output of ${item}`),
      invoke: (input, options) => this.#invoke(kind, name, input, options),
    };
  }

  async #invoke(
    kind: Kind,
    name: string,
    input: string,
    options: CallOptions,
  ): Promise<{ callId: string; output: string }> {
    const { broker, journal, clock, nextCallId } = this.#services;
    const limits = this.#limits(kind);
    if (input.length > limits.inputBytes) {
      throw new SignetError('E_INPUT', `the input of ${kind}/${name} is too large`, {
        expected: `at most ${limits.inputBytes} characters`,
        actual: String(input.length),
      });
    }
    const callId = nextCallId();
    const startedAt = clock.now();
    const ended = new AbortController();
    const inputHash = digestOfJson(sha256, JSON.parse(input));
    const call: CallContext = {
      callId,
      bundle: this.ref,
      kind,
      fn: `${kind}/${name}`,
      tenant: options.tenant,
      dryRun: options.dryRun,
      ...(options.plan === undefined ? {} : { plan: options.plan }),
      inputHash,
      requests: this.#extension.capabilities,
      depth: 0,
      deadlineMs: startedAt + limits.wallMs,
      signal: ended.signal,
    };
    journal.append({
      type: 'call.start',
      at: startedAt,
      callId,
      kind,
      name,
      bundle: this.ref.digest,
      version: this.ref.version,
      tenant: options.tenant,
      dryRun: options.dryRun,
      inputHash,
      planHash: options.plan?.planHash ?? null,
      stepId: options.plan?.stepId ?? null,
    });
    let effects = 0;
    let refusal: Refusal | undefined;
    const end = (code: string | null, output: string | null): void => {
      journal.append({
        type: 'call.end',
        at: clock.now(),
        callId,
        ok: code === null,
        code,
        outputHash: output === null ? null : digestOf(sha256, output),
        durationMs: clock.now() - startedAt,
        effects,
      });
    };
    try {
      const guest = await this.#guest(options.tenant, limits.heapMb);
      const output = await guest.call(call.fn, input, {
        callId,
        wallMs: limits.wallMs,
        outputBytes: limits.outputBytes,
        effects: limits.effects,
        dryRun: options.dryRun,
        ...(options.signal === undefined ? {} : { signal: options.signal }),
        perform: async (effect) => {
          effects++;
          const answer = await broker.perform(call, effect);
          if (!answer.ok && refusal === undefined && SHOWN_REFUSALS.has(answer.code)) refusal = answer;
          return answer;
        },
      });
      end(null, output);
      return { callId, output };
    } catch (thrown) {
      const error = asSignetError(thrown);
      end(error.code, null);
      throw explain(error, refusal);
    } finally {
      ended.abort();
    }
  }

  /** The isolate of a tenant, made when first needed; a guest begins a new generation by itself when its worker was lost. */
  #guest(tenant: string, heapMb: number): Promise<Guest> {
    const present = this.#guests.get(tenant);
    if (present !== undefined) return present;
    const { digest } = this.ref;
    const domain = this.#extension.namespace;
    const opening = this.#services.supervisor.open({ digest, tenant, domain, code: this.#code, heapMb });
    this.#guests.set(tenant, opening);
    opening.catch(() => this.#guests.delete(tenant));
    return opening;
  }

  /** The kind's limits, tightened by the manifest, never widened. */
  #limits(kind: Kind): Limits {
    const { limits } = KINDS[kind];
    const asked = this.#extension.limits;
    return {
      ...limits,
      wallMs: Math.min(limits.wallMs, asked?.wallMs ?? limits.wallMs),
      heapMb: Math.min(limits.heapMb, asked?.heapMb ?? limits.heapMb),
    };
  }
}

/** Where a bundle failed after an effect was refused, the refusal is what the operator needs to read. */
function explain(error: SignetError, refusal: Refusal | undefined): SignetError {
  if (error.code !== 'E_GUEST' || refusal === undefined) return error;
  return new SignetError(refusal.code as ErrorCode, refusal.message, {
    ...(refusal.fix === undefined ? {} : { fix: refusal.fix }),
    cause: error,
  });
}
