// What policy.yaml says about running bundles (DESIGN.md §4): trust domains, processes, sandbox. Read again when it changed.
import { existsSync } from 'node:fs';
import { loadPolicy } from '../registry/policy.ts';
import { HostPolicy } from '../src/contracts/config.ts';
import { readOnChange } from './changed-file.ts';

/** The host's part of the policy, as of now; without a file its defaults, as nothing is verified then. E_CONFIG with the line, E_IO. */
export function createHostPolicyReader(file: string): () => HostPolicy {
  return readOnChange(file, () => (existsSync(file) ? loadPolicy(file).host : HostPolicy.parse({})));
}
