// One installed release, read for running (DESIGN.md §4 "Load"; THREATS.md 19, 24): verified from the store, with the very text
// that was verified.
import { loadBundle } from '../registry/load.ts';
import type { Project } from '../registry/project.ts';
import type { TrustState } from '../registry/trust.ts';
import { verdictError } from '../registry/verdict-error.ts';
import type { LockedBundle } from '../src/contracts/config.ts';
import { MAIN_PATH, type Manifest } from '../src/contracts/manifest.ts';

export interface InstalledRelease {
  readonly manifest: Manifest;
  /** The text of its script; empty where it has none: such a bundle is served, never executed. */
  readonly code: string;
  /** What is worth saying although the release is verified, such as a status that grows old. */
  readonly warning: string | null;
}

/** Reads and verifies the release; throws the code of the check that failed. */
export function readRelease(project: Project, locked: LockedBundle, trust: TrustState): InstalledRelease {
  const { verdict, verified } = loadBundle(project, locked, trust);
  if (verified === undefined) throw verdictError(verdict);
  const main = verified.files.get(MAIN_PATH);
  return {
    manifest: verified.described.manifest,
    code: main === undefined ? '' : new TextDecoder('utf-8', { fatal: true }).decode(main.bytes),
    warning: verdict.checks.find(({ warning }) => warning !== undefined)?.warning ?? null,
  };
}
