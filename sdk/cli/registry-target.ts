// Which registry a command of its keeper means: `--registry` (a name of policy.yaml, or a folder), else that of the namespace, else the
// only one there is.
import { resolve } from 'node:path';
import { type ProjectPaths, projectPaths } from '../../host/paths.ts';
import { refreshRegistry } from '../../registry/fetch.ts';
import type { PolicyRegistry } from '../../registry/policy.ts';
import { openProject } from '../open-project.ts';
import { registryFolder } from '../release.ts';
import { directoryOf, type Invocation, text } from './command.ts';
import { usage } from './inputs.ts';

export interface Target {
  readonly directory: string;
  /** The registry of policy.yaml that this folder is; undefined where the policy does not name it. */
  readonly registry: PolicyRegistry | undefined;
  /** Whether its root may speak for `local` and `signet` only. */
  readonly local: boolean;
}

/** `namespace` undefined where none is named. E_USAGE, E_CONFIG. */
export function registryTarget(invocation: Invocation, command: string, namespace?: string): Target {
  const paths = projectPaths(directoryOf(invocation));
  const given = text(invocation, 'registry');
  if (given?.includes('/')) return folderTarget(paths, resolve(given));
  const { registries } = openProject(paths).policy();
  const named = registries.filter((one) => one.name === given);
  const owners = registries.filter((one) => namespace !== undefined && one.namespaces.includes(namespace));
  const [registry, ...others] = given !== undefined ? named : owners.length > 0 ? owners : registries;
  if (registry === undefined || others.length > 0) {
    const all = registries.map(({ name }) => name).join(', ');
    throw usage(
      command,
      'say which registry: --registry NAME, or its folder',
      all || 'a registry in policy.yaml',
    );
  }
  return targetOf(paths, registryFolder(paths, registry), registry);
}

/** What is known of the registry here follows what was just written to it. */
export function refreshTarget(invocation: Invocation, { registry }: Target): void {
  const project = openProject(projectPaths(directoryOf(invocation)));
  if (registry !== undefined && project.trust.pin(registry.root) !== undefined)
    refreshRegistry(project, registry);
}

function folderTarget(paths: ProjectPaths, directory: string): Target {
  const project = openProject(paths);
  const registries = project.hasPolicy() ? project.policy().registries : [];
  return targetOf(
    paths,
    directory,
    registries.find((one) => registryFolder(paths, one) === directory),
  );
}

function targetOf(paths: ProjectPaths, directory: string, registry: PolicyRegistry | undefined): Target {
  const pin = registry && openProject(paths).trust.pin(registry.root);
  return { directory, registry, local: pin?.local ?? directory === paths.registry };
}
