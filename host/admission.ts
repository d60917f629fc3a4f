// How many calls a host takes on (DESIGN.md §4, THREATS.md "HTTP" and H9): so many run, so many wait, with so many bytes of input,
// and bundles take turns. Each bundle has a lane. Where no more can wait, the longest lane gives way: a flood of one bundle is
// refused, a single call of another is not.
import { HostPolicy } from '../src/contracts/config.ts';
import { SignetError } from '../src/error.ts';

/** One call that wants to run. */
export interface Ticket {
  /** Bytes of its input. */
  readonly bytes: number;
  /** Calls of its lane that may run at once, this one included. */
  readonly concurrent: number;
  /** `performance.now()` at which it waits no longer. */
  readonly deadline: number;
  /** A call of a bundle asked for it. That one runs already, so that waiting for it to end would never end: it takes no slot. */
  readonly nested: boolean;
  readonly signal: AbortSignal | undefined;
}

interface Waiter {
  readonly ticket: Ticket;
  readonly lane: Lane;
  settle(error?: SignetError): void;
}

/** The calls of one bundle. */
export class Lane {
  readonly #admission: Admission;
  running = 0;
  /** Of the inputs of all its calls. */
  bytes = 0;
  /** In the order in which they came; those that no slot is needed for apart. */
  readonly waiting = new Set<Waiter>();
  readonly nested = new Set<Waiter>();

  constructor(admission: Admission) {
    this.#admission = admission;
  }

  /**
   * Lets a call in: undefined where it may run at once, otherwise a promise that settles when it may. E_BUSY, E_TIMEOUT,
   * E_ABORTED. What was let in leaves once.
   */
  enter(ticket: Ticket): Promise<void> | undefined {
    return this.#admission.enter(this, ticket);
  }

  leave(ticket: Ticket): void {
    this.#admission.leave(this, ticket);
  }

  /** Ends the waiting of all its calls with the error. */
  expel(error: SignetError): void {
    for (const waiter of [...this.waiting, ...this.nested]) waiter.settle(error);
  }
}

export class Admission {
  #limits: HostPolicy['queue'];
  #running = 0;
  #waiting = 0;
  #bytes = 0;
  /** Lanes with a call that may run as soon as a slot is free, in the order of their turns. */
  readonly #ready = new Set<Lane>();
  /** Lanes with calls that wait. */
  readonly #lanes = new Set<Lane>();

  constructor(limits = HostPolicy.parse({}).queue) {
    this.#limits = limits;
  }

  /** From now on; what runs or waits already stays. */
  set limits(limits: HostPolicy['queue']) {
    this.#limits = limits;
    this.#next();
  }

  /** A lane for a bundle. */
  lane(): Lane {
    return new Lane(this);
  }

  /** Calls that run, calls that wait, bytes of their inputs, lanes with calls that wait. */
  get load(): {
    readonly running: number;
    readonly waiting: number;
    readonly bytes: number;
    readonly lanes: number;
  } {
    return { running: this.#running, waiting: this.#waiting, bytes: this.#bytes, lanes: this.#lanes.size };
  }

  enter(lane: Lane, ticket: Ticket): Promise<void> | undefined {
    if (ticket.signal?.aborted === true) throw aborted();
    this.#makeRoom(lane, ticket.bytes, 'bytes');
    const isFree = ticket.nested || this.#running < this.#limits.running;
    const isFirst = ticket.nested ? lane.nested.size === 0 : lane.waiting.size === 0;
    if (isFree && isFirst && lane.running < ticket.concurrent) {
      this.#start(lane, ticket);
      return undefined;
    }
    this.#makeRoom(lane, 1, 'calls');
    return this.#wait(lane, ticket);
  }

  leave(lane: Lane, { bytes, nested }: Ticket): void {
    lane.running--;
    lane.bytes -= bytes;
    this.#bytes -= bytes;
    if (!nested) this.#running--;
    const [first] = lane.nested;
    if (first !== undefined && lane.running < first.ticket.concurrent) first.settle();
    this.#settleReadiness(lane);
    this.#next();
  }

  #start(lane: Lane, { bytes, nested }: Ticket): void {
    lane.running++;
    lane.bytes += bytes;
    this.#bytes += bytes;
    if (!nested) this.#running++;
  }

  #wait(lane: Lane, ticket: Ticket): Promise<void> {
    const queue = ticket.nested ? lane.nested : lane.waiting;
    return new Promise((resolve, reject) => {
      const began = performance.now();
      const onAbort = (): void => waiter.settle(aborted());
      const waiter: Waiter = {
        ticket,
        lane,
        settle: (error) => {
          if (!queue.delete(waiter)) return;
          clearTimeout(timer);
          ticket.signal?.removeEventListener('abort', onAbort);
          this.#waiting--;
          this.#bytes -= ticket.bytes;
          lane.bytes -= ticket.bytes;
          if (error === undefined) this.#start(lane, ticket);
          this.#settleReadiness(lane);
          if (error === undefined) resolve();
          else reject(error);
        },
      };
      const timer = setTimeout(
        () => waiter.settle(waitedTooLong(performance.now() - began)),
        Math.max(0, ticket.deadline - began),
      );
      ticket.signal?.addEventListener('abort', onAbort, { once: true });
      queue.add(waiter);
      this.#waiting++;
      this.#bytes += ticket.bytes;
      lane.bytes += ticket.bytes;
      this.#settleReadiness(lane);
    });
  }

  /** Starts what may start, one call of each lane in turn. */
  #next(): void {
    while (this.#running < this.#limits.running) {
      const [lane] = this.#ready;
      const [waiter] = lane?.waiting ?? [];
      if (lane === undefined || waiter === undefined) return;
      // To the end of the turns.
      this.#ready.delete(lane);
      waiter.settle();
    }
  }

  /** A lane is ready where its first call waits for nothing but a slot. */
  #settleReadiness(lane: Lane): void {
    const [first] = lane.waiting;
    if (first !== undefined && lane.running < first.ticket.concurrent) this.#ready.add(lane);
    else this.#ready.delete(lane);
    if (lane.waiting.size + lane.nested.size > 0) this.#lanes.add(lane);
    else this.#lanes.delete(lane);
  }

  /** Refuses the newest calls of longer lanes until there is room; where none would stay longer than this one becomes, this call. */
  #makeRoom(lane: Lane, amount: number, of: 'calls' | 'bytes'): void {
    const { waiting, inputMb } = this.#limits;
    const lengthOf = (one: Lane): number => (of === 'calls' ? one.waiting.size : one.bytes);
    const used = (): number => (of === 'calls' ? this.#waiting : this.#bytes);
    const most = of === 'calls' ? waiting : inputMb * 1024 * 1024;
    // Bytes of calls that run cannot be taken back: no lane has more than half of them.
    if (of === 'bytes' && lane.bytes + amount > most / 2) throw busy(lane.bytes, most / 2, of);
    while (used() + amount > most) {
      let longest: Lane | undefined;
      for (const one of this.#lanes)
        if (one.waiting.size > 0 && lengthOf(one) > lengthOf(longest ?? lane)) longest = one;
      if (longest === undefined || lengthOf(longest) <= lengthOf(lane) + amount) throw busy(used(), most, of);
      const newest = [...longest.waiting].at(-1) as Waiter;
      newest.settle(busy(used(), most, of));
    }
  }
}

function busy(actual: number, most: number, of: 'calls' | 'bytes'): SignetError {
  const what = of === 'calls' ? 'calls wait' : 'bytes of input are in flight';
  return new SignetError('E_BUSY', `too many ${what}`, {
    item: of === 'calls' ? 'host.queue.waiting' : 'host.queue.inputMb',
    expected: `at most ${most} ${of}`,
    actual: `${actual} ${of}`,
  });
}

function aborted(): SignetError {
  return new SignetError('E_ABORTED', 'the call was aborted before it began');
}

function waitedTooLong(ms: number): SignetError {
  return new SignetError('E_TIMEOUT', `the call waited ${Math.round(ms)} ms for its turn and did not begin`, {
    item: 'wallMs',
  });
}
