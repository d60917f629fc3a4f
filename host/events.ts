// What a host tells while it runs (DESIGN.md §4 "on(event)"): one table of events, each with its shape; and the rule that no
// listener can hurt the host. What is told of calls and effects is told when it is written to the journal, in its words.
import type { QuarantinedBundle } from '../src/contracts/host.ts';
import type { JournalEntry } from '../src/contracts/journal.ts';
import type { Kind } from '../src/contracts/manifest.ts';
import { asSignetError, type ErrorCode, type SignetError } from '../src/error.ts';
import type { DurableJournalSink, JournalRecord } from '../src/ports.ts';
import type { Uses } from '../src/uses.ts';
import type { LogLine } from './capabilities/capability.ts';

/** Every event with what its listeners get. Times are milliseconds since the epoch by the host's clock. */
export interface HostEvents {
  /** A bundle wrote a line: escaped and cut already. */
  log: [line: LogLine];
  /** A call began. `bundle` is the digest that answers. */
  started: [
    call: {
      at: number;
      callId: string;
      kind: Kind;
      name: string;
      bundle: string;
      version: string;
      tenant: string;
      dryRun: boolean;
    },
  ];
  /** A call ended; `code` is null where it succeeded. */
  ended: [
    call: {
      at: number;
      callId: string;
      ok: boolean;
      code: string | null;
      durationMs: number;
      effects: number;
    },
  ];
  /**
   * An effect of a call. `intent`: it is about to be performed; then its outcome: `done`, `failed`, or `would` in a dry run.
   * `denied`: nothing was done; `action` says what was asked for. An outcome names its intent by `effectId` and repeats no action.
   */
  effect: [
    effect: {
      at: number;
      callId: string;
      effectId: string;
      is: 'intent' | 'done' | 'failed' | 'would' | 'denied';
      action: string | null;
      code: string | null;
    },
  ];
  /** A bundle was refused by verification, at load or while it ran; its functions fail with this code until that changes. */
  refused: [refusal: { name: string; version: string; code: ErrorCode; message: string }];
  /** A bundle, or a key that signed it, was revoked: it is refused as well. `uses`: the calls that ran in it before. */
  revoked: [
    revocation: {
      name: string;
      version: string;
      digest: string;
      code: ErrorCode;
      message: string;
      uses: Uses;
    },
  ];
  /** Plain calls of a bundle go to another version, higher or lower, from now on; calls in flight end where they are. */
  upgraded: [change: { name: string; from: string; to: string }];
  /**
   * A worker process ended that the host did not close. `culprit`: the digest of the bundle that caused it, where one did and it is
   * known which. Calls of others are run again, or failed.
   */
  lost: [worker: { domain: string; reason: string; culprit: string | null }];
  /** A bundle lost workers again and again: its calls are refused until a person lifts it, `signet unquarantine`. */
  quarantined: [bundle: QuarantinedBundle];
  /** Something failed that no call waits for: Signet's own failures, and what a listener threw. */
  fault: [error: SignetError];
}

export type HostEvent = keyof HostEvents;
type Listener<E extends HostEvent> = (...args: HostEvents[E]) => unknown;

/** The listeners of one host. */
export class Events {
  readonly #listeners = new Map<HostEvent, Set<Listener<HostEvent>>>();

  /** Subscribes; the returned function ends it. What a listener throws, or rejects with, is a `fault`. */
  on<E extends HostEvent>(event: E, listener: Listener<E>): () => void {
    const listeners = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, listeners);
    // The same function may subscribe twice: each subscription is its own.
    const own = (...args: HostEvents[HostEvent]): unknown => listener(...(args as HostEvents[E]));
    listeners.add(own);
    return () => void listeners.delete(own);
  }

  emit<E extends HostEvent>(event: E, ...args: HostEvents[E]): void {
    for (const listener of [...(this.#listeners.get(event) ?? [])]) {
      try {
        const returned = listener(...args);
        if (returned instanceof Promise) returned.catch((thrown: unknown) => this.#failed(event, thrown));
      } catch (thrown) {
        this.#failed(event, thrown);
      }
    }
  }

  clear(): void {
    this.#listeners.clear();
  }

  #failed(event: HostEvent, thrown: unknown): void {
    const error = asSignetError(thrown);
    if (event !== 'fault') this.emit('fault', error);
    // Whoever listens to faults failed over one: no listener is left to tell.
    else process.emitWarning(`a listener of signet's "fault" threw: ${error.message}`);
  }
}

/** A journal that tells of its records what there is an event for. */
export function tellingJournal(journal: DurableJournalSink, events: Events): DurableJournalSink {
  return {
    append: (record, kept) => {
      const index = journal.append(record, kept);
      tell(events, record);
      return index;
    },
    commit: () => journal.commit(),
  };
}

function tell(events: Events, written: JournalRecord): void {
  const record = written as JournalEntry;
  switch (record.type) {
    case 'call.start': {
      const { at, callId, kind, name, bundle, version, tenant, dryRun } = record;
      events.emit('started', { at, callId, kind, name, bundle, version, tenant, dryRun });
      return;
    }
    case 'call.end': {
      const { at, callId, ok, code, durationMs, effects } = record;
      events.emit('ended', { at, callId, ok, code, durationMs, effects });
      return;
    }
    case 'effect.intent': {
      const { at, callId, effectId, action } = record;
      events.emit('effect', { at, callId, effectId, is: 'intent', action, code: null });
      return;
    }
    case 'effect.outcome': {
      const { at, callId, effectId, status, code } = record;
      events.emit('effect', { at, callId, effectId, is: status, action: null, code });
      return;
    }
    case 'effect.denied': {
      const { at, callId, effectId, action, code } = record;
      events.emit('effect', { at, callId, effectId, is: 'denied', action, code });
      return;
    }
    default:
  }
}
