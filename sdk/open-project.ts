// A project as it is verified (DESIGN.md §6), without anything that signs: what a command loads that publishes nothing.
import type { ProjectPaths } from '../host/paths.ts';
import { HOST_VERSION } from '../host/version.ts';
import { readFirstPartyLock } from '../registry/first-party.ts';
import { Project } from '../registry/project.ts';

/** The project as verification sees it, at the system's time. */
export function openProject(paths: ProjectPaths): Project {
  const clock = { now: () => Date.now() };
  return new Project({
    directory: paths.project,
    host: HOST_VERSION,
    firstParty: readFirstPartyLock(),
    clock,
  });
}
