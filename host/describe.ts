// What a host says of what is installed, in the shapes of its contracts (DESIGN.md §4 "tools()", "status()").
import type { HostStatus, ToolDescription } from '../src/contracts/api.ts';
import { EXTENSION } from '../src/contracts/manifest.ts';
import { toolAnnotations } from '../src/tool.ts';
import type { Uses } from '../src/uses.ts';
import type { Installed } from './installed.ts';
import type { Quarantine } from './quarantine.ts';
import { isRevocation } from './state-of-release.ts';

/** Every function of what is loaded that a plain call reaches. */
export function describeTools(installed: Installed): ToolDescription[] {
  return installed.listed().flatMap(({ locked, manifest, ids }) => {
    const { provides, capabilities } = manifest.extensions[EXTENSION];
    const reached = provides.filter(({ kind, name }) => ids.has(`${kind}/${name}`));
    return reached.map((provided): ToolDescription => {
      const { kind, name, description, input, output } = provided;
      const annotations = toolAnnotations(provided, capabilities);
      const { name: bundle, version } = locked;
      return { kind, name, description, bundle, version, input, output, annotations };
    });
  });
}

/** Every installed version and how it stands. */
export function describeBundles(
  installed: Installed,
  usesOf: (digest: string) => Uses,
  quarantine: Quarantine,
): HostStatus['bundles'] {
  return installed.describe().map(({ locked, code, state, ...rest }) => ({
    name: locked.name,
    version: locked.version,
    digest: locked.digest,
    ...(quarantine.has(locked.digest) && state !== 'refused'
      ? { state: 'quarantined', code: 'E_QUARANTINED' }
      : { state, code }),
    ...rest,
    provides: locked.provides,
    uses: isRevocation(code) ? usesOf(locked.digest) : null,
  }));
}
