// What a replay needs the same of (DESIGN.md §4 "Record and replay"): the engine, the machine's kind, and the script that is run
// first in every isolate.
import { sha256 } from '../keys/hash.ts';
import type { Engine } from '../src/contracts/record.ts';
import { digestOf } from '../src/digest.ts';
import { HOST_VERSION } from './version.ts';

/** What the journal says of it. */
export function hostEngine(): Pick<Engine, 'node' | 'v8' | 'signet'> {
  return { node: process.versions.node, v8: process.versions.v8, signet: HOST_VERSION };
}

let known: { readonly prelude: string; readonly engine: Engine } | undefined;

/** The engine of this process with that prelude. */
export function engineOf(prelude: string): Engine {
  if (known?.prelude !== prelude) {
    const { node, v8 } = process.versions;
    const digest = digestOf(sha256, prelude);
    known = { prelude, engine: { node, v8, arch: process.arch, signet: HOST_VERSION, prelude: digest } };
  }
  return known.engine;
}
