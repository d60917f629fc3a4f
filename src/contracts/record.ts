// The record of an isolate generation (DESIGN.md §4 "Record and replay"), and what a replay of it says.
import * as z from 'zod';
import { BundleName, Count, Digest, Version } from './common.ts';

/** `off`: the journal alone. `hashes`: a call can be compared, not run again. `full`: it can be run again. */
export const RecordMode = z.enum(['off', 'hashes', 'full']);
export type RecordMode = z.infer<typeof RecordMode>;

/** What a replay must have the same of, to be held to every byte. */
export const Engine = z.strictObject({
  node: z.string().max(64),
  v8: z.string().max(64),
  arch: z.string().max(32),
  signet: Version,
  /** Of the script that is run first in every isolate. */
  prelude: Digest,
});
export type Engine = z.infer<typeof Engine>;

/** `YYYYMMDD-<session>-<number>`. */
export const GenerationId = z.string().regex(/^[0-9]{8}-[0-9a-f]{12}-[0-9]{1,15}$/);

/** The first line of a record. */
export const GenerationHead = z.strictObject({
  type: z.literal('generation/1'),
  id: GenerationId,
  at: Count,
  engine: Engine,
  bundle: z.strictObject({ name: BundleName, version: Version, digest: Digest }),
  tenant: z.string().max(256),
  heapMb: z.number().int().min(1),
  mode: RecordMode.exclude(['off']),
});
export type GenerationHead = z.infer<typeof GenerationHead>;

/** How a generation ended: by its host; by a limit of the isolate; with its worker. */
export const GenerationEnding = z.enum(['closed', 'timeout', 'memory', 'broken', 'lost']);
export type GenerationEnding = z.infer<typeof GenerationEnding>;

/** Where a call stands in a record: the last batch that concerned it, and the hash over everything up to there. */
export const RecordPlace = z.strictObject({
  generation: GenerationId,
  batch: Count,
  chain: z.string().regex(/^[0-9a-f]{64}$/),
  /** Its texts are kept, so that it can be run again. */
  full: z.boolean(),
});
export type RecordPlace = z.infer<typeof RecordPlace>;
