// What takes down an isolate generation as it runs (DESIGN.md §4 "Record and replay"): everything that goes into the isolate and
// everything that comes out, in order.
import type { GenerationEnding } from '../src/contracts/record.ts';
import type { Batch } from './batch.ts';
import type { DrainedRecord } from './records.ts';

export interface Tape {
  /** The first text that went in: clock and seeds. Nothing comes out. */
  born(birth: string): void;
  /** One batch went in and came back, with these records. */
  batch(batch: Batch, drained: string, records: readonly DrainedRecord[]): void;
  /** The isolate is gone. `batch` went in last, and never came back. */
  end(ending: GenerationEnding, batch?: Batch): void;
}
