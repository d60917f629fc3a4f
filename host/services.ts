// What the capabilities work with in a host on this machine (DESIGN.md §4 "Capabilities"): its files, its names, its secrets, its
// store, and a model that is none until providers come.
import { homedir } from 'node:os';
import { configDirectory } from '../keys/keyring.ts';
import { SecretStore } from '../keys/secret-store.ts';
import { systemResolve } from './addresses.ts';
import type { Services } from './capabilities/capability.ts';
import { GrantedFiles } from './granted-files.ts';
import type { KeyValueStore } from './kv.ts';
import { mockModel } from './mock-model.ts';
import { Models } from './model.ts';
import { ownCode, type ProjectPaths, protectedPaths } from './paths.ts';
import { ProgramSandbox } from './program-sandbox.ts';

/** The means of a project's host; `host` is what only the host itself can do. */
export function createServices(
  paths: ProjectPaths,
  kv: KeyValueStore,
  host: Pick<Services, 'log' | 'invoke'>,
): Services {
  return {
    ...host,
    kv,
    files: new GrantedFiles({
      protectedPaths: protectedPaths(paths),
      builtInRoot: paths.example,
      readOnlyPaths: ownCode(),
    }),
    resolve: systemResolve,
    secrets: new SecretStore(configDirectory()),
    models: new Models(mockModel, kv),
    sandbox: new ProgramSandbox({
      path: process.env['PATH'] ?? '',
      hidden: [homedir(), ...protectedPaths(paths)],
    }),
  };
}
