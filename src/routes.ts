// Which installed version answers for a function (DESIGN.md §4 "Versions"; THREATS.md 33, 36, H22): a pure function of what the
// lockfile names, whatever was loaded before and in which order. Built once for a lockfile, asked once for a call.
import semver from 'semver';
import { VersionRange } from './contracts/common.ts';
import { SignetError } from './error.ts';
import { parseShape } from './shape.ts';

/** One installed version of one bundle. */
export interface Routed {
  readonly name: string;
  readonly version: string;
  readonly digest: string;
  /** `kind/name` of every function. */
  readonly provides: readonly string[];
}

const label = ({ name, version }: Routed): string => `${name}@${version}`;

/** The highest version; a prerelease only where there is nothing else, as in a semver range. */
export function highest<B extends { readonly version: string }>(versions: readonly B[]): B | undefined {
  const released = versions.filter(({ version }) => semver.prerelease(version) === null);
  return (released.length > 0 ? released : versions).reduce<B | undefined>(
    (best, one) => (best === undefined || semver.gt(one.version, best.version) ? one : best),
    undefined,
  );
}

/** By name, the version that plain calls go to. */
export function currentVersions(installed: readonly Pick<Routed, 'name' | 'version'>[]): Map<string, string> {
  const versions = new Map<string, { version: string }[]>();
  for (const { name, version } of installed) {
    const known = versions.get(name);
    if (known === undefined) versions.set(name, [{ version }]);
    else known.push({ version });
  }
  return new Map([...versions].map(([name, all]) => [name, highest(all)?.version ?? '']));
}

export class Routes<B extends Routed> {
  readonly #owners = new Map<string, B[]>();

  constructor(installed: readonly B[]) {
    for (const bundle of installed) {
      for (const id of new Set(bundle.provides)) {
        const owners = this.#owners.get(id);
        if (owners === undefined) this.#owners.set(id, [bundle]);
        else owners.push(bundle);
      }
    }
  }

  /**
   * The version that answers for `kind/name`: the highest that provides it and is in the range; without a range the highest
   * release, or the highest prerelease where there is no release. E_FUNCTION_UNKNOWN where there is none; E_DISPATCH_CONFLICT,
   * naming both, where bundles of two names provide it, whatever the range; E_USAGE for what is no range.
   */
  route(id: string, range?: string): B {
    const owners = this.#owners.get(id);
    const [first] = owners ?? [];
    if (owners === undefined || first === undefined)
      throw new SignetError('E_FUNCTION_UNKNOWN', `no installed bundle provides ${id}`, { item: id });
    const conflict = this.#conflict(id, owners);
    if (conflict !== undefined) throw conflict;
    const [only] = owners;
    if (range === undefined && owners.length === 1 && only !== undefined) return only;
    if (range !== undefined) parseShape(VersionRange, range, `the version of ${id}`, 'E_USAGE');
    const inRange =
      range === undefined ? owners : owners.filter(({ version }) => semver.satisfies(version, range));
    const best = highest(inRange);
    if (best !== undefined) return best;
    throw new SignetError('E_FUNCTION_UNKNOWN', `no installed version of ${first.name} is ${range}`, {
      item: id,
      expected: `${id} of ${first.name} in ${range}`,
      actual: owners.map(({ version }) => version).join(', '),
      fix: `registry install '${first.name}@${range}' --beside`,
    });
  }

  /** Where a plain call of `kind/name` goes; undefined where it is refused. */
  answers(id: string): B | undefined {
    const owners = this.#owners.get(id) ?? [];
    return this.#conflict(id, owners) === undefined ? highest(owners) : undefined;
  }

  /** What is wrong with the names of a bundle: the first that a bundle of another name provides too. */
  conflictOf(bundle: Routed): SignetError | undefined {
    for (const id of bundle.provides) {
      const conflict = this.#conflict(id, this.#owners.get(id) ?? []);
      if (conflict !== undefined) return conflict;
    }
    return undefined;
  }

  #conflict(id: string, owners: readonly B[]): SignetError | undefined {
    const [first] = owners;
    const rival = owners.find(({ name }) => name !== first?.name);
    if (first === undefined || rival === undefined) return undefined;
    return new SignetError(
      'E_DISPATCH_CONFLICT',
      `${id} is provided by ${label(first)} and by ${label(rival)}`,
      {
        item: id,
      },
    );
  }
}
