// Runs a stranger's module-level code without any capability (DESIGN.md §7 "Wiring", THREATS.md 38): one hardened isolate a
// script, in a worker process; only a string comes back.
import { SignetError } from '../src/error.ts';
import { failureError, lossError } from './outcome.ts';
import { bytesFrame, FRAME, formatFields } from './wire.ts';
import { type WorkerKit, workerKit } from './worker-kit.ts';
import { WorkerProcess } from './worker-process.ts';

const HEAP_MB = 128;
const WALL_MS = 10_000;
const GRACE_MS = 1_000;
const MEMORY_BYTES = 640 * 1024 * 1024;
const MAX_SCRIPT = 16 * 1024 * 1024;
const MAX_RESULT = 4 * 1024 * 1024;

export interface Evaluator {
  /**
   * The string that the script's last expression yields. E_EVALUATE: no script, it throws, it yields anything else or too much;
   * E_TIMEOUT after 10 s, E_MEMORY beyond 128 MB, E_WORKER_LOST; E_LIMIT for a script that is too long; E_ABORTED once closed.
   */
  evaluate(script: string): Promise<string>;
  /** Ends its worker; settled when the process is gone. */
  close(): Promise<void>;
}

/** An evaluator; its worker starts with the first script and is replaced when lost. */
export function createEvaluator(): Evaluator {
  let worker: WorkerProcess | undefined;
  let closed = false;
  let scripts = 0;
  const processes = new Set<WorkerProcess>();

  const start = ({ scripts: bundled, sandbox }: WorkerKit): WorkerProcess => {
    if (closed) throw new SignetError('E_ABORTED', 'the evaluator is closed');
    if (worker !== undefined && !worker.isLost) return worker;
    const limits = { memoryBytes: () => MEMORY_BYTES, graceMs: GRACE_MS };
    const launched = { script: bundled.worker, command: sandbox.command };
    const started = new WorkerProcess(launched, limits, { onLost: () => undefined });
    processes.add(started);
    started.exited.then(() => processes.delete(started));
    started.notify(bytesFrame(FRAME.prelude, 0, formatFields([bundled.prelude, new Uint8Array()])));
    worker = started;
    return started;
  };

  return {
    async evaluate(script) {
      if (script.length > MAX_SCRIPT) {
        throw new SignetError('E_LIMIT', 'the script is too long', { actual: String(script.length) });
      }
      const running = start(await workerKit('auto'));
      scripts = (scripts % 0xffff_ffff) + 1;
      const isolate = scripts;
      return new Promise((resolve, reject) => {
        running.request(bytesFrame(FRAME.evaluate, isolate, formatFields([HEAP_MB, WALL_MS, script])), {
          isolate,
          expects: [FRAME.drained, FRAME.failed],
          limitMs: WALL_MS,
          answered: (type, payload) => {
            if (type === FRAME.failed) reject(failureError(payload, 'the script', 'E_EVALUATE'));
            else if (payload.length <= MAX_RESULT) resolve(payload.toString('utf8'));
            else reject(new SignetError('E_EVALUATE', `the script yielded more than ${MAX_RESULT} bytes`));
          },
          lost: (loss, head) => reject(lossError(loss, 'the script', head)),
        });
      });
    },
    async close() {
      closed = true;
      await Promise.all([...processes].map((process) => process.close()));
    },
  };
}
