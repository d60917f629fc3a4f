// What the policy says about running bundles (DESIGN.md §4): trust domains, processes, sandbox. Read again when its file changed.
import type { Project } from '../registry/project.ts';
import { HostPolicy } from '../src/contracts/config.ts';
import { readOnChange } from './changed-file.ts';

/** The host's part of the policy, as of now; without a policy its defaults, as nothing is verified then. E_CONFIG with the line, E_IO. */
export function createHostPolicyReader(project: Project): () => HostPolicy {
  return readOnChange(project.policyFile, () =>
    project.hasPolicy() ? project.policy().host : HostPolicy.parse({}),
  );
}
