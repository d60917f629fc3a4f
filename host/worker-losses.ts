// What a host does about a worker that was lost (DESIGN.md §4): it is written down with the bundle that caused it, that bundle is
// charged with it, and whoever listens is told. Who was only there is charged with nothing.
import type { BundleRef } from '../src/dispatch.ts';
import { asSignetError } from '../src/error.ts';
import type { Clock, JournalSink } from '../src/ports.ts';
import type { Events } from './events.ts';
import { plainWithin } from './plain-text.ts';
import type { Quarantine } from './quarantine.ts';
import type { LostWorker } from './supervisor.ts';

export interface WorkerLossesOptions {
  readonly clock: Clock;
  readonly journal: JournalSink;
  readonly events: Events;
  readonly quarantine: Quarantine;
  readonly refOf: (digest: string) => BundleRef | undefined;
}

/** Takes in one loss. Never throws: what fails is a `fault`. */
export function takeInLoss(lost: LostWorker, options: WorkerLossesOptions): void {
  const { clock, journal, events, quarantine, refOf } = options;
  const { cause, culprit } = lost;
  const domain = plainWithin(lost.domain, 256);
  const reason = plainWithin(lost.reason, 1_024);
  try {
    const bundle = culprit === undefined ? {} : { bundle: culprit };
    journal.append({ type: 'worker.lost', at: clock.now(), domain, reason, ...bundle });
    const ref = culprit === undefined ? undefined : refOf(culprit);
    if (ref !== undefined && cause !== 'closed' && cause !== 'killed') quarantine.charge(ref, cause, reason);
  } catch (thrown) {
    // No call waits for this record; thrown from here it would end the process that embeds the host.
    events.emit('fault', asSignetError(thrown));
  }
  events.emit('lost', { domain, reason, culprit: culprit ?? null });
}
