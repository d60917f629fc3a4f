// What a host does by itself while it runs (DESIGN.md §3 "Status", §4 "Load"; THREATS.md 27, 31): takes in what its registries say now,
// ends what was revoked, looks again at verdicts that no longer count, lets go of bundles that no one calls.
import { asSignetError, type SignetError } from '../src/error.ts';
import type { Clock } from '../src/ports.ts';
import type { RegistryWatch } from './registry-watch.ts';

export interface TendingOptions {
  readonly clock: Clock;
  readonly registries: RegistryWatch;
  /** What has something to look after. */
  readonly tended: readonly { tend(): void }[];
  /** Milliseconds between two rounds. */
  readonly everyMs: number;
  /** Called twice a day. */
  readonly renew: (() => void) | undefined;
  readonly fault: (error: SignetError) => void;
}

const RENEW_MS = 43_200_000;

export class Tending {
  readonly #options: TendingOptions;
  readonly #timer: NodeJS.Timeout;
  #renewedAt: number;
  /** What failed in the last round: said once. */
  #failed = '';

  /** Begins: what was revoked before binds at once; what cannot be read then is said by the first round. */
  constructor(options: TendingOptions) {
    this.#options = options;
    this.#renewedAt = options.clock.now();
    options.registries.take();
    // It keeps no process alive: an embedder that forgets to close its host ends all the same.
    this.#timer = setInterval(() => this.round(), options.everyMs).unref();
  }

  /** One round, now. What fails is a fault; never throws. */
  round(): void {
    const { registries, tended, fault } = this.#options;
    try {
      for (const error of registries.look()) fault(error);
      for (const one of tended) one.tend();
      this.#renew();
      this.#failed = '';
    } catch (thrown) {
      const error = asSignetError(thrown);
      const said = `${error.code} ${error.message}`;
      if (said !== this.#failed) fault(error);
      this.#failed = said;
    }
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #renew(): void {
    const { clock, renew } = this.#options;
    if (renew === undefined || clock.now() - this.#renewedAt < RENEW_MS) return;
    this.#renewedAt = clock.now();
    renew();
  }
}
