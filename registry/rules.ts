// The rules of policy.yaml that one release is held against (DESIGN.md §3 "Provenance"; THREATS.md 28): builders and sources by
// namespace, licences, capabilities. Patterns are exact texts or prefixes; nothing is guessed, folded or normalised.
import type { BuilderRule } from '../src/contracts/config.ts';
import { EXTENSION, type Manifest } from '../src/contracts/manifest.ts';
import { SignetError } from '../src/error.ts';
import { ARCHIVE_LIMITS } from './preflight.ts';
import type { PolicyRules } from './trust.ts';

/** The rules of a policy that sets none. */
export const DEFAULT_RULES: PolicyRules = {
  provenance: { required: true, builders: [] },
  witness: { quorum: 0 },
  licences: { deny: [] },
  capabilities: { deny: [] },
  limits: { archiveBytes: ARCHIVE_LIMITS.maxBytes, files: ARCHIVE_LIMITS.maxEntries },
};

/** The rules for a namespace, and among them the builder's; E_BUILDER where the namespace has rules and none is its. */
export function builderRule(
  builders: readonly BuilderRule[],
  namespace: string,
  builder: string,
): BuilderRule | undefined {
  const own = builders.filter(({ namespaces }) => namespaces.includes(namespace) || namespaces.includes('*'));
  const rule = own.find(({ id }) => id === builder);
  if (rule !== undefined || own.length === 0) return rule;
  throw new SignetError('E_BUILDER', `policy.yaml does not accept the builder for ${namespace}/…`, {
    item: namespace,
    expected: own.map(({ id }) => id).join(' or '),
    actual: builder,
  });
}

/** Passes where the repository is one of the sources that the rule accepts: E_SOURCE. */
export function checkSource(rule: BuilderRule, repository: string, name: string): void {
  if (rule.sources.some((pattern) => matches(pattern, repository))) return;
  throw new SignetError('E_SOURCE', `the source repository is not accepted for ${name}`, {
    item: name,
    expected: rule.sources.join(' or '),
    actual: repository,
  });
}

/** An exact text, or a prefix before a last `*`. What could lead out of the prefix again does not match it. */
function matches(pattern: string, text: string): boolean {
  if (!pattern.endsWith('*')) return text === pattern;
  if (pattern === '*') return true;
  const prefix = pattern.slice(0, -1);
  const rest = text.slice(prefix.length);
  return text.startsWith(prefix) && rest !== '' && !/[\\%?#@\s]|(?:^|\/)\.{0,2}(?:\/|$)/.test(rest);
}

/** One line on what was judged, or undefined where the policy sets no such rule. E_LICENCE, E_CAPABILITY_POLICY. */
export function checkRules({ licences, capabilities }: PolicyRules, manifest: Manifest): string | undefined {
  const { license } = manifest;
  const { allow, deny } = licences;
  if (deny.includes(license) || (allow !== undefined && !allow.includes(license))) {
    throw new SignetError('E_LICENCE', `the policy does not allow the licence ${license.slice(0, 80)}`, {
      item: 'license',
      expected: allow?.join(' or ') ?? `anything but ${deny.join(', ')}`,
      actual: license,
    });
  }
  const asked = manifest.extensions[EXTENSION].capabilities.map(({ id }) => id);
  const denied = asked.filter((id) => capabilities.deny.includes(id));
  if (denied.length > 0) {
    throw new SignetError('E_CAPABILITY_POLICY', `the policy denies ${denied.join(', ')} to every bundle`, {
      item: denied.join(', '),
      expected: `nothing of ${capabilities.deny.join(', ')}`,
      actual: asked.join(', '),
    });
  }
  if (allow === undefined && deny.length === 0 && capabilities.deny.length === 0) return undefined;
  return `licence ${license}; ${capabilities.deny.length === 0 ? 'no capability is denied' : `none of ${capabilities.deny.join(', ')}`}`;
}
