// What a bundle requires (THREATS.md H22): every function that it names is provided, in its range, by a bundle that is not refused
// itself; and no bundle is needed before itself.
import type { LockedBundle } from '../src/contracts/config.ts';
import { EXTENSION, type Manifest } from '../src/contracts/manifest.ts';
import { SignetError } from '../src/error.ts';
import type { Routes } from '../src/routes.ts';

/** Bundles that require each other in a row. */
const MAX_DEPTH = 64;

const label = ({ name, version }: LockedBundle): string => `${name}@${version}`;

/**
 * E_REQUIRES where a required bundle is refused, naming both; E_REQUIRES_CYCLE where bundles require each other, the same for
 * each of them whichever is asked for; `path`: those that led here. What is not installed at all, verification has refused.
 */
export function requireDependencies(
  bundle: LockedBundle,
  manifest: Manifest,
  path: readonly LockedBundle[],
  routes: Routes<LockedBundle>,
  refusalOf: (other: LockedBundle, path: readonly LockedBundle[]) => SignetError | undefined,
): void {
  const { requires } = manifest.extensions[EXTENSION];
  const through = [...path, bundle];
  if (through.length > MAX_DEPTH)
    throw new SignetError('E_LIMIT', `${label(bundle)} is required through too many bundles`, {
      item: label(bundle),
      expected: `at most ${MAX_DEPTH} in a row`,
    });
  for (const [id, range] of Object.entries(requires)) {
    const other = routes.route(id, range);
    const at = through.indexOf(other);
    if (other === bundle) continue;
    if (at >= 0) throw cycle(through.slice(at));
    const refusal = refusalOf(other, through);
    if (refusal === undefined) continue;
    // Of a circle, each member says the same.
    if (refusal.code === 'E_REQUIRES_CYCLE' && refusal.item?.split(', ').includes(label(bundle)))
      throw refusal;
    throw new SignetError(
      'E_REQUIRES',
      `${label(bundle)} requires ${id} of ${label(other)}, which is refused: ${refusal.code}: ${refusal.message}`,
      {
        item: id,
        expected: `${label(other)} verified`,
        actual: refusal.code,
        fix: refusal.fix,
        cause: refusal,
      },
    );
  }
}

function cycle(members: readonly LockedBundle[]): SignetError {
  const names = members.map(label);
  return new SignetError('E_REQUIRES_CYCLE', `${names.join(' requires ')} requires ${names[0]}`, {
    item: names.join(', '),
    expected: 'a bundle that can be loaded first',
    actual: 'each requires another',
  });
}
