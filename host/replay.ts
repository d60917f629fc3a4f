// Running a recorded generation again (DESIGN.md §4 "Record and replay"): a fresh worker, a fresh isolate, the recorded texts pushed
// in their order. No broker is near: nothing it asks for is done. What it says must be, byte for byte, what it said then.
import type { Engine, GenerationEnding } from '../src/contracts/record.ts';
import { SignetError } from '../src/error.ts';
import { engineOf } from './engine.ts';
import { failureError, lossError } from './outcome.ts';
import type { RecordedBatch, RecordedGeneration } from './record-format.ts';
import { type DrainedRecord, parseDrained } from './records.ts';
import { bytesFrame, FRAME, formatFields, numberedFrame } from './wire.ts';
import { workerKit } from './worker-kit.ts';
import { WorkerProcess } from './worker-process.ts';

/** Milliseconds for one batch: it ran within its call's limits once. */
const BATCH_MS = 120_000;
const GRACE_MS = 2_000;
/** Megabytes beside the isolate's heap. */
const MEMORY_MB = 512;

type FullBatch = Extract<RecordedBatch, { pushed: string }>;

/** One record on both sides of a difference; undefined where one side says nothing more. */
export interface Divergence {
  /** Which batch; 0 is the birth. */
  readonly batch: number;
  readonly recorded: DrainedRecord | undefined;
  readonly replayed: DrainedRecord | undefined;
}

export interface ReplayReport {
  readonly identical: boolean;
  /** Batches that were run again and compared. */
  readonly batches: number;
  readonly engine: { readonly recorded: Engine; readonly here: Engine; readonly same: boolean };
  readonly divergence: Divergence | undefined;
  /** How the generation ended then, where the replay reached that end: it is told, not run again. */
  readonly ending: GenerationEnding | undefined;
}

/**
 * Runs the record again up to and with batch `upTo`, with the code of its bundle. E_RECORD where the record is shorter,
 * E_RECORD_REDACTED where texts of it are not kept; what keeps the isolate from running at all has its own code.
 */
export async function replayGeneration(
  { head, batches, ending }: RecordedGeneration,
  code: string,
  upTo: number = batches.length - 1,
): Promise<ReplayReport> {
  const wanted = batches.slice(0, upTo + 1);
  if (wanted.length <= upTo) {
    throw new SignetError('E_RECORD', 'the record ends before the call does', {
      item: head.id,
      expected: `batch ${upTo}`,
      actual: `${batches.length} batches`,
    });
  }
  const full = wanted.filter((batch): batch is FullBatch => 'pushed' in batch);
  const [birth, ...rest] = full;
  if (birth === undefined || full.length < wanted.length) {
    throw new SignetError('E_RECORD_REDACTED', 'texts of the record are not kept', { item: head.id });
  }
  // The last batch of a generation that was ended by it has no answer to compare.
  const ended = ending !== undefined && ending !== 'closed' && upTo === batches.length - 1;
  const isolate = await ReplayIsolate.start(head.heapMb, birth.pushed, code);
  try {
    const compared = ended ? rest.slice(0, -1) : rest;
    let divergence: Divergence | undefined;
    let done = 1;
    for (const { pushed, drained } of compared) {
      const said = await isolate.push(pushed);
      divergence = compare(done, drained, said);
      if (divergence !== undefined) break;
      done++;
    }
    const here = engineOf(isolate.prelude);
    const same = JSON.stringify(sorted(here)) === JSON.stringify(sorted(head.engine));
    return {
      identical: divergence === undefined,
      batches: done,
      engine: { recorded: head.engine, here, same },
      divergence,
      ending: ended && divergence === undefined ? ending : undefined,
    };
  } finally {
    await isolate.close();
  }
}

/** The first record that differs; undefined where the texts are equal. */
function compare(batch: number, recorded: string, replayed: string): Divergence | undefined {
  if (recorded === replayed) return undefined;
  const [then, now] = [parseDrained(recorded), parseDrained(replayed)];
  const at = then.findIndex((record, index) => JSON.stringify(record) !== JSON.stringify(now[index]));
  const first = at === -1 ? then.length : at;
  return { batch, recorded: then[first], replayed: now[first] };
}

const sorted = (engine: Engine): [string, string][] =>
  Object.entries(engine).sort(([a], [b]) => (a < b ? -1 : 1));

/** One isolate in a worker of its own that answers nobody's effects. */
class ReplayIsolate {
  readonly prelude: string;
  readonly #worker: WorkerProcess;

  private constructor(worker: WorkerProcess, prelude: string) {
    this.#worker = worker;
    this.prelude = prelude;
  }

  /** An isolate that was born with this text and has loaded the code. E_GUEST, E_TIMEOUT, E_MEMORY, E_WORKER_LOST. */
  static async start(heapMb: number, birth: string, code: string): Promise<ReplayIsolate> {
    const kit = await workerKit('auto');
    const limits = { memoryBytes: () => (MEMORY_MB + 2 * heapMb) * 2 ** 20, graceMs: GRACE_MS };
    const { worker: script, prelude } = kit.scripts;
    const start = { script, command: kit.sandbox.command };
    const worker = new WorkerProcess(start, limits, { onLost: () => undefined });
    worker.notify(bytesFrame(FRAME.prelude, 0, formatFields([prelude, new Uint8Array()])));
    const isolate = new ReplayIsolate(worker, prelude);
    try {
      const fields = formatFields([heapMb, BATCH_MS, birth, code, new Uint8Array()]);
      await isolate.#ask(bytesFrame(FRAME.create, 1, fields), 'loading the bundle');
      return isolate;
    } catch (error) {
      await isolate.close();
      throw error;
    }
  }

  /** What one batch drains. */
  push(text: string): Promise<string> {
    return this.#ask(numberedFrame(FRAME.push, 1, BATCH_MS, text), 'the replay');
  }

  close(): Promise<void> {
    return this.#worker.close();
  }

  #ask(frame: Buffer, what: string): Promise<string> {
    return new Promise((resolve, reject) => {
      this.#worker.request(frame, {
        isolate: 1,
        expects: [FRAME.drained, FRAME.failed],
        limitMs: BATCH_MS,
        answered: (type, payload) => {
          if (type === FRAME.failed) reject(failureError(payload, what, 'E_GUEST'));
          else resolve(payload.toString('utf8'));
        },
        lost: (loss, head) => reject(lossError(loss, what, head)),
      });
    });
  }
}
