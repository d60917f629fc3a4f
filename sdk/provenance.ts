// What a local build says of itself (SLSA v1, DESIGN.md §7 "Local provenance"): the source as git knows it, and the tools.

import { HOST_VERSION } from '../host/version.ts';
import { ESBUILD_VERSION } from '../registry/build.ts';
import type { ProvenanceInput } from '../registry/statement.ts';
import { gitState } from './git.ts';

/** The provenance of a bundle built here from `folder`. */
export function localProvenance(folder: string): ProvenanceInput {
  return { ...gitState(folder), esbuild: ESBUILD_VERSION, node: process.versions.node, signet: HOST_VERSION };
}
