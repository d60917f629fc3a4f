// Checks `host`, `requires`, `kinds` and `policy`: whether this host can run the bundle, and whether the bundle asks for no more
// than its kinds may ever have and than this operator allows (DESIGN.md §2 "Kinds"; THREATS.md 33, H8).
import semver from 'semver';
import { EXTENSION } from '../../src/contracts/manifest.ts';
import { SignetError } from '../../src/error.ts';
import { counted } from '../../src/text.ts';
import { judgeManifest } from '../manifest.ts';
import { checkRules, DEFAULT_RULES } from '../rules.ts';
import type { TrustState } from '../trust.ts';
import type { Described } from './archive.ts';
import type { Passed } from './run.ts';

export function checkHost({ manifest, name }: Described, trust: TrustState): Passed<null> {
  const range = manifest.extensions[EXTENSION].host;
  // A range that semver cannot read satisfies nothing, silently: the manifest's shape refused it before.
  if (semver.satisfies(trust.host, range))
    return { value: null, detail: `host ${trust.host} satisfies ${range}` };
  throw new SignetError('E_HOST_RANGE', `${name} is made for another host`, {
    item: name,
    expected: range,
    actual: trust.host,
  });
}

/** Every required function is installed in a version that satisfies, or provided by the bundle itself. */
export function checkRequires({ manifest, name }: Described, trust: TrustState): Passed<null> {
  const { requires, provides } = manifest.extensions[EXTENSION];
  const own = new Set(provides.map((provided) => `${provided.kind}/${provided.name}`));
  const count = Object.keys(requires).length;
  if (trust.provided === undefined && count > 0) {
    const skipped = `no project here says what is installed; required: ${Object.keys(requires).join(', ')}`;
    return { value: null, detail: '', skipped };
  }
  for (const [required, range] of Object.entries(requires)) {
    const versions = [
      ...(trust.provided?.get(required) ?? []),
      ...(own.has(required) ? [manifest.version] : []),
    ];
    if (versions.some((version) => semver.satisfies(version, range))) continue;
    throw new SignetError('E_REQUIRES', `${name} requires ${required}`, {
      item: required,
      expected: range,
      actual: versions.join(', ') || 'not installed',
    });
  }
  return {
    value: null,
    detail: count === 0 ? 'requires nothing' : `${counted(count, 'required function')} installed`,
  };
}

export function checkKinds({ manifest }: Described): Passed<null> {
  judgeManifest(manifest);
  const { provides, capabilities } = manifest.extensions[EXTENSION];
  const kinds = [...new Set(provides.map(({ kind }) => kind))];
  const what = kinds.length === 0 ? 'no code' : kinds.join(', ');
  return {
    value: null,
    detail: `${what}; ${counted(capabilities.length, 'capability', 'capabilities')} within the ceiling`,
  };
}

/** The licence and the capabilities are within what policy.yaml allows to any bundle. */
export function checkPolicy({ manifest }: Described, trust: TrustState): Passed<null> {
  const detail = checkRules(trust.rules ?? DEFAULT_RULES, manifest);
  if (detail !== undefined) return { value: null, detail };
  return { value: null, detail: '', skipped: 'policy.yaml sets no rule on licences or capabilities' };
}
