// What `signet up` does for the first-party bundles: builds or reads them, publishes them in the local registry, verifies and
// installs them, and renews the registry's status. All of it again where it was done before changes nothing.
import type { ProjectPaths } from '../host/paths.ts';
import { refreshRegistry } from '../registry/fetch.ts';
import { install } from '../registry/install.ts';
import { renewRegistry } from '../registry/local.ts';
import { verdictError } from '../registry/verdict-error.ts';
import { SignetError } from '../src/error.ts';
import { loadFirstParty } from './first-party.ts';
import { openProject } from './open-project.ts';
import { DEFAULT_KEY, LOCAL_REGISTRY } from './project.ts';
import { localProvenance } from './provenance.ts';
import { openKeyring, publishArchive } from './release.ts';

/** Brings every first-party bundle in; `note` gets one line a step. A verdict that is not ok is thrown with its code. */
export async function bringFirstParty(paths: ProjectPaths, note: (line: string) => void): Promise<void> {
  const project = openProject(paths);
  const local = project.policy().registries.find(({ name }) => name === LOCAL_REGISTRY);
  if (local === undefined) {
    note(`skipped     first-party bundles: policy.yaml has no registry ${LOCAL_REGISTRY}`);
    return;
  }
  if (project.trust.pin(local.root) === undefined) {
    throw new SignetError(
      'E_ROOT_UNPINNED',
      'policy.yaml names a local registry whose root is not pinned here',
      {
        item: paths.policy,
        expected: local.root,
        fix: 'A local registry lives where its .signet and its keys are. To start anew here: rm -rf policy.yaml signet.lock.json .signet && signet up',
      },
    );
  }
  for (const { name, version, digest, archive, source } of await loadFirstParty()) {
    note(`built       ${name} ${version}  ${digest}`);
    if (project.installed().some((locked) => locked.name === name && locked.digest === digest)) continue;
    const provenance = localProvenance(source ?? paths.project);
    const published = publishArchive({ paths, name, archive, provenance, key: DEFAULT_KEY });
    if (published.created) note(`published   ${name} ${version}  signed, logged as #${published.index}`);
    const { verdict, bundle } = install(project, name, version, { accept: true });
    if (bundle === undefined) throw verdictError(verdict);
    note(
      `installed   ${name} ${version}  verified: ${verdict.checks.filter(({ state }) => state === 'pass').length} checks`,
    );
  }
  try {
    renewRegistry(paths.registry, openKeyring(), project.clock.now());
  } catch (thrown) {
    // What is installed runs on; it only grows older.
    if (!(thrown instanceof SignetError) || thrown.code !== 'E_NOT_FOUND') throw thrown;
    note(
      `warning     the status is not renewed: ${thrown.message}; do: bring the keys back to ${openKeyring().directory}`,
    );
  }
  // What is installed stays fresh by what was last seen of its registry, not by what was published there.
  refreshRegistry(project, local);
}
